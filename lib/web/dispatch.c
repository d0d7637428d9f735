/*
 * What happens around a handler, in this order: route, origin, session,
 * permission, limit, body, fields, idempotency key, BEGIN, handler, events,
 * COMMIT, what waits for the commit, and the refusal's audit entry.
 */
#include "web/app.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "web/call.h"
#include "web/idem.h"
#include "web/json_in.h"
#include "web/json_scan.h"
#include "web/limit.h"
#include "web/page.h"
#include "web/scope.h"
#include "web/text.h"

#define PAIRS_MAX 300
#define FORM_TEXT_MAX (256 * 1024)	/* of a form with files, without them */
#define TRIES 3

static const char api_prefix[] = "/api/v1";

/* /es/..., /en/... -> the language and the rest; false when it is neither. */
static bool
split_language(struct request *r)
{
	for (const char *const *lang = languages; *lang != NULL; lang++)
		if (r->path[0] == '/' && str_starts(r->path + 1, *lang) &&
		    (r->path[3] == '/' || r->path[3] == '\0')) {
			r->lang = *lang;
			r->local_path = r->path[3] == '\0' ? "/" : r->path + 3;
			return true;
		}
	return false;
}

static enum route_kind
kind_of(struct request *r)
{
	r->local_path = r->path;
	if (split_language(r))
		return KIND_PAGE;
	if (str_starts(r->path, "/internal/"))
		return KIND_INTERNAL;
	if (str_starts(r->path, "/fragments/"))
		return KIND_FRAGMENT;
	if (str_starts(r->path, api_prefix))
		r->local_path += strlen(api_prefix);
	return KIND_API;
}

/* Stands for the row of a request that has none, so that `kind` is known. */
static const struct route unrouted[] = {
	[KIND_API] = { .kind = KIND_API, .path = "" },
	[KIND_PAGE] = { .kind = KIND_PAGE, .path = "" },
	[KIND_FRAGMENT] = { .kind = KIND_FRAGMENT, .path = "" },
	[KIND_INTERNAL] = { .kind = KIND_INTERNAL, .path = "" },
};

static bool
parse_pairs(struct request *r, const char *text, size_t n, struct params *pairs)
{
	enum param_fault fault = params_parse(pairs, r->arena, text, n, PAIRS_MAX);

	if (fault == PARAM_GOOD)
		return true;
	problem_detail(r, PROBLEM_BAD_REQUEST, "%s", param_fault_message(fault));
	return false;
}

/* A form with files: the rest of it becomes the text of one without, so that it
 * is read by the same rules. */
static bool
read_parts(struct request *r, struct buf *text)
{
	bool is_good = multipart_parse(r->arena, request_env(r, "CONTENT_TYPE"),
	    r->body, r->body_n, &r->parts, &r->parts_n);

	buf_init(text, r->arena, FORM_TEXT_MAX);
	for (size_t i = 0; is_good && i < r->parts_n; i++) {
		const struct form_part *part = &r->parts[i];

		if (part->is_file)
			continue;
		is_good = part->n < FORM_TEXT_MAX &&
		    memchr(part->data, '\0', part->n) == NULL;
		buf_putc(text, '&');
		url_encode(text, part->name);
		buf_putc(text, '=');
		if (is_good)
			url_encode(text,
			    arena_strndup(r->arena, part->data, part->n));
	}
	if (is_good && !text->overflow)
		return true;
	problem(r, PROBLEM_BAD_REQUEST);
	return false;
}

/* A form says what HTML cannot: _method, and its idempotency key. */
static bool
read_form(struct request *r, const char *text, size_t n)
{
	struct params pairs;
	const char *method;

	if (!parse_pairs(r, text, n, &pairs))
		return false;
	r->input_tree = json_in_pairs(r, &pairs);
	if ((method = params_get(&pairs, "_method")) != NULL)
		r->method = method_parse(method);
	r->idempotency_key = params_get(&pairs, "idempotency_key");
	json_object_object_del(r->input_tree, "_method");
	json_object_object_del(r->input_tree, "idempotency_key");
	return true;
}

