#include "web/session.h"

#include <json-c/json.h>

#include "base/json.h"
#include "crypto/token.h"
#include "web/app.h"
#include "web/call.h"
#include "web/json_in.h"

SCHEMA(session_schema, struct session,
	FIELD_UUID(struct session, session_id, .required = true),
	FIELD_UUID(struct session, user_id, .required = true),
	FIELD_TEXT(struct session, email),
	FIELD_TEXT(struct session, name),
	FIELD_TEXT(struct session, language),
	FIELD_TEXT(struct session, roles),
	FIELD_TEXT(struct session, permissions),
	FIELD_TEXT(struct session, factor),
	FIELD_I64(struct session, fresh_until_us));

const char *
session_copy_key(struct request *r, const char *token_hash)
{
	const char *run_id = redis_run_id(r->redis, r->arena);

	return run_id == NULL ? NULL :
	    arena_printf(r->arena, "session:%s:%s", run_id, token_hash);
}

static void
set_session(struct request *r, struct json_object *json)
{
	struct session *session = arena_new_of(r->arena, struct session);

	if (json_in(r, &session_schema, json, JSON_IN_LENIENT, NULL, session))
		r->session = session;
	r->field_errors = NULL;
}

/* True when Redis has a word to say: a copy, or that the session is dead. "ask"
 * is there while a copy could be out of date. */
static bool
from_copy(struct request *r, const char *token_hash)
{
	const char *key = session_copy_key(r, token_hash);
	struct redis_value value;
	struct json_object *json;

	if (key == NULL || !redis_do(r->redis, r->arena, &value, "GET", key) ||
	    value.type != REDIS_TEXT)
		return false;
	if (str_eq(value.text, "dead"))
		return true;
	if (str_eq(value.text, "ask"))
		return false;
	json = json_parse(r->arena, value.text, value.n);
	if (json == NULL)
		return false;
	set_session(r, json);
	return true;
}

static bool
from_auth(struct request *r, const char *token_hash)
{
	struct json_object *body = json_object_new_object();
	struct call_answer answer;

	json_object_object_add(body, "token_hash",
	    json_object_new_string(token_hash));
	if (!call(r, POST, "/internal/auth/sessions", body, &answer))
		return false;
	if (answer.status == 200)
		set_session(r, answer.json);
	return true;
}

bool
session_load(struct request *r)
{
	static const char bearer[] = "Bearer zk_";
	const char *header = request_env(r, "HTTP_AUTHORIZATION");
	const char *token = str_starts(header, bearer) ?
	    header + strlen("Bearer ") : request_cookie(r, SESSION_COOKIE);
	char hash[65];
	bool known;

	if (token == NULL || token[0] == '\0')
		return true;
	token_hash_hex(token, hash);
	if (from_copy(r, hash))
		known = true;
	else if (r->app->program->own_session != NULL)
		known = r->app->program->own_session(r, hash, &r->session);
	else
		known = from_auth(r, hash);
	if (known && r->session != NULL) {
		char text[UUID_TEXT_SIZE];

		r->factor = r->session->factor;
		r->actor = session_is_key(r->session) ?
		    arena_printf(r->arena, "key:%s",
		    uuid_text(&r->session->session_id, text)) :
		    arena_printf(r->arena, "user:%s",
		    uuid_text(&r->session->user_id, text));
	}
	return known;
}

bool
session_is_key(const struct session *session)
{
	return session->factor != NULL && str_eq(session->factor, "key");
}

bool
session_may_in(struct request *r, const char *permission, const char *scope)
{
	return session_may(r->session, permission) || session_may(r->session,
	    arena_printf(r->arena, "%s@%s", permission, scope));
}

const char *
session_place(struct request *r, const char *permission, const char *kind)
{
	const char *wanted = kind == NULL ?
	    arena_printf(r->arena, "%s@", permission) :
	    arena_printf(r->arena, "%s@%s:", permission, kind);
	const char *all = r->session->permissions, *at = all;
	size_t n = strlen(wanted);

	for (; at != NULL && (at = strstr(at, wanted)) != NULL; at += n)
		if (at == all || at[-1] == ' ')
			return arena_strndup(r->arena, at + n,
			    strcspn(at + n, " "));
	return NULL;
}

bool
session_may(const struct session *session, const char *permission)
{
	const char *at = session->permissions;
	size_t n = strlen(permission);

	if (at == NULL)
		return false;
	if (str_eq(at, "*"))
		return true;
	for (; (at = strstr(at, permission)) != NULL; at += n)
		if ((at == session->permissions || at[-1] == ' ') &&
		    (at[n] == ' ' || at[n] == '\0'))
			return true;
	return false;
}
