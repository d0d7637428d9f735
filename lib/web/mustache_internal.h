/*
 * The compiled form of a template, between mustache_parse.c, which makes it,
 * and mustache_render.c. Nobody else includes this.
 */
#ifndef ZOCO_WEB_MUSTACHE_INTERNAL_H
#define ZOCO_WEB_MUSTACHE_INTERNAL_H

#include "web/mustache.h"

enum node_kind {
	NODE_TEXT,
	NODE_VALUE,
	NODE_SECTION,
	NODE_INVERTED,
	NODE_PARTIAL,
	NODE_PARENT,
	NODE_BLOCK,
	NODE_WORDS,
	NODE_JSON,
};

/* "a.b" is two parts, "a\0b"; "." is none. */
struct name {
	const char *parts;
	unsigned n;
};

/*
 * A template is an array of nodes in the order of its text; the children of a
 * node are those between it and nodes[end].
 *
 * The indentation of a partial, parent or block is put before each line of what
 * is filled in. A block that stands on a line of its own has lost it from its
 * content; that of another block begins with its second line, for the first one
 * has it as text.
 */
struct node {
	enum node_kind kind;
	uint32_t end;
	bool is_raw;			/* VALUE: never escaped */
	bool is_standalone;		/* BLOCK */
	struct name name;		/* VALUE, SECTION, INVERTED, JSON */
	const char *text;		/* TEXT; the name of PARTIAL, PARENT, */
	size_t n;			/* BLOCK; the key of WORDS */
	const char *indent;		/* PARTIAL, PARENT, BLOCK */
	size_t indent_n;
	const struct template *target;	/* PARTIAL, PARENT: linked, or NULL */
};

struct template {
	const char *name;
	int flags;
	struct node *nodes;
	uint32_t n;
};

/* Fills in nodes and n; the text must live as long as the arena. */
bool template_parse(struct template *, struct arena *, const char *text,
    size_t n, char *error, size_t size);

/* NULL when there is none of that name. */
const struct template *templates_find(const struct templates *,
    const char *name);

#endif
