#include "web/limit.h"

#include "base/log.h"
#include "net/address.h"
#include "web/app.h"

/* Counts up and gives the window's rest in seconds: {count, rest}. */
static const char count_script[] =
	"local n = redis.call('INCR', KEYS[1]) "
	"if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end "
	"return {n, redis.call('TTL', KEYS[1])}";

/* The same; windows that are over go on the way, a few at a time. */
DB_QUERY(count_up, 3,
	"WITH gone AS (DELETE FROM limit_counter WHERE (name, who) IN (SELECT name,"
	"  who FROM limit_counter WHERE ends_at < now() - interval '1 minute'"
	"  AND (name, who) <> ($1, $2) LIMIT 10 FOR UPDATE SKIP LOCKED))"
	" INSERT INTO limit_counter AS c (name, who, ends_at) VALUES ($1, $2,"
	"  now() + $3::int * interval '1 second')"
	" ON CONFLICT ON CONSTRAINT limit_counter_pkey DO UPDATE SET"
	"  taken = CASE WHEN c.ends_at <= now() THEN 1 ELSE c.taken + 1 END,"
	"  ends_at = CASE WHEN c.ends_at <= now() THEN excluded.ends_at"
	"   ELSE c.ends_at END"
	" RETURNING taken, ceil(extract(epoch FROM c.ends_at - now()))::bigint"
	"  AS rest");
DB_QUERY(count_none, 2,
	"DELETE FROM limit_counter WHERE name = $1 AND who = $2");

struct count {
	int64_t taken, rest;
};

static SCHEMA(count_schema, struct count,
	FIELD_I64(struct count, taken),
	FIELD_I64(struct count, rest));

static const char *
key_of(struct request *r, const char *name, const char *who)
{
	return arena_printf(r->arena, "limit:%s:%s", name, who);
}

static bool
count(struct request *r, const char *name, const char *who, int seconds,
    struct count *count)
{
	struct redis_value value;

	if (redis_script(r->redis, r->arena, &value, count_script, 1,
	    key_of(r, name, who), arena_printf(r->arena, "%d", seconds)) &&
	    value.items_n == 2) {
		*count = (struct count){ value.items[0].integer,
		    value.items[1].integer };
		return true;
	}
	log_warn("limit.fallback", "%s is counted in the database", name);
	return db_one(r->db, &count_up, &count_schema, count, P(name), P(who),
	    P(seconds));
}

bool
limit_take(struct request *r, const char *name, const char *who, int64_t max,
    int seconds)
{
	struct count now;

	if (max == 0)
		return true;
	if (!count(r, name, who, seconds, &now))
		return false;	/* the database is away, too: 503 */
	if (now.taken <= max)
		return true;
	log_info("limit.reached", "%s", name);
	reply_header(r, "Retry-After", arena_printf(r->arena, "%" PRId64,
	    now.rest > 0 ? now.rest : 1));
	problem(r, PROBLEM_TOO_MANY);
	return false;
}

void
limit_forget(struct request *r, const char *name, const char *who)
{
	struct redis_value value;

	if (!redis_do(r->redis, r->arena, &value, "DEL", key_of(r, name, who)))
		db_exec(r->db, &count_none, P(name), P(who));
}

const char *
limit_address(const struct request *r)
{
	char *network = arena_alloc(r->arena, ADDRESS_NETWORK_SIZE);

	return address_network(r->address, network);
}

bool
limit_route(struct request *r)
{
	const struct limit *limit = r->route->limit;
	int64_t max;

	if (limit == NULL)
		return true;
	memcpy(&max, (const char *)r->app->conf + limit->max, sizeof(max));
	return limit_take(r, limit->name, limit_address(r), max, limit->seconds);
}
