/* Sessions: begun, looked up, listed and ended. */
#include "auth.h"

#include <json-c/json.h>

#include "crypto/token.h"
#include "web/json_out.h"

#define MARK_SECONDS "61"	/* longer than any copy lives */

DB_QUERY(put_session, 9,
	"INSERT INTO session (id, token_hash, account_id, user_agent, address,"
	" idle_seconds, expires_at, factor, fresh_until) VALUES ($1::uuid, $2,"
	" $3::uuid, $4, $5, $6::int, now() + $7::int * interval '1 second', $8,"
	" now() + $9::int * interval '1 second')");

/* Staff who have no app and no passkey yet ($2), or have shown neither in this
 * session, may do nothing but set one up: a code by mail is not enough.
 * seen_at is written once a minute at most: reading must stay cheap. */
DB_QUERY(find_session, 2,
	"WITH touched AS (UPDATE session SET seen_at = now() WHERE token_hash = $1"
	"  AND ended_at IS NULL AND expires_at > now()"
	"  AND seen_at > now() - idle_seconds * interval '1 second'"
	"  AND seen_at < now() - interval '55 seconds' RETURNING id)"
	" SELECT s.id AS session_id, a.id AS user_id, a.email, a.name, a.language,"
	" s.factor, coalesce(extract(epoch FROM s.fresh_until) * 1000000, 0)::bigint"
	"  AS fresh_until_us,"
	" account_roles(a.id) AS roles,"
	" CASE WHEN $2::boolean AND (s.factor NOT IN ('totp', 'passkey',"
	"  'recovery') OR NOT EXISTS"
	"  (SELECT FROM factor f WHERE f.account_id = a.id AND f.kind = 'totp'"
	"  AND f.confirmed_at IS NOT NULL UNION ALL"
	"  SELECT FROM passkey k WHERE k.account_id = a.id)) THEN '' ELSE"
	"  account_permissions(a.id) END AS permissions"
	" FROM session s JOIN account a ON a.id = s.account_id AND a.is_active"
	" WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > now()"
	" AND s.seen_at > now() - s.idle_seconds * interval '1 second'");

struct ended {
	struct uuid id;
	const char *token_hash;
};

static SCHEMA(ended_schema, struct ended,
	FIELD_UUID(struct ended, id),
	FIELD_TEXT(struct ended, token_hash));

DB_QUERY(end_one, 2,
	"UPDATE session SET ended_at = now() WHERE account_id = $1::uuid"
	" AND id = $2::uuid AND ended_at IS NULL RETURNING id, token_hash");
DB_QUERY(end_others, 2,
	"UPDATE session SET ended_at = now() WHERE account_id = $1::uuid"
	" AND id IS DISTINCT FROM $2::uuid AND ended_at IS NULL"
	" RETURNING id, token_hash");
DB_QUERY(end_token, 1,
	"UPDATE session SET ended_at = now() WHERE token_hash = $1"
	" AND ended_at IS NULL RETURNING id, token_hash");

/* Instead of the copies in Redis, for the life of one: "dead", or "ask" auth.
 * Before the COMMIT. */
static void
mark(struct request *r, const struct ended *sessions, size_t n,
    const char *word)
{
	struct redis_value value;

	for (size_t i = 0; i < n; i++) {
		const char *key = session_copy_key(r, sessions[i].token_hash);

		if (key != NULL)
			redis_do(r->redis, r->arena, &value, "SET", key, word, "EX",
			    MARK_SECONDS);
	}
}

void
session_mark_dead(struct request *r, const char *token_hash)
{
	mark(r, &(struct ended){ .token_hash = token_hash }, 1, "dead");
}

static bool
end_sessions(struct request *r, const struct ended *ended, size_t n)
{
	mark(r, ended, n, "dead");
	return !request_failed(r);
}

bool
session_end(struct request *r, struct uuid account_id, struct uuid id)
{
	struct ended *ended;
	size_t n;

	return db_all(r->db, &end_one, &ended_schema, &ended, &n, P(account_id),
	    P(id)) && n > 0 && end_sessions(r, ended, n);
}

bool
session_end_others(struct request *r, struct uuid account_id,
    struct uuid keep)
{
	struct ended *ended;
	size_t n;

	return db_all(r->db, &end_others, &ended_schema, &ended, &n,
	    P(account_id), P(keep)) && end_sessions(r, ended, n);
}

bool
session_start(struct request *r, const struct account *account,
    const char *factor)
{
	bool is_staff = account->permissions[0] != '\0';
	const char *old = request_cookie(r, SESSION_COOKIE);
	const char *token = token_new(r->arena);
	char hash[DIGEST_HEX_SIZE], id[UUID_TEXT_SIZE];
	struct ended *ended;
	size_t n;

	if (old != NULL && old[0] != '\0') {
		token_hash_hex(old, hash);
		if (db_all(r->db, &end_token, &ended_schema, &ended, &n,
		    P((const char *)hash)))
			end_sessions(r, ended, n);
	}
	token_hash_hex(token, hash);
	db_exec(r->db, &put_session, P(uuid_new()), P((const char *)hash),
	    P(account->id), P(device_user_agent(r)), P(r->address),
	    P(is_staff ? 1800 : 14 * 86400), P(is_staff ? 43200 : 30 * 86400),
	    P(factor), P(str_eq(factor, "device") ? 0 : FRESH_SECONDS));
	reply_cookie(r, SESSION_COOKIE, token, is_staff ? 43200 : 30 * 86400, "/");
	r->actor = arena_printf(r->arena, "user:%s", uuid_text(&account->id, id));
	account_tell_factor(r, EVENT_USER_SIGNED_IN, account, factor, NULL);
	return !request_failed(r);
}

