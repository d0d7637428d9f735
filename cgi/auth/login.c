/*
 * POST /auth/login, /auth/logout, and their pages. A wrong password and an
 * unknown address are the same to whoever asks, also in time; failures are
 * counted per account and per address (RELIABILITY.md 1.3, 1.4).
 */
#include "auth.h"

#include <json-c/json.h>

#include "crypto/password.h"
#include "web/limit.h"
#include "web/text.h"

#define WINDOW_SECONDS 900

struct login {
	const char *email, *password, *next;
};

SCHEMA(login_input, struct login,
	FIELD_TEXT(struct login, email, .required = true, .max = 254),
	FIELD_TEXT(struct login, password, .required = true, .secret = true,
	    .max = 1000),
	FIELD_TEXT(struct login, next, .max = 500));

struct login_page {
	const char *next;
};

SCHEMA(login_page_input, struct login_page,
	FIELD_TEXT(struct login_page, next, .max = 500));

DB_QUERY(rehash, 2,
	"UPDATE account SET password_hash = $2 WHERE id = $1::uuid");

/* Counts a try before it is made: parallel guesses do not get past it. */
static bool
may_try(struct request *r, const char *email)
{
	const struct conf *conf = r->app->conf;

	return limit_take(r, "login-address", r->address,
	    conf->limit_login_address, WINDOW_SECONDS) &&
	    limit_take(r, "login-account", email, conf->limit_login_account,
	    WINDOW_SECONDS);
}

static void
forget_tries(struct request *r, void *context)
{
	struct redis_value value;

	redis_do(r->redis, r->arena, &value, "DEL", (const char *)context);
}

static bool
is_right(struct request *r, const struct login *in, struct account *account)
{
	size_t n = strlen(in->password);

	if (!account_find(r, in->email, account)) {
		if (!request_failed(r))
			password_verify_dummy(in->password, n);
		return false;
	}
	return password_verify(account->password_hash, in->password, n) &&
	    account->is_active;
}

static bool
enter(struct request *r, struct account *account)
{
	const struct login *in = request_input(r);
	char *email = slug_make(r->arena, in->email);
	const char *phc;

	if (!may_try(r, email))
		return false;
	if (!is_right(r, in, account)) {
		if (!request_failed(r))
			problem(r, PROBLEM_WRONG_CREDENTIALS);
		return false;
	}
	if (password_needs_rehash(account->password_hash) &&
	    password_make(r, in->password, &phc))
		db_exec(r->db, &rehash, P(account->id), P(phc));
	after_commit(r, forget_tries,
	    arena_printf(r->arena, "limit:login-account:%s", email));
	account_tell(r, EVENT_USER_SIGNED_IN, account, NULL);
	return session_start(r, account);
}

int
login(struct request *r)
{
	struct account account;

	if (!enter(r, &account))
		return r->status;
	return reply(r, 200, &me_schema, &account);
}

/* Only a path of this shop: no scheme, no host, no back-slash, no control. */
static bool
is_local_path(const char *next)
{
	return next != NULL && next[0] == '/' && next[1] != '/' &&
	    strchr(next, '\\') == NULL && strchr(next, ':') == NULL &&
	    text_is_printable(next);
}

int
login_form(struct request *r)
{
	const struct login *in = request_input(r);
	struct account account;

	if (!enter(r, &account))
		return r->status;
	if (!is_local_path(in->next))
		return reply_redirect(r, account.permissions[0] != '\0' ?
		    "/admin/orders" : "/account");
	r->location = in->next;
	return reply_empty(r, 303);
}

int
logout(struct request *r)
{
	struct account account;

	session_end(r, r->session->user_id, r->session->session_id);
	if (account_find_id(r, r->session->user_id, &account))
		account_tell(r, EVENT_USER_SIGNED_OUT, &account, NULL);
	reply_cookie(r, SESSION_COOKIE, "", 0, "/");
	return reply_empty(r, 204);
}

int
logout_form(struct request *r)
{
	return logout(r);
}

/* A page that is only a form: what its query says, for hidden fields. */
int
page_show(struct request *r)
{
	struct json_object *answer = json_object_new_object();

	if (r->input_tree != NULL) {
		json_object_object_foreach(r->input_tree, name, value)
			json_object_object_add(answer, name, json_object_get(value));
	}
	return reply_json(r, 200, answer);
}

int
menu(struct request *r)
{
	struct json_object *answer = json_object_new_object();

	json_object_object_add(answer, "is_known",
	    json_object_new_boolean(r->session != NULL));
	return reply_json(r, 200, answer);
}
