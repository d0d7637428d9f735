/* Keys of programs: shown once, kept as a hash, no more than their maker. */
#include "auth.h"

#include "crypto/token.h"

#define PREFIX "zk_"

struct api_key {
	struct uuid id;
	const char *name, *permissions, *key;
	int64_t created_at, expires_at, used_at;
};

SCHEMA(api_key_schema, struct api_key,
	FIELD_UUID(struct api_key, id),
	FIELD_TEXT(struct api_key, name),
	FIELD_TEXT(struct api_key, permissions),
	FIELD_TEXT(struct api_key, key, .help = "shown only now"),
	FIELD_TIME(struct api_key, created_at),
	FIELD_TIME(struct api_key, expires_at),
	FIELD_TIME(struct api_key, used_at));

struct api_key_add {
	const char *name;
	const char **permissions;
	size_t permissions_n;
	int32_t days;
};

SCHEMA(api_key_input, struct api_key_add,
	FIELD_TEXT(struct api_key_add, name, .required = true, .max = 100),
	FIELD_TEXTS(struct api_key_add, permissions, permissions_n,
	    .required = true, .min = 1, .max = 100),
	FIELD_I32(struct api_key_add, days, .min = 1, .max = 366,
	    .preset = "90"));

struct api_key_id {
	struct uuid id;
};

SCHEMA(api_key_id_input, struct api_key_id,
	FIELD_UUID(struct api_key_id, id, .required = true));

DB_QUERY(list_keys, 0,
	"SELECT id, name, permissions, created_at, expires_at, used_at"
	" FROM api_key WHERE ended_at IS NULL ORDER BY id DESC LIMIT 200");
DB_QUERY(put_key, 6,
	"INSERT INTO api_key (id, account_id, name, token_hash, permissions,"
	" expires_at) VALUES ($1::uuid, $2::uuid, $3, $4, $5,"
	" now() + $6::int * interval '1 day')"
	" RETURNING id, name, permissions, created_at, expires_at");
DB_QUERY(end_key, 1,
	"UPDATE api_key SET ended_at = now() WHERE id = $1::uuid"
	" AND ended_at IS NULL RETURNING token_hash");
/* used_at is written once a minute at most. */
DB_QUERY(find_key, 1,
	"WITH touched AS (UPDATE api_key SET used_at = now() WHERE token_hash = $1"
	"  AND (used_at IS NULL OR used_at < now() - interval '55 seconds')"
	"  RETURNING id)"
	" SELECT k.id AS session_id, a.id AS user_id, k.name, a.language,"
	" 'key' AS factor, '' AS roles, coalesce((SELECT string_agg(DISTINCT p,"
	"  ' ') FROM unnest(string_to_array(k.permissions, ' ')) AS p"
	"  JOIN account_role x ON x.account_id = a.id AND x.scope = '' JOIN role r"
	"  ON r.name = x.role WHERE r.permissions = '*' OR p = ANY"
	"  (string_to_array(r.permissions, ' '))), '') AS permissions"
	" FROM api_key k JOIN account a ON a.id = k.account_id AND a.is_active"
	" WHERE k.token_hash = $1 AND k.ended_at IS NULL AND k.expires_at > now()");

int
api_key_list(struct request *r)
{
	struct api_key *keys;
	size_t n;

	if (!db_all(r->db, &list_keys, &api_key_schema, &keys, &n))
		return 0;
	return reply_list(r, &api_key_schema, keys, n, NULL);
}

int
api_key_page(struct request *r)
{
	catalogue_show(r, "", "auth.");
	return api_key_list(r);
}

int
api_key_add(struct request *r)
{
	const struct api_key_add *in = request_input(r);
	const char *permissions = rights_join(r, in->permissions,
	    in->permissions_n);
	char hash[DIGEST_HEX_SIZE];
	struct api_key key;
	const char *text;

	if (permissions == NULL || !rights_hold_all(r, permissions))
		return r->status;
	for (size_t i = 0; i < in->permissions_n; i++)
		if (str_starts(in->permissions[i], "auth."))
			return problem_detail(r, PROBLEM_CONFLICT,
			    "a key manages no people, roles or keys");
	text = arena_printf(r->arena, PREFIX "%s", token_new(r->arena));
	if (!db_one(r->db, &put_key, &api_key_schema, &key, P(uuid_new()),
	    P(r->session->user_id), P(in->name),
	    P((const char *)token_hash_hex(text, hash)), P(permissions),
	    P(in->days)))
		return 0;
	event_emit(r, EVENT_API_KEY_ADDED, key.id, &api_key_schema, &key);
	key.key = text;
	return reply(r, 201, &api_key_schema, &key);
}

int
api_key_delete(struct request *r)
{
	const struct api_key_id *in = request_input(r);
	const char *hash = db_text(r->db, &end_key, P(in->id));
	struct api_key key = { .id = in->id };

	if (hash == NULL)
		return request_failed(r) ? 0 : problem(r, PROBLEM_NOT_FOUND);
	session_mark_dead(r, hash);
	event_emit(r, EVENT_API_KEY_ENDED, in->id, &api_key_schema, &key);
	return reply_empty(r, 204);
}

bool
api_key_session(struct request *r, const char *token_hash, struct session *found)
{
	return db_one(r->db, &find_key, &session_schema, found, P(token_hash));
}
