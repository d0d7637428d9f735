/*
 * The second half of a login: a code, or a passkey, for a challenge that is bound
 * to its browser. Each try is counted before the code is looked at, so that no
 * number of them at once gets past five.
 */
#include "auth.h"

#include <ctype.h>
#include <json-c/json.h>

#include "base/url.h"
#include "crypto/token.h"
#include "web/limit.h"

#define COOKIE "zoco_login"
#define SECONDS 600
#define TRUST_SECONDS (30 * 86400)

DB_QUERY(put_challenge, 2,
	"WITH old AS (DELETE FROM challenge"
	"  WHERE expires_at < now() - interval '1 day')"
	" INSERT INTO challenge (token_hash, account_id, expires_at)"
	" VALUES ($1, $2::uuid, now() + interval '10 minutes')");
DB_QUERY(find_challenge, 1,
	"SELECT account_id, tries, code_hash FROM challenge WHERE token_hash = $1"
	" AND ended_at IS NULL AND expires_at > now() AND tries < 5");
DB_QUERY(count_try, 1,
	"UPDATE challenge SET tries = tries + 1 WHERE token_hash = $1"
	" AND ended_at IS NULL AND expires_at > now() AND tries < 5"
	" RETURNING account_id, tries, code_hash");
DB_QUERY(end_challenge, 1,
	"UPDATE challenge SET ended_at = now() WHERE token_hash = $1"
	" AND ended_at IS NULL");
DB_QUERY(set_code, 2,
	"UPDATE challenge SET code_hash = $2, codes_sent = codes_sent + 1"
	" WHERE token_hash = $1 AND codes_sent < 3 AND ended_at IS NULL"
	" AND expires_at > now() AND tries < 5");
DB_QUERY(use_sent, 2,
	"UPDATE challenge SET code_hash = '' WHERE token_hash = $1"
	" AND code_hash = $2 AND code_hash <> ''");

struct challenge {
	struct uuid account_id;
	int32_t tries;
	const char *code_hash;
};

static SCHEMA(challenge_schema, struct challenge,
	FIELD_UUID(struct challenge, account_id),
	FIELD_I32(struct challenge, tries),
	FIELD_TEXT(struct challenge, code_hash));

bool
challenge_start(struct request *r, const struct account *account)
{
	const char *token = token_new(r->arena);
	char hash[DIGEST_HEX_SIZE];

	token_hash_hex(token, hash);
	db_exec(r->db, &put_challenge, P((const char *)hash), P(account->id));
	reply_cookie(r, COOKIE, token, SECONDS, "/");
	return !request_failed(r);
}

/* The hash of the challenge's cookie, or NULL. */
static const char *
token_hash(struct request *r)
{
	const char *token = request_cookie(r, COOKIE);
	char hash[DIGEST_HEX_SIZE];

	return token == NULL || token[0] == '\0' ? NULL :
	    arena_strdup(r->arena, token_hash_hex(token, hash));
}

static bool
find(struct request *r, const struct db_query *query,
    struct challenge *challenge)
{
	const char *hash = token_hash(r);

	return hash != NULL &&
	    db_one(r->db, query, &challenge_schema, challenge, P(hash));
}

/* --- Codes by mail and by SMS --- */

/* Each as likely (2^64 is far more than 10^6). */
const char *
six_digits(struct request *r)
{
	uint64_t number;

	random_bytes(&number, sizeof(number));
	return arena_printf(r->arena, "%06u", (unsigned)(number % 1000000));
}

/* Six digits are few: the hash is of them, how they went, and the challenge. */
static const char *
sent_hash(struct request *r, const char *method, const char *code)
{
	char hash[DIGEST_HEX_SIZE];

	return arena_strdup(r->arena, token_hash_hex(arena_printf(r->arena,
	    "%s %s %s", request_cookie(r, COOKIE), method, code), hash));
}

struct mailed {
	const char *email, *name, *lang, *code;
};

static SCHEMA(mailed_schema, struct mailed,
	FIELD_TEXT(struct mailed, lang),
	FIELD_TEXT(struct mailed, email, .personal = true),
	FIELD_TEXT(struct mailed, name, .personal = true),
	FIELD_TEXT(struct mailed, code, .personal = true));

static void
mail_code(struct request *r, const struct account *account, const char *code)
{
	struct mailed mailed = { account->email, account->name, r->lang, code };

	event_emit(r, EVENT_CODE_ASKED, account->id, &mailed_schema, &mailed);
}

static const char *const sent_kinds[] = { "email", "sms", NULL };

struct send {
	int method;
	const char *next;
};

