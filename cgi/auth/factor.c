/*
 * Second factors: set up, confirmed by a first code, and removed. The secret
 * of an app is shown once and kept sealed; each of its codes counts once, also
 * when it comes twice at the same time (RFC 6238, 5.2).
 */
#include "auth.h"

#include <json-c/json.h>
#include <qrencode.h>

#include "base/clock.h"
#include "base/url.h"
#include "crypto/seal.h"
#include "crypto/token.h"
#include "crypto/totp.h"
#include "web/json_out.h"

#define RECOVERY_CODES 10
#define RECOVERY_GROUPS 6	/* of four characters of five bits: 120 bits */

const char *const factor_kinds[] = { "totp", "sms", "email", "recovery",
	NULL };

DB_QUERY(list_factors, 1,
	"SELECT kind FROM factor WHERE account_id = $1::uuid"
	" AND confirmed_at IS NOT NULL UNION ALL"
	" (SELECT 'recovery' FROM recovery_code WHERE account_id = $1::uuid"
	"  AND used_at IS NULL LIMIT 1) UNION ALL"
	" (SELECT 'passkey' FROM passkey WHERE account_id = $1::uuid LIMIT 1)"
	" ORDER BY kind DESC");

struct kind {
	const char *kind;
};

static SCHEMA(kind_schema, struct kind,
	FIELD_TEXT(struct kind, kind));

bool
factors_find(struct request *r, struct uuid account_id, struct factors *factors)
{
	struct kind *rows;
	size_t n;

	*factors = (struct factors){ .kinds_n = 0 };
	if (!db_all(r->db, &list_factors, &kind_schema, &rows, &n,
	    P(account_id)))
		return false;
	factors->kinds = arena_new_array(r->arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		factors->kinds[factors->kinds_n++] = rows[i].kind;
		factors->is_set_up |= !str_eq(rows[i].kind, "recovery");
		factors->is_strong |= str_eq(rows[i].kind, "totp") ||
		    str_eq(rows[i].kind, "passkey");
	}
	return true;
}

bool
factors_have(const struct factors *factors, const char *kind)
{
	for (size_t i = 0; i < factors->kinds_n; i++)
		if (str_eq(factors->kinds[i], kind))
			return true;
	return false;
}

void
factors_show(struct request *r, const struct factors *factors)
{
	for (size_t i = 0; i < factors->kinds_n; i++)
		page_set(r, arena_printf(r->arena, "has_%s", factors->kinds[i]),
		    json_object_new_boolean(true));
}

static const struct key *
seal_key(struct request *r)
{
	static const struct key *key;	/* read once in a worker's life */

	if (key == NULL)
		key = app_key(r->app, "seal");
	return key;
}

/* What a sealed secret belongs to: elsewhere it does not open. */
static const char *
seal_context(struct request *r, struct uuid account_id)
{
	char id[UUID_TEXT_SIZE];

	return arena_printf(r->arena, "totp:%s", uuid_text(&account_id, id));
}

/* --- An app --- */

DB_QUERY(put_totp, 2,
	"INSERT INTO factor (account_id, kind, secret)"
	" VALUES ($1::uuid, 'totp', $2) ON CONFLICT ON CONSTRAINT factor_pkey"
	" DO UPDATE SET secret = excluded.secret, last_step = 0,"
	" created_at = now() WHERE factor.confirmed_at IS NULL");
DB_QUERY(read_totp, 1,
	"SELECT secret FROM factor WHERE account_id = $1::uuid AND kind = 'totp'");
DB_QUERY(read_new_totp, 1,
	"SELECT secret FROM factor WHERE account_id = $1::uuid AND kind = 'totp'"
	" AND confirmed_at IS NULL");
/* The one that gets this row has used the code; nobody else can. */
DB_QUERY(take_step, 2,
	"UPDATE factor SET last_step = $2::bigint WHERE account_id = $1::uuid"
	" AND kind = 'totp' AND last_step < $2::bigint");
