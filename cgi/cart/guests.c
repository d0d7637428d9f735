/*
 * Guests' carts: a hash of Redis each, variant -> "quantity seen-price", with
 * "email", "marketing_consent", "lang" and "reminded" beside them. Every change
 * is one script, so that two at once both count. A cart without lines does not
 * exist. Those whose owner agreed to a reminder are members of the sorted set
 * "carts-left", by the second of their last change, until they had it.
 */
#include "cart.h"

#include <stdlib.h>

#define COUNT \
	" local function count() local n = 0" \
	"  for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do" \
	"   if #name == 36 then n = n + 1 end end return n end"

/* Ends each script: ARGV[1] seconds more for a cart that has lines. */
#define KEEP COUNT \
	" redis.call('ZREM', 'carts-left', KEYS[1])" \
	" if count() == 0 then redis.call('DEL', KEYS[1]) return 1 end" \
	" redis.call('EXPIRE', KEYS[1], ARGV[1])" \
	" local c = redis.call('HMGET', KEYS[1], 'email', 'marketing_consent'," \
	"  'reminded')" \
	" if c[1] and c[2] == 'true' and not c[3] then" \
	"  local now = redis.call('TIME')[1]" \
	"  redis.call('ZADD', 'carts-left', now, KEYS[1])" \
	"  redis.call('ZREMRANGEBYSCORE', 'carts-left', '-inf', now - 604800)" \
	" end return 1"

/* What a line has now, and has to have; its price stays unless one is given. */
#define LINES \
	" local function line(id) return redis.call('HGET', KEYS[1], id) or '0' end" \
	" local function get(id) return tonumber(line(id):match('^%d+')) end" \
	" local function put(id, n, seen)" \
	"  if n > 0 then redis.call('HSET', KEYS[1], id, math.min(n, 99) .. ' '" \
	"   .. (seen or line(id):match(' (%d+)$') or 0))" \
	"  else redis.call('HDEL', KEYS[1], id) end" \
	" end"

/* ARGV: seconds, variant, quantity, price. 0: there is no room. */
static const char add_script[] = LINES COUNT
	" local now = get(ARGV[2])"
	" if now == 0 and count() >= 50 then return 0 end"
	" put(ARGV[2], now + tonumber(ARGV[3]), ARGV[4])" KEEP;

/* The same. 0: there is no such line. */
static const char set_script[] = LINES
	" local n = tonumber(ARGV[3])"
	" if n > 0 and get(ARGV[2]) == 0 then return 0 end"
	" put(ARGV[2], n)" KEEP;

/* ARGV: seconds, then names and values. 0: there is no cart. */
static const char contact_script[] =
	"if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end"
	" for i = 2, #ARGV, 2 do"
	"  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end" KEEP;

/*
 * KEYS: cart, the order's mark. ARGV: seconds, "taken" or "back", lines. What
 * was given back is not taken again, were the two to change places.
 */
static const char move_script[] = LINES
	" local mark = redis.call('GET', KEYS[2])"
	" if mark == ARGV[2] or mark == 'back' then return 1 end"
	" redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[1])"
	" local sign = ARGV[2] == 'taken' and -1 or 1"
	" for _, line in ipairs(cjson.decode(ARGV[3])) do"
	"  put(line.variant_id, get(line.variant_id) + sign * line.quantity)"
	" end" KEEP;

/* ARGV: seconds, lines. */
static const char settle_script[] = LINES
	" for _, line in ipairs(cjson.decode(ARGV[2])) do"
	"  if get(line.variant_id) == line.quantity then put(line.variant_id, 0) end"
	" end" KEEP;

static bool
away(struct request *r)
{
	reply_header(r, "Retry-After", "2");
	problem(r, PROBLEM_UNAVAILABLE);
	return false;
}

static const char *
name_of(struct request *r, const char *key)
{
	return arena_printf(r->arena, "cart:%s", key);
}

static const char *
seconds(struct request *r)
{
	return arena_printf(r->arena, "%d", CART_SECONDS);
}

