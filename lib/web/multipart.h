/*
 * multipart/form-data (RFC 7578), as browsers send a form with files: the whole
 * body is there, so nothing is copied and nothing is guessed. What a browser
 * would not send is refused.
 */
#ifndef ZOCO_WEB_MULTIPART_H
#define ZOCO_WEB_MULTIPART_H

#include "base/arena.h"

#define MULTIPART_PARTS_MAX 100

struct form_part {
	const char *name;	/* the arena's */
	bool is_file;
	const char *data;	/* within the body */
	size_t n;
};

/*
 * The parts in their order, the arena's. False: the type names no boundary, or
 * the body is not exactly parts between such boundaries, each with a name.
 */
bool multipart_parse(struct arena *, const char *content_type,
    const char *body, size_t n, struct form_part **parts, size_t *parts_n);

#endif
