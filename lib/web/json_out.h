/* Structs as JSON, by their field tables. */
#ifndef ZOCO_WEB_JSON_OUT_H
#define ZOCO_WEB_JSON_OUT_H

#include "base/arena.h"
#include "base/field.h"

enum json_part { JSON_ALL, JSON_IMPERSONAL, JSON_PERSONAL };

/*
 * The struct as a JSON object; the caller's, to json_object_put. With a
 * language, values that people read get a text beside them ("price" becomes
 * {"amount", "currency", "text"}, a time {"value", "text"}), so that templates
 * never format. `part` picks all fields, or those without or with the flag
 * `personal`.
 */
struct json_object *json_out(const struct schema *, const void *object,
    const char *lang, enum json_part part);

/* An array of n structs. */
struct json_object *json_out_list(const struct schema *, const void *items,
    size_t n, const char *lang);

#endif
