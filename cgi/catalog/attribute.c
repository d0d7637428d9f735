/*
 * /catalog/attributes: what describes products, "Material", and its values. Those
 * that select a variant come from the products' options; they can be renamed.
 */
#include "edit.h"

#include <json-c/json.h>

#include "base/json.h"
#include "web/text.h"

#define ROWS_MAX 60		/* of values on the page */
#define ROWS_BLANK 5

struct word {
	int lang;
	const char *name;
};

static SCHEMA(word_schema, struct word,
	FIELD_ENUM(struct word, lang, languages, .required = true),
	FIELD_TEXT(struct word, name, .required = true, .max = 60));

struct value {
	const char *code;
	struct word *names;
	size_t names_n;
};

static SCHEMA(value_schema, struct value,
	FIELD_TEXT(struct value, code, .required = true, .max = 60,
	    .check = slug_is_valid, .format = "slug"),
	FIELD_LIST(struct value, names, names_n, &word_schema, .max = 2,
	    .help = "None: the value goes"));

struct attribute {
	const char *code;
	int32_t position;
	bool is_filter, selects;
	struct word *names;
	struct value *values;
	size_t names_n, values_n;
};

SCHEMA(attribute_put_input, struct attribute,
	FIELD_TEXT(struct attribute, code, .required = true, .max = 60,
	    .check = slug_is_valid, .format = "slug"),
	FIELD_BOOL(struct attribute, is_filter, .preset = "true"),
	FIELD_I32(struct attribute, position, .min = 0, .max = 999999,
	    .preset = "0"),
	FIELD_LIST(struct attribute, names, names_n, &word_schema,
	    .required = true, .min = 1, .max = 2),
	FIELD_LIST(struct attribute, values, values_n, &value_schema,
	    .max = 200, .help = "In their order; others stay as they are"));

SCHEMA(attribute_code_input, struct attribute,
	FIELD_TEXT(struct attribute, code, .required = true, .max = 60));

/* Only its shape; the row is `document`. */
struct source {
	const char *code;
	bool selects, is_filter;
	int32_t position;
	struct json_object *names, *values;
};

SCHEMA(attribute_source_schema, struct source,
	FIELD_TEXT(struct source, code),
	FIELD_BOOL(struct source, selects, .help = "It comes from options"),
	FIELD_BOOL(struct source, is_filter),
	FIELD_I32(struct source, position),
	FIELD_JSON(struct source, names, .help = "By language"),
	FIELD_JSON(struct source, values));

SCHEMA(attribute_schema, struct attribute,
	FIELD_TEXT(struct attribute, code),
	FIELD_BOOL(struct attribute, selects),
	FIELD_BOOL(struct attribute, is_filter),
	FIELD_I32(struct attribute, position));

const struct db_rule attribute_rules[] = {
	{ "product_attribute_tag_id_fkey", PROBLEM_CONFLICT },
	{ "attribute_code", PROBLEM_INVALID },	/* "brand", "category" */
	{ "attribute_text_pkey", PROBLEM_INVALID },
	{ "tag_text_pkey", PROBLEM_INVALID },
	{ NULL, PROBLEM_NONE }
};

DB_QUERY(list_attributes, 0,
	"SELECT code, selects, is_filter, position FROM attribute"
	" ORDER BY position, code LIMIT 500");
DB_QUERY(find_attribute, 1, "SELECT attribute_source($1) AS document");
DB_QUERY(put_attribute, 5,
	"SELECT attribute_put($1, $2::jsonb, $3::boolean, $4::int, $5::jsonb)");
DB_QUERY(drop_values, 1, "DELETE FROM tag WHERE facet = $1");
DB_QUERY(drop_words, 1, "DELETE FROM attribute_text WHERE code = $1");
DB_QUERY(drop_attribute, 1, "DELETE FROM attribute WHERE code = $1"
	" AND NOT selects");

int
attribute_list(struct request *r)
{
	struct attribute *rows;
	size_t n;

	if (!db_all(r->db, &list_attributes, &attribute_schema, &rows, &n))
		return 0;
	return reply_list(r, &attribute_schema, rows, n, NULL);
}

/* An attribute as staff change it; NULL and the problem. */
static struct json_object *
source_of(struct request *r, const char *code)
{
	struct json_object *source = db_json(r->db, &find_attribute, P(code));

	if (source == NULL && !request_failed(r))
		problem(r, PROBLEM_NOT_FOUND);
	return source;
}

static int
answer(struct request *r, const char *code)
{
	struct json_object *source = source_of(r, code);

	return source == NULL ? r->status :
	    reply_json(r, 200, json_object_get(source));
}

int
attribute_get(struct request *r)
{
	const struct attribute *in = request_input(r);

	return answer(r, in->code);
}

static int
put(struct request *r, const struct attribute *in)
{
	db_exec(r->db, &put_attribute, P(in->code),
	    P(list_text(r, &word_schema, in->names, in->names_n)),
	    P(in->is_filter), P(in->position),
	    P(list_text(r, &value_schema, in->values, in->values_n)));
	event_emit(r, EVENT_ATTRIBUTE_CHANGED, uuid_new(), &attribute_put_input,
	    in);
	return answer(r, in->code);
}

int
attribute_put(struct request *r)
{
	return put(r, request_input(r));
}

