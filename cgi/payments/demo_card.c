/*
 * The demo's card company: a payment page, test cards, and webhooks signed as
 * Stripe signs (RELIABILITY: `t=<unix>,v1=<hex of HMAC-SHA256(t.body)>`), so
 * that everything on our side is what a real provider needs.
 */
#include "payments.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "crypto/token.h"
#include "net/http_client.h"
#include "web/json_scan.h"

#define TOLERANCE_S 300
#define LATE_S 4

struct card_session {
	struct uuid id, payment_id;
	int64_t amount;
	const char *currency, *number, *return_url, *state;
	bool is_effective;
};

static SCHEMA(card_session_schema, struct card_session,
	FIELD_UUID(struct card_session, id),
	FIELD_UUID(struct card_session, payment_id),
	FIELD_I64(struct card_session, amount),
	FIELD_TEXT(struct card_session, currency),
	FIELD_TEXT(struct card_session, number),
	FIELD_TEXT(struct card_session, return_url),
	FIELD_TEXT(struct card_session, state),
	FIELD_BOOL(struct card_session, is_effective));

#define SESSION_COLUMNS "id, payment_id, amount, currency, number, return_url," \
	" state, coalesce(effective_at <= now(), true) AS is_effective"

DB_QUERY(put_session, 6,
	"INSERT INTO demo_card_session (id, payment_id, amount, currency, number,"
	" return_url) VALUES ($1::uuid, $2::uuid, $3::bigint, $4, $5, $6)"
	" ON CONFLICT ON CONSTRAINT demo_card_session_payment_key DO NOTHING");
DB_QUERY(session_of_payment, 1,
	"SELECT " SESSION_COLUMNS " FROM demo_card_session"
	" WHERE payment_id = $1::uuid");
DB_QUERY(find_session, 1,
	"SELECT " SESSION_COLUMNS " FROM demo_card_session WHERE id = $1::uuid");
DB_QUERY(decide, 3,
	"UPDATE demo_card_session SET state = $2,"
	" effective_at = now() + $3::int * interval '1 second'"
	" WHERE id = $1::uuid AND state IN ('open', 'challenge')");
DB_QUERY(undo_session, 1,
	"UPDATE demo_card_session SET state = CASE state WHEN 'paid'"
	" THEN 'refunded' ELSE 'cancelled' END WHERE payment_id = $1::uuid"
	" AND state IN ('open', 'challenge', 'paid')");

/* The company's page, which the payment's id as key makes only once. */
static bool
create(struct request *r, struct payment *payment)
{
	const char *base = r->app->conf->base_url;
	struct card_session session;
	char id[UUID_TEXT_SIZE];

	db_exec(r->db, &put_session, P(uuid_new()), P(payment->id),
	    P(payment->amount), P(payment->currency), P(payment->order_number),
	    P(arena_printf(r->arena, "%s/%s%s", base, payment->lang,
	    payment->return_path)));
	if (!db_one(r->db, &session_of_payment, &card_session_schema, &session,
	    P(payment->id)))
		return false;
	payment->next_action = arena_new_of(r->arena, struct next_action);
	payment->next_action->type =
	    str_eq(session.state, "open") || str_eq(session.state, "challenge") ?
	    "redirect" : "wait";
	payment->next_action->url = arena_printf(r->arena, "%s/%s/pay/%s",
	    base, payment->lang, uuid_text(&session.id, id));
	return true;
}

/* False as long as the company has not decided. */
static bool
word_of(struct request *r, const struct card_session *session,
    struct provider_word *word)
{
	char id[UUID_TEXT_SIZE];
	bool is_paid = str_eq(session->state, "paid");

	if (!session->is_effective || (!is_paid && !str_eq(session->state, "declined")))
		return false;
	*word = (struct provider_word){
		.event_id = arena_printf(r->arena, "evt_%s_%s",
		    uuid_text(&session->id, id), session->state),
		.payment_id = session->payment_id, .amount = session->amount,
		.currency = session->currency,
		.status = is_paid ? PAYMENT_CAPTURED : PAYMENT_FAILED,
		.reason = is_paid ? "" : "card_declined" };
	return true;
}

static bool
fetch(struct request *r, const struct payment *payment,
    struct provider_word *word)
{
	struct card_session session;

	return db_one(r->db, &session_of_payment, &card_session_schema, &session,
	    P(payment->id)) && word_of(r, &session, word);
}

static bool
undo(struct request *r, const struct payment *payment)
{
	return db_exec(r->db, &undo_session, P(payment->id));
}

