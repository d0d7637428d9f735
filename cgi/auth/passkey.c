/*
 * Passkeys (WebAuthn, crypto/webauthn.h): registered, listed, removed, and shown
 * as a second factor. What a passkey is to sign is made for one login or one
 * session and one purpose, and is gone with the first answer, good or bad.
 */
#include "auth.h"

#include <json-c/json.h>

#include "base/json.h"
#include "base/log.h"
#include "crypto/token.h"
#include "crypto/webauthn.h"
#include "web/text.h"

/* --- Challenges --- */

DB_QUERY(put_challenge, 2,
	"WITH old AS (DELETE FROM passkey_challenge WHERE expires_at < now())"
	" INSERT INTO passkey_challenge (challenge, owner, expires_at)"
	" VALUES ($1, $2, now() + interval '10 minutes')");
DB_QUERY(take_challenge, 2,
	"DELETE FROM passkey_challenge WHERE challenge = $1 AND owner = $2"
	" AND expires_at > now()");

/* Whose passkeys a new one must not be, or one of them must answer. */
DB_QUERY(list_credentials, 1,
	"SELECT credential AS id, transports FROM passkey"
	" WHERE account_id = $1::uuid ORDER BY created_at LIMIT 10");

struct credential {
	const char *id, *transports;
};

static SCHEMA(credential_schema, struct credential,
	FIELD_TEXT(struct credential, id),
	FIELD_TEXT(struct credential, transports, .help = "spaced"));

struct options {
	const char *challenge, *rp_id, *rp_name, *user_id, *user_name;
	const char *user_display_name;
	struct credential *credentials;
	size_t credentials_n;
};

SCHEMA(passkey_options_schema, struct options,
	FIELD_TEXT(struct options, challenge),
	FIELD_TEXT(struct options, rp_id),
	FIELD_LIST(struct options, credentials, credentials_n, &credential_schema,
	    .help = "of which one is asked for"));
SCHEMA(passkey_new_options_schema, struct options,
	FIELD_TEXT(struct options, challenge),
	FIELD_TEXT(struct options, rp_id),
	FIELD_TEXT(struct options, rp_name),
	FIELD_TEXT(struct options, user_id),
	FIELD_TEXT(struct options, user_name),
	FIELD_TEXT(struct options, user_display_name),
	FIELD_LIST(struct options, credentials, credentials_n, &credential_schema,
	    .help = "that the account has already"));

/* The shop's host: passkeys are bound to it (5.1.2, "rp.id"). */
static const char *
rp_id(struct request *r)
{
	const char *host = strstr(r->app->origin, "://");

	host = host == NULL ? "" : host + 3;
	return arena_strndup(r->arena, host, strcspn(host, ":/"));
}

static bool
options_make(struct request *r, const char *owner, struct uuid account_id,
    struct options *options)
{
	*options = (struct options){ .challenge = token_new(r->arena),
	    .rp_id = rp_id(r) };
	db_exec(r->db, &put_challenge, P(options->challenge), P(owner));
	return db_all(r->db, &list_credentials, &credential_schema,
	    &options->credentials, &options->credentials_n, P(account_id));
}

int
passkey_ask(struct request *r, const char *owner, struct uuid account_id)
{
	struct options options;

	if (!options_make(r, owner, account_id, &options))
		return 0;
	if (options.credentials_n == 0)
		return problem(r, PROBLEM_NOT_FOUND);
	return reply(r, 200, &passkey_options_schema, &options);
}

/* Takes the challenge that the client data answer: once, and now. */
static bool
expect(struct request *r, const char *owner, struct webauthn_bytes client_data,
    struct webauthn_expected *expected)
{
	*expected = (struct webauthn_expected){ .origin = r->app->origin,
	    .rp_id = rp_id(r),
	    .challenge = webauthn_challenge(r->arena, client_data) };
	return expected->challenge != NULL && db_exec(r->db, &take_challenge,
	    P(expected->challenge), P(owner));
}