SCHEMA(challenge_input, struct send,
	FIELD_ENUM(struct send, method, sent_kinds, .preset = "email"));
SCHEMA(challenge_form_input, struct send,
	FIELD_ENUM(struct send, method, sent_kinds, .preset = "email"),
	FIELD_TEXT(struct send, next, .max = 500));

/* POST /auth/mfa/challenge: three codes at most. */
int
challenge_send(struct request *r)
{
	const struct send *in = request_input(r);
	const char *method = sent_kinds[in->method], *code = six_digits(r);
	bool is_sms = str_eq(method, "sms");
	struct challenge challenge;
	struct account account;
	struct factors factors;

	if (!find(r, &find_challenge, &challenge) ||
	    !account_find_id(r, challenge.account_id, &account) ||
	    !factors_find(r, account.id, &factors))
		return request_failed(r) ? 0 : problem(r, PROBLEM_NOT_SIGNED_IN);
	if (!factors_have(&factors, method))
		return problem(r, PROBLEM_NOT_FOUND);
	if (is_sms && !sms_may_go(r, account.id, account.phone))
		return r->status;
	if (!step_begin(r))
		return 0;
	if (!db_exec(r->db, &set_code, P(token_hash(r)),
	    P(sent_hash(r, method, code)))) {
		step_undo(r);
		return request_failed(r) ? 0 : problem(r, PROBLEM_TOO_MANY);
	}
	if (is_sms)
		sms_code_send(r, account.id, account.phone, code);
	else
		mail_code(r, &account, code);
	return step_end(r) ? reply_empty(r, 204) : 0;
}

int
challenge_send_form(struct request *r)
{
	const struct send *in = request_input(r);
	int status = challenge_send(r);

	return status != 204 ? status : reply_redirect(r, arena_printf(r->arena,
	    "/login/code?sent=%s&next=%s", sent_kinds[in->method],
	    in->next == NULL ? "" : url_escape(r->arena, in->next)));
}

/* --- The code --- */

struct verify {
	int method;
	const char *code, *next;
	bool remember_device;
};

SCHEMA(verify_input, struct verify,
	FIELD_ENUM(struct verify, method, factor_kinds, .preset = "totp"),
	FIELD_TEXT(struct verify, code, .required = true, .secret = true,
	    .max = 40),
	FIELD_BOOL(struct verify, remember_device),
	FIELD_TEXT(struct verify, next, .max = 500));

/* People type spaces, and capitals where recovery codes have none. */
const char *
code_tidy(struct request *r, const char *code)
{
	char *copy = arena_strdup(r->arena, code), *to = copy;

	for (const char *p = code; *p != '\0'; p++)
		if (*p != ' ')
			*to++ = (char)tolower((unsigned char)*p);
	*to = '\0';
	return copy;
}

int
code_is_wrong(struct request *r)
{
	problem_field(r, "code", "code", field_message(r, "code", 0, 0));
	return problem(r, PROBLEM_INVALID);
}

bool
code_take(struct request *r, struct uuid account_id, const char *method,
    const char *typed)
{
	const char *code = code_tidy(r, typed);

	if (str_eq(method, "totp"))
		return totp_take(r, account_id, code);
	if (str_eq(method, "recovery"))
		return recovery_take(r, account_id, code);
	return token_hash(r) != NULL && db_exec(r->db, &use_sent,
	    P(token_hash(r)), P(sent_hash(r, method, code)));
}

/*
 * Challenges are cheap for who knows the password: so codes are counted over
 * all of them, wherever they come from. A browser that the account knows has a
 * budget of its own: nobody can use up the owner's.
 */
static bool
may_try(struct request *r, const struct account *account)
{
	char id[UUID_TEXT_SIZE];
	const char *who = uuid_text(&account->id, id);
	struct device device;

	if (device_find(r, account->id, &device))
		who = arena_printf(r->arena, "%s:%s", id, device.token_hash);
	return !request_failed(r) && limit_take(r, "code", who,
	    r->app->conf->limit_code_account, 3600);
}

bool
wrong_code(struct request *r, struct uuid account_id, const char *method)
{
	if (!request_failed(r))
		sign_in_failed(r, account_id, method, PROBLEM_WRONG_CODE);
	return false;
}

/* What is shown to be let in: a code, or a passkey's answer. */
struct shown {
	const char *method, *code;
	const struct passkey_answer *answer;
	bool remember_device;
};

/* Whose the challenges of passkeys are that this login asks for. */
static const char *
owner_of(struct request *r)
{
	return arena_printf(r->arena, "login:%s", token_hash(r));
}

