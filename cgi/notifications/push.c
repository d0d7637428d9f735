/*
 * Web Push (RFC 8030): a browser's subscription, and the message to it,
 * encrypted for that browser alone.
 */
#include "notifications.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/key.h"
#include "crypto/webpush.h"
#include "net/http_client.h"
#include "web/text.h"

#define TTL_S "86400"
#define TOKEN_S (12 * 3600)
#define SUBSCRIPTIONS_MAX 20	/* browsers of one person */

struct push {
	struct uuid id;
	const char *endpoint, *p256dh, *auth, *public_key;
};

SCHEMA(push_add_input, struct push,
	FIELD_TEXT(struct push, endpoint, .required = true, .max = 1000),
	FIELD_TEXT(struct push, p256dh, .required = true, .min = 87, .max = 87),
	FIELD_TEXT(struct push, auth, .required = true, .min = 22, .max = 22));
SCHEMA(push_drop_input, struct push,
	FIELD_TEXT(struct push, endpoint, .required = true, .max = 1000));
SCHEMA(push_key_schema, struct push,
	FIELD_TEXT(struct push, public_key));

static SCHEMA(row_schema, struct push,
	FIELD_UUID(struct push, id),
	FIELD_TEXT(struct push, endpoint),
	FIELD_TEXT(struct push, p256dh),
	FIELD_TEXT(struct push, auth));

DB_QUERY(put_subscription, 5,
	"INSERT INTO push_subscription (id, user_id, endpoint, p256dh, auth)"
	" SELECT $1::uuid, $2::uuid, $3, $4, $5 WHERE (SELECT count(*)"
	"  FROM push_subscription WHERE user_id = $2::uuid) < 20"
	" ON CONFLICT ON CONSTRAINT push_subscription_endpoint_key DO UPDATE"
	" SET user_id = excluded.user_id, p256dh = excluded.p256dh,"
	" auth = excluded.auth");
DB_QUERY(drop_subscription, 2,
	"DELETE FROM push_subscription WHERE user_id = $1::uuid"
	" AND endpoint = $2");
DB_QUERY(find_subscription, 1,
	"SELECT id, endpoint, p256dh, auth FROM push_subscription"
	" WHERE id = $1::uuid");
DB_QUERY(end_subscription, 1,
	"DELETE FROM push_subscription WHERE id = $1::uuid");

static const struct key *
vapid_key(struct request *r)
{
	static const struct key *key;

	if (key == NULL)
		key = app_key(r->app, "vapid");
	return key;
}

/* "https://push.example" of "https://push.example/a/b". */
static const char *
origin_of(struct request *r, const char *url)
{
	const char *host = strstr(url, "://");

	return host == NULL ? "" : arena_strndup(r->arena, url,
	    (size_t)(host - url) + 3 + strcspn(host + 3, "/?#"));
}

static bool
is_test_origin(struct request *r, const char *endpoint)
{
	return r->app->conf->push_test_origin[0] != '\0' &&
	    str_eq(origin_of(r, endpoint), r->app->conf->push_test_origin);
}

int
push_key(struct request *r)
{
	uint8_t point[WEBPUSH_PUBLIC_SIZE];
	struct push out = { .endpoint = NULL };

	if (!webpush_public_key(vapid_key(r)->bytes, point))
		return problem(r, PROBLEM_UNAVAILABLE);
	out.public_key = base64url_encode(r->arena, point, sizeof(point));
	return reply(r, 200, &push_key_schema, &out);
}

int
push_add(struct request *r)
{
	const struct push *in = request_input(r);
	struct buf scratch;
	unsigned char *point, *auth;
	size_t point_n, auth_n;

	point = base64url_decode(r->arena, in->p256dh, &point_n);
	auth = base64url_decode(r->arena, in->auth, &auth_n);
	buf_init(&scratch, r->arena, 8192);
	if (!str_starts(in->endpoint, "https://") &&
	    !is_test_origin(r, in->endpoint))
		problem_field(r, "endpoint", "format",
		    field_message(r, "format", 0, 0));
	if (point == NULL || auth == NULL || point_n != WEBPUSH_PUBLIC_SIZE ||
	    auth_n != WEBPUSH_AUTH_SIZE ||
	    !webpush_encrypt(point, auth, "", 0, &scratch))
		problem_field(r, "p256dh", "format",
		    field_message(r, "format", 0, 0));
	if (problem_has_fields(r))
		return problem(r, PROBLEM_INVALID);
	if (!db_exec(r->db, &put_subscription, P(uuid_new()),
	    P(r->session->user_id), P(in->endpoint), P(in->p256dh), P(in->auth)))
		return problem(r, PROBLEM_CONFLICT);
	return reply_empty(r, 204);
}

