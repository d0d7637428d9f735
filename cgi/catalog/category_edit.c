/*
 * /catalog/categories: the tree, changed by staff. A category with a rule is a
 * collection: the products that it fits are in it. What is stored of products
 * follows a change at once where they are few, else by cron/change_prices.
 */
#include "edit.h"

#include <json-c/json.h>

#include "web/text.h"

struct text {
	int lang;
	const char *slug, *name, *description;
};

static SCHEMA(text_schema, struct text,
	FIELD_ENUM(struct text, lang, languages, .required = true),
	FIELD_TEXT(struct text, slug, .max = SLUG_MAX, .required = true,
	    .check = slug_is_valid, .format = "slug"),
	FIELD_TEXT(struct text, name, .max = 100, .required = true),
	FIELD_TEXT(struct text, description, .max = 2000, .multiline = true,
	    .preset = ""));

struct rule {
	const char **tags;
	size_t tags_n;
	struct money max_price;
	bool is_reduced;
	int32_t days;
};

static SCHEMA(rule_schema, struct rule,
	FIELD_TEXTS(struct rule, tags, tags_n, .max = 200,
	    .help = "As material=clay; of each attribute one must be there"),
	FIELD_MONEY(struct rule, max_price),
	FIELD_BOOL(struct rule, is_reduced),
	FIELD_I32(struct rule, days, .min = 0, .max = 3650,
	    .help = "Not older than so many"));

struct category_edit {
	struct uuid id, parent_id;
	int32_t position;
	struct text *texts;
	size_t texts_n;
	struct rule *rule;
	bool has_parent_id, has_position, is_whole;
};

#define FIELDS_OF_BOTH \
	FIELD_UUID(struct category_edit, parent_id, \
	    HAS(struct category_edit, has_parent_id), \
	    .help = "Its own id: it is at the top"), \
	FIELD_I32(struct category_edit, position, .min = 0, .max = 999999, \
	    HAS(struct category_edit, has_position)), \
	FIELD_OBJECT(struct category_edit, rule, &rule_schema, \
	    .help = "An empty one: products are put in by hand")

SCHEMA(category_add_input, struct category_edit,
	FIELD_LIST(struct category_edit, texts, texts_n, &text_schema,
	    .required = true, .min = 1, .max = 2),
	FIELDS_OF_BOTH);

SCHEMA(category_change_input, struct category_edit,
	FIELD_UUID(struct category_edit, id, .required = true),
	FIELD_LIST(struct category_edit, texts, texts_n, &text_schema, .max = 2),
	FIELDS_OF_BOTH);

/* Only its shape; the row is `document`. */
struct source {
	struct uuid id, parent_id;
	int32_t position, version;
	struct json_object *texts, *rule;
};

SCHEMA(category_source_schema, struct source,
	FIELD_UUID(struct source, id),
	FIELD_UUID(struct source, parent_id),
	FIELD_I32(struct source, position),
	FIELD_I32(struct source, version),
	FIELD_JSON(struct source, texts, .help = "By language"),
	FIELD_JSON(struct source, rule));

const struct db_rule category_rules[] = {
	{ "category_text_slug_key", PROBLEM_ALREADY_EXISTS },
	{ "category_text_pkey", PROBLEM_INVALID },	/* a language twice */
	{ "category_parent_id_fkey", PROBLEM_CONFLICT },
	{ NULL, PROBLEM_NONE }
};

DB_QUERY(find_source, 1, "SELECT category_source($1::uuid) AS document");
DB_QUERY(lock_category, 1,
	"SELECT id, version FROM category WHERE id = $1::uuid FOR UPDATE");
DB_QUERY(put_category, 1, "INSERT INTO category (id) VALUES ($1::uuid)");
DB_QUERY(find_products, 1,
	"SELECT category_products($1::uuid)::text");
DB_QUERY(is_below, 2,
	"SELECT 1 FROM category p, category c WHERE p.id = $1::uuid"
	" AND c.id = $2::uuid"
	" AND NOT p.tags @> c.tags[cardinality(c.tags):cardinality(c.tags)]");
DB_QUERY(set_parent, 2,
	"UPDATE category SET parent_id = $2::uuid WHERE id = $1::uuid");
DB_QUERY(set_position, 2,
	"UPDATE category SET position = $2::int WHERE id = $1::uuid");
DB_QUERY(set_rule, 5,
	"UPDATE category SET rule = rule_of($2::jsonb, $3::bigint, $4::boolean,"
	" nullif($5::int, 0)) WHERE id = $1::uuid");
DB_QUERY(drop_texts, 3,
	"DELETE FROM category_text WHERE category_id = $1::uuid"
	" AND ($3::boolean OR lang IN (SELECT e.lang"
	"  FROM jsonb_to_recordset($2::jsonb) AS e(lang text)))");
