/*
 * A mobile phone: proven by a code before it counts, for messages and, for who
 * wants, as a second factor. It is typed nowhere else; notifications hears of
 * it by event.
 *
 * Each SMS costs the shop money, and numbers that charge whoever writes to them
 * are a trade: so they are counted per account, per number and in all, and go
 * only to the countries that the shop has named.
 */
#include "auth.h"

#include <json-c/json.h>

#include "crypto/token.h"
#include "web/limit.h"
#include "web/text.h"

#define HOUR 3600
#define DAY 86400

DB_QUERY(put_proof, 3,
	"INSERT INTO phone_proof (account_id, phone, code_hash, expires_at)"
	" VALUES ($1::uuid, $2, $3, now() + interval '10 minutes')"
	" ON CONFLICT ON CONSTRAINT phone_proof_pkey DO UPDATE"
	" SET phone = excluded.phone, code_hash = excluded.code_hash, tries = 0,"
	" expires_at = excluded.expires_at");
DB_QUERY(find_proof, 1,
	"SELECT phone, code_hash FROM phone_proof WHERE account_id = $1::uuid"
	" AND expires_at > now() AND tries < 5");
DB_QUERY(count_proof, 1,
	"UPDATE phone_proof SET tries = tries + 1 WHERE account_id = $1::uuid"
	" AND expires_at > now() AND tries < 5 RETURNING phone, code_hash");
DB_QUERY(take_proof, 2,
	"DELETE FROM phone_proof WHERE account_id = $1::uuid AND code_hash = $2");
DB_QUERY(put_phone, 2,
	"UPDATE account SET phone = $2 WHERE id = $1::uuid");

struct proof {
	const char *phone, *code_hash;
};

static SCHEMA(proof_schema, struct proof,
	FIELD_TEXT(struct proof, phone),
	FIELD_TEXT(struct proof, code_hash));

/* --- Sending --- */

const char *
phone_end(struct request *r, const char *phone)
{
	size_t n = strlen(phone);

	return arena_strdup(r->arena, n < 3 ? phone : phone + n - 3);
}

/* Does the number begin with one of the spaced prefixes? None: all do. */
static bool
is_served(const char *prefixes, const char *phone)
{
	const char *at = prefixes + strspn(prefixes, " ");

	if (*at == '\0')
		return true;
	for (; *at != '\0'; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		if (strncmp(phone, at, n) == 0)
			return true;
		at += n;
	}
	return false;
}

bool
sms_may_go(struct request *r, struct uuid account_id, const char *phone)
{
	const struct conf *conf = r->app->conf;
	char id[UUID_TEXT_SIZE];

	if (!is_served(conf->sms_prefixes, phone)) {
		problem_field(r, "phone", "phone-country",
		    field_message(r, "phone-country", 0, 0));
		problem(r, PROBLEM_INVALID);
		return false;
	}
	return limit_take(r, "sms-account", uuid_text(&account_id, id),
	    conf->limit_sms_account, HOUR) &&
	    limit_take(r, "sms-number", account_key(r, phone),
	    conf->limit_sms_number, DAY) &&
	    limit_take(r, "sms-day", "all", conf->limit_sms_day, DAY);
}

struct sms {
	const char *lang, *phone, *code;
};

static SCHEMA(sms_schema, struct sms,
	FIELD_TEXT(struct sms, lang),
	FIELD_TEXT(struct sms, phone, .personal = true),
	FIELD_TEXT(struct sms, code, .personal = true));

void
sms_code_send(struct request *r, struct uuid account_id, const char *phone,
    const char *code)
{
	struct sms sms = { r->lang, phone, code };

	event_emit(r, EVENT_SMS_CODE_ASKED, account_id, &sms_schema, &sms);
}

/* --- Proving a number --- */

struct phone {
	const char *phone;
};

SCHEMA(phone_input, struct phone,
	FIELD_TEXT(struct phone, phone, .required = true, .max = 16,
	    .check = phone_is_valid, .format = "phone",
	    .help = "E.164: +34600000000"));