DB_QUERY(confirm_factor, 1,
	"UPDATE factor SET confirmed_at = now() WHERE account_id = $1::uuid"
	" AND kind = 'totp' AND confirmed_at IS NULL");

/* A row's dark modules, each run of them as one part of a path. */
static void
add_row(struct buf *path, const QRcode *code, int y)
{
	const unsigned char *row = code->data + y * code->width;

	for (int x = 0, n; x < code->width; x += n > 0 ? n : 1) {
		for (n = 0; x + n < code->width && row[x + n] & 1; n++)
			;
		if (n > 0)
			buf_printf(path, "M%d %dh%dv1h-%dz", x, y, n, n);
	}
}

/* A drawing that scales, as the address of an image. */
static const char *
qr_image(struct request *r, const char *text)
{
	QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	struct buf svg;

	if (code == NULL)
		return "";
	buf_init(&svg, r->arena, 256 * 1024);
	buf_printf(&svg, "<svg xmlns=\"http://www.w3.org/2000/svg\""
	    " viewBox=\"-4 -4 %d %d\"><path d=\"", code->width + 8,
	    code->width + 8);
	for (int y = 0; y < code->width; y++)
		add_row(&svg, code, y);
	buf_puts(&svg, "\"/></svg>");
	QRcode_free(code);
	return arena_printf(r->arena, "data:image/svg+xml,%s",
	    url_escape(r->arena, svg.data));
}

struct enrolment {
	const char *secret, *uri, *qr;
};

SCHEMA(enrolment_schema, struct enrolment,
	FIELD_TEXT(struct enrolment, secret, .help = "for typing, in base32"),
	FIELD_TEXT(struct enrolment, uri, .help = "otpauth: what the QR carries"),
	FIELD_TEXT(struct enrolment, qr, .help = "its drawing, a data: address"));

static const uint8_t *
read_secret(struct request *r, const struct db_query *query,
    struct uuid account_id)
{
	const char *sealed = db_text(r->db, query, P(account_id));
	const uint8_t *secret;
	size_t n;

	return sealed != NULL && (secret = seal_open(r->arena, seal_key(r),
	    sealed, seal_context(r, account_id), &n)) != NULL &&
	    n == TOTP_SECRET_SIZE ? secret : NULL;
}

static int
show_secret(struct request *r, int status,
    const uint8_t secret[TOTP_SECRET_SIZE])
{
	struct enrolment made;

	made.secret = totp_text(r->arena, secret);
	made.uri = totp_uri(r->arena, secret,
	    app_word(r->app, r->lang, "layout.shop_name"), r->session->email);
	made.qr = qr_image(r, made.uri);
	return reply(r, status, &enrolment_schema, &made);
}

/* Whoever asks again gets another secret. */
int
totp_start(struct request *r)
{
	struct uuid id = r->session->user_id;
	uint8_t secret[TOTP_SECRET_SIZE];

	random_bytes(secret, sizeof(secret));
	if (!db_exec(r->db, &put_totp, P(id), P((const char *)seal(r->arena,
	    seal_key(r), secret, sizeof(secret), seal_context(r, id)))))
		return request_failed(r) ? 0 : problem(r, PROBLEM_ALREADY_EXISTS);
	return show_secret(r, 201, secret);
}

/* GET /account/security/totp: the secret, until its first code. */
int
totp_page(struct request *r)
{
	struct uuid id = r->session->user_id;
	const uint8_t *secret = read_secret(r, &read_new_totp, id);

	if (secret == NULL)
		return request_failed(r) ? 0 :
		    reply_redirect(r, "/account/security");
	return show_secret(r, 200, secret);
}

bool
totp_take(struct request *r, struct uuid account_id, const char *code)
{
	const uint8_t *secret = read_secret(r, &read_totp, account_id);
	int64_t step;

	if (secret == NULL)
		return false;
	step = totp_step(secret, clock_now_us() / 1000000, code);
	return step >= 0 && db_exec(r->db, &take_step, P(account_id), P(step));
}

