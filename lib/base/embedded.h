/*
 * Files compiled into a program: page templates and words. lib/embed.sh makes
 * the tables; data is followed by a NUL byte that n does not count.
 */
#ifndef ZOCO_BASE_EMBEDDED_H
#define ZOCO_BASE_EMBEDDED_H

#include "base/base.h"

struct embedded {
	const char *path;	/* "pages/cart.mustache"; NULL ends the table */
	const char *data;
	size_t n;
};

extern const struct embedded lib_files[];	/* lib/web/pages, lib/web/lang */

/* The domain's own; absent in programs that belong to none. */
extern const struct embedded program_files[] __attribute__((weak));

/* The row of that path, or NULL. The table may be NULL. */
const struct embedded *embedded_find(const struct embedded *, const char *path);

#endif