/* One that selects would come again with the next product. */
int
attribute_drop(struct request *r)
{
	const struct attribute *in = request_input(r);
	struct json_object *source = source_of(r, in->code);

	if (source == NULL)
		return r->status;
	if (json_object_get_boolean(json_member(source, "selects")))
		return problem(r, PROBLEM_CONFLICT);
	db_exec(r->db, &drop_values, P(in->code));
	db_exec(r->db, &drop_words, P(in->code));
	db_exec(r->db, &drop_attribute, P(in->code));
	event_emit(r, EVENT_ATTRIBUTE_CHANGED, uuid_new(), &attribute_code_input,
	    in);
	return reply_empty(r, 204);
}

/* A row of the page: an empty code is made from the name. */
struct row {
	int32_t n;
	const char *code, *es, *en;
};

static SCHEMA(row_schema, struct row,
	FIELD_I32(struct row, n),
	FIELD_TEXT(struct row, code, .max = 60, .preset = ""),
	FIELD_TEXT(struct row, es, .max = 60, .preset = ""),
	FIELD_TEXT(struct row, en, .max = 60, .preset = ""));

struct form {
	const char *code, *es, *en;
	int32_t position;
	bool is_filter;
	struct row *rows;
	size_t rows_n;
};

#define FORM_FIELDS \
	FIELD_TEXT(struct form, es, .max = 60, .required = true), \
	FIELD_TEXT(struct form, en, .max = 60, .required = true), \
	FIELD_I32(struct form, position, .min = 0, .max = 999999, \
	    .preset = "0"), \
	FIELD_BOOL(struct form, is_filter), \
	FIELD_LIST(struct form, rows, rows_n, &row_schema, \
	    .max = ROWS_MAX + ROWS_BLANK)

SCHEMA(attribute_new_form_input, struct form, FORM_FIELDS);
SCHEMA(attribute_form_input, struct form, FORM_FIELDS,
	FIELD_TEXT(struct form, code, .required = true, .max = 60));

static struct word *
words_of(struct request *r, const char *es, const char *en, size_t *n)
{
	struct word *words = arena_new_array(r->arena, struct word, 2);

	*n = es[0] == '\0' && en[0] == '\0' ? 0 : 2;
	words[0] = (struct word){ 0, es[0] != '\0' ? es : en };
	words[1] = (struct word){ 1, en[0] != '\0' ? en : es };
	return words;
}

int
attribute_form(struct request *r)
{
	const struct form *in = request_input(r);
	struct attribute a = { .position = in->position,
	    .is_filter = in->is_filter };

	a.code = in->code != NULL ? in->code : slug_make(r->arena, in->es);
	a.names = words_of(r, in->es, in->en, &a.names_n);
	a.values = arena_new_array(r->arena, struct value, in->rows_n + 1);
	for (size_t i = 0; i < in->rows_n; i++) {
		const struct row *row = &in->rows[i];
		struct value *v = &a.values[a.values_n];

		v->names = words_of(r, row->es, row->en, &v->names_n);
		if (v->names_n == 0 && row->code[0] == '\0')
			continue;
		v->code = row->code[0] != '\0' ? row->code :
		    slug_make(r->arena, v->names[0].name);
		if (!slug_is_valid(v->code))
			field_fault(r, arena_printf(r->arena, "rows.%zu.es", i),
			    "slug", 0, 0);
		a.values_n++;
	}
	if (!slug_is_valid(a.code))
		field_fault(r, "es", "slug", 0, 0);
	return problem_has_fields(r) ? r->status : put(r, &a);
}

static struct json_object *
form_of(struct json_object *source)
{
	struct json_object *form = json_object_new_object(), *row;
	struct json_object *rows = json_object_new_array();
	struct json_object *values = json_member(source, "values");
	size_t n = values == NULL ? 0 : json_object_array_length(values);

	json_add_copy(form, json_member(source, "names"), "es");
	json_add_copy(form, json_member(source, "names"), "en");
	json_add_copy(form, source, "position");
	json_object_object_add(form, "is_filter", source != NULL ?
	    json_object_get(json_member(source, "is_filter")) :
	    json_object_new_boolean(true));
	n = n > ROWS_MAX ? ROWS_MAX : n;
	for (size_t i = 0; i < n + ROWS_BLANK; i++) {
		row = json_object_new_object();
		json_object_object_add(row, "n", json_object_new_int64((int64_t)i));
		if (i < n) {
			struct json_object *value =
			    json_object_array_get_idx(values, i);

			json_add_copy(row, value, "code");
			json_add_copy(row, json_member(value, "names"), "es");
			json_add_copy(row, json_member(value, "names"), "en");
		}
		json_object_array_add(rows, row);
	}
	json_object_object_add(form, "rows", rows);
	return form;
}

static int
show(struct request *r, struct json_object *source)
{
	struct json_object *root = json_object_new_object();

	json_object_object_add(root, "form", r->is_form ?
	    json_object_get(r->input_tree) : form_of(source));
	if (source != NULL) {
		json_add_copy(root, source, "selects");
		json_object_object_add(root, "attribute_code",
		    json_object_get(json_member(source, "code")));
	}
	return reply_json(r, 200, root);
}

int
attribute_editor(struct request *r)
{
	const struct attribute *in = request_input(r);
	struct json_object *source = source_of(r, in->code);

	return source == NULL ? r->status : show(r, source);
}

int
attribute_new(struct request *r)
{
	return show(r, NULL);
}