/* --- Recovery codes --- */

DB_QUERY(drop_codes, 1,
	"DELETE FROM recovery_code WHERE account_id = $1::uuid");
DB_QUERY(put_codes, 2,
	"INSERT INTO recovery_code (account_id, code_hash)"
	" SELECT $1::uuid, jsonb_array_elements_text($2::jsonb)");
DB_QUERY(use_code, 2,
	"UPDATE recovery_code SET used_at = now() WHERE account_id = $1::uuid"
	" AND code_hash = $2 AND used_at IS NULL");

struct recovery {
	const char **recovery_codes;
	size_t recovery_codes_n;
};

SCHEMA(recovery_schema, struct recovery,
	FIELD_TEXTS(struct recovery, recovery_codes, recovery_codes_n,
	    .help = "each works once; shown only now"));

static const char *
recovery_code(struct request *r)
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint8_t bytes[RECOVERY_GROUPS * 4];
	struct buf out;

	random_bytes(bytes, sizeof(bytes));
	buf_init(&out, r->arena, 100);
	for (size_t i = 0; i < sizeof(bytes); i++)
		buf_printf(&out, "%s%c", i > 0 && i % 4 == 0 ? "-" : "",
		    letters[bytes[i] & 31]);
	return out.data;
}

/* New ones; those before them are void. */
static void
make_codes(struct request *r, struct recovery *made)
{
	struct json_object *hashes = json_object_new_array();
	char hash[DIGEST_HEX_SIZE];

	made->recovery_codes_n = RECOVERY_CODES;
	made->recovery_codes = arena_new_array(r->arena, const char *,
	    RECOVERY_CODES);
	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		made->recovery_codes[i] = recovery_code(r);
		json_object_array_add(hashes, json_object_new_string(
		    token_hash_hex(made->recovery_codes[i], hash)));
	}
	db_exec(r->db, &drop_codes, P(r->session->user_id));
	db_exec(r->db, &put_codes, P(r->session->user_id), P(arena_strdup(
	    r->arena, json_object_to_json_string(hashes))));
	json_object_put(hashes);
}

bool
recovery_take(struct request *r, struct uuid account_id, const char *code)
{
	char hash[DIGEST_HEX_SIZE];

	token_hash_hex(code, hash);
	return db_exec(r->db, &use_code, P(account_id), P((const char *)hash));
}

/* --- What people do with them --- */

/* Said to its owner by mail, too. */
static void
tell(struct request *r, enum event_type type, const char *kind)
{
	struct account account;

	if (account_find_id(r, r->session->user_id, &account))
		account_tell_factor(r, type, &account, kind, arena_printf(r->arena,
		    "%s/%s/account/security", r->app->conf->base_url, r->lang));
}

struct code {
	const char *code;
};

SCHEMA(code_input, struct code,
	FIELD_TEXT(struct code, code, .required = true, .secret = true,
	    .min = 6, .max = 40));

DB_QUERY(mark_session, 2,
	"UPDATE session SET factor = $2 WHERE id = $1::uuid");

/*
 * Whoever knows nothing but the password, and was in before, is out: this
 * session alone goes on, as one that has shown the factor.
 */
static void
taken_up(struct request *r, const char *kind)
{
	session_end_others(r, r->session->user_id, r->session->session_id);
	db_exec(r->db, &mark_session, P(r->session->session_id), P(kind));
	sessions_changed(r, r->session->user_id);
	tell(r, EVENT_FACTOR_ADDED, kind);
}

int
totp_confirm(struct request *r)
{
	const struct code *in = request_input(r);
	struct uuid id = r->session->user_id;
	struct recovery made;

	if (!totp_take(r, id, code_tidy(r, in->code)) ||
	    !db_exec(r->db, &confirm_factor, P(id)))
		return request_failed(r) ? 0 : code_is_wrong(r);
	make_codes(r, &made);
	taken_up(r, "totp");
	return reply(r, 200, &recovery_schema, &made);
}