static bool
find_route(struct request *r, enum route_kind kind)
{
	bool is_ours = kind != KIND_API || r->local_path != r->path;
	const struct route *const tables[] = {	/* no API but under /api/v1 */
		is_ours ? r->app->program->routes : builtin_routes,
		is_ours ? builtin_routes : NULL, NULL
	};
	char allow[64];

	switch (route_find(tables, kind, r->method, r->local_path, r->arena,
	    &r->route, &r->path_params, allow)) {
	case ROUTE_FOUND:
		return true;
	case ROUTE_NO_METHOD:
		reply_header(r, "Allow", arena_strdup(r->arena, allow));
		problem(r, PROBLEM_METHOD_NOT_ALLOWED);
		return false;
	case ROUTE_NO_PATH:
		break;
	}
	problem(r, PROBLEM_NOT_FOUND);
	return false;
}

static bool
is_type(const char *content_type, const char *wanted)
{
	size_t n = strlen(wanted);

	return strncasecmp(content_type, wanted, n) == 0 &&
	    (content_type[n] == '\0' || content_type[n] == ';' ||
	    content_type[n] == ' ');
}

static bool
locate(struct request *r)
{
	const char *content_type = request_env(r, "CONTENT_TYPE");
	enum route_kind kind = kind_of(r);
	struct buf text;

	r->route = &unrouted[kind];
	r->is_form = kind == KIND_PAGE && r->method == POST;
	if (r->path[0] != '/' || !utf8_valid(r->path, strlen(r->path))) {
		problem(r, PROBLEM_BAD_REQUEST);
		return false;
	}
	if (r->is_form && is_type(content_type, "multipart/form-data")) {
		if (!read_parts(r, &text) || !read_form(r, text.data, text.len) ||
		    !find_route(r, kind))
			return false;
		if (!r->route->takes_files)
			problem(r, PROBLEM_MEDIA_TYPE);
		return r->route->takes_files;
	}
	if (r->is_form) {
		if (!is_type(content_type, "application/x-www-form-urlencoded")) {
			problem(r, PROBLEM_MEDIA_TYPE);
			return false;
		}
		if (!read_form(r, r->body, r->body_n))
			return false;
	}
	return find_route(r, kind);
}

/*
 * A browser says where a request comes from. What changes something must come
 * from this shop; a program says neither header and then has no cookie.
 */
static bool
check_origin(struct request *r)
{
	const char *origin = request_env(r, "HTTP_ORIGIN");
	const char *site = request_env(r, "HTTP_SEC_FETCH_SITE");
	bool is_foreign = (origin[0] != '\0' && !str_eq(origin, r->app->origin)) ||
	    str_eq(site, "cross-site") || str_eq(site, "same-site");
	bool is_silent = origin[0] == '\0' && site[0] == '\0' &&
	    request_cookie(r, SESSION_COOKIE) != NULL;

	if (r->method == GET || r->route->kind == KIND_INTERNAL ||
	    r->route->is_for_machines)
		return true;
	if (!is_foreign && !is_silent)
		return true;
	problem(r, PROBLEM_FOREIGN_ORIGIN);
	return false;
}

static bool
check_permission(struct request *r)
{
	const char *needs = r->route->needs;

	if (r->route->kind == KIND_INTERNAL) {
		if (call_is_allowed(r))
			return true;
		problem(r, PROBLEM_NOT_FOUND);	/* nothing here for you */
		return false;
	}
	if (r->route->cache_seconds > 0)
		return true;	/* the same for everybody: who asks is not asked */
	if (!session_load(r)) {
		if (r->problem == PROBLEM_NONE && !request_failed(r))
			problem(r, PROBLEM_UNAVAILABLE);
		return false;
	}
	if (str_eq(needs, PERM_PUBLIC))
		return true;
	if (r->session == NULL) {
		problem(r, PROBLEM_NOT_SIGNED_IN);
		return false;
	}
	if (str_eq(needs, PERM_SIGNED_IN) ? !session_is_key(r->session) :
	    session_may(r->session, needs) || (r->route->scope != NULL &&
	    session_place(r, needs, r->route->scope->kind) != NULL)) {
		if (!r->route->is_fresh || session_is_key(r->session) ||
		    r->session->fresh_until_us > clock_now_us())
			return true;
		problem(r, PROBLEM_STEP_UP_REQUIRED);
		return false;
	}
	scope_refuse(r, session_place(r, needs, NULL));
	return false;
}

