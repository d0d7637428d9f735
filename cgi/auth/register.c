/*
 * Registration, confirmation of an address, and forgotten passwords. None of
 * the answers tells whether an address is known here; the mail does.
 */
#include "auth.h"

#include "crypto/password.h"
#include "web/limit.h"
#include "web/text.h"

#define VERIFY_MINUTES (7 * 24 * 60)

struct register_account {
	const char *email, *password, *name;
};

SCHEMA(register_input, struct register_account,
	FIELD_TEXT(struct register_account, email, .required = true, .max = 254,
	    .check = email_is_valid, .format = "email"),
	FIELD_TEXT(struct register_account, password, .required = true,
	    .secret = true, .min = PASSWORD_CHARACTERS_MIN, .max = PASSWORD_CHARACTERS_MAX),
	FIELD_TEXT(struct register_account, name, .required = true, .max = 100));

DB_QUERY(put_account, 5,
	"WITH made AS (INSERT INTO account (id, email, name, language,"
	"  password_hash) VALUES ($1::uuid, $2, $3, $4, $5)"
	"  ON CONFLICT (lower(email)) DO NOTHING RETURNING id)"
	" INSERT INTO account_role (account_id, role)"
	" SELECT id, 'customer' FROM made");

int
register_account(struct request *r)
{
	const struct register_account *in = request_input(r);
	struct account account = { .id = uuid_new(), .email = in->email,
	    .name = in->name };
	const char *phc;

	if (!password_may_be(r, &account, "password", in->password) ||
	    !password_make(r, in->password, &phc) || !step_begin(r))
		return r->status;
	if (db_exec(r->db, &put_account, P(account.id), P(in->email), P(in->name),
	    P(r->lang), P(phc)))
		account_tell(r, EVENT_USER_REGISTERED, &account,
		    link_make(r, account.id, "verify", VERIFY_MINUTES));
	else if (account_find(r, in->email, &account))
		account_tell(r, EVENT_USER_KNOWN_REGISTERED, &account,
		    arena_printf(r->arena, "%s/%s/login", r->app->conf->base_url,
		    r->lang));
	return step_end(r) ? reply_empty(r, 202) : 0;
}

struct token {
	const char *token;
};

SCHEMA(token_input, struct token,
	FIELD_TEXT(struct token, token, .required = true, .max = 100));
SCHEMA(page_query, struct token,
	FIELD_TEXT(struct token, token, .max = 100));

DB_QUERY(verify, 1,
	"UPDATE account SET verified_at = coalesce(verified_at, now())"
	" WHERE id = $1::uuid");

int
verify_email(struct request *r)
{
	const struct token *in = request_input(r);
	struct account account;
	struct uuid id;

	if (!link_use(r, in->token, "verify", &id) ||
	    !db_exec(r->db, &verify, P(id)) || !account_find_id(r, id, &account))
		return problem(r, PROBLEM_TOKEN_INVALID);
	account_tell(r, EVENT_USER_VERIFIED, &account, NULL);
	return reply_empty(r, 204);
}

struct forgot {
	const char *email;
};

SCHEMA(forgot_input, struct forgot,
	FIELD_TEXT(struct forgot, email, .required = true, .max = 254,
	    .check = email_is_valid, .format = "email"));

/*
 * An unknown address is told to audit, a known one by mail: both cost one
 * COMMIT, so the time tells nothing.
 */
int
password_forgot(struct request *r)
{
	const struct forgot *in = request_input(r);
	struct account account, nobody = { .id = uuid_new() };

	if (!limit_take(r, "reset", account_key(r, in->email),
	    r->app->conf->limit_reset_account, 3600) || !step_begin(r))
		return r->status;
	if (account_find(r, in->email, &account) && account.is_active)
		account_tell(r, EVENT_PASSWORD_FORGOTTEN, &account,
		    link_make(r, account.id, "reset", RESET_MINUTES));
	else
		account_tell(r, EVENT_UNKNOWN_FORGOTTEN, &nobody, NULL);
	return step_end(r) ? reply_empty(r, 202) : 0;
}

struct reset {
	const char *token, *password;
};

SCHEMA(reset_input, struct reset,
	FIELD_TEXT(struct reset, token, .required = true, .max = 100),
	FIELD_TEXT(struct reset, password, .required = true, .secret = true,
	    .min = PASSWORD_CHARACTERS_MIN, .max = PASSWORD_CHARACTERS_MAX));

DB_QUERY(put_password, 2,
	"UPDATE account SET password_hash = $2 WHERE id = $1::uuid");

/* In a transaction; every other session ends. */
static bool
set_password(struct request *r, const struct account *account, const char *phc,
    struct uuid keep)
{
	if (!db_exec(r->db, &put_password, P(account->id), P(phc)) ||
	    !session_end_others(r, account->id, keep))
		return false;
	device_distrust(r, account->id);
	account_tell(r, EVENT_PASSWORD_CHANGED, account, arena_printf(r->arena,
	    "%s/%s/account", r->app->conf->base_url, r->lang));
	return !request_failed(r);
}

/* A reset link proves the address, and nothing more: factors stay. The hash is
 * made before the transaction, and only for a link that looks good. */
int
password_reset(struct request *r)
{
	const struct reset *in = request_input(r);
	struct uuid none = { .bytes = { 0 } };
	struct account account;
	const char *phc;

	if (!link_find(r, in->token, "reset", &account.id) ||
	    !account_find_id(r, account.id, &account))
		return request_failed(r) ? 0 : problem(r, PROBLEM_TOKEN_INVALID);
	if (!password_may_be(r, &account, "password", in->password) ||
	    !password_make(r, in->password, &phc) || !step_begin(r))
		return r->status;
	if (!link_use(r, in->token, "reset", &account.id)) {
		step_undo(r);
		return request_failed(r) ? 0 : problem(r, PROBLEM_TOKEN_INVALID);
	}
	return set_password(r, &account, phc, none) && step_end(r) ?
	    reply_empty(r, 204) : r->status;
}

struct change {
	const char *current_password, *new_password;
};

SCHEMA(change_input, struct change,
	FIELD_TEXT(struct change, current_password, .required = true,
	    .secret = true, .max = 1000),
	FIELD_TEXT(struct change, new_password, .required = true, .secret = true,
	    .min = PASSWORD_CHARACTERS_MIN, .max = PASSWORD_CHARACTERS_MAX));

int
password_change(struct request *r)
{
	const struct change *in = request_input(r);
	struct account account;
	const char *phc;

	if (!account_find_id(r, r->session->user_id, &account) ||
	    !password_may_be(r, &account, "new_password", in->new_password) ||
	    !password_try(r, account.email, &account, in->current_password) ||
	    !password_make(r, in->new_password, &phc) || !step_begin(r) ||
	    !set_password(r, &account, phc, r->session->session_id) ||
	    !step_end(r))
		return r->status;
	return reply_empty(r, 204);
}
