#include "redis/redis.h"

#include <hiredis/hiredis.h>

#include "base/clock.h"
#include "base/log.h"

#define TIMEOUT_US 250000
#define RETRY_AFTER_US 1000000
#define WORDS_MAX 64
#define RUN_ID_SIZE 41

struct redis {
	const char *address;
	redisContext *context;
	int64_t retry_at_us;	/* no new connection before that */
	char run_id[RUN_ID_SIZE];
};

struct redis *
redis_new(const char *address)
{
	struct redis *redis = calloc(1, sizeof(*redis));

	if (redis == NULL)
		abort();
	redis->address = address;
	return redis;
}

static void
disconnect(struct redis *redis)
{
	if (redis->context != NULL)
		redisFree(redis->context);
	redis->context = NULL;
	redis->run_id[0] = '\0';
}

void
redis_free(struct redis *redis)
{
	if (redis == NULL)
		return;
	disconnect(redis);
	free(redis);
}

/* hiredis 0.14's redisReconnect forgets the timeout: always connect anew. */
static bool
connect_redis(struct redis *redis)
{
	struct timeval timeout = { .tv_usec = TIMEOUT_US };
	const char *colon = strrchr(redis->address, ':');
	char host[256];

	if (redis->context != NULL)
		return true;
	if (clock_monotonic_us() < redis->retry_at_us)
		return false;
	if (redis->address[0] == '/' || colon == NULL) {
		redis->context = redisConnectUnixWithTimeout(redis->address, timeout);
	} else {
		snprintf(host, sizeof(host), "%.*s",
		    (int)(colon - redis->address), redis->address);
		redis->context = redisConnectWithTimeout(host,
		    (int)strtol(colon + 1, NULL, 10), timeout);
	}
	if (redis->context != NULL && redis->context->err == 0 &&
	    redisSetTimeout(redis->context, timeout) == REDIS_OK)
		return true;
	log_warn("redis.connect", "%s", redis->context != NULL ?
	    redis->context->errstr : "out of memory");
	redis->retry_at_us = clock_monotonic_us() + RETRY_AFTER_US;
	disconnect(redis);
	return false;
}

static void
copy(struct arena *arena, struct redis_value *value, const redisReply *reply)
{
	*value = (struct redis_value){ .type = REDIS_NIL };
	switch (reply->type) {
	case REDIS_REPLY_INTEGER:
		value->type = REDIS_INTEGER;
		value->integer = reply->integer;
		break;
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
	case REDIS_REPLY_ERROR:
		value->type = reply->type == REDIS_REPLY_ERROR ?
		    REDIS_ERROR : REDIS_TEXT;
		value->n = reply->len;
		value->text = arena_strndup(arena, reply->str, reply->len);
		break;
	case REDIS_REPLY_ARRAY:
		value->type = REDIS_LIST;
		value->items_n = reply->elements;
		value->items = arena_new_array(arena, struct redis_value,
		    reply->elements + 1);
		for (size_t i = 0; i < reply->elements; i++)
			copy(arena, &value->items[i], reply->element[i]);
		break;
	default:
		break;
	}
}

static void
free_reply(void *reply)
{
	freeReplyObject(reply);
}

static redisReply *
exchange(struct redis *redis, const char *words[], size_t n)
{
	redisReply *reply;

	for (int attempt = 0; attempt < 2; attempt++) {
		if (!connect_redis(redis))
			return NULL;
		reply = redisCommandArgv(redis->context, (int)n, words, NULL);
		if (reply != NULL)
			return reply;
		log_warn("redis.lost", "%s", redis->context->errstr);
		disconnect(redis);
	}
	redis->retry_at_us = clock_monotonic_us() + RETRY_AFTER_US;
	return NULL;
}

bool
redis_run(struct redis *redis, struct arena *arena, struct redis_value *value,
    const char *words[], size_t n)
{
	redisReply *reply = exchange(redis, words, n);

	*value = (struct redis_value){ .type = REDIS_NIL };
	if (reply == NULL)
		return false;
	arena_defer(arena, free_reply, reply);
	copy(arena, value, reply);
	if (value->type == REDIS_ERROR && !str_starts(value->text, "NOSCRIPT")) {
		log_error("redis.error", "%s: %s", words[0], value->text);
		return false;
	}
	return true;
}

bool
redis_run_script(struct redis *redis, struct arena *arena,
    struct redis_value *value, const char *script, size_t keys,
    const char *words[], size_t n)
{
	/* SCRIPT LOAD answers the script's SHA-1, which EVALSHA wants. */
	static struct { const char *script; char sha[RUN_ID_SIZE]; } known[16];
	const char *all[WORDS_MAX] = { "EVALSHA" };
	char count[8];
	size_t i;

	assert(n + 3 <= WORDS_MAX);
	for (i = 0; known[i].script != NULL && known[i].script != script; i++)
		assert(i + 1 < ARRAY_LEN(known));
	if (known[i].script == NULL) {
		if (!redis_do(redis, arena, value, "SCRIPT", "LOAD", script) ||
		    value->type != REDIS_TEXT)
			return false;
		snprintf(known[i].sha, sizeof(known[i].sha), "%s", value->text);
		known[i].script = script;
	}
	all[1] = known[i].sha;
	snprintf(count, sizeof(count), "%zu", keys);
	all[2] = count;
	memcpy(all + 3, words, n * sizeof(*words));
	if (!redis_run(redis, arena, value, all, n + 3))
		return false;
	if (value->type != REDIS_ERROR)
		return true;
	all[0] = "EVAL";	/* NOSCRIPT: the server was restarted */
	all[1] = script;
	return redis_run(redis, arena, value, all, n + 3);
}

const char *
redis_run_id(struct redis *redis, struct arena *arena)
{
	struct redis_value value;
	const char *at;

	if (redis->context != NULL && redis->run_id[0] != '\0')
		return redis->run_id;
	if (!redis_do(redis, arena, &value, "INFO", "server") ||
	    value.type != REDIS_TEXT ||
	    (at = strstr(value.text, "run_id:")) == NULL)
		return NULL;
	snprintf(redis->run_id, sizeof(redis->run_id), "%.40s", at + 7);
	return redis->run_id;
}
