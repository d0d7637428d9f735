/*
 * Step-up: who sits at a session shows a factor again, and the session is fresh
 * for ten minutes, under another token. Whoever has an app or a passkey shows
 * one of them, or a recovery code; for others the password does.
 */
#include "auth.h"

#include <json-c/json.h>

#include "crypto/password.h"
#include "web/limit.h"

static const char *const step_up_kinds[] = { "totp", "recovery", "password",
	NULL };

struct step_up {
	int method;
	const char *code, *next;
};

SCHEMA(step_up_input, struct step_up,
	FIELD_ENUM(struct step_up, method, step_up_kinds, .preset = "totp"),
	FIELD_TEXT(struct step_up, code, .required = true, .secret = true,
	    .max = 1000),
	FIELD_TEXT(struct step_up, next, .max = 500));

struct passkey_step_up {
	struct passkey_answer answer;
	const char *next;
};

SCHEMA(passkey_step_up_input, struct passkey_step_up,
	PASSKEY_ANSWER_FIELDS(struct passkey_step_up),
	FIELD_TEXT(struct passkey_step_up, next, .max = 500));

static const char *
owner_of(struct request *r)
{
	char id[UUID_TEXT_SIZE];

	return arena_printf(r->arena, "step-up:%s",
	    uuid_text(&r->session->session_id, id));
}

/* May this session try once more? */
static bool
may_try(struct request *r, struct account *account)
{
	char id[UUID_TEXT_SIZE];

	return limit_take(r, "step-up", uuid_text(&r->session->user_id, id),
	    r->app->conf->limit_login_account, 900) &&
	    account_find_id(r, r->session->user_id, account);
}

static bool
is_right(struct request *r, const struct step_up *in,
    const struct account *account)
{
	const char *method = step_up_kinds[in->method];
	struct factors factors;

	if (!str_eq(method, "password"))
		return code_take(r, account->id, method, in->code);
	return factors_find(r, account->id, &factors) && !factors.is_strong &&
	    password_verify(account->password_hash, in->code,
	    strlen(in->code));
}

/* Within a step, which it ends. */
static bool
renew(struct request *r, const struct account *account, const char *factor)
{
	account_tell_factor(r, EVENT_STEPPED_UP, account, factor, NULL);
	return session_renew(r) && step_end(r);
}

static bool
is_stepped_up(struct request *r)
{
	const struct step_up *in = request_input(r);
	const char *method = step_up_kinds[in->method];
	struct account account;

	if (!may_try(r, &account) || !step_begin(r))
		return false;
	if (is_right(r, in, &account))
		return renew(r, &account, method);
	step_undo(r);
	return wrong_code(r, account.id, method);
}

static bool
is_stepped_up_by_passkey(struct request *r)
{
	const struct passkey_step_up *in = request_input(r);
	struct passkey_known passkey;
	struct account account;

	if (!may_try(r, &account))
		return false;
	if (!passkey_check(r, owner_of(r), account.id, &in->answer, &passkey))
		return wrong_code(r, account.id, "passkey");
	if (!step_begin(r))
		return false;
	if (passkey_use(r, &passkey))
		return renew(r, &account, "passkey");
	step_undo(r);
	return wrong_code(r, account.id, "passkey");
}

int
step_up(struct request *r)
{
	return is_stepped_up(r) ? reply_empty(r, 204) : r->status;
}

/* POST /auth/step-up/passkey/options */
int
step_up_passkey_options(struct request *r)
{
	return passkey_ask(r, owner_of(r), r->session->user_id);
}

int
step_up_passkey(struct request *r)
{
	return is_stepped_up_by_passkey(r) ? reply_empty(r, 204) : r->status;
}

/* GET /step-up: what this person may show. */
int
step_up_page(struct request *r)
{
	struct factors factors;

	if (!factors_find(r, r->session->user_id, &factors))
		return 0;
	factors_show(r, &factors);
	page_set(r, "by_password", json_object_new_boolean(!factors.is_strong));
	return page_show(r);
}

int
step_up_form(struct request *r)
{
	const struct step_up *in = request_input(r);

	return is_stepped_up(r) ? go_on(r, in->next, "/account/security") :
	    r->status;
}

int
step_up_passkey_form(struct request *r)
{
	const struct passkey_step_up *in = request_input(r);

	return is_stepped_up_by_passkey(r) ?
	    go_on(r, in->next, "/account/security") : r->status;
}
