#include "web/idem.h"

#include <json-c/json.h>

#include "crypto/token.h"
#include "web/app.h"

#define KEY_MAX 255

struct claim {
	bool is_ours;
	const char *route, *body_sha256, *location;
	int32_t status;
	struct json_object *response;
};

static SCHEMA(claim_schema, struct claim,
	FIELD_BOOL(struct claim, is_ours),
	FIELD_TEXT(struct claim, route),
	FIELD_TEXT(struct claim, body_sha256),
	FIELD_I32(struct claim, status),
	FIELD_TEXT(struct claim, location),
	FIELD_JSON(struct claim, response));

DB_QUERY(claim_key, 4,
	"INSERT INTO idempotency AS i (caller, key, route, body_sha256)"
	" VALUES ($1, $2, $3, $4)"
	" ON CONFLICT ON CONSTRAINT idempotency_pkey DO UPDATE SET"
	"  route = excluded.route, body_sha256 = excluded.body_sha256,"
	"  status = NULL, response = NULL, location = NULL,"
	"  backend_pid = pg_backend_pid(), claimed_at = clock_timestamp()"
	" WHERE i.claimed_at < now() - interval '24 hours'"
	"  OR (i.status IS NULL AND i.route = excluded.route"
	"   AND i.body_sha256 = excluded.body_sha256"
	"   AND (i.claimed_at < now() - interval '60 seconds'"
	"    OR NOT EXISTS (SELECT FROM pg_stat_activity a"
	"     WHERE a.pid = i.backend_pid AND a.backend_start < i.claimed_at)))"
	" RETURNING true AS is_ours");

DB_QUERY(find_key, 2,
	"SELECT route, body_sha256, status, location, response"
	" FROM idempotency WHERE caller = $1 AND key = $2");

DB_QUERY(store_key, 5,
	"UPDATE idempotency SET status = $3::int, response = $4::jsonb,"
	" location = $5 WHERE caller = $1 AND key = $2");

DB_QUERY(free_key, 2,
	"DELETE FROM idempotency WHERE caller = $1 AND key = $2"
	" AND status IS NULL");

const char *
idem_caller(struct request *r)
{
	const char *cart;
	char hash[65];

	if (r->session != NULL || r->caller != NULL)
		return r->actor;
	if ((cart = request_cookie(r, "zoco_cart")) == NULL)
		return "guest";
	token_hash_hex(cart, hash);
	return arena_printf(r->arena, "cart:%s", hash);
}

static const char *
route_of(const struct request *r)
{
	return arena_printf(r->arena, "%s %s", method_names[r->method],
	    r->local_path);
}

static const char *
body_hash(struct request *r)
{
	char hash[65];

	digest_sha256_hex(r->body, r->body_n, hash);
	return arena_strdup(r->arena, hash);
}

static bool
key_is_valid(const char *key)
{
	size_t n = strlen(key);

	for (const char *p = key; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return n >= 1 && n <= KEY_MAX;
}

/* The draft's value is a quoted string, Stripe's is bare: one key. */
static const char *
unquoted(struct request *r, const char *key)
{
	size_t n = strlen(key);

	if (n >= 2 && key[0] == '"' && key[n - 1] == '"')
		return arena_strndup(r->arena, key + 1, n - 2);
	return key;
}

static void
replay(struct request *r, const struct claim *claim)
{
	r->replayed = true;
	r->status = claim->status;
	r->json = claim->response;
	r->location = claim->location;
}

bool
idem_claim(struct request *r)
{
	struct claim claim;
	const char *caller, *route = route_of(r), *hash = body_hash(r);

	if (r->idempotency_key == NULL) {
		problem(r, PROBLEM_KEY_MISSING);
		return false;
	}
	r->idempotency_key = unquoted(r, r->idempotency_key);
	if (!key_is_valid(r->idempotency_key)) {
		problem(r, PROBLEM_KEY_MISSING);
		return false;
	}
	caller = idem_caller(r);
	if (db_one(r->db, &claim_key, &claim_schema, &claim, P(caller),
	    P(r->idempotency_key), P(route), P(hash)))
		return true;
	if (!db_one(r->db, &find_key, &claim_schema, &claim, P(caller),
	    P(r->idempotency_key))) {
		if (!request_failed(r))	/* freed between the two statements */
			problem(r, PROBLEM_IN_PROGRESS);
		return false;
	}
	if (!str_eq(claim.route, route) || !str_eq(claim.body_sha256, hash))
		problem(r, PROBLEM_KEY_REUSED);
	else if (claim.status == 0)
		problem(r, PROBLEM_IN_PROGRESS);
	else if (r->route->how & RESUMES)
		return r->replayed = true;	/* the handler renders it anew */
	else
		replay(r, &claim);
	return false;
}

void
idem_store(struct request *r)
{
	const char *response = r->json == NULL || r->route->how & RESUMES ? NULL :
	    json_object_to_json_string_ext(r->json, JSON_C_TO_STRING_PLAIN);

	db_exec(r->db, &store_key, P(idem_caller(r)), P(r->idempotency_key),
	    P(r->status), P(response), P(r->location));
}

void
idem_free(struct request *r)
{
	db_exec(r->db, &free_key, P(idem_caller(r)), P(r->idempotency_key));
}