/* Base64url that is none is no bytes, which nothing accepts. */
static struct webauthn_bytes
bytes_of(struct request *r, const char *text)
{
	struct webauthn_bytes bytes = { NULL, 0 };

	bytes.data = base64url_decode(r->arena, text, &bytes.n);
	if (bytes.data == NULL)
		bytes = (struct webauthn_bytes){ (const uint8_t *)"", 0 };
	return bytes;
}

static bool
is_good(enum webauthn_fault fault)
{
	if (fault != WEBAUTHN_GOOD)
		log_info("passkey.refused", "%s", webauthn_fault_name(fault));
	return fault == WEBAUTHN_GOOD;
}

/* --- Answers --- */

DB_QUERY(find_passkey, 2,
	"SELECT id, public_key, sign_count, is_verifying FROM passkey"
	" WHERE account_id = $1::uuid AND credential = $2");
/* A count that has not grown is another's copy (7.2, step 21). */
DB_QUERY(use_passkey, 2,
	"UPDATE passkey SET used_at = now(), sign_count = $2::bigint"
	" WHERE id = $1::uuid"
	" AND (sign_count < $2::bigint OR (sign_count = 0 AND $2::bigint = 0))");

static SCHEMA(known_schema, struct passkey_known,
	FIELD_UUID(struct passkey_known, id),
	FIELD_TEXT(struct passkey_known, public_key),
	FIELD_I64(struct passkey_known, sign_count),
	FIELD_BOOL(struct passkey_known, is_verifying));

bool
passkey_check(struct request *r, const char *owner, struct uuid account_id,
    const struct passkey_answer *answer, struct passkey_known *known)
{
	struct webauthn_bytes client_data = bytes_of(r, answer->client_data);
	struct webauthn_expected expected;
	struct webauthn_data shown;

	if (!expect(r, owner, client_data, &expected) ||
	    !db_one(r->db, &find_passkey, &known_schema, known, P(account_id),
	    P(answer->credential)))
		return false;
	/* What could ask for a finger once, has to: no way round it. */
	expected.needs_verified = known->is_verifying;
	if (!is_good(webauthn_verify(r->arena, &expected,
	    bytes_of(r, known->public_key), client_data,
	    bytes_of(r, answer->authenticator_data),
	    bytes_of(r, answer->signature), &shown)))
		return false;
	known->sign_count = shown.sign_count;
	return true;
}

bool
passkey_use(struct request *r, const struct passkey_known *known)
{
	if (db_exec(r->db, &use_passkey, P(known->id), P(known->sign_count)))
		return true;
	if (!request_failed(r))
		log_warn("passkey.copied", "the count of a passkey went back");
	return false;
}

/* --- Registering --- */

struct passkey_new {
	const char *name, *client_data, *attestation, *transports;
};

SCHEMA(passkey_input, struct passkey_new,
	FIELD_TEXT(struct passkey_new, name, .required = true, .min = 1,
	    .max = 60),
	FIELD_TEXT(struct passkey_new, client_data, .required = true,
	    .max = 4000, .help = "clientDataJSON, base64url as all of these"),
	FIELD_TEXT(struct passkey_new, attestation, .required = true,
	    .max = 8000),
	FIELD_TEXT(struct passkey_new, transports, .max = 100, .preset = ""));

const struct db_rule passkey_rules[] = {
	{ "passkey_credential_key", PROBLEM_ALREADY_EXISTS },
	{ NULL, PROBLEM_NONE }
};

DB_QUERY(lock_account, 1,
	"SELECT 1 FROM account WHERE id = $1::uuid FOR UPDATE");
DB_QUERY(put_passkey, 8,
	"INSERT INTO passkey (id, account_id, credential, public_key, sign_count,"
	" is_verifying, transports, name) SELECT $1::uuid, $2::uuid, $3, $4,"
	" $5::bigint, $6::boolean, $7, $8 WHERE (SELECT count(*) FROM passkey"
	" WHERE account_id = $2::uuid) < 10");

static const char *
new_owner(struct request *r)
{
	char id[UUID_TEXT_SIZE];

	return arena_printf(r->arena, "new:%s",
	    uuid_text(&r->session->session_id, id));
}

