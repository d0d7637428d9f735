/* SMS, handed over to Twilio (Messages, API 2010-04-01). */
#include "notifications.h"

#include <json-c/json.h>

#include "net/http_client.h"
#include "web/params.h"

static const char base64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Base64 with padding (RFC 4648 4), as HTTP's Basic scheme wants it. */
static const char *
basic(struct request *r, const char *user, const char *password)
{
	const char *text = arena_printf(r->arena, "%s:%s", user, password);
	size_t n = strlen(text);
	struct buf out;

	buf_init(&out, r->arena, 1000);
	buf_puts(&out, "Authorization: Basic ");
	for (size_t i = 0; i < n; i += 3) {
		uint32_t bits = (uint32_t)(uint8_t)text[i] << 16;

		bits |= i + 1 < n ? (uint32_t)(uint8_t)text[i + 1] << 8 : 0;
		bits |= i + 2 < n ? (uint8_t)text[i + 2] : 0;
		buf_putc(&out, base64[bits >> 18]);
		buf_putc(&out, base64[bits >> 12 & 63]);
		buf_putc(&out, i + 1 < n ? base64[bits >> 6 & 63] : '=');
		buf_putc(&out, i + 2 < n ? base64[bits & 63] : '=');
	}
	return out.data;
}

const char *
secret_of(struct request *r, const char *path)
{
	FILE *file = path[0] == '\0' ? NULL : fopen(path, "re");
	char *text = arena_alloc(r->arena, 256);

	if (file == NULL)
		return NULL;
	text[fread(text, 1, 255, file)] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	fclose(file);
	return text;
}

static void
put(struct buf *body, const char *name, const char *value)
{
	buf_printf(body, "%s%s=", body->len > 0 ? "&" : "", name);
	url_encode(body, value);
}

enum send_result
sms_send(struct request *r, const struct message *m, int64_t *retry_after_s,
    const char **reply)
{
	const struct conf *conf = r->app->conf;
	const char *token = secret_of(r, conf->twilio_token_file);
	const char *headers[] = { NULL,
	    "Content-Type: application/x-www-form-urlencoded", NULL };
	struct http_client *client;
	struct http_answer answer;
	enum http_result result;
	struct buf body;

	*reply = "no SMS provider is set up";
	if (conf->twilio_account[0] == '\0' || token == NULL)
		return SEND_NEVER;
	headers[0] = basic(r, conf->twilio_account, token);
	buf_init(&body, r->arena, 8192);
	put(&body, "To", m->to_address);
	put(&body, "From", conf->twilio_from);
	put(&body, "Body", m->text);
	client = http_client_new();
	result = http_client_run(client, r->arena, &(struct http_call){
	    .method = "POST", .url = arena_printf(r->arena,
	    "%s/2010-04-01/Accounts/%s/Messages.json", conf->twilio_url,
	    conf->twilio_account), .headers = headers, .body = body.data,
	    .body_n = body.len, .timeout_ms = 10000, .max_bytes = 64 * 1024 },
	    &answer);
	http_client_free(client);
	*reply = answer.status > 0 ? arena_printf(r->arena, "%d %.200s",
	    answer.status, answer.body) : arena_strdup(r->arena, answer.error);
	if (result != HTTP_ANSWERED)
		return result == HTTP_UNREACHABLE ? SEND_LATER : SEND_UNKNOWN;
	*retry_after_s = strtoll(http_answer_header(&answer, "Retry-After"),
	    NULL, 10);
	if (answer.status == 201)
		return SEND_DONE;
	return answer.status == 429 || answer.status >= 500 ? SEND_LATER :
	    SEND_NEVER;
}
