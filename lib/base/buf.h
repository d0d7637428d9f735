/*
 * A growing text in an arena, always NUL-terminated.
 *
 * It names the most it may hold (the idea of curl's dynbuf): beyond that,
 * `overflow` is set and everything after is dropped, so a caller checks once,
 * at the end.
 */
#ifndef ZOCO_BASE_BUF_H
#define ZOCO_BASE_BUF_H

#include "base/arena.h"

struct buf {
	struct arena *arena;
	char *data;		/* never NULL; data[len] == '\0' */
	size_t len;
	size_t capacity;
	size_t max;		/* the most len may become */
	bool overflow;
};

void buf_init(struct buf *, struct arena *, size_t max);
void buf_add(struct buf *, const void *bytes, size_t n);
void buf_puts(struct buf *, const char *);
void buf_putc(struct buf *, char);
void buf_printf(struct buf *, const char *format, ...) PRINTF_LIKE(2, 3);

/* Back to length n (n <= len); used to undo a partial addition. */
void buf_truncate(struct buf *, size_t n);

#endif