static bool
bad_json(struct request *r, enum json_fault fault, size_t offset)
{
	problem_member(r, "code", json_object_new_string(json_fault_code(fault)));
	problem_member(r, "offset", json_object_new_int64((int64_t)offset));
	problem_detail(r, PROBLEM_BAD_JSON, "%s", json_fault_message(fault));
	return false;
}

static bool
read_json(struct request *r)
{
	enum json_fault fault;
	size_t offset = 0;

	if (!is_type(request_env(r, "CONTENT_TYPE"), "application/json")) {
		problem(r, PROBLEM_MEDIA_TYPE);
		return false;
	}
	fault = json_scan(r->arena, r->body, r->body_n, JSON_STRICT, &offset);
	if (fault != JSON_GOOD)
		return bad_json(r, fault, offset);
	r->input_tree = json_parse(r->arena, r->body, r->body_n);
	return true;
}

/* A page ignores what it does not know in its query (utm_source ...). */
static void
keep_known(struct json_object *tree, const struct schema *schema)
{
	struct json_object_iter i;
	const char *unknown[PAIRS_MAX];
	size_t n = 0;

	json_object_object_foreachC(tree, i)
		if (n < PAIRS_MAX && schema_find(schema, i.key) == NULL)
			unknown[n++] = i.key;
	while (n > 0)
		json_object_object_del(tree, unknown[--n]);
}

static const SCHEMA(no_input, char, { .name = NULL });

static bool
read_input(struct request *r)
{
	const struct schema *schema =
	    r->route->input != NULL ? r->route->input : &no_input;
	bool has_body = r->method == POST || r->method == PUT ||
	    r->method == PATCH;
	enum json_in_mode mode = JSON_IN_TEXT;
	struct params pairs;

	if (has_body && !r->is_form && r->route->input == NULL && r->body_n == 0) {
		r->input_tree = json_object_new_object();
		json_keep(r->arena, r->input_tree);
	} else if (has_body && !r->is_form) {
		if (!r->route->takes_raw_body && !read_json(r))
			return false;
		mode = JSON_IN_STRICT;
	} else if (!r->is_form) {
		if (!parse_pairs(r, r->query, strlen(r->query), &pairs))
			return false;
		r->input_tree = json_in_pairs(r, &pairs);
		if (r->route->kind == KIND_PAGE || r->route->kind == KIND_FRAGMENT)
			keep_known(r->input_tree, schema);
		else
			json_object_object_del(r->input_tree, "lang");
	}
	r->input = arena_alloc(r->arena, schema->size);
	json_in_path(r, schema, r->input);
	if (!r->route->takes_raw_body)
		json_in(r, schema, r->input_tree, mode, r->route->path, r->input);
	if (r->field_errors == NULL)
		return true;
	problem(r, PROBLEM_INVALID);
	return false;
}

/* Forgets the answer of a try, before the next one. */
static void
clear_answer(struct request *r)
{
	r->status = 0;
	r->json = NULL;
	r->text = NULL;
	r->location = NULL;
	r->headers = NULL;
	r->problem = PROBLEM_NONE;
	r->problem_detail = NULL;
	r->problem_members = r->field_errors = NULL;
	r->events = NULL;
	r->after_commit = NULL;
}

