/*
 * Where the tags of a template are: the lowest part of mustache_parse.c.
 */
#ifndef ZOCO_WEB_MUSTACHE_SCAN_H
#define ZOCO_WEB_MUSTACHE_SCAN_H

#include "base/base.h"

#define DELIMITER_SIZE 16

struct scan {
	const char *text, *end;		/* the whole template */
	char open[DELIMITER_SIZE], close[DELIMITER_SIZE];
};

struct tag {
	char kind;		/* one of ! = { & # ^ / > < $, or 0: {{x}} */
	const char *name;	/* without the blanks around it */
	size_t n;
	const char *at, *end;	/* all of the tag */
};

bool scan_is_blank(char);	/* a space or a tab */

/* The first that is no blank, at or behind s. */
const char *scan_blanks(const struct scan *, const char *s);

/* Behind the line break at s, or the end of the text; NULL if neither is. */
const char *scan_line_end(const struct scan *, const char *s);

/* The number of the line that s is in. */
int scan_line_number(const struct scan *, const char *s);

/* Takes white space off both ends. */
void scan_trim(const char **s, size_t *n);

/* Is there an opening delimiter at s? And at or behind s: where, or NULL. */
bool scan_is_tag(const struct scan *, const char *s);
const char *scan_find_tag(const struct scan *, const char *s);

/* Reads the tag that opens at s; false when it has no end. */
bool scan_tag(const struct scan *, const char *s, struct tag *);

/* Takes the delimiters of a {{=<% %>=}}; false when these cannot be any. */
bool scan_set_delimiters(struct scan *, const struct tag *);

#endif
