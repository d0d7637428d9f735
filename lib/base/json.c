#include "base/json.h"

#include <json-c/json.h>

static void
put(void *object)
{
	json_object_put(object);
}

struct json_object *
json_keep(struct arena *arena, struct json_object *object)
{
	arena_defer(arena, put, object);
	return object;
}

struct json_object *
json_parse(struct arena *arena, const char *text, size_t n)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *value = NULL;

	/* Only behind its end does a number end: the NUL is read too. */
	if (tokener != NULL && n < INT_MAX)
		value = json_tokener_parse_ex(tokener, text, (int)n + 1);
	json_tokener_free(tokener);
	return value == NULL ? NULL : json_keep(arena, value);
}

struct json_object *
json_member(struct json_object *object, const char *name)
{
	return json_object_object_get(object, name);
}

const char *
json_text(struct json_object *object, const char *name)
{
	struct json_object *value = json_member(object, name);

	return value == NULL ? "" : json_object_get_string(value);
}

void
json_add_text(struct json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, json_object_new_string(text));
}

void
json_add_copy(struct json_object *to, struct json_object *from,
    const char *name)
{
	json_object_object_add(to, name,
	    json_object_get(json_member(from, name)));
}
