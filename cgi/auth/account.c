/* Accounts: finding them, their passwords, their mailed links, who I am. */
#include "auth.h"

#include "crypto/common_password.h"
#include "crypto/password.h"
#include "crypto/token.h"
#include "web/text.h"

SCHEMA(account_schema, struct account,
	FIELD_UUID(struct account, id),
	FIELD_TEXT(struct account, email),
	FIELD_TEXT(struct account, name),
	FIELD_TEXT(struct account, language),
	FIELD_TEXT(struct account, password_hash, .secret = true),
	FIELD_TEXT(struct account, roles),
	FIELD_TEXT(struct account, permissions),
	FIELD_TEXT(struct account, phone),
	FIELD_BOOL(struct account, is_active),
	FIELD_BOOL(struct account, is_verified),
	FIELD_BOOL(struct account, has_factor));

SCHEMA(me_schema, struct account,
	FIELD_UUID(struct account, id),
	FIELD_TEXT(struct account, email),
	FIELD_TEXT(struct account, name),
	FIELD_TEXT(struct account, language),
	FIELD_TEXT(struct account, roles),
	FIELD_BOOL(struct account, is_verified));

#define ACCOUNT_COLUMNS \
	"SELECT a.id, a.email, a.name, a.language, a.password_hash," \
	" account_roles(a.id) AS roles," \
	" account_permissions(a.id) AS permissions," \
	" a.phone, a.is_active, a.verified_at IS NOT NULL AS is_verified," \
	" EXISTS (SELECT FROM factor f WHERE f.account_id = a.id" \
	"  AND f.confirmed_at IS NOT NULL) OR EXISTS (SELECT FROM passkey k" \
	"  WHERE k.account_id = a.id) AS has_factor FROM account a"

DB_QUERY(find_by_email, 1, ACCOUNT_COLUMNS " WHERE lower(a.email) = lower($1)");
DB_QUERY(find_by_id, 1, ACCOUNT_COLUMNS " WHERE a.id = $1::uuid");

DB_QUERY(put_link, 4,
	"INSERT INTO link (token_hash, account_id, purpose, expires_at)"
	" VALUES ($1, $2::uuid, $3, now() + $4::int * interval '1 minute')");
DB_QUERY(find_link, 2,
	"SELECT account_id AS id FROM link WHERE token_hash = $1 AND purpose = $2"
	" AND used_at IS NULL AND expires_at > now()");
DB_QUERY(use_link, 2,
	"UPDATE link SET used_at = now() WHERE token_hash = $1 AND purpose = $2"
	" AND used_at IS NULL AND expires_at > now() RETURNING account_id AS id");

bool
account_find(struct request *r, const char *email, struct account *account)
{
	return db_one(r->db, &find_by_email, &account_schema, account, P(email));
}

bool
account_find_id(struct request *r, struct uuid id, struct account *account)
{
	return db_one(r->db, &find_by_id, &account_schema, account, P(id));
}

bool
password_may_be(struct request *r, const struct account *account,
    const char *field, const char *password)
{
	const char *host = strstr(r->app->conf->base_url, "://");
	const char *words[] = { "zoco", "", "", "", NULL };

	host = host == NULL ? "" : host + 3;
	words[1] = arena_strndup(r->arena, host, strcspn(host, ".:/"));
	if (account->email != NULL)
		words[2] = arena_strndup(r->arena, account->email,
		    strcspn(account->email, "@"));
	if (account->name != NULL)
		words[3] = account->name;
	if (password_is_common(password, words))
		problem_field(r, field, "password", field_message(r, "password",
		    0, 0));
	else if (account->permissions != NULL && account->permissions[0] != '\0' &&
	    !account->has_factor &&
	    utf8_length(password) < PASSWORD_CHARACTERS_STAFF)
		problem_field(r, field, "too-short", field_message(r, "too-short",
		    PASSWORD_CHARACTERS_STAFF, 0));
	else
		return true;
	problem(r, PROBLEM_INVALID);
	return false;
}

bool
password_make(struct request *r, const char *password, const char **phc)
{
	char *text = arena_alloc(r->arena, PASSWORD_HASH_SIZE);

	if (password_hash(password, strlen(password), text)) {
		*phc = text;
		return true;
	}
	problem(r, PROBLEM_UNAVAILABLE);
	return false;
}