/* The code counts in the session that asked for it. */
static const char *
proof_hash(struct request *r, const char *phone, const char *code)
{
	char hash[DIGEST_HEX_SIZE];

	return arena_strdup(r->arena, token_hash_hex(arena_printf(r->arena,
	    "phone %s %s %s", request_cookie(r, SESSION_COOKIE), phone, code),
	    hash));
}

/* POST /auth/me/phone */
int
phone_start(struct request *r)
{
	const struct phone *in = request_input(r);
	struct uuid id = r->session->user_id;
	const char *code = six_digits(r);

	if (!sms_may_go(r, id, in->phone) || !step_begin(r))
		return r->status;
	db_exec(r->db, &put_proof, P(id), P(in->phone),
	    P(proof_hash(r, in->phone, code)));
	sms_code_send(r, id, in->phone, code);
	return step_end(r) ? reply_empty(r, 202) : 0;
}

struct phone_changed {
	struct uuid user_id;
	const char *lang, *email, *name, *phone, *end;
};

static SCHEMA(phone_changed_schema, struct phone_changed,
	FIELD_UUID(struct phone_changed, user_id),
	FIELD_TEXT(struct phone_changed, lang),
	FIELD_TEXT(struct phone_changed, email, .personal = true),
	FIELD_TEXT(struct phone_changed, name, .personal = true),
	FIELD_TEXT(struct phone_changed, phone, .personal = true),
	FIELD_TEXT(struct phone_changed, end, .personal = true));

static void
set_phone(struct request *r, const struct account *account, const char *phone)
{
	bool is_removed = phone[0] == '\0';
	struct phone_changed changed = { account->id, r->lang, account->email,
	    account->name, phone, phone_end(r, is_removed ? account->phone :
	    phone) };

	db_exec(r->db, &put_phone, P(account->id), P(phone));
	event_emit(r, is_removed ? EVENT_PHONE_REMOVED : EVENT_PHONE_CHANGED,
	    account->id, &phone_changed_schema, &changed);
}

struct phone_confirm {
	const char *code;
	bool at_login;
};

SCHEMA(phone_confirm_input, struct phone_confirm,
	FIELD_TEXT(struct phone_confirm, code, .required = true,
	    .secret = true, .max = 40),
	FIELD_BOOL(struct phone_confirm, at_login,
	    .help = "also as a second factor"));

/* POST /auth/me/phone/confirm: the try is counted before the code is seen. */
int
phone_confirm(struct request *r)
{
	const struct phone_confirm *in = request_input(r);
	struct uuid id = r->session->user_id;
	struct account account;
	struct proof proof;

	if (!account_find_id(r, id, &account))
		return 0;
	if (!db_one(r->db, &count_proof, &proof_schema, &proof, P(id)))
		return request_failed(r) ? 0 : code_is_wrong(r);
	if (!step_begin(r))
		return 0;
	if (!db_exec(r->db, &take_proof, P(id), P(proof_hash(r, proof.phone,
	    code_tidy(r, in->code))))) {
		step_undo(r);
		return request_failed(r) ? 0 : code_is_wrong(r);
	}
	set_phone(r, &account, proof.phone);
	if (in->at_login)
		factor_put(r, "sms");
	return step_end(r) ? reply_empty(r, 204) : 0;
}

/* DELETE /auth/me/phone: and no codes go there. */
int
phone_remove(struct request *r)
{
	struct account account;

	if (!account_find_id(r, r->session->user_id, &account))
		return 0;
	if (account.phone[0] == '\0')
		return problem(r, PROBLEM_NOT_FOUND);
	factor_drop(r, "sms");
	set_phone(r, &account, "");
	return reply_empty(r, 204);
}

/* GET /account/security/phone: the number, or the code of one that waits. */
int
phone_page(struct request *r)
{
	struct proof proof;

	if (db_one(r->db, &find_proof, &proof_schema, &proof,
	    P(r->session->user_id)))
		page_set(r, "waiting_end",
		    json_object_new_string(phone_end(r, proof.phone)));
	return request_failed(r) ? 0 : factor_list(r);
}