/* hex of HMAC-SHA256 over "<time>.<body>" with the company's secret for us. */
static void
sign(struct request *r, const char *time, const char *body,
    char out[DIGEST_HEX_SIZE])
{
	const char *secret = arena_printf(r->arena, "demo_card:%s",
	    r->app->caller_key);
	const char *text = arena_printf(r->arena, "%s.%s", time, body);
	uint8_t mac[DIGEST_SIZE];

	digest_hmac_sha256(secret, strlen(secret), text, strlen(text), mac);
	bytes_to_hex(mac, sizeof(mac), out);
}

static bool
verify_webhook(struct request *r)
{
	const char *header = request_env(r, "HTTP_DEMO_CARD_SIGNATURE");
	const char *at = strstr(header, "v1=");
	char given[DIGEST_HEX_SIZE], wanted[DIGEST_HEX_SIZE], *end;
	int64_t stamp, now = clock_now_us() / 1000000;

	if (!str_starts(header, "t=") || at == NULL)
		return false;
	stamp = strtoll(header + 2, &end, 10);
	if (*end != ',' || stamp < now - TOLERANCE_S || stamp > now + TOLERANCE_S)
		return false;
	snprintf(given, sizeof(given), "%s", at + 3);
	sign(r, arena_strndup(r->arena, header + 2, (size_t)(end - header) - 2),
	    r->body, wanted);
	return equal_constant_time(given, wanted);
}

static bool
parse_webhook(struct request *r, struct provider_word *word)
{
	struct json_object *json, *amount;
	size_t offset;

	if (json_scan(r->arena, r->body, r->body_n, JSON_STRICT, &offset) !=
	    JSON_GOOD)
		return false;
	json = json_parse(r->arena, r->body, r->body_n);
	if (json == NULL)
		return false;
	*word = (struct provider_word){ .event_id = json_text(json, "id"),
	    .currency = json_text(json, "currency"),
	    .reason = json_text(json, "reason") };
	if (str_eq(json_text(json, "type"), "payment.paid"))
		word->status = PAYMENT_CAPTURED;
	else if (str_eq(json_text(json, "type"), "payment.declined"))
		word->status = PAYMENT_FAILED;
	else
		return false;
	if (!json_object_object_get_ex(json, "amount", &amount) ||
	    !json_object_is_type(amount, json_type_int))
		return false;
	word->amount = json_object_get_int64(amount);
	return word->event_id[0] != '\0' && word->amount > 0 &&
	    uuid_parse(json_text(json, "payment_id"), &word->payment_id);
}

const struct provider demo_card = {
	.name = "demo_card", .demo_only = true, .create = create, .fetch = fetch,
	.undo = undo, .verify_webhook = verify_webhook,
	.parse_webhook = parse_webhook,
};

/* --- The company's side: its page and its webhooks. --- */

struct card_page {
	struct uuid session;
};

SCHEMA(card_page_input, struct card_page,
	FIELD_UUID(struct card_page, session, .required = true));

struct shown {
	struct uuid session;
	struct money amount;
	const char *number;
	bool is_challenge, is_open;
};

static SCHEMA(shown_schema, struct shown,
	FIELD_UUID(struct shown, session),
	FIELD_MONEY(struct shown, amount),
	FIELD_TEXT(struct shown, number),
	FIELD_BOOL(struct shown, is_challenge),
	FIELD_BOOL(struct shown, is_open));

int
card_page(struct request *r)
{
	const struct card_page *in = request_input(r);
	struct card_session session;
	struct shown shown = { .session = in->session };

	if (!r->app->conf->demo || !db_one(r->db, &find_session,
	    &card_session_schema, &session, P(in->session)))
		return problem(r, PROBLEM_NOT_FOUND);
	shown.amount.amount = session.amount;
	snprintf(shown.amount.currency, sizeof(shown.amount.currency), "%s",
	    session.currency);
	shown.number = session.number;
	shown.is_challenge = str_eq(session.state, "challenge");
	shown.is_open = str_eq(session.state, "open");
	if (!shown.is_open && !shown.is_challenge) {
		r->location = session.return_url;
		return reply_empty(r, 303);
	}
	return reply(r, 200, &shown_schema, &shown);
}

struct card_pay {
	struct uuid session;
	const char *card;
};

SCHEMA(card_pay_input, struct card_pay,
	FIELD_UUID(struct card_pay, session, .required = true),
	FIELD_TEXT(struct card_pay, card, .required = true, .max = 30));

