/*
 * Another e-mail address: a link goes to the old one and to the new, and once
 * both were followed it changes. So neither somebody at an open session alone,
 * nor a typing mistake, takes an account away from its owner. An old address
 * that was never confirmed has nothing to say.
 */
#include "auth.h"

#include <json-c/json.h>

#include "crypto/token.h"
#include "web/text.h"

#define HOURS 24

struct email_change {
	const char *email;
};

SCHEMA(email_change_input, struct email_change,
	FIELD_TEXT(struct email_change, email, .required = true, .max = 254,
	    .check = email_is_valid, .format = "email"));

DB_QUERY(drop_links, 1,
	"DELETE FROM link WHERE account_id = $1::uuid"
	" AND purpose IN ('email-old', 'email-new')");
DB_QUERY(put_link, 6,
	"INSERT INTO link (token_hash, account_id, purpose, email, expires_at,"
	" used_at) VALUES ($1, $2::uuid, $3, $4, now() + $5::int *"
	" interval '1 hour', CASE WHEN $6::boolean THEN now() END)");
DB_QUERY(use_link, 1,
	"UPDATE link SET used_at = coalesce(used_at, now()) WHERE token_hash = $1"
	" AND purpose IN ('email-old', 'email-new') AND expires_at > now()"
	" RETURNING account_id AS id, email");
DB_QUERY(count_used, 1,
	"SELECT count(*) FROM link WHERE account_id = $1::uuid"
	" AND purpose IN ('email-old', 'email-new') AND used_at IS NOT NULL");
DB_QUERY(put_email, 2,
	"UPDATE account SET email = $2, verified_at = now() WHERE id = $1::uuid");
/* A link to a new password that lies in the old mailbox is void, too. */
DB_QUERY(drop_all_links, 1, "DELETE FROM link WHERE account_id = $1::uuid");

const struct db_rule email_rules[] = {
	{ "account_email_key", PROBLEM_ALREADY_EXISTS },
	{ NULL, PROBLEM_NONE }
};

/* The same person, written to at that address. */
static void
tell(struct request *r, enum event_type type, const struct account *account,
    const char *email, const char *url)
{
	struct account there = *account;

	there.email = email;
	account_tell(r, type, &there, url);
}

static void
ask(struct request *r, const struct account *account, const char *purpose,
    const char *email, bool is_used)
{
	const char *token = token_new(r->arena);
	char hash[DIGEST_HEX_SIZE];
	bool is_old = str_eq(purpose, "email-old");

	token_hash_hex(token, hash);
	db_exec(r->db, &put_link, P((const char *)hash), P(account->id),
	    P(purpose), P(email), P(HOURS), P(is_used));
	if (!is_used)
		tell(r, is_old ? EVENT_EMAIL_ASKED_OLD : EVENT_EMAIL_ASKED_NEW,
		    account, is_old ? account->email : email,
		    arena_printf(r->arena, "%s/%s/email?token=%s",
		    r->app->conf->base_url, r->lang, token));
}

/* POST /auth/me/email. Whether somebody else has the address is told to none
 * but who has shown that it is theirs. */
int
email_change(struct request *r)
{
	const struct email_change *in = request_input(r);
	struct account account;

	if (!account_find_id(r, r->session->user_id, &account))
		return 0;
	db_exec(r->db, &drop_links, P(account.id));
	ask(r, &account, "email-old", in->email, !account.is_verified);
	ask(r, &account, "email-new", in->email, false);
	return reply_empty(r, 202);
}

struct token {
	const char *token;
};

struct confirmed {
	bool is_changed;
	const char *email;
};

SCHEMA(email_confirmed_schema, struct confirmed,
	FIELD_BOOL(struct confirmed, is_changed,
	    .help = "false: the other address has to confirm, too"),
	FIELD_TEXT(struct confirmed, email));

struct used {
	struct uuid id;
	const char *email;
};

static SCHEMA(used_schema, struct used,
	FIELD_UUID(struct used, id),
	FIELD_TEXT(struct used, email));

int
email_confirm(struct request *r)
{
	const struct token *in = request_input(r);
	struct confirmed confirmed;
	char hash[DIGEST_HEX_SIZE];
	struct account account;
	struct used used;

	token_hash_hex(in->token, hash);
	if (!db_one(r->db, &use_link, &used_schema, &used,
	    P((const char *)hash)) ||
	    !account_find_id(r, used.id, &account) || !account.is_active)
		return request_failed(r) ? 0 : problem(r, PROBLEM_TOKEN_INVALID);
	confirmed.email = used.email;
	confirmed.is_changed = db_integer(r->db, &count_used, 0,
	    P(used.id)) == 2;
	if (confirmed.is_changed) {
		if (!db_exec(r->db, &put_email, P(used.id), P(used.email)))
			return 0;
		db_exec(r->db, &drop_all_links, P(used.id));
		sessions_changed(r, used.id);
		tell(r, EVENT_EMAIL_LEFT, &account, account.email, NULL);
		tell(r, EVENT_EMAIL_CHANGED, &account, used.email, NULL);
	}
	return reply(r, 200, &email_confirmed_schema, &confirmed);
}
