/*
 * Mustache templates (mustache.github.io/mustache.5.html): the whole of the
 * official specification but lambdas and dynamic names, with inheritance:
 *
 *	{{<layout}}{{$main}}...{{/main}}{{/layout}}
 *
 * Templates are compiled at start into a set that is only read after that, so
 * workers share its memory. Partials and parents are found by name in the set.
 *
 * Values come from a json-c object. Missing and null print nothing, and so do
 * objects and lists; null, false, "", [] and what is missing are false in
 * sections, 0 and {} are true.
 *
 * Beyond the specification, two section names are taken:
 *
 *	{{#t}}cart.count{{/t}}	the message of that key (web/words.h). Its
 *				placeholders are names of the context, and so
 *				are those of the key: {{#t}}state.{state}{{/t}}
 *	{{#json}}cart{{/json}}	the value as JSON, for a script element of
 *				type application/json: it holds no < > & and
 *				no line separators
 */
#ifndef ZOCO_WEB_MUSTACHE_H
#define ZOCO_WEB_MUSTACHE_H

#include "base/buf.h"

#define MUSTACHE_DEPTH_MAX 100	/* sections, partials, blocks in one another */

struct json_object;
struct templates;
struct words;

enum template_flags {
	TEMPLATE_HTML = 0,		/* values: & < > " ' are escaped */
	TEMPLATE_TEXT = 1 << 0,		/* for mail: nothing is */
	TEMPLATE_ALLOW_RAW = 1 << 1,	/* {{{x}}} and {{&x}} are no errors */
};

/* What a rendering needs beside its context. All of it may be NULL. */
struct mustache_env {
	const struct words *words;	/* NULL: messages are their keys */
	const char *lang;		/* not NULL where words are */
};

/* The caller's, to templates_free. */
struct templates *templates_new(void);
void templates_free(struct templates *);

/*
 * Compiles text[n], which is copied, under a name that partials use
 * ("admin/menu"). It replaces an earlier template of that name. On a fault
 * false and a sentence that begins with the line, in error[size].
 */
bool templates_add(struct templates *, const char *name, const char *text,
    size_t n, int flags, char *error, size_t size);

/*
 * Finds all partials and parents; to be called after the last template was
 * added. False, and a sentence about the first fault, when one is missing (it
 * will print nothing) or escapes unlike the template that includes it.
 */
bool templates_link(struct templates *, char *error, size_t size);

bool templates_has(const struct templates *, const char *name);

/*
 * Writes a line for each {{#t}} whose key no language has, "cart: some.key".
 * Gives their number. Keys with placeholders are not looked at.
 */
size_t templates_unknown_words(const struct templates *, const struct words *,
    struct buf *out);

/*
 * Appends the template, filled with the context (borrowed; NULL is JSON's
 * null). env may be NULL. False when there is no such template, when it nests
 * deeper than MUSTACHE_DEPTH_MAX (a partial that includes itself for ever), or
 * when `out` overflows; what was appended is then incomplete.
 */
bool mustache_render(const struct templates *, const char *name,
    struct json_object *context, const struct mustache_env *env,
    struct buf *out);

#endif
