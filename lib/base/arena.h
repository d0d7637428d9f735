/*
 * Memory that lives as long as a request.
 *
 * Everything a request allocates comes from its arena and is gone with it;
 * nothing is freed one by one. What is not memory (a PGresult, a json_object, a
 * file descriptor) is tied to the arena by arena_defer.
 *
 * An allocation never returns NULL. When memory is exhausted the arena calls
 * the function set by arena_on_exhausted, which must not return (a worker
 * jumps back to its loop and answers 503); without one the process ends.
 */
#ifndef ZOCO_BASE_ARENA_H
#define ZOCO_BASE_ARENA_H

#include "base/base.h"

struct arena;

/* A new, empty arena; the caller's, to arena_free. */
struct arena *arena_new(void);

/* Runs what was deferred, newest first, and frees all memory. NULL is fine. */
void arena_free(struct arena *);

/* Like arena_free, but keeps the first block for the next request. */
void arena_reset(struct arena *);

/* Where to go when memory is exhausted: fn(context) must not return. */
void arena_on_exhausted(struct arena *, void (*fn)(void *), void *context);

/* n zeroed bytes, aligned for any type, the arena's. */
void *arena_alloc(struct arena *, size_t n);

#define arena_new_of(arena, type) ((type *)arena_alloc(arena, sizeof(type)))
#define arena_new_array(arena, type, n) \
	((type *)arena_calloc(arena, n, sizeof(type)))

/* n objects of `size` zeroed bytes; a product that overflows is "exhausted". */
void *arena_calloc(struct arena *, size_t n, size_t size);

char *arena_strdup(struct arena *, const char *);
char *arena_strndup(struct arena *, const char *, size_t n);
char *arena_printf(struct arena *, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *, const char *format, va_list);

/*
 * Calls fn(pointer) when the arena ends. If there is no memory to remember it,
 * fn runs at once and the arena reports itself exhausted: nothing leaks.
 */
void arena_defer(struct arena *, void (*fn)(void *), void *pointer);

/* Bytes handed out since the last reset, for the log and for tests. */
size_t arena_used(const struct arena *);

#endif
