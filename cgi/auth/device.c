/*
 * Browsers that have signed in before, by a cookie that lives for a year. A
 * known one has a budget of wrong passwords of its own; a new one is told to
 * its owner by mail.
 */
#include "auth.h"

#include "crypto/token.h"

#define COOKIE "zoco_device"
#define COOKIE_SECONDS (365 * 86400)

static SCHEMA(device_schema, struct device,
	FIELD_TEXT(struct device, token_hash),
	FIELD_BOOL(struct device, is_trusted),
	FIELD_BOOL(struct device, is_new),
	FIELD_BOOL(struct device, has_others));

DB_QUERY(find_device, 2,
	"SELECT token_hash, coalesce(trusted_until > now(), false) AS is_trusted"
	" FROM device WHERE account_id = $1::uuid AND token_hash = $2");
DB_QUERY(put_device, 5,
	"INSERT INTO device AS d (account_id, token_hash, user_agent, address,"
	"  trusted_until) VALUES ($1::uuid, $2, $3, $4,"
	"  now() + $5::int * interval '1 second')"
	" ON CONFLICT ON CONSTRAINT device_pkey DO UPDATE SET seen_at = now(),"
	"  user_agent = excluded.user_agent, address = excluded.address,"
	"  trusted_until = coalesce(excluded.trusted_until, d.trusted_until)"
	" RETURNING token_hash, xmax = 0 AS is_new, EXISTS (SELECT FROM device o"
	"  WHERE o.account_id = $1::uuid AND o.token_hash <> $2) AS has_others");
DB_QUERY(distrust, 1,
	"UPDATE device SET trusted_until = NULL WHERE account_id = $1::uuid"
	" AND trusted_until IS NOT NULL");

const char *
device_user_agent(struct request *r)
{
	char *name = arena_printf(r->arena, "%.200s",
	    request_env(r, "HTTP_USER_AGENT"));

	for (char *p = name; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return name;
}

bool
device_find(struct request *r, struct uuid account_id, struct device *device)
{
	const char *token = request_cookie(r, COOKIE);
	char hash[DIGEST_HEX_SIZE];

	*device = (struct device){ .token_hash = NULL };
	if (token == NULL || token[0] == '\0')
		return false;
	token_hash_hex(token, hash);
	return db_one(r->db, &find_device, &device_schema, device, P(account_id),
	    P((const char *)hash));
}

bool
device_learn(struct request *r, const struct account *account, int trust_seconds)
{
	const char *token = request_cookie(r, COOKIE);
	struct device device = { .token_hash = NULL };
	char hash[DIGEST_HEX_SIZE];

	if (token == NULL || strlen(token) != strlen(token_new(r->arena)))
		token = token_new(r->arena);
	token_hash_hex(token, hash);
	if (!db_one(r->db, &put_device, &device_schema, &device, P(account->id),
	    P((const char *)hash), P(device_user_agent(r)), P(r->address),
	    trust_seconds == 0 ? P_NULL : P(trust_seconds)))
		return false;
	reply_cookie(r, COOKIE, token, COOKIE_SECONDS, "/");
	if (device.is_new && device.has_others)
		account_tell(r, EVENT_NEW_DEVICE, account, arena_printf(r->arena,
		    "%s/%s/account", r->app->conf->base_url, r->lang));
	return true;
}

void
device_distrust(struct request *r, struct uuid account_id)
{
	db_exec(r->db, &distrust, P(account_id));
}

/* The first of the words that the text has; their names are the words. */
static const char *
first_of(const char *text, const char *const words[][2], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(text, words[i][0]) != NULL)
			return words[i][1];
	return NULL;
}

const char *
device_name(struct request *r, const char *user_agent)
{
	static const char *const browsers[][2] = {
		{ "Edg/", "Edge" }, { "OPR/", "Opera" },
		{ "Firefox/", "Firefox" }, { "FxiOS", "Firefox" },
		{ "Chrome/", "Chrome" }, { "CriOS", "Chrome" },
		{ "Safari/", "Safari" }, { "curl/", "curl" },
	};
	static const char *const systems[][2] = {
		{ "iPhone", "iPhone" }, { "iPad", "iPad" },
		{ "Android", "Android" }, { "Windows", "Windows" },
		{ "Mac OS X", "macOS" }, { "Linux", "Linux" },
	};
	const char *browser = first_of(user_agent, browsers,
	    ARRAY_LEN(browsers));
	const char *system = first_of(user_agent, systems, ARRAY_LEN(systems));

	if (browser == NULL)
		return user_agent;
	return system == NULL ? browser :
	    arena_printf(r->arena, "%s, %s", browser, system);
}