int
push_drop(struct request *r)
{
	const struct push *in = request_input(r);

	db_exec(r->db, &drop_subscription, P(r->session->user_id),
	    P(in->endpoint));
	return reply_empty(r, 204);
}

/* VAPID (RFC 8292): who sends, for whom, until when, signed. */
static const char *
authorization(struct request *r, const char *endpoint)
{
	static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
	uint8_t point[WEBPUSH_PUBLIC_SIZE], signature[64];
	const char *claims = arena_printf(r->arena, "{\"aud\":\"%s\",\"exp\":%"
	    PRId64 ",\"sub\":\"mailto:%s\"}", origin_of(r, endpoint),
	    clock_now_us() / CLOCK_SECOND + TOKEN_S, r->app->conf->mail_from);
	const char *text = arena_printf(r->arena, "%s.%s",
	    base64url_encode(r->arena, head, strlen(head)),
	    base64url_encode(r->arena, claims, strlen(claims)));

	if (!webpush_public_key(vapid_key(r)->bytes, point) ||
	    !webpush_sign(vapid_key(r)->bytes, text, signature))
		return NULL;
	return arena_printf(r->arena, "Authorization: vapid t=%s.%s, k=%s", text,
	    base64url_encode(r->arena, signature, sizeof(signature)),
	    base64url_encode(r->arena, point, sizeof(point)));
}

static const char *
payload(struct request *r, const struct message *m)
{
	struct json_object *json = json_object_new_object();
	const char *text;

	json_object_object_add(json, "title", json_object_new_string(m->subject));
	json_object_object_add(json, "url", json_object_new_string(
	    arena_printf(r->arena, "/%s%s", m->lang, m->text)));
	json_object_object_add(json, "tag", json_object_new_string(m->message_id));
	text = arena_strdup(r->arena, json_object_to_json_string_ext(json,
	    JSON_C_TO_STRING_PLAIN));
	json_object_put(json);
	return text;
}

static enum send_result
judge(struct request *r, const struct push *to, const struct http_answer *answer)
{
	switch (answer->status) {
	case 200: case 201: case 202: case 204:
		return SEND_DONE;
	case 404: case 410:	/* the browser has left */
		if (step_begin(r)) {
			db_exec(r->db, &end_subscription, P(to->id));
			step_end(r);
		}
		return SEND_NEVER;
	case 429:
		return SEND_LATER;
	case 401: case 403:
		log_error("push.refused", "%s refuses our key: %d",
		    origin_of(r, to->endpoint), answer->status);
		return SEND_LATER;
	default:
		return answer->status >= 500 ? SEND_LATER : SEND_NEVER;
	}
}

enum send_result
push_send(struct request *r, const struct message *m, int64_t *retry_after_s,
    const char **reply)
{
	const char *headers[] = { NULL, "Content-Encoding: aes128gcm",
	    "Content-Type: application/octet-stream", "TTL: " TTL_S,
	    "Urgency: normal", NULL };
	const char *text = payload(r, m);
	struct http_client *client;
	struct http_answer answer;
	enum http_result result;
	struct buf body;
	struct push to;
	size_t n;

	*reply = "the subscription has ended";
	if (!db_one(r->db, &find_subscription, &row_schema, &to,
	    P(m->to_address)))
		return request_failed(r) ? SEND_LATER : SEND_NEVER;
	buf_init(&body, r->arena, 8192);
	headers[0] = authorization(r, to.endpoint);
	*reply = "it cannot be encrypted";
	if (headers[0] == NULL || !webpush_encrypt(
	    base64url_decode(r->arena, to.p256dh, &n),
	    base64url_decode(r->arena, to.auth, &n), text, strlen(text), &body))
		return SEND_NEVER;
	client = http_client_new();
	result = http_client_run(client, r->arena, &(struct http_call){
	    .method = "POST", .url = to.endpoint, .headers = headers,
	    .body = body.data, .body_n = body.len, .timeout_ms = 10000,
	    .max_bytes = 4096, .public_only = !is_test_origin(r, to.endpoint) },
	    &answer);
	http_client_free(client);
	*reply = answer.status > 0 ? arena_printf(r->arena, "%d",
	    answer.status) : arena_strdup(r->arena, answer.error);
	if (result != HTTP_ANSWERED)
		return result == HTTP_UNREACHABLE ? SEND_LATER : SEND_UNKNOWN;
	*retry_after_s = strtoll(http_answer_header(&answer, "Retry-After"),
	    NULL, 10);
	return judge(r, &to, &answer);
}
