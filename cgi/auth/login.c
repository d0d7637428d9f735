/*
 * POST /auth/login, /auth/logout, and their pages. A wrong password and an
 * unknown address are the same to whoever asks, also in time.
 *
 * Tries are counted before they are made: per address, and per account and
 * address, so that nobody can use up the owner's; a browser that has signed in
 * before has a budget of its own (RELIABILITY.md 1.3, 1.4). The work of hashing
 * is done outside of a transaction.
 */
#include "auth.h"

#include <json-c/json.h>

#include "base/url.h"
#include "crypto/password.h"
#include "crypto/token.h"
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

const char *
account_key(struct request *r, const char *email)
{
	char *lower = arena_strdup(r->arena, email);
	char *hash = arena_alloc(r->arena, DIGEST_HEX_SIZE);

	for (char *p = lower; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return digest_sha256_hex(lower, strlen(lower), hash);
}

/* Whose tries are counted: a budget's name, and who has it. */
struct budget {
	const char *name, *who;
};

static struct budget
budget_of(struct request *r, const char *email, const struct device *device)
{
	const char *key = account_key(r, email);

	return device->token_hash != NULL ?
	    (struct budget){ "login-device", arena_printf(r->arena, "%s:%s", key,
	    device->token_hash) } :
	    (struct budget){ "login-account", arena_printf(r->arena, "%s:%s", key,
	    limit_address(r)) };
}

static bool
may_try(struct request *r, const struct budget *budget,
    const struct device *device)
{
	const struct conf *conf = r->app->conf;

	return (device->token_hash != NULL || limit_take(r, "login-address",
	    limit_address(r), conf->limit_login_address, WINDOW_SECONDS)) &&
	    limit_take(r, budget->name, budget->who, conf->limit_login_account,
	    WINDOW_SECONDS);
}

bool
password_try(struct request *r, const char *email,
    const struct account *account, const char *password)
{
	struct device device = { .token_hash = NULL };
	size_t n = strlen(password);
	struct budget budget;
	bool is_right = false;

	if (account != NULL)
		device_find(r, account->id, &device);
	budget = budget_of(r, email, &device);
	if (request_failed(r) || !may_try(r, &budget, &device))
		return false;
	if (account == NULL)
		password_verify_dummy(password, n);
	else
		is_right = password_verify(account->password_hash, password, n) &&
		    account->is_active;
	if (is_right)
		limit_forget(r, budget.name, budget.who);
	else
		sign_in_failed(r, account == NULL ? uuid_new() : account->id,
		    "password", PROBLEM_WRONG_CREDENTIALS);
	return is_right;
}

int
sign_in_failed(struct request *r, struct uuid account_id, const char *factor,
    enum problem why)
{
	struct json_object *data;

	if (!step_begin(r))
		return 0;
	data = json_object_new_object();
	json_object_object_add(data, "factor", json_object_new_string(factor));
	json_object_object_add(data, "address",
	    json_object_new_string(r->address));
	json_object_object_add(data, "user_agent",
	    json_object_new_string(device_user_agent(r)));
	event_emit_json(r, EVENT_SIGN_IN_FAILED, account_id, data);
	return step_end(r) ? problem(r, why) : 0;
}

struct entered {
	const struct account *user;	/* NULL: not yet */
	bool mfa_required;
	const char **methods;
	size_t methods_n;
};

SCHEMA(entered_schema, struct entered,
	FIELD_OBJECT(struct entered, user, &me_schema),
	FIELD_BOOL(struct entered, mfa_required),
	FIELD_TEXTS(struct entered, methods, methods_n));

/* In, or half in, as the account's factors and this browser ask for. A device
 * is never trusted with staff's rights. */
static bool
let_in(struct request *r, struct account *account, struct entered *entered)
{
	struct factors factors;
	struct device device;
	bool is_trusted;

	if (!factors_find(r, account->id, &factors))
		return false;
	is_trusted = factors.is_set_up && account->permissions[0] == '\0' &&
	    device_find(r, account->id, &device) && device.is_trusted;
	if (factors.is_set_up && !is_trusted) {
		entered->mfa_required = true;
		entered->methods = factors.kinds;
		entered->methods_n = factors.kinds_n;
		return challenge_start(r, account);
	}
	entered->user = account;
	return session_start(r, account, is_trusted ? "device" : "password") &&
	    device_learn(r, account, 0);
}

static bool
enter(struct request *r, struct account *account, struct entered *entered)
{
	const struct login *in = request_input(r);
	bool is_known = email_is_valid(in->email) &&
	    account_find(r, in->email, account);
	const char *phc = NULL;

	*entered = (struct entered){ .user = NULL };
	if (request_failed(r) || !password_try(r, in->email,
	    is_known ? account : NULL, in->password))
		return false;
	if (password_needs_rehash(account->password_hash) &&
	    !password_make(r, in->password, &phc))
		return false;
	if (!step_begin(r))
		return false;
	if (phc != NULL)
		db_exec(r->db, &rehash, P(account->id), P(phc));
	return let_in(r, account, entered) && step_end(r);
}

int
login(struct request *r)
{
	struct account account;
	struct entered entered;

	if (!enter(r, &account, &entered))
		return r->status;
	return reply(r, 200, &entered_schema, &entered);
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
go_on(struct request *r, const char *next, const char *preset)
{
	if (!is_local_path(next))
		return reply_redirect(r, preset);
	r->location = next;
	return reply_empty(r, 303);
}

int
login_form(struct request *r)
{
	const struct login *in = request_input(r);
	struct account account;
	struct entered entered;

	if (!enter(r, &account, &entered))
		return r->status;
	if (entered.mfa_required)
		return reply_redirect(r, is_local_path(in->next) ?
		    arena_printf(r->arena, "/login/code?next=%s",
		    url_escape(r->arena, in->next)) : "/login/code");
	return go_on(r, in->next, account.permissions[0] != '\0' ?
	    "/admin/orders" : "/account");
}

int
logout(struct request *r)
{
	struct account account;

	session_end(r, r->session->user_id, r->session->session_id);
	if (account_find_id(r, r->session->user_id, &account))
		account_tell(r, EVENT_USER_SIGNED_OUT, &account, NULL);
	reply_cookie(r, SESSION_COOKIE, "", 0, "/");
	reply_header(r, "Clear-Site-Data", "\"cache\", \"storage\"");
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