/* The account whose login is complete now; false: see r. */
static bool
verify(struct request *r, const struct shown *shown, struct account *account)
{
	struct challenge challenge;
	struct passkey_known passkey;

	if (!find(r, &count_try, &challenge) ||
	    !account_find_id(r, challenge.account_id, account) ||
	    !account->is_active) {
		if (!request_failed(r))
			problem(r, PROBLEM_NOT_SIGNED_IN);
		return false;
	}
	if (!may_try(r, account))
		return false;
	if (shown->answer != NULL && !passkey_check(r, owner_of(r), account->id,
	    shown->answer, &passkey))
		return wrong_code(r, account->id, shown->method);
	if (!step_begin(r))
		return false;
	if (shown->answer != NULL ? !passkey_use(r, &passkey) :
	    !code_take(r, account->id, shown->method, shown->code)) {
		step_undo(r);
		return wrong_code(r, account->id, shown->method);
	}
	db_exec(r->db, &end_challenge, P(token_hash(r)));
	reply_cookie(r, COOKIE, "", 0, "/");
	return session_start(r, account, shown->method) && device_learn(r, account,
	    shown->remember_device && account->permissions[0] == '\0' ?
	    TRUST_SECONDS : 0) && step_end(r);
}

static bool
verify_code(struct request *r, struct account *account)
{
	const struct verify *in = request_input(r);

	return verify(r, &(struct shown){ factor_kinds[in->method], in->code, NULL,
	    in->remember_device }, account);
}

int
challenge_verify(struct request *r)
{
	struct account account;

	if (!verify_code(r, &account))
		return r->status;
	return reply(r, 200, &me_schema, &account);
}

/* --- A passkey instead --- */

struct passkey_login {
	struct passkey_answer answer;
	const char *next;
	bool remember_device;
};

SCHEMA(passkey_login_input, struct passkey_login,
	PASSKEY_ANSWER_FIELDS(struct passkey_login),
	FIELD_BOOL(struct passkey_login, remember_device),
	FIELD_TEXT(struct passkey_login, next, .max = 500));

/* POST /auth/mfa/passkey/options */
int
challenge_passkey_options(struct request *r)
{
	struct challenge challenge;

	if (!find(r, &find_challenge, &challenge))
		return request_failed(r) ? 0 : problem(r, PROBLEM_NOT_SIGNED_IN);
	return passkey_ask(r, owner_of(r), challenge.account_id);
}

static bool
verify_passkey(struct request *r, struct account *account)
{
	const struct passkey_login *in = request_input(r);

	return verify(r, &(struct shown){ "passkey", NULL, &in->answer,
	    in->remember_device }, account);
}

int
challenge_passkey(struct request *r)
{
	struct account account;

	if (!verify_passkey(r, &account))
		return r->status;
	return reply(r, 200, &me_schema, &account);
}

/* --- Pages --- */

struct code_page {
	int sent;
	bool is_sent;
	const char *next;
};

SCHEMA(code_page_input, struct code_page,
	FIELD_ENUM(struct code_page, sent, sent_kinds,
	    HAS(struct code_page, is_sent)),
	FIELD_TEXT(struct code_page, next, .max = 500));

/* GET /login/code: what the browser's challenge may be met with. */
int
challenge_page(struct request *r)
{
	const struct code_page *in = request_input(r);
	struct challenge challenge;
	struct account account;
	struct factors factors;

	if (!find(r, &find_challenge, &challenge))
		return request_failed(r) ? 0 : reply_redirect(r, "/login");
	if (!account_find_id(r, challenge.account_id, &account) ||
	    !factors_find(r, challenge.account_id, &factors))
		return 0;
	factors_show(r, &factors);
	if (factors_have(&factors, "sms"))
		page_set(r, "phone_end",
		    json_object_new_string(phone_end(r, account.phone)));
	if (in->is_sent)
		page_set(r, arena_printf(r->arena, "sent_%s",
		    sent_kinds[in->sent]), json_object_new_boolean(true));
	return page_show(r);
}

static int
let_in(struct request *r, const struct account *account, const char *next)
{
	return go_on(r, next, account->permissions[0] != '\0' ?
	    "/admin/orders" : "/account");
}

int
challenge_form(struct request *r)
{
	const struct verify *in = request_input(r);
	struct account account;

	return verify_code(r, &account) ? let_in(r, &account, in->next) :
	    r->status;
}

int
challenge_passkey_form(struct request *r)
{
	const struct passkey_login *in = request_input(r);
	struct account account;

	return verify_passkey(r, &account) ? let_in(r, &account, in->next) :
	    r->status;
}
