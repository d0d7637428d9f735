#include "web/limit.h"

#include "base/log.h"
#include "web/app.h"

/* Counts up and gives the window's rest in seconds: {count, rest}. */
static const char count_script[] =
	"local n = redis.call('INCR', KEYS[1]) "
	"if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end "
	"return {n, redis.call('TTL', KEYS[1])}";

bool
limit_take(struct request *r, const char *name, const char *who, int64_t max,
    int seconds)
{
	struct redis_value value;
	const char *key = arena_printf(r->arena, "limit:%s:%s", name, who);
	const char *window = arena_printf(r->arena, "%d", seconds);

	if (max == 0)
		return true;
	if (!redis_script(r->redis, r->arena, &value, count_script, 1, key,
	    window) || value.items_n != 2) {
		log_warn("limit.open", "%s is not counted", name);
		return true;
	}
	if (value.items[0].integer <= max)
		return true;
	reply_header(r, "Retry-After", arena_printf(r->arena, "%" PRId64,
	    value.items[1].integer > 0 ? value.items[1].integer : 1));
	problem(r, PROBLEM_TOO_MANY);
	return false;
}

bool
limit_route(struct request *r)
{
	const struct limit *limit = r->route->limit;
	int64_t max;

	if (limit == NULL)
		return true;
	memcpy(&max, (const char *)r->app->conf + limit->max, sizeof(max));
	return limit_take(r, limit->name, r->address, max, limit->seconds);
}