struct card {
	const char *number, *state;
	int late_s, webhooks;
};

static const struct card cards[] = {
	{ "4242424242424242", "paid", 0, 1 },
	{ "4000000000000002", "declined", 0, 1 },
	{ "4000000000003220", "challenge", 0, 0 },
	{ "4000000000000259", "paid", LATE_S, 0 },
	{ "4000000000001111", "paid", 0, 2 },
	{ "confirm", "paid", 0, 1 },
	{ "refuse", "declined", 0, 1 },
	{ "cancel", "declined", 0, 1 },
};

static const struct card *
card_find(struct request *r, const char *number)
{
	char *digits = arena_strdup(r->arena, number), *to = digits;

	for (const char *p = number; *p != '\0'; p++)
		if (*p != ' ')
			*to++ = *p;
	*to = '\0';
	for (size_t i = 0; i < ARRAY_LEN(cards); i++)
		if (str_eq(cards[i].number, digits))
			return &cards[i];
	return NULL;
}

struct told {
	struct uuid session;
	int times;
};

static const char *
webhook_body(struct request *r, const struct provider_word *word)
{
	struct json_object *json = json_object_new_object();
	char id[UUID_TEXT_SIZE];
	const char *text;

	json_object_object_add(json, "id", json_object_new_string(word->event_id));
	json_object_object_add(json, "type", json_object_new_string(
	    word->status == PAYMENT_CAPTURED ? "payment.paid" : "payment.declined"));
	json_object_object_add(json, "payment_id", json_object_new_string(
	    uuid_text(&word->payment_id, id)));
	json_object_object_add(json, "amount", json_object_new_int64(word->amount));
	json_object_object_add(json, "currency",
	    json_object_new_string(word->currency));
	json_object_object_add(json, "reason", json_object_new_string(word->reason));
	text = arena_strdup(r->arena,
	    json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN));
	json_object_put(json);
	return text;
}

/* Tells the shop, as from outside, after the shopper was sent back. */
static void
send_webhooks(struct request *r, void *context)
{
	const struct told *told = context;
	struct card_session session;
	struct provider_word word;
	struct http_answer answer;
	char signature[DIGEST_HEX_SIZE];
	const char *body, *time;

	db_start(r->db, r->arena);
	if (!db_one(r->db, &find_session, &card_session_schema, &session,
	    P(told->session)) || !word_of(r, &session, &word))
		return;
	body = webhook_body(r, &word);
	time = arena_printf(r->arena, "%" PRId64, clock_now_us() / 1000000);
	sign(r, time, body, signature);
	for (int i = 0; i < told->times; i++) {
		const char *const headers[] = { "Content-Type: application/json",
		    arena_printf(r->arena, "Demo-Card-Signature: t=%s,v1=%s", time,
		    signature), NULL };
		struct http_call out = { .method = "POST",
		    .url = arena_printf(r->arena,
		    "%s/api/v1/payments/webhooks/demo_card", r->app->conf->base_url),
		    .headers = headers, .body = body, .body_n = strlen(body),
		    .timeout_ms = 3000, .connect_timeout_ms = 1000,
		    .max_bytes = 65536 };

		if (http_client_run(r->app->http, r->arena, &out, &answer) !=
		    HTTP_ANSWERED)
			log_warn("demo_card.webhook", "not delivered");
	}
}

int
card_pay(struct request *r)
{
	const struct card_pay *in = request_input(r);
	const struct card *card = card_find(r, in->card);
	struct card_session session;
	struct told *told;
	char id[UUID_TEXT_SIZE];

	if (!r->app->conf->demo || !db_one(r->db, &find_session,
	    &card_session_schema, &session, P(in->session)))
		return problem(r, PROBLEM_NOT_FOUND);
	if (card == NULL) {
		problem_field(r, "card", "choice", field_message(r, "choice", 0, 0));
		return problem(r, PROBLEM_INVALID);
	}
	if (str_eq(card->state, "challenge")) {
		db_exec(r->db, &decide, P(in->session), P("challenge"), P(0));
		return reply_redirect(r, arena_printf(r->arena, "/pay/%s",
		    uuid_text(&in->session, id)));
	}
	if (db_exec(r->db, &decide, P(in->session), P(card->state),
	    P(card->late_s)) && card->webhooks > 0) {
		told = arena_new_of(r->arena, struct told);
		*told = (struct told){ in->session, card->webhooks };
		after_send(r, send_webhooks, told);
	}
	r->location = session.return_url;
	return reply_empty(r, 303);
}
