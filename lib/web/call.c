#include "web/call.h"

#include <json-c/json.h>

#include "base/json.h"
#include "base/log.h"
#include "crypto/token.h"
#include "net/http_client.h"
#include "web/app.h"
#include "web/json_in.h"

#define ANSWER_MAX_BYTES (4 * 1024 * 1024)

static bool
unavailable(struct request *r, const char *path, const char *why)
{
	log_warn("call.failed", "%s: %s", path, why);
	reply_header(r, "Retry-After", "2");
	problem(r, PROBLEM_UNAVAILABLE);
	return false;
}

static const char *
problem_slug(struct json_object *json)
{
	static const char prefix[] = "/problems/";
	struct json_object *type;
	const char *text;

	if (json == NULL || !json_object_object_get_ex(json, "type", &type))
		return "";
	text = json_object_get_string(type);
	return str_starts(text, prefix) ? text + strlen(prefix) : "";
}

bool
call(struct request *r, enum method method, const char *path,
    struct json_object *body, struct call_answer *answer)
{
	const struct conf *conf = r->app->conf;
	const char *headers[] = {
		"Content-Type: application/json",
		arena_printf(r->arena, "X-Zoco-Caller: %s", r->app->program->name),
		arena_printf(r->arena, "X-Zoco-Key: %s", r->app->caller_key),
		arena_printf(r->arena, "X-Zoco-Actor: %s", r->actor),
		arena_printf(r->arena, "X-Zoco-Request: %s", r->id),
		arena_printf(r->arena, "X-Zoco-Lang: %s", r->lang),
		arena_printf(r->arena, "X-Zoco-Address: %s", r->address),
		arena_printf(r->arena, "X-Zoco-Factor: %s",
		    r->factor == NULL ? "" : r->factor),
		NULL
	};
	struct http_call out = {
		.method = method_names[method],
		.url = arena_printf(r->arena, "http://internal%s", path),
		.unix_socket = conf->internal_socket,
		.headers = headers,
		.timeout_ms = conf->call_timeout_ms,
		.connect_timeout_ms = conf->call_timeout_ms,
		.max_bytes = ANSWER_MAX_BYTES,
	};
	struct http_answer in;

	assert(!db_in_transaction(r->db));
	*answer = (struct call_answer){ .problem = "" };
	if (body != NULL) {
		json_keep(r->arena, body);
		out.body = json_object_to_json_string_length(body,
		    JSON_C_TO_STRING_PLAIN, &out.body_n);
	}
	if (http_client_run(r->app->http, r->arena, &out, &in) != HTTP_ANSWERED)
		return unavailable(r, path, "out of reach");
	answer->status = in.status;
	if (in.status >= 500)
		return unavailable(r, path, "failed");
	if (in.n > 0 && (answer->json = json_parse(r->arena,
	    in.body, in.n)) == NULL)
		return unavailable(r, path, "unreadable answer");
	if (in.status >= 400)
		answer->problem = problem_slug(answer->json);
	return true;
}

bool
call_read(struct request *r, const struct call_answer *answer,
    const struct schema *schema, void *object)
{
	memset(object, 0, schema->size);
	if (answer->json != NULL &&
	    json_in(r, schema, answer->json, JSON_IN_LENIENT, NULL, object))
		return true;
	r->field_errors = NULL;
	return unavailable(r, schema->name, "unexpected answer");
}

bool
call_read_list(struct request *r, const struct call_answer *answer,
    const char *name, const struct schema *schema, void **items, size_t *n)
{
	struct json_object *list = NULL;
	char *rows;

	*n = 0;
	*items = NULL;
	if (!json_object_object_get_ex(answer->json, name, &list) ||
	    !json_object_is_type(list, json_type_array))
		return unavailable(r, name, "unexpected answer");
	*n = json_object_array_length(list);
	*items = rows = arena_calloc(r->arena, *n + 1, schema->size);
	for (size_t i = 0; i < *n; i++)
		if (!json_in(r, schema, json_object_array_get_idx(list, i),
		    JSON_IN_LENIENT, NULL, rows + i * schema->size)) {
			r->field_errors = NULL;
			return unavailable(r, name, "unexpected answer");
		}
	return true;
}

void
call_forgive(struct request *r)
{
	r->problem = PROBLEM_NONE;
	r->status = 0;
	r->headers = NULL;
}

/* Is `name` one of the spaced words? */
static bool
has_word(const char *words, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = words; (at = strstr(at, name)) != NULL; at += n)
		if ((at == words || at[-1] == ' ') &&
		    (at[n] == ' ' || at[n] == '\0'))
			return n > 0;
	return false;
}

bool
call_is_allowed(struct request *r)
{
	const char *name = request_env(r, "HTTP_X_ZOCO_CALLER");
	const char *known;
	char hash[65];

	if (!str_eq(request_env(r, "ZOCO_INTERNAL"), "1") ||
	    (!has_word(r->route->needs, name) && !str_eq(r->route->needs, "*")))
		return false;
	known = app_caller_hash(r->app, name);
	token_hash_hex(request_env(r, "HTTP_X_ZOCO_KEY"), hash);
	if (known == NULL || !equal_constant_time(known, hash))
		return false;
	r->caller = arena_strdup(r->arena, name);
	return true;
}
