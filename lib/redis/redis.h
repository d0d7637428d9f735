/*
 * Redis: copies, counters and guests' carts. Nothing that may not be lost.
 *
 * Every call may find Redis down; it then returns false within the timeout and
 * the caller takes its lesser way (the database, a fallback counter, a 503).
 * One connection per process, opened when first needed and again when lost.
 */
#ifndef ZOCO_REDIS_REDIS_H
#define ZOCO_REDIS_REDIS_H

#include "base/arena.h"

struct redis;

enum redis_type { REDIS_NIL, REDIS_TEXT, REDIS_INTEGER, REDIS_LIST, REDIS_ERROR };

struct redis_value {
	enum redis_type type;
	const char *text;	/* TEXT, ERROR: the arena's, NUL-ended */
	size_t n;
	int64_t integer;
	struct redis_value *items;	/* LIST */
	size_t items_n;
};

/* Not connected yet. `address`: a Unix socket's path or host:port, borrowed. */
struct redis *redis_new(const char *address);
void redis_free(struct redis *);

/*
 * Runs one command, each word a C string:
 *
 *	redis_do(redis, arena, &value, "SET", key, text, "EX", "60")
 *
 * False when Redis is out of reach or answers with an error (logged). A lost
 * connection is retried once, so a command may run twice: give it commands
 * that bear that.
 */
#define redis_do(redis, arena, value, ...) \
	redis_run(redis, arena, value, (const char *[]){ __VA_ARGS__ }, \
	    sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *))
bool redis_run(struct redis *, struct arena *, struct redis_value *value,
    const char *words[], size_t n);

/*
 * A script that Redis runs as one step: EVALSHA, and EVAL the first time.
 * `script` is a constant and must be the same pointer at every call; `keys` of
 * the words are its KEYS, the rest its ARGV.
 */
#define redis_script(redis, arena, value, script, keys, ...) \
	redis_run_script(redis, arena, value, script, keys, \
	    (const char *[]){ __VA_ARGS__ }, \
	    sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *))
bool redis_run_script(struct redis *, struct arena *, struct redis_value *value,
    const char *script, size_t keys, const char *words[], size_t n);

/* run_id of the server we speak to: another one after a restart. NULL: down. */
const char *redis_run_id(struct redis *, struct arena *);

#endif