DB_QUERY(put_texts, 2,
	"INSERT INTO category_text (category_id, lang, slug, name, description)"
	" SELECT $1::uuid, e.lang, e.slug, e.name, e.description"
	" FROM jsonb_to_recordset($2::jsonb)"
	"  AS e(lang text, slug text, name text, description text)");
DB_QUERY(next_version, 1,
	"UPDATE category SET version = version + 1 WHERE id = $1::uuid");
DB_QUERY(follow, 2,
	"SELECT products_follow(ARRAY(SELECT unnest($2::uuid[])"
	" UNION SELECT unnest(category_products($1::uuid))))");
DB_QUERY(follow_gone, 1, "SELECT products_follow($1::uuid[])");
DB_QUERY(drop_members, 1,
	"DELETE FROM product_category WHERE category_id = $1::uuid");
DB_QUERY(drop_category, 1, "DELETE FROM category WHERE id = $1::uuid");

struct json_object *
category_source(struct request *r, struct uuid id)
{
	struct json_object *source = db_json(r->db, &find_source, P(id));

	if (source == NULL && !request_failed(r))
		problem(r, PROBLEM_NOT_FOUND);
	return source;
}

static int
answer(struct request *r, int status, struct uuid id)
{
	struct json_object *source = category_source(r, id);

	if (source == NULL)
		return r->status;
	reply_header(r, "ETag", arena_printf(r->arena, "\"%d\"",
	    json_object_get_int(json_object_object_get(source, "version"))));
	return reply_json(r, status, json_object_get(source));
}

int
category_get(struct request *r)
{
	const struct product_ref *in = request_input(r);

	return answer(r, 200, in->id);
}

static void
write_parent(struct request *r, const struct category_edit *in)
{
	bool is_top = uuid_equal(&in->parent_id, &in->id) ||
	    uuid_is_nil(&in->parent_id);

	if (!is_top && db_integer(r->db, &is_below, 0, P(in->parent_id),
	    P(in->id)) == 0)
		field_fault(r, "parent_id", "choice", 0, 0);
	db_exec(r->db, &set_parent, P(in->id),
	    is_top ? P_NULL : P(in->parent_id));
}

static void
write_rule(struct request *r, const struct category_edit *in)
{
	const struct rule *rule = in->rule;

	if (rule->max_price.currency[0] != '\0')
		price_is_good(r, &rule->max_price, "rule.max_price");
	tags_check(r, "rule.tags", rule->tags, rule->tags_n);
	db_exec(r->db, &set_rule, P(in->id),
	    P(texts_json(r, rule->tags, rule->tags_n)),
	    rule->max_price.amount > 0 ? P(rule->max_price.amount) : P_NULL,
	    P(rule->is_reduced), P(rule->days));
}

/* What is stored of the products that were in it, or are now, follows. */
static int
change(struct request *r, int status, const struct category_edit *in,
    const char *were)
{
	struct product_ref told = { .id = in->id };
	const char *texts = list_text(r, &text_schema, in->texts, in->texts_n);

	if (in->has_parent_id)
		write_parent(r, in);
	if (in->has_position)
		db_exec(r->db, &set_position, P(in->id), P(in->position));
	if (in->rule != NULL)
		write_rule(r, in);
	db_exec(r->db, &drop_texts, P(in->id), P(texts), P(in->is_whole));
	db_exec(r->db, &put_texts, P(in->id), P(texts));
	if (problem_has_fields(r))
		return problem(r, PROBLEM_INVALID);
	db_exec(r->db, &next_version, P(in->id));
	db_exec(r->db, &follow, P(in->id), P(were));
	event_emit(r, EVENT_CATEGORY_CHANGED, in->id, &product_ref_schema, &told);
	return answer(r, status, in->id);
}

int
category_add(struct request *r)
{
	struct category_edit *in = r->input;

	in->id = uuid_new();
	db_exec(r->db, &put_category, P(in->id));
	return change(r, 201, in, "{}");
}

static bool
lock(struct request *r, struct uuid id, struct product_ref *category)
{
	if (db_one(r->db, &lock_category, &product_ref_schema, category, P(id)))
		return true;
	problem(r, PROBLEM_NOT_FOUND);
	return false;
}

int
category_change(struct request *r)
{
	const struct category_edit *in = request_input(r);
	struct product_ref category;

	if (!lock(r, in->id, &category) || !product_is_matched(r, &category))
		return r->status;
	return change(r, 200, in, db_text(r->db, &find_products, P(in->id)));
}