static int
compare_lines(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

static void
read_member(struct cart_content *content, const char *name, const char *value)
{
	struct cart_line *line = &content->lines[content->n];
	char *rest;

	if (str_eq(name, "email")) {
		content->email = value;
	} else if (str_eq(name, "lang")) {
		content->lang = value;
	} else if (str_eq(name, "marketing_consent")) {
		content->marketing_consent = str_eq(value, "true");
	} else if (uuid_parse(name, &line->variant_id)) {
		line->quantity = (int32_t)strtol(value, &rest, 10);
		line->seen = strtoll(rest, NULL, 10);
		content->n++;
	}
}

static bool
guests_read(struct request *r, const char *key, struct cart_content *content)
{
	struct redis_value value;

	if (!redis_do(r->redis, r->arena, &value, "HGETALL", name_of(r, key)))
		return away(r);
	content->lines = arena_new_array(r->arena, struct cart_line,
	    value.items_n / 2 + 1);
	for (size_t i = 0; i + 1 < value.items_n; i += 2)
		read_member(content, value.items[i].text,
		    value.items[i + 1].text);
	qsort(content->lines, content->n, sizeof(*content->lines),
	    compare_lines);
	if (content->n > CART_SHOWN_MAX)
		content->n = CART_SHOWN_MAX;
	return true;
}

static bool
guests_change(struct request *r, const char *key, enum cart_change change,
    const struct cart_line *line)
{
	struct redis_value value;
	char id[UUID_TEXT_SIZE];

	if (!redis_script(r->redis, r->arena, &value,
	    change == CART_ADD ? add_script : set_script, 1, name_of(r, key),
	    seconds(r), uuid_text(&line->variant_id, id),
	    arena_printf(r->arena, "%" PRId32, line->quantity),
	    arena_printf(r->arena, "%" PRId64, line->seen)))
		return away(r);
	if (value.integer == 1)
		return true;
	problem(r, change == CART_ADD ? PROBLEM_CART_FULL : PROBLEM_NOT_FOUND);
	return false;
}

static bool
guests_set_contact(struct request *r, const char *key,
    const struct contact *contact)
{
	const char *words[8] = { name_of(r, key), seconds(r), "lang", r->lang };
	struct redis_value value;
	size_t n = 4;

	if (contact->email != NULL) {
		words[n++] = "email";
		words[n++] = contact->email;
	}
	if (contact->has_consent) {
		words[n++] = "marketing_consent";
		words[n++] = contact->marketing_consent ? "true" : "false";
	}
	if (!redis_run_script(r->redis, r->arena, &value, contact_script, 1,
	    words, n))
		return away(r);
	if (value.integer == 1)
		return true;
	problem(r, PROBLEM_NOT_FOUND);
	return false;
}

static bool
guests_clear(struct request *r, const char *key)
{
	struct redis_value value;

	return redis_do(r->redis, r->arena, &value, "DEL", name_of(r, key)) ||
	    away(r);
}

static bool
guests_move(struct request *r, const char *key, enum cart_move move,
    struct uuid order_id, const struct cart_line *lines, size_t n)
{
	struct redis_value value;
	char id[UUID_TEXT_SIZE];

	return redis_script(r->redis, r->arena, &value, move_script, 2,
	    name_of(r, key), arena_printf(r->arena, "cart-order:%s",
	    uuid_text(&order_id, id)), seconds(r),
	    move == CART_TAKE ? "taken" : "back", cart_lines_text(r, lines, n)) ||
	    away(r);
}

bool
cart_guests_settle(struct request *r, const char *key,
    const struct cart_line *lines, size_t n)
{
	struct redis_value value;

	return redis_script(r->redis, r->arena, &value, settle_script, 1,
	    name_of(r, key), seconds(r), cart_lines_text(r, lines, n));
}

/* KEYS: cart. ARGV: up to when a change was. 0: changed since, or reminded. */
static const char claim_script[] =
	"local at = redis.call('ZSCORE', 'carts-left', KEYS[1])"
	" if not at or tonumber(at) > tonumber(ARGV[1]) then return 0 end"
	" redis.call('ZREM', 'carts-left', KEYS[1])"
	" if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end"
	" redis.call('HSET', KEYS[1], 'reminded', 1) return 1";

bool
cart_guests_claim(struct request *r, const char *key, int64_t until_s)
{
	struct redis_value value;

	return redis_script(r->redis, r->arena, &value, claim_script, 1,
	    name_of(r, key), arena_printf(r->arena, "%" PRId64, until_s)) &&
	    value.integer == 1;
}

/* After a week nobody wants to hear of it any more. */
size_t
cart_guests_left(struct request *r, int64_t until_s, int limit,
    const char ***keys)
{
	struct redis_value value;

	*keys = NULL;
	if (!redis_do(r->redis, r->arena, &value, "ZRANGEBYSCORE", "carts-left",
	    arena_printf(r->arena, "%" PRId64, until_s - 7 * 86400),
	    arena_printf(r->arena, "%" PRId64, until_s), "LIMIT", "0",
	    arena_printf(r->arena, "%d", limit)))
		return 0;
	*keys = arena_new_array(r->arena, const char *, value.items_n + 1);
	for (size_t i = 0; i < value.items_n; i++)
		(*keys)[i] = value.items[i].text + strlen("cart:");
	return value.items_n;
}

const struct cart_store cart_guests = {
	.read = guests_read,
	.change = guests_change,
	.set_contact = guests_set_contact,
	.clear = guests_clear,
	.move = guests_move,
};
