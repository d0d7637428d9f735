/* Where carts lie: Redis for guests, PostgreSQL for customers. */
#include "cart.h"

#include "crypto/token.h"

SCHEMA(cart_line_schema, struct cart_line,
	FIELD_UUID(struct cart_line, variant_id, .required = true),
	FIELD_I32(struct cart_line, quantity, .min = 1, .max = CART_QUANTITY_MAX,
	    .required = true));

DB_QUERY(read_lines, 1,
	"SELECT variant_id, quantity FROM cart_line WHERE cart_key = $1"
	" ORDER BY variant_id LIMIT 100");
DB_QUERY(add_line, 3,
	"INSERT INTO cart_line AS c (cart_key, variant_id, quantity)"
	" SELECT $1, $2::uuid, $3::int WHERE EXISTS (SELECT FROM cart_line"
	"  WHERE cart_key = $1 AND variant_id = $2::uuid) OR (SELECT count(*)"
	"  FROM cart_line WHERE cart_key = $1) < 50"
	" ON CONFLICT ON CONSTRAINT cart_line_pkey DO UPDATE"
	" SET quantity = least(99, c.quantity + excluded.quantity)");
/* Less of a line: what reaches zero goes. */
DB_QUERY(take_line, 3,
	"WITH gone AS (DELETE FROM cart_line WHERE cart_key = $1"
	"  AND variant_id = $2::uuid AND quantity <= $3::int RETURNING 1)"
	" UPDATE cart_line SET quantity = quantity - $3::int"
	" WHERE cart_key = $1 AND variant_id = $2::uuid AND quantity > $3::int");
DB_QUERY(set_line, 3,
	"UPDATE cart_line SET quantity = $3::int"
	" WHERE cart_key = $1 AND variant_id = $2::uuid");
DB_QUERY(drop_line, 2,
	"DELETE FROM cart_line WHERE cart_key = $1 AND variant_id = $2::uuid");
DB_QUERY(drop_lines, 1, "DELETE FROM cart_line WHERE cart_key = $1");

/* ARGV: variant, quantity, "add" or "set", seconds. 0: the cart is full. */
static const char change_script[] =
	"local now = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0) "
	"local n = tonumber(ARGV[2]) "
	"if ARGV[3] == 'add' then n = math.min(now + n, 99) end "
	"if n <= 0 then redis.call('HDEL', KEYS[1], ARGV[1]) "
	"elseif now == 0 and ARGV[3] == 'set' then return 1 "
	"elseif now == 0 and redis.call('HLEN', KEYS[1]) >= 50 then return 0 "
	"else redis.call('HSET', KEYS[1], ARGV[1], n) end "
	"redis.call('EXPIRE', KEYS[1], ARGV[4]) return 1";

static bool
is_customers(const char *key)
{
	return str_starts(key, "user:");
}

static const char *
redis_key(struct request *r, const char *key)
{
	return arena_printf(r->arena, "cart:%s", key);
}

static bool
away(struct request *r)
{
	reply_header(r, "Retry-After", "2");
	problem(r, PROBLEM_UNAVAILABLE);
	return false;
}

static int
compare_lines(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

static bool
read_guest(struct request *r, const char *key, struct cart_line **lines,
    size_t *n)
{
	struct redis_value value;
	char *end;

	if (!redis_do(r->redis, r->arena, &value, "HGETALL", redis_key(r, key)))
		return away(r);
	*lines = arena_new_array(r->arena, struct cart_line, value.items_n + 1);
	*n = 0;
	for (size_t i = 0; i + 1 < value.items_n; i += 2) {
		struct cart_line *line = &(*lines)[*n];

		if (!uuid_parse(value.items[i].text, &line->variant_id))
			continue;
		line->quantity =
		    (int32_t)strtol(value.items[i + 1].text, &end, 10);
		++*n;
	}
	qsort(*lines, *n, sizeof(**lines), compare_lines);
	return true;
}

bool
cart_read(struct request *r, const char *key, struct cart_line **lines,
    size_t *n)
{
	*n = 0;
	*lines = NULL;
	if (key == NULL)
		return true;
	return is_customers(key) ? db_all(r->db, &read_lines, &cart_line_schema,
	    lines, n, P(key)) : read_guest(r, key, lines, n);
}

static bool
change_customers(struct request *r, const char *key, struct uuid variant_id,
    enum cart_change change, int32_t quantity)
{
	if (quantity == 0)
		db_exec(r->db, &drop_line, P(key), P(variant_id));
	else if (quantity < 0)
		db_exec(r->db, &take_line, P(key), P(variant_id), P(-quantity));
	else if (change == CART_SET)
		db_exec(r->db, &set_line, P(key), P(variant_id), P(quantity));
	else if (!db_exec(r->db, &add_line, P(key), P(variant_id), P(quantity)) &&
	    !request_failed(r)) {
		problem(r, PROBLEM_CART_FULL);
		return false;
	}
	return !request_failed(r);
}

bool
cart_change(struct request *r, const char *key, struct uuid variant_id,
    enum cart_change change, int32_t quantity)
{
	struct redis_value value;
	char id[UUID_TEXT_SIZE];

	if (is_customers(key))
		return change_customers(r, key, variant_id, change, quantity);
	if (!redis_script(r->redis, r->arena, &value, change_script, 1,
	    redis_key(r, key), uuid_text(&variant_id, id),
	    arena_printf(r->arena, "%" PRId32, quantity),
	    change == CART_ADD ? "add" : "set",
	    arena_printf(r->arena, "%d", CART_SECONDS)))
		return away(r);
	if (value.integer == 1)
		return true;
	problem(r, PROBLEM_CART_FULL);
	return false;
}

bool
cart_clear(struct request *r, const char *key)
{
	struct redis_value value;

	if (is_customers(key)) {
		db_exec(r->db, &drop_lines, P(key));
		return !request_failed(r);
	}
	return redis_do(r->redis, r->arena, &value, "DEL", redis_key(r, key)) ||
	    away(r);
}

/* The guest's lines join the customer's, and the guest's cart is gone. */
static void
join_carts(struct request *r, const char *guest, const char *customer)
{
	struct cart_line *lines;
	size_t n;

	if (!read_guest(r, guest, &lines, &n)) {
		r->problem = PROBLEM_NONE;	/* the next request tries again */
		r->headers = NULL;
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (!cart_change(r, customer, lines[i].variant_id, CART_ADD,
		    lines[i].quantity))
			return;
	if (cart_clear(r, guest))
		reply_cookie(r, CART_COOKIE, "", 0, "/");
}

const char *
cart_key(struct request *r, bool create)
{
	const char *token = request_cookie(r, CART_COOKIE);
	char hash[DIGEST_HEX_SIZE], id[UUID_TEXT_SIZE];
	const char *guest = NULL, *customer;

	if (token != NULL && token[0] != '\0')
		guest = arena_strdup(r->arena, token_hash_hex(token, hash));
	if (r->session != NULL) {
		customer = arena_printf(r->arena, "user:%s",
		    uuid_text(&r->session->user_id, id));
		if (guest != NULL && r->route->kind != KIND_FRAGMENT)
			join_carts(r, guest, customer);
		return customer;
	}
	if (guest == NULL && create) {
		token = token_new(r->arena);
		guest = arena_strdup(r->arena, token_hash_hex(token, hash));
	}
	if (guest != NULL && create)
		reply_cookie(r, CART_COOKIE, token, CART_SECONDS, "/");
	return guest;
}
