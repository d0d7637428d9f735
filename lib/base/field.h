/*
 * The shape of a struct, declared once.
 *
 * One table of fields serves three masters: it parses input (JSON bodies, forms,
 * query strings, path segments) into the struct, it maps a row of the database
 * onto it by column name, and it writes the struct as JSON. The OpenAPI
 * document, the error messages and the tests are derived from it too.
 *
 *	struct level { struct uuid variant_id; int32_t on_hand; };
 *
 *	SCHEMA(level_schema, struct level,
 *		FIELD_UUID(struct level, variant_id, .required = true),
 *		FIELD_I32(struct level, on_hand, .min = 0));
 */
#ifndef ZOCO_BASE_FIELD_H
#define ZOCO_BASE_FIELD_H

#include "base/money.h"
#include "base/uuid.h"

struct json_object;

enum field_type {
	FIELD_TYPE_BOOL,	/* bool */
	FIELD_TYPE_I32,		/* int32_t */
	FIELD_TYPE_I64,		/* int64_t */
	FIELD_TYPE_TEXT,	/* const char *, NULL when absent */
	FIELD_TYPE_ENUM,	/* an enum, int-sized: index into `names` */
	FIELD_TYPE_UUID,	/* struct uuid, nil when absent */
	FIELD_TYPE_TIME,	/* int64_t microseconds UTC, 0 when absent */
	FIELD_TYPE_MONEY,	/* struct money; a row has columns NAME and currency */
	FIELD_TYPE_JSON,	/* struct json_object *, the arena's */
	FIELD_TYPE_OBJECT,	/* pointer to a struct of `schema`, NULL when absent */
	FIELD_TYPE_LIST,	/* pointer to an array of them, and a size_t count */
	FIELD_TYPE_TEXTS,	/* const char **, and a size_t count */
};

struct schema;

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	size_t count;		/* LIST, TEXTS: offset of the size_t count */
	size_t has;		/* offset + 1 of a bool "was given"; 0 = none */
	bool required;
	bool multiline;		/* TEXT: line breaks are allowed */
	bool personal;		/* reaches only those subscribers who need it */
	bool secret;		/* never logged, never sent back into a form */
	int64_t min, max;	/* numbers; characters of TEXT; elements of lists */
	const char *preset;	/* the value of an absent field, as text */
	const char *const *names;	/* ENUM: the words, ended by NULL */
	const struct schema *schema;	/* OBJECT, LIST */
	bool (*check)(const char *);	/* TEXT: a further claim it must fulfil */
	const char *format;	/* OpenAPI's name of what `check` claims */
	const char *help;
};

struct schema {
	const char *name;	/* the component's name in the OpenAPI document */
	size_t size;		/* of the struct */
	const struct field *fields;	/* ended by a NULL name */
};

#define SCHEMA(variable, s_type, ...) \
	const struct schema variable = { #variable, sizeof(s_type), \
	    (const struct field[]){ __VA_ARGS__, { .name = NULL } } }

#define FIELD_OF(s_type, member, kind, ...) \
	{ .name = #member, .type = kind, .offset = offsetof(s_type, member), \
	  ##__VA_ARGS__ }

/* A further name for the flag that tells an absent field from a zero one. */
#define HAS(s_type, member) .has = offsetof(s_type, member) + 1

#define FIELD_BOOL(s_type, member, ...) \
	FIELD_OF(s_type, member, FIELD_TYPE_BOOL, ##__VA_ARGS__)
#define FIELD_I32(s_type, member, ...) \
	FIELD_OF(s_type, member, FIELD_TYPE_I32, ##__VA_ARGS__)
#define FIELD_I64(s_type, member, ...) \
	FIELD_OF(s_type, member, FIELD_TYPE_I64, ##__VA_ARGS__)
#define FIELD_TEXT(s_type, member, ...) \
	FIELD_OF(s_type, member, FIELD_TYPE_TEXT, ##__VA_ARGS__)
#define FIELD_ENUM(s_type, member, words, ...) \
	FIELD_OF(s_type, member, FIELD_TYPE_ENUM, .names = words, ##__VA_ARGS__)
#define FIELD_UUID(s_type, member, ...) \
	FIELD_OF(s_type, member, FIELD_TYPE_UUID, ##__VA_ARGS__)
#define FIELD_TIME(s_type, member, ...) \
	FIELD_OF(s_type, member, FIELD_TYPE_TIME, ##__VA_ARGS__)
#define FIELD_MONEY(s_type, member, ...) \
	FIELD_OF(s_type, member, FIELD_TYPE_MONEY, ##__VA_ARGS__)
#define FIELD_JSON(s_type, member, ...) \
	FIELD_OF(s_type, member, FIELD_TYPE_JSON, ##__VA_ARGS__)
#define FIELD_OBJECT(s_type, member, shape, ...) \
	FIELD_OF(s_type, member, FIELD_TYPE_OBJECT, .schema = shape, ##__VA_ARGS__)
#define FIELD_LIST(s_type, member, counter, shape, ...) \
	FIELD_OF(s_type, member, FIELD_TYPE_LIST, .schema = shape, \
	    .count = offsetof(s_type, counter), ##__VA_ARGS__)
#define FIELD_TEXTS(s_type, member, counter, ...) \
	FIELD_OF(s_type, member, FIELD_TYPE_TEXTS, \
	    .count = offsetof(s_type, counter), ##__VA_ARGS__)

/* The field of that name, or NULL. */
const struct field *schema_find(const struct schema *, const char *name);

/* Was the field given? True where it has no flag. */
bool field_is_given(const struct field *, const void *object);
void field_set_given(const struct field *, void *object, bool given);

/* The index of a word in an enum's names; -1 when it is none. */
int field_enum_index(const char *const *names, const char *word);

#endif