/* POST /auth/passkeys/options */
int
passkey_new_options(struct request *r)
{
	struct options options;

	if (!options_make(r, new_owner(r), r->session->user_id, &options))
		return 0;
	options.rp_name = app_word(r->app, r->lang, "layout.shop_name");
	options.user_id = base64url_encode(r->arena, r->session->user_id.bytes,
	    sizeof(r->session->user_id.bytes));
	options.user_name = r->session->email;
	options.user_display_name = r->session->name;
	return reply(r, 200, &passkey_new_options_schema, &options);
}

/* Lower-case words only: they go back to browsers as they are. */
static const char *
tidy_transports(struct request *r, const char *transports)
{
	return transports[strspn(transports, "abcdefghijklmnopqrstuvwxyz- ")] ==
	    '\0' ? transports : arena_strdup(r->arena, "");
}

static bool
put(struct request *r, const struct passkey_new *in, struct uuid id,
    const struct webauthn_data *made)
{
	struct uuid account_id = r->session->user_id;

	db_exec(r->db, &lock_account, P(account_id));
	return db_exec(r->db, &put_passkey, P(id), P(account_id),
	    P((const char *)base64url_encode(r->arena, made->id.data, made->id.n)),
	    P((const char *)base64url_encode(r->arena, made->key.data,
	    made->key.n)), P((int64_t)made->sign_count), P(made->is_verified),
	    P(tidy_transports(r, in->transports)), P(in->name));
}

/* POST /auth/passkeys: the first strong factor comes with recovery codes. */
int
passkey_add(struct request *r)
{
	const struct passkey_new *in = request_input(r);
	struct webauthn_bytes client_data = bytes_of(r, in->client_data);
	struct webauthn_expected expected;
	struct webauthn_data made;
	int status;

	if (!expect(r, new_owner(r), client_data, &expected) ||
	    !is_good(webauthn_register(r->arena, &expected, client_data,
	    bytes_of(r, in->attestation), &made)))
		return request_failed(r) ? 0 : problem(r, PROBLEM_WRONG_CODE);
	if (!step_begin(r))
		return 0;
	if (!put(r, in, uuid_new(), &made)) {
		if (request_failed(r))
			return 0;
		step_undo(r);
		return problem(r, PROBLEM_CONFLICT);
	}
	status = factor_welcome(r, "passkey");
	return step_end(r) ? status : 0;
}

/* On to the codes, where there are new ones. */
int
passkey_add_form(struct request *r)
{
	int status = passkey_add(r);

	return status != 201 || json_object_array_length(json_member(r->json,
	    "recovery_codes")) > 0 ? status :
	    reply_redirect(r, "/account/security");
}

/* --- The list --- */

struct passkey {
	struct uuid id;
	const char *name;
	int64_t created_at, used_at;
};

SCHEMA(passkey_schema, struct passkey,
	FIELD_UUID(struct passkey, id),
	FIELD_TEXT(struct passkey, name),
	FIELD_TIME(struct passkey, created_at),
	FIELD_TIME(struct passkey, used_at));

DB_QUERY(list_passkeys, 1,
	"SELECT id, name, created_at, used_at FROM passkey"
	" WHERE account_id = $1::uuid ORDER BY created_at LIMIT 10");
DB_QUERY(drop_passkey, 2,
	"DELETE FROM passkey WHERE account_id = $1::uuid AND id = $2::uuid");

int
passkey_list(struct request *r)
{
	struct passkey *passkeys;
	size_t n;

	if (!db_all(r->db, &list_passkeys, &passkey_schema, &passkeys, &n,
	    P(r->session->user_id)))
		return 0;
	page_set(r, "passkey_name", json_object_new_string(device_name(r,
	    device_user_agent(r))));
	return reply_list(r, &passkey_schema, passkeys, n, NULL);
}

struct passkey_id {
	struct uuid id;
};

SCHEMA(passkey_id_input, struct passkey_id,
	FIELD_UUID(struct passkey_id, id, .required = true));

int
passkey_remove(struct request *r)
{
	const struct passkey_id *in = request_input(r);

	if (!db_exec(r->db, &drop_passkey, P(r->session->user_id), P(in->id)))
		return request_failed(r) ? 0 : problem(r, PROBLEM_NOT_FOUND);
	factor_gone(r, "passkey");
	return reply_empty(r, 204);
}