DB_QUERY(renew_session, 3,
	"UPDATE session SET token_hash = $2,"
	" fresh_until = now() + $3::int * interval '1 second'"
	" WHERE id = $1::uuid AND ended_at IS NULL");
DB_QUERY(list_tokens, 1,
	"SELECT id, token_hash FROM session WHERE account_id = $1::uuid"
	" AND ended_at IS NULL AND expires_at > now() UNION ALL"
	" SELECT id, token_hash FROM api_key WHERE account_id = $1::uuid"
	" AND ended_at IS NULL LIMIT 1000");
DB_QUERY(list_tokens_of_role, 1,
	"SELECT s.id, s.token_hash FROM account_role x"
	" JOIN session s ON s.account_id = x.account_id AND s.ended_at IS NULL"
	"  AND s.expires_at > now() WHERE x.role = $1 UNION ALL"
	" SELECT k.id, k.token_hash FROM account_role x"
	" JOIN api_key k ON k.account_id = x.account_id AND k.ended_at IS NULL"
	" WHERE x.role = $1 LIMIT 10000");

bool
session_renew(struct request *r)
{
	const char *old = request_cookie(r, SESSION_COOKIE);
	const char *token = token_new(r->arena);
	bool is_staff = r->session->permissions[0] != '\0';
	char hash[DIGEST_HEX_SIZE], old_hash[DIGEST_HEX_SIZE];
	struct ended ended = { .token_hash = token_hash_hex(old, old_hash) };

	mark(r, &ended, 1, "dead");
	reply_cookie(r, SESSION_COOKIE, token, is_staff ? 43200 : 30 * 86400, "/");
	return db_exec(r->db, &renew_session, P(r->session->session_id),
	    P((const char *)token_hash_hex(token, hash)), P(FRESH_SECONDS));
}

/* Copies are asked no more before the COMMIT, nor made for as long as one that
 * was made before it could live: SET NX finds the mark. */
static void
mark_all(struct request *r, const struct db_query *query, struct db_param whose)
{
	struct ended *sessions;
	size_t n;

	if (db_all(r->db, query, &ended_schema, &sessions, &n, whose))
		mark(r, sessions, n, "ask");
}

void
sessions_changed(struct request *r, struct uuid account_id)
{
	mark_all(r, &list_tokens, P(account_id));
}

void
sessions_of_role_changed(struct request *r, const char *role)
{
	mark_all(r, &list_tokens_of_role, P(role));
}

bool
session_of_hash(struct request *r, const char *token_hash,
    struct session **session)
{
	struct session *found = arena_new_of(r->arena, struct session);
	const char *key = session_copy_key(r, token_hash);
	struct json_object *copy;
	struct redis_value value;

	if (!db_one(r->db, &find_session, &session_schema, found, P(token_hash),
	    P(r->app->conf->staff_mfa)) && (request_failed(r) ||
	    !api_key_session(r, token_hash, found)))
		return !request_failed(r);
	*session = found;
	if (key == NULL)
		return true;
	copy = json_out(&session_schema, found, NULL, JSON_ALL);
	redis_do(r->redis, r->arena, &value, "SET", key,
	    json_object_to_json_string_ext(copy, JSON_C_TO_STRING_PLAIN), "NX",
	    "EX", "60");
	json_object_put(copy);
	return true;
}

struct check {
	const char *token_hash;
};

SCHEMA(session_check_input, struct check,
	FIELD_TEXT(struct check, token_hash, .required = true, .max = 64));

int
session_check(struct request *r)
{
	const struct check *in = request_input(r);
	struct session *session = NULL;

	if (!session_of_hash(r, in->token_hash, &session))
		return 0;
	if (session == NULL)
		return problem(r, PROBLEM_NOT_FOUND);
	return reply(r, 200, &session_schema, session);
}

struct listed {
	struct uuid id;
	const char *user_agent, *device, *address, *factor;
	int64_t created_at, seen_at;
	bool is_this;
};

SCHEMA(session_list_schema, struct listed,
	FIELD_UUID(struct listed, id),
	FIELD_TEXT(struct listed, user_agent),
	FIELD_TEXT(struct listed, device, .help = "browser and system"),
	FIELD_TEXT(struct listed, address),
	FIELD_TEXT(struct listed, factor, .help = "how it was begun"),
	FIELD_TIME(struct listed, created_at),
	FIELD_TIME(struct listed, seen_at),
	FIELD_BOOL(struct listed, is_this));

DB_QUERY(list_sessions, 2,
	"SELECT id, user_agent, address, factor, created_at, seen_at,"
	" id = $2::uuid AS is_this FROM session WHERE account_id = $1::uuid"
	" AND ended_at IS NULL AND expires_at > now()"
	" AND seen_at > now() - idle_seconds * interval '1 second'"
	" ORDER BY seen_at DESC LIMIT 100");

int
session_list(struct request *r)
{
	struct listed *sessions;
	size_t n;

	if (!db_all(r->db, &list_sessions, &session_list_schema, &sessions, &n,
	    P(r->session->user_id), P(r->session->session_id)))
		return 0;
	for (size_t i = 0; i < n; i++)
		sessions[i].device = device_name(r, sessions[i].user_agent);
	return reply_list(r, &session_list_schema, sessions, n, NULL);
}

struct session_id {
	struct uuid id;
};

SCHEMA(session_id_input, struct session_id,
	FIELD_UUID(struct session_id, id, .required = true));

int
session_delete(struct request *r)
{
	const struct session_id *in = request_input(r);
	struct account account;

	if (!session_end(r, r->session->user_id, in->id) ||
	    !account_find_id(r, r->session->user_id, &account))
		return problem(r, PROBLEM_NOT_FOUND);
	account_tell(r, EVENT_USER_SIGNED_OUT, &account, NULL);
	return reply_empty(r, 204);
}
