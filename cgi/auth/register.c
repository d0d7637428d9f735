/*
 * Registration, confirmation of an address, and forgotten passwords. None of
 * the answers tells whether an address is known here; the mail does.
 */
#include "auth.h"

#include "crypto/password.h"
#include "web/limit.h"
#include "web/text.h"

#define VERIFY_MINUTES (7 * 24 * 60)
#define RESET_MINUTES 60

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

static bool
check_password(struct request *r, const char *field, const char *password)
{
	const char *fault = password_fault(password);

	if (fault == NULL)
		return true;
	problem_field(r, field, fault, field_message(r, fault, 0, 0));
	problem(r, PROBLEM_INVALID);
	return false;
}

int
register_account(struct request *r)
{
	const struct register_account *in = request_input(r);
	struct account account = { .id = uuid_new(), .email = in->email,
	    .name = in->name };
	const char *phc;

	if (!check_password(r, "password", in->password) ||
	    !password_make(r, in->password, &phc))
		return r->status;
	if (db_exec(r->db, &put_account, P(account.id), P(in->email), P(in->name),
	    P(r->lang), P(phc)))
		account_tell(r, EVENT_USER_REGISTERED, &account,
		    link_make(r, account.id, "verify", VERIFY_MINUTES));
	else if (account_find(r, in->email, &account))
		account_tell(r, EVENT_USER_KNOWN_REGISTERED, &account,
		    arena_printf(r->arena, "%s/%s/login", r->app->conf->base_url,
		    r->lang));
	return reply_empty(r, 202);
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

int
password_forgot(struct request *r)
{
	const struct forgot *in = request_input(r);
	struct account account;

	if (!limit_take(r, "reset", slug_make(r->arena, in->email),
	    r->app->conf->limit_reset_account, 3600))
		return r->status;
	if (account_find(r, in->email, &account) && account.is_active)
		account_tell(r, EVENT_PASSWORD_FORGOTTEN, &account,
		    link_make(r, account.id, "reset", RESET_MINUTES));
	return reply_empty(r, 202);
}

struct reset {
	const char *token, *password;
};

SCHEMA(reset_input, struct reset,
	FIELD_TEXT(struct reset, token, .required = true, .max = 100),
	FIELD_TEXT(struct reset, password, .required = true, .secret = true,
	    .min = PASSWORD_CHARACTERS_MIN, .max = PASSWORD_CHARACTERS_MAX));

DB_QUERY(set_password, 2,
	"UPDATE account SET password_hash = $2 WHERE id = $1::uuid");

static int
set_new_password(struct request *r, struct uuid id, const char *password,
    struct uuid keep)
{
	struct account account;
	const char *phc;

	if (!password_make(r, password, &phc) ||
	    !db_exec(r->db, &set_password, P(id), P(phc)) ||
	    !session_end_others(r, id, keep) || !account_find_id(r, id, &account))
		return r->status;
	account_tell(r, EVENT_PASSWORD_CHANGED, &account,
	    arena_printf(r->arena, "%s/%s/account", r->app->conf->base_url,
	    r->lang));
	return reply_empty(r, 204);
}

int
password_reset(struct request *r)
{
	const struct reset *in = request_input(r);
	struct uuid id, none = { .bytes = { 0 } };

	if (!check_password(r, "password", in->password))
		return r->status;
	if (!link_use(r, in->token, "reset", &id))
		return problem(r, PROBLEM_TOKEN_INVALID);
	return set_new_password(r, id, in->password, none);
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

	if (!check_password(r, "new_password", in->new_password) ||
	    !account_find_id(r, r->session->user_id, &account))
		return r->status;
	if (!limit_take(r, "login-account", slug_make(r->arena, account.email),
	    r->app->conf->limit_login_account, 900))
		return r->status;
	if (!password_verify(account.password_hash, in->current_password,
	    strlen(in->current_password)))
		return problem(r, PROBLEM_WRONG_CREDENTIALS);
	return set_new_password(r, account.id, in->new_password,
	    r->session->session_id);
}
