#include "web/json_in.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "base/json.h"
#include "web/request.h"
#include "web/text.h"

#define DEFAULT_TEXT_MAX 1000
#define DEFAULT_LIST_MAX 1000
#define NAME_SIZE 200
#define PAIR_DEPTH 4

struct reading {
	struct request *r;
	enum json_in_mode mode;
	const char *pattern;	/* of a path whose fields are not read here */
	bool good;
};

/* The word "field.<code>" with its {min} and {max}. */
static void
fault_range(struct reading *in, const char *name, const char *code,
    int64_t min, int64_t max)
{
	problem_field(in->r, name, code,
	    field_message(in->r, code, min, max));
	in->good = false;
}

static void
fault(struct reading *in, const char *name, const char *code)
{
	fault_range(in, name, code, 0, 0);
}

static bool
read_struct(struct reading *in, const struct schema *, struct json_object *,
    const char *prefix, void *object);

/* An integer from JSON or from text, whole or not at all. */
static bool
as_integer(const struct reading *in, struct json_object *value, int64_t *out)
{
	const char *text;
	char *end;

	if (in->mode != JSON_IN_TEXT) {
		if (!json_object_is_type(value, json_type_int))
			return false;
		*out = json_object_get_int64(value);
		return true;
	}
	text = json_object_get_string(value);
	if (!isdigit((unsigned char)text[0]) && text[0] != '-')
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0' && end != text &&
	    isdigit((unsigned char)end[-1]);
}

static void
read_integer(struct reading *in, const struct field *f,
    struct json_object *value, const char *name, char *member)
{
	int64_t number, min = f->min, max = f->max;
	bool is_small = f->type == FIELD_TYPE_I32;

	if (min == 0 && max == 0) {
		min = is_small ? INT32_MIN : INT64_MIN;
		max = is_small ? INT32_MAX : INT64_MAX;
	}
	if (!as_integer(in, value, &number)) {
		fault(in, name, "integer");
	} else if (number < min || number > max) {
		fault_range(in, name, "range", min, max);
	} else if (is_small) {
		*(int32_t *)(void *)member = (int32_t)number;
	} else {
		*(int64_t *)(void *)member = number;
	}
}

static void
read_bool(struct reading *in, struct json_object *value, const char *name,
    char *member)
{
	const char *text;

	if (json_object_is_type(value, json_type_boolean)) {
		*(bool *)member = json_object_get_boolean(value);
		return;
	}
	text = json_object_get_string(value);
	if (in->mode == JSON_IN_TEXT && (str_eq(text, "true") ||
	    str_eq(text, "on") || str_eq(text, "1")))
		*(bool *)member = true;
	else if (in->mode == JSON_IN_TEXT && (str_eq(text, "false") ||
	    str_eq(text, "off") || str_eq(text, "0")))
		*(bool *)member = false;
	else
		fault(in, name, "boolean");
}

static void
read_text(struct reading *in, const struct field *f,
    struct json_object *value, const char *name, char *member)
{
	const char *text = json_object_get_string(value);
	size_t length;
	int64_t max = f->max != 0 ? f->max : DEFAULT_TEXT_MAX;

	if (!json_object_is_type(value, json_type_string)) {
		fault(in, name, "text");
		return;
	}
	if (in->mode == JSON_IN_LENIENT) {
		text = arena_strdup(in->r->arena, text);
		memcpy(member, &text, sizeof(text));
		return;
	}
	length = utf8_length(text);
	if ((int64_t)length > max)
		fault_range(in, name, "too-long", 0, max);
	else if ((int64_t)length < f->min || (f->required && length == 0))
		fault_range(in, name, "too-short", f->min > 0 ? f->min : 1, max);
	else if (f->multiline ? !text_is_printable_lines(text) : !text_is_printable(text))
		fault(in, name, "characters");
	else if (f->check != NULL && !f->check(text))
		fault(in, name, f->format != NULL ? f->format : "format");
	else {
		text = arena_strdup(in->r->arena, text);
		memcpy(member, &text, sizeof(text));
	}
}

static void
read_money(struct reading *in, struct json_object *value, const char *name,
    char *member)
{
	struct money *m = (struct money *)(void *)member;
	struct json_object *amount, *currency;

	if (!json_object_is_type(value, json_type_object) ||
	    !json_object_object_get_ex(value, "amount", &amount) ||
	    !json_object_is_type(amount, json_type_int) ||
	    !json_object_object_get_ex(value, "currency", &currency) ||
	    !json_object_is_type(currency, json_type_string) ||
	    (in->mode != JSON_IN_LENIENT && json_object_object_length(value) != 2)) {
		fault(in, name, "money");
		return;
	}
	m->amount = json_object_get_int64(amount);
	if (!money_is_currency(json_object_get_string(currency)))
		fault(in, name, "currency");
	else if (m->amount < -1000000000000 || m->amount > 1000000000000)
		fault_range(in, name, "range", -1000000000000, 1000000000000);
	else
		snprintf(m->currency, sizeof(m->currency), "%s",
		    json_object_get_string(currency));
}