int
factor_welcome(struct request *r, const char *kind)
{
	struct recovery made = { .recovery_codes_n = 0 };
	struct factors factors;

	if (!factors_find(r, r->session->user_id, &factors))
		return 0;
	if (!factors_have(&factors, "recovery"))
		make_codes(r, &made);
	taken_up(r, kind);
	return reply(r, 201, &recovery_schema, &made);
}

DB_QUERY(put_factor, 2,
	"INSERT INTO factor (account_id, kind, confirmed_at)"
	" VALUES ($1::uuid, $2, now())"
	" ON CONFLICT ON CONSTRAINT factor_pkey DO NOTHING");

bool
factor_put(struct request *r, const char *kind)
{
	if (!db_exec(r->db, &put_factor, P(r->session->user_id), P(kind)))
		return false;
	taken_up(r, kind);
	return true;
}

/* Codes go where one was answered from before: else 409. */
static int
add_sent(struct request *r, const char *kind, bool is_proven)
{
	if (!is_proven)
		return problem(r, PROBLEM_CONFLICT);
	factor_put(r, kind);
	return reply_empty(r, 204);
}

/* Codes by mail, to the address that was confirmed. */
int
email_factor_add(struct request *r)
{
	struct account account;

	if (!account_find_id(r, r->session->user_id, &account))
		return 0;
	return add_sent(r, "email", account.is_verified);
}

/* Codes by SMS, to the number that was proven. */
int
sms_factor_add(struct request *r)
{
	struct account account;

	if (!account_find_id(r, r->session->user_id, &account))
		return 0;
	return add_sent(r, "sms", account.phone[0] != '\0');
}

struct factor_method {
	int method;
};

SCHEMA(method_input, struct factor_method,
	FIELD_ENUM(struct factor_method, method, factor_kinds, .required = true));

DB_QUERY(drop_factor, 2,
	"DELETE FROM factor WHERE account_id = $1::uuid AND kind = $2");

/* With the last factor its recovery codes go, and no device is trusted. */
void
factor_gone(struct request *r, const char *kind)
{
	struct uuid id = r->session->user_id;
	struct factors left;

	device_distrust(r, id);
	if (factors_find(r, id, &left) && !left.is_set_up)
		db_exec(r->db, &drop_codes, P(id));
	sessions_changed(r, id);
	tell(r, EVENT_FACTOR_REMOVED, kind);
}

bool
factor_drop(struct request *r, const char *kind)
{
	if (!db_exec(r->db, &drop_factor, P(r->session->user_id), P(kind)))
		return false;
	factor_gone(r, kind);
	return true;
}

int
factor_remove(struct request *r)
{
	const struct factor_method *in = request_input(r);

	if (!factor_drop(r, factor_kinds[in->method]))
		return request_failed(r) ? 0 : problem(r, PROBLEM_NOT_FOUND);
	return reply_empty(r, 204);
}

int
recovery_renew(struct request *r)
{
	struct factors factors;
	struct recovery made;

	if (!factors_find(r, r->session->user_id, &factors))
		return 0;
	if (!factors.is_set_up)
		return problem(r, PROBLEM_CONFLICT);
	make_codes(r, &made);
	tell(r, EVENT_RECOVERY_CODES_RENEWED, "recovery");
	return reply(r, 201, &recovery_schema, &made);
}

SCHEMA(factors_schema, struct factors,
	FIELD_TEXTS(struct factors, kinds, kinds_n),
	FIELD_BOOL(struct factors, is_set_up));

int
factor_list(struct request *r)
{
	struct factors factors;
	struct account account;

	if (!factors_find(r, r->session->user_id, &factors) ||
	    !account_find_id(r, r->session->user_id, &account))
		return 0;
	factors_show(r, &factors);
	if (account.phone[0] != '\0')
		page_set(r, "phone_end",
		    json_object_new_string(phone_end(r, account.phone)));
	return reply(r, 200, &factors_schema, &factors);
}
