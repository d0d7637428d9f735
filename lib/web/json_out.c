#include "web/json_out.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "web/format.h"

static struct json_object *
money_out(const struct money *m, const char *lang)
{
	struct json_object *value;
	char text[64];

	if (m->currency[0] == '\0')
		return NULL;
	value = json_object_new_object();
	json_object_object_add(value, "amount", json_object_new_int64(m->amount));
	json_object_object_add(value, "currency",
	    json_object_new_string(m->currency));
	if (lang != NULL) {
		format_money(m, lang, text, sizeof(text));
		json_object_object_add(value, "text", json_object_new_string(text));
	}
	return value;
}

static struct json_object *
time_out(int64_t us, const char *lang)
{
	struct json_object *value, *plain;
	char text[64];

	if (us == 0)
		return NULL;
	clock_format_rfc3339(us, text);
	plain = json_object_new_string(text);
	if (lang == NULL)
		return plain;
	value = json_object_new_object();
	json_object_object_add(value, "value", plain);
	format_datetime(us, lang, text, sizeof(text));
	json_object_object_add(value, "text", json_object_new_string(text));
	format_date(us, lang, text, sizeof(text));
	json_object_object_add(value, "date", json_object_new_string(text));
	return value;
}

static struct json_object *
texts_out(const char *const *texts, size_t n)
{
	struct json_object *list = json_object_new_array_ext((int)n);

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, json_object_new_string(texts[i]));
	return list;
}

static struct json_object *
member_out(const struct field *f, const void *object, const char *lang)
{
	const char *member = (const char *)object + f->offset;
	const void *pointer = NULL;
	size_t n = 0;
	char text[UUID_TEXT_SIZE];

	if (!field_is_given(f, object))
		return NULL;
	if (f->type == FIELD_TYPE_TEXT || f->type >= FIELD_TYPE_OBJECT)
		memcpy(&pointer, member, sizeof(pointer));
	if (f->type == FIELD_TYPE_LIST || f->type == FIELD_TYPE_TEXTS)
		memcpy(&n, (const char *)object + f->count, sizeof(n));
	switch (f->type) {
	case FIELD_TYPE_BOOL:
		return json_object_new_boolean(*(const bool *)member);
	case FIELD_TYPE_I32:
		return json_object_new_int(*(const int32_t *)(const void *)member);
	case FIELD_TYPE_I64:
		return json_object_new_int64(*(const int64_t *)(const void *)member);
	case FIELD_TYPE_TEXT:
		return pointer == NULL ? NULL : json_object_new_string(pointer);
	case FIELD_TYPE_ENUM:
		return json_object_new_string(
		    f->names[*(const int *)(const void *)member]);
	case FIELD_TYPE_UUID:
		if (uuid_is_nil((const struct uuid *)(const void *)member))
			return NULL;
		return json_object_new_string(
		    uuid_text((const struct uuid *)(const void *)member, text));
	case FIELD_TYPE_TIME:
		return time_out(*(const int64_t *)(const void *)member, lang);
	case FIELD_TYPE_MONEY:
		return money_out((const struct money *)(const void *)member, lang);
	case FIELD_TYPE_JSON:
		return json_object_get(*(struct json_object *const *)
		    (const void *)member);
	case FIELD_TYPE_OBJECT:
		return pointer == NULL ? NULL :
		    json_out(f->schema, pointer, lang, JSON_ALL);
	case FIELD_TYPE_LIST:
		return json_out_list(f->schema, pointer, n, lang);
	case FIELD_TYPE_TEXTS:
		return texts_out(pointer, n);
	}
	return NULL;
}

struct json_object *
json_out(const struct schema *schema, const void *object, const char *lang,
    enum json_part part)
{
	struct json_object *value = json_object_new_object();

	for (const struct field *f = schema->fields; f->name != NULL; f++) {
		if (f->secret ||
		    (part != JSON_ALL && f->personal != (part == JSON_PERSONAL)))
			continue;
		json_object_object_add_ex(value, f->name,
		    member_out(f, object, lang),
		    JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_KEY_IS_CONSTANT);
	}
	return value;
}

struct json_object *
json_out_list(const struct schema *schema, const void *items, size_t n,
    const char *lang)
{
	struct json_object *list = json_object_new_array_ext((int)n);
	const char *item = items;

	for (size_t i = 0; i < n; i++, item += schema->size)
		json_object_array_add(list, json_out(schema, item, lang, JSON_ALL));
	return list;
}