static int
drop(struct request *r, struct uuid id)
{
	struct product_ref told = { .id = id };
	const char *were = db_text(r->db, &find_products, P(id));

	db_exec(r->db, &drop_members, P(id));
	db_exec(r->db, &drop_texts, P(id), P("[]"), P(true));
	db_exec(r->db, &drop_category, P(id));
	db_exec(r->db, &follow_gone, P(were));
	event_emit(r, EVENT_CATEGORY_CHANGED, id, &product_ref_schema, &told);
	return reply_empty(r, 204);
}

int
category_drop(struct request *r)
{
	const struct product_ref *in = request_input(r);
	struct product_ref category;

	if (!lock(r, in->id, &category) || !product_is_matched(r, &category))
		return r->status;
	return drop(r, in->id);
}

/* The page's form: the same, with the version in it. */
struct words {
	const char *name, *slug, *description;
};

static SCHEMA(words_schema, struct words,
	FIELD_TEXT(struct words, name, .max = 100, .preset = ""),
	FIELD_TEXT(struct words, slug, .max = SLUG_MAX, .preset = ""),
	FIELD_TEXT(struct words, description, .max = 2000, .multiline = true,
	    .preset = ""));

struct form {
	struct uuid id, parent_id;
	int32_t version, position, days;
	struct words *es, *en;
	const char **tags, *max_price;
	size_t tags_n;
	bool is_reduced, remove;
};

#define FORM_FIELDS \
	FIELD_UUID(struct form, parent_id), \
	FIELD_I32(struct form, position, .min = 0, .max = 999999, \
	    .preset = "0"), \
	FIELD_OBJECT(struct form, es, &words_schema), \
	FIELD_OBJECT(struct form, en, &words_schema), \
	FIELD_TEXTS(struct form, tags, tags_n, .max = 200), \
	FIELD_TEXT(struct form, max_price, .max = 30, .preset = ""), \
	FIELD_I32(struct form, days, .min = 0, .max = 3650, .preset = "0"), \
	FIELD_BOOL(struct form, is_reduced)

SCHEMA(category_new_form_input, struct form, FORM_FIELDS);
SCHEMA(category_form_input, struct form, FORM_FIELDS,
	FIELD_UUID(struct form, id, .required = true),
	FIELD_I32(struct form, version, .required = true),
	FIELD_BOOL(struct form, remove));

static void
read_words(struct request *r, const struct words *words, int lang,
    struct category_edit *edit)
{
	const char *slug;

	if (words == NULL || (words->name[0] == '\0' && words->slug[0] == '\0'))
		return;
	slug = words->slug[0] != '\0' ? words->slug :
	    slug_make(r->arena, words->name);
	if (words->name[0] == '\0')
		field_fault(r, arena_printf(r->arena, "%s.name",
		    languages[lang]), "required", 0, 0);
	else if (!slug_is_valid(slug))
		field_fault(r, arena_printf(r->arena, "%s.slug",
		    languages[lang]), "slug", 0, 0);
	edit->texts[edit->texts_n++] = (struct text){ lang, slug, words->name,
	    words->description };
}

/* False: a fault is noted. */
static bool
read_form(struct request *r, const struct form *in, struct category_edit *edit,
    struct rule *rule)
{
	*rule = (struct rule){ .tags = in->tags, .tags_n = in->tags_n,
	    .is_reduced = in->is_reduced, .days = in->days };
	*edit = (struct category_edit){ .parent_id = in->parent_id,
	    .position = in->position, .rule = rule, .has_parent_id = true,
	    .has_position = true, .is_whole = true };
	edit->texts = arena_new_array(r->arena, struct text, 2);
	read_words(r, in->es, 0, edit);
	read_words(r, in->en, 1, edit);
	if (edit->texts_n == 0)
		field_fault(r, "es.name", "required", 0, 0);
	if (in->max_price[0] != '\0' &&
	    !money_parse(in->max_price, "EUR", &rule->max_price))
		field_fault(r, "max_price", "money", 0, 0);
	return !problem_has_fields(r);
}

int
category_form(struct request *r)
{
	const struct form *in = request_input(r);
	struct product_ref category;
	struct category_edit edit;
	struct rule rule;

	if (!lock(r, in->id, &category) ||
	    !product_is_version(r, &category, in->version))
		return r->status;
	if (in->remove)
		return drop(r, in->id);
	if (!read_form(r, in, &edit, &rule))
		return r->status;
	edit.id = in->id;
	return change(r, 200, &edit, db_text(r->db, &find_products, P(in->id)));
}

int
category_new_form(struct request *r)
{
	const struct form *in = request_input(r);
	struct category_edit edit;
	struct rule rule;

	if (!read_form(r, in, &edit, &rule))
		return r->status;
	edit.id = uuid_new();
	db_exec(r->db, &put_category, P(edit.id));
	return change(r, 201, &edit, "{}");
}