const char *
link_make(struct request *r, struct uuid account_id, const char *purpose,
    int minutes)
{
	const char *token = token_new(r->arena);
	char hash[DIGEST_HEX_SIZE];

	token_hash_hex(token, hash);
	db_exec(r->db, &put_link, P((const char *)hash), P(account_id), P(purpose),
	    P(minutes));
	return arena_printf(r->arena, "%s/%s/%s?token=%s",
	    r->app->conf->base_url, r->lang, purpose, token);
}

static bool
link_ask(struct request *r, const struct db_query *query, const char *token,
    const char *purpose, struct uuid *account_id)
{
	char hash[DIGEST_HEX_SIZE];
	struct account account;

	token_hash_hex(token, hash);
	if (!db_one(r->db, query, &account_schema, &account,
	    P((const char *)hash), P(purpose)))
		return false;
	*account_id = account.id;
	return true;
}

bool
link_find(struct request *r, const char *token, const char *purpose,
    struct uuid *account_id)
{
	return link_ask(r, &find_link, token, purpose, account_id);
}

bool
link_use(struct request *r, const char *token, const char *purpose,
    struct uuid *account_id)
{
	return link_ask(r, &use_link, token, purpose, account_id);
}

struct told {
	struct uuid user_id;
	const char *email, *name, *url, *lang, *cart_key, *factor;
	const char *address, *device;
};

static SCHEMA(told_schema, struct told,
	FIELD_UUID(struct told, user_id),
	FIELD_TEXT(struct told, lang),
	FIELD_TEXT(struct told, cart_key),
	FIELD_TEXT(struct told, factor),
	FIELD_TEXT(struct told, address, .personal = true),
	FIELD_TEXT(struct told, device),
	FIELD_TEXT(struct told, email, .personal = true),
	FIELD_TEXT(struct told, name, .personal = true),
	FIELD_TEXT(struct told, url, .personal = true));

/* The cart that a guest had who signs in, as cart keeps it; or NULL. */
static const char *
guests_cart(struct request *r)
{
	const char *token = request_cookie(r, "zoco_cart");
	char hash[DIGEST_HEX_SIZE];

	return token == NULL || token[0] == '\0' ? NULL :
	    arena_strdup(r->arena, token_hash_hex(token, hash));
}

static void
tell(struct request *r, enum event_type type, const struct account *account,
    const char *url, const char *factor)
{
	struct told told = { .user_id = account->id, .email = account->email,
	    .name = account->name, .url = url, .lang = r->lang,
	    .factor = factor, .address = r->address,
	    .device = device_name(r, device_user_agent(r)) };

	if (type == EVENT_USER_SIGNED_IN)
		told.cart_key = guests_cart(r);
	event_emit(r, type, account->id, &told_schema, &told);
}

void
account_tell(struct request *r, enum event_type type,
    const struct account *account, const char *url)
{
	tell(r, type, account, url, NULL);
}

void
account_tell_factor(struct request *r, enum event_type type,
    const struct account *account, const char *factor, const char *url)
{
	tell(r, type, account, url, factor);
}

int
me_get(struct request *r)
{
	struct account account;

	if (!account_find_id(r, r->session->user_id, &account))
		return problem(r, PROBLEM_NOT_FOUND);
	return reply(r, 200, &me_schema, &account);
}

static const char *const language_names[] = { "es", "en", NULL };

struct me_set {
	const char *name;
	int language;
	bool has_language;
};

SCHEMA(me_input, struct me_set,
	FIELD_TEXT(struct me_set, name, .max = 100),
	FIELD_ENUM(struct me_set, language, language_names,
	    HAS(struct me_set, has_language)));

DB_QUERY(set_me, 3,
	"UPDATE account SET name = coalesce($2, name),"
	" language = coalesce($3, language) WHERE id = $1::uuid");

int
me_set(struct request *r)
{
	const struct me_set *in = request_input(r);
	struct account account;

	db_exec(r->db, &set_me, P(r->session->user_id), P(in->name),
	    P(in->has_language ? language_names[in->language] : NULL));
	if (!account_find_id(r, r->session->user_id, &account))
		return problem(r, PROBLEM_NOT_FOUND);
	account_tell(r, EVENT_USER_CHANGED, &account, NULL);
	return reply(r, 200, &me_schema, &account);
}