/* A list's i-th element: of an array, or of a form's object, whose "0", "1",
 * ... come in order; some are not there when boxes are not checked. */
static struct json_object *
element(struct json_object *list, size_t i)
{
	struct json_object_iter at;

	if (json_object_is_type(list, json_type_array))
		return json_object_array_get_idx(list, i);
	json_object_object_foreachC(list, at)
		if (i-- == 0)
			return at.val;
	return NULL;
}

static void
read_list(struct reading *in, const struct field *f,
    struct json_object *value, const char *name, void *object)
{
	bool is_array = json_object_is_type(value, json_type_array);
	size_t n, size = f->schema != NULL ? f->schema->size : sizeof(char *);
	int64_t max = f->max != 0 ? f->max : DEFAULT_LIST_MAX;
	char *items, element_name[NAME_SIZE];

	if (!is_array && (in->mode != JSON_IN_TEXT ||
	    !json_object_is_type(value, json_type_object))) {
		fault(in, name, "list");
		return;
	}
	n = is_array ? json_object_array_length(value) :
	    (size_t)json_object_object_length(value);
	if ((int64_t)n > max || (int64_t)n < f->min) {
		fault_range(in, name, "elements", f->min, max);
		return;
	}
	items = arena_calloc(in->r->arena, n + 1, size);
	for (size_t i = 0; i < n; i++) {
		struct json_object *item = element(value, i);

		snprintf(element_name, sizeof(element_name), "%s.%zu", name, i);
		if (f->schema != NULL)
			read_struct(in, f->schema, item, element_name,
			    items + i * size);
		else
			read_text(in, f, item, element_name, items + i * size);
	}
	memcpy((char *)object + f->offset, &items, sizeof(items));
	memcpy((char *)object + f->count, &n, sizeof(n));
}

static void
read_word(struct reading *in, const struct field *f,
    struct json_object *value, const char *name, char *member)
{
	const char *text = json_object_get_string(value);
	bool is_text = json_object_is_type(value, json_type_string);
	int index;

	switch (f->type) {
	case FIELD_TYPE_ENUM:
		index = is_text ? field_enum_index(f->names, text) : -1;
		if (index < 0)
			fault(in, name, "choice");
		else
			*(int *)(void *)member = index;
		break;
	case FIELD_TYPE_UUID:
		if (!is_text || !uuid_parse(text, (struct uuid *)(void *)member))
			fault(in, name, "id");
		break;
	default:
		if (!is_text ||
		    !clock_parse_rfc3339(text, (int64_t *)(void *)member))
			fault(in, name, "time");
		break;
	}
}

static void
read_member(struct reading *in, const struct field *f,
    struct json_object *value, const char *name, void *object)
{
	char *member = (char *)object + f->offset;
	void *nested;

	switch (f->type) {
	case FIELD_TYPE_BOOL:
		read_bool(in, value, name, member);
		break;
	case FIELD_TYPE_I32:
	case FIELD_TYPE_I64:
		read_integer(in, f, value, name, member);
		break;
	case FIELD_TYPE_TEXT:
		read_text(in, f, value, name, member);
		break;
	case FIELD_TYPE_ENUM:
	case FIELD_TYPE_UUID:
	case FIELD_TYPE_TIME:
		read_word(in, f, value, name, member);
		break;
	case FIELD_TYPE_MONEY:
		read_money(in, value, name, member);
		break;
	case FIELD_TYPE_JSON:
		memcpy(member, &value, sizeof(value));
		break;
	case FIELD_TYPE_OBJECT:
		nested = arena_alloc(in->r->arena, f->schema->size);
		read_struct(in, f->schema, value, name, nested);
		memcpy(member, &nested, sizeof(nested));
		break;
	case FIELD_TYPE_LIST:
	case FIELD_TYPE_TEXTS:
		read_list(in, f, value, name, object);
		break;
	}
}

/* The preset of an absent field is read like text from a form. */
static void
apply_preset(struct reading *in, const struct field *f, const char *name,
    void *object)
{
	struct reading text = { in->r, JSON_IN_TEXT, NULL, true };
	struct json_object *value = json_object_new_string(f->preset);

	read_member(&text, f, value, name, object);
	json_object_put(value);
	assert(text.good);
}

