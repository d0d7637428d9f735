/*
 * json-c, as far as handlers need it beside field tables: who frees what, and
 * members of documents that are read and written by their names.
 */
#ifndef ZOCO_BASE_JSON_H
#define ZOCO_BASE_JSON_H

#include "base/arena.h"

struct json_object;

/* The arena's from now on: it is put when the arena ends. Returns it. */
struct json_object *json_keep(struct arena *, struct json_object *);

/*
 * Text of n bytes as a value that the arena owns; NULL when it is no JSON, or
 * the JSON null. What strangers send goes through json_scan() before.
 */
struct json_object *json_parse(struct arena *, const char *text, size_t n);

/* A member, the object's; NULL when it is null, lacks, or there is no object. */
struct json_object *json_member(struct json_object *object, const char *name);

/* The same as text, "" where json_member says NULL. */
const char *json_text(struct json_object *object, const char *name);

/* Sets a member to a text, which is copied. */
void json_add_text(struct json_object *object, const char *name,
    const char *text);

/* Sets a member to that of another object, which shares it; null if it lacks. */
void json_add_copy(struct json_object *to, struct json_object *from,
    const char *name);

#endif