static void
answer_failure(struct request *r)
{
	enum db_failure failure = db_failure(r->db);
	const struct db_rule *rule = r->route->rules;

	if (failure == DB_CONSTRAINT)
		for (; rule != NULL && rule->constraint != NULL; rule++)
			if (str_eq(rule->constraint, db_constraint(r->db))) {
				problem(r, rule->problem);
				return;
			}
	if (failure == DB_CONSTRAINT || failure == DB_DEFECT) {
		log_error("defect", "%s %s: %s %s", method_names[r->method],
		    r->route->path, db_error(r->db), db_constraint(r->db));
		problem(r, PROBLEM_DEFECT);
		return;
	}
	r->headers = NULL;
	reply_header(r, "Retry-After", "1");
	problem(r, PROBLEM_UNAVAILABLE);
}

/* One try in a transaction; true when it is over, for better or worse. */
static bool
try_write(struct request *r, bool is_last)
{
	if (db_begin(r->db)) {
		r->route->handler(r);
		if (!request_failed(r) && r->status < 400) {
			if (r->route->how & IDEM)
				idem_store(r);
			if (step_end(r))
				return true;
		}
		db_rollback(r->db);
	}
	if (db_failure(r->db) != DB_SERIALIZATION)
		return true;
	if (is_last)
		return true;
	db_start(r->db, r->arena);
	clear_answer(r);
	usleep((useconds_t)(1000 + (r->started_us * 7919) % 9000));
	return false;
}

static void
run_handler(struct request *r)
{
	if (r->route->how & TX_WRITE) {
		for (int i = 1; i <= TRIES && !try_write(r, i == TRIES); i++)
			;
	} else {
		r->route->handler(r);
		if (db_in_transaction(r->db))
			step_undo(r);
		if (r->route->how & IDEM && !request_failed(r) &&
		    r->status < 400 && r->status > 0)
			idem_store(r);
	}
	if (request_failed(r))
		answer_failure(r);
}

static void
run(struct request *r)
{
	bool has_key = r->route->how & IDEM, may_have_happened;

	if (has_key && !idem_claim(r)) {
		if (request_failed(r))
			answer_failure(r);
		return;
	}
	run_handler(r);
	may_have_happened = db_failure(r->db) == DB_OUTCOME_UNKNOWN ||
	    (r->status >= 500 && !(r->route->how & (TX_WRITE | RESUMES)));
	if (has_key && r->status >= 400 && !may_have_happened) {
		db_start(r->db, r->arena);
		idem_free(r);
	}
}

/* A refusal is an event of its own, after the rollback. */
static void
note_refusal(struct request *r)
{
	struct json_object *data;
	int64_t failed_status = r->status;

	if (r->problem != PROBLEM_FORBIDDEN || r->session == NULL)
		return;
	data = json_object_new_object();
	json_object_object_add(data, "permission",
	    json_object_new_string(r->route->needs));
	json_object_object_add(data, "method",
	    json_object_new_string(method_names[r->method]));
	json_object_object_add(data, "path", json_object_new_string(r->local_path));
	json_add_copy(data, r->problem_members, "scope");
	db_start(r->db, r->arena);
	if (!step_begin(r)) {
		json_object_put(data);
		return;
	}
	event_emit_json(r, EVENT_ACCESS_REFUSED, r->session->user_id, data);
	step_end(r);
	r->status = (int)failed_status;
}

void
dispatch(struct request *r)
{
	if (locate(r) && check_origin(r) && check_permission(r) &&
	    limit_route(r) && read_input(r) && scope_check(r)) {
		if (r->route->kind == KIND_PAGE && r->route->template != NULL)
			page_views(r);
		else
			run(r);
	}
	if (request_failed(r) && r->problem == PROBLEM_NONE)
		answer_failure(r);
	note_refusal(r);
	if (r->status == 0) {
		log_error("defect", "%s answered nothing", r->route->path);
		problem(r, PROBLEM_DEFECT);
	}
	page_finish(r);
}

void
dispatch_view(struct request *r)
{
	run_handler(r);
}