/* A field of the top that the path gives, when the body is being read. */
static bool
is_elsewhere(const struct reading *in, const char *prefix, const char *name)
{
	return in->pattern != NULL && prefix[0] == '\0' &&
	    route_has_param(in->pattern, name);
}

static bool
is_nullable(const struct field *f)
{
	return !f->required && f->preset == NULL;
}

static bool
read_struct(struct reading *in, const struct schema *schema,
    struct json_object *from, const char *prefix, void *object)
{
	char name[NAME_SIZE];
	const char *dot = prefix[0] != '\0' ? "." : "";

	if (from == NULL || !json_object_is_type(from, json_type_object)) {
		fault(in, prefix, "object");
		return false;
	}
	if (in->mode != JSON_IN_LENIENT) {
		json_object_object_foreach(from, key, value) {
			(void)value;
			if (schema_find(schema, key) != NULL &&
			    !is_elsewhere(in, prefix, key))
				continue;
			snprintf(name, sizeof(name), "%s%s%s", prefix, dot, key);
			fault(in, name, "unknown");
		}
	}
	for (const struct field *f = schema->fields; f->name != NULL; f++) {
		struct json_object *value = NULL;
		bool present;

		if (is_elsewhere(in, prefix, f->name))
			continue;
		present = json_object_object_get_ex(from, f->name, &value);

		snprintf(name, sizeof(name), "%s%s%s", prefix, dot, f->name);
		if (present && value == NULL &&
		    (is_nullable(f) || in->mode == JSON_IN_LENIENT))
			present = false;
		if (present && value == NULL)
			fault(in, name, "null");
		else if (present) {
			read_member(in, f, value, name, object);
			field_set_given(f, object, true);
		} else if (f->preset != NULL && in->mode != JSON_IN_LENIENT)
			apply_preset(in, f, name, object);
		else if (f->required && in->mode != JSON_IN_LENIENT)
			fault(in, name, "required");
	}
	return in->good;
}

bool
json_in(struct request *r, const struct schema *schema,
    struct json_object *from, enum json_in_mode mode, const char *pattern,
    void *object)
{
	struct reading in = { r, mode, pattern, true };

	read_struct(&in, schema, from, "", object);
	return in.good;
}

bool
json_in_path(struct request *r, const struct schema *schema, void *object)
{
	struct reading in = { r, JSON_IN_TEXT, NULL, true };

	for (int i = 0; i < r->path_params.n; i++) {
		const char *name = r->path_params.items[i].name;
		const struct field *f = schema_find(schema, name);
		struct json_object *value;

		if (f == NULL)	/* of a form, not of the page it is on */
			continue;
		value = json_object_new_string(r->path_params.items[i].value);
		json_keep(r->arena, value);
		read_member(&in, f, value, name, object);
	}
	return in.good;
}

void
json_set_dotted(struct arena *arena, struct json_object *tree,
    const char *dotted, struct json_object *value)
{
	char *name = arena_strdup(arena, dotted), *dot;

	for (int depth = 0; depth < PAIR_DEPTH &&
	    (dot = strchr(name, '.')) != NULL; depth++) {
		struct json_object *child;

		*dot = '\0';
		if (!json_object_object_get_ex(tree, name, &child) ||
		    !json_object_is_type(child, json_type_object)) {
			child = json_object_new_object();
			json_object_object_add(tree, name, child);
		}
		tree = child;
		name = dot + 1;
	}
	json_object_object_add(tree, name, value);
}

/* "tags[]": a further value of the list "tags". False: it is no such name. */
static bool
add_to_list(struct arena *arena, struct json_object *tree, const char *name,
    const char *value)
{
	size_t n = strlen(name);
	struct json_object *list;

	if (n < 3 || !str_eq(name + n - 2, "[]"))
		return false;
	name = arena_strndup(arena, name, n - 2);
	if (!json_object_object_get_ex(tree, name, &list) ||
	    !json_object_is_type(list, json_type_array)) {
		list = json_object_new_array();
		json_object_object_add(tree, name, list);
	}
	json_object_array_add(list, json_object_new_string(value));
	return true;
}

struct json_object *
json_in_pairs(struct request *r, const struct params *pairs)
{
	struct json_object *tree = json_object_new_object();

	json_keep(r->arena, tree);
	for (size_t i = 0; i < pairs->n; i++) {
		const char *name = pairs->items[i].name;
		const char *value = pairs->items[i].value;

		if (value[0] != '\0' &&
		    !add_to_list(r->arena, tree, name, value))
			json_set_dotted(r->arena, tree, name,
			    json_object_new_string(value));
	}
	return tree;
}
