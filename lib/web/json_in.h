/*
 * JSON into structs, by their field tables: types, ranges, unknown and missing
 * members, all faults at once, each with its dotted name.
 */
#ifndef ZOCO_WEB_JSON_IN_H
#define ZOCO_WEB_JSON_IN_H

#include "base/arena.h"
#include "base/field.h"

struct request;
struct json_object;

enum json_in_mode {
	JSON_IN_STRICT,		/* a client's JSON: types must match, nothing unknown */
	JSON_IN_TEXT,		/* a form, query or path: every value is text */
	JSON_IN_LENIENT,	/* another program's answer: unknown is ignored */
};

/*
 * Fills *object (zeroed by the caller) from the JSON object. Faults are noted
 * with problem_field(); false when there are any. Texts are the arena's. With
 * a path's pattern, the fields that the path gives are left alone.
 */
bool json_in(struct request *, const struct schema *, struct json_object *,
    enum json_in_mode, const char *pattern, void *object);

/* The fields that the request's path gives. */
bool json_in_path(struct request *, const struct schema *, void *object);

/*
 * Pairs of a form as a JSON object: "items.0.quantity=2" becomes
 * {"items": {"0": {"quantity": "2"}}}, "tags[]=a&tags[]=b" {"tags": ["a",
 * "b"]}; empty values are left out. The request owns it.
 */
struct params;
struct json_object *json_in_pairs(struct request *, const struct params *);

/* Sets "a.b.c" below the tree, making the objects on its way; takes `value`. */
void json_set_dotted(struct arena *, struct json_object *tree,
    const char *dotted, struct json_object *value);

#endif
