#include "web/app.h"

#include <getopt.h>
#include <json-c/json.h>
#include <setjmp.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/http_client.h"
#include "web/counters.h"
#include "web/loop.h"
#include "web/master.h"
#include "web/openapi.h"
#include "web/words.h"

#define BODY_MAX (64 * 1024)
#define INTERNAL_MAX (256 * 1024)	/* events come in batches */
#define UPLOAD_MAX (32 * 1024 * 1024)

/* A worker: what it keeps from request to request. */
struct worker {
	struct app *app;
	struct arena *arena;
	struct db *db;
	struct redis *redis;
	jmp_buf exhausted;	/* where a request ends that found no memory */
};

static void
on_exhausted(void *context)
{
	struct worker *w = context;

	longjmp(w->exhausted, 1);
}

static struct worker *
worker_new(struct app *app)
{
	struct worker *w = arena_new_of(app->arena, struct worker);

	w->app = app;
	w->arena = arena_new();
	arena_on_exhausted(w->arena, on_exhausted, w);
	w->db = db_new(conf_db_url(app->conf->db_url, app->program->name,
	    app->arena), app->conf->db_prepare);
	w->redis = redis_new(app->conf->redis);
	app->http = http_client_new();
	return w;
}

/* The language where the path does not say it: query, cookie, browser. */
static const char *
choose_language(struct request *r)
{
	const char *asked[3], *at;

	at = strstr(r->query, "lang=");
	asked[0] = at != NULL ? at + 5 : request_env(r, "HTTP_X_ZOCO_LANG");
	at = strstr(request_env(r, "HTTP_COOKIE"), "zoco_lang=");
	asked[1] = at != NULL ? at + 10 : "";
	asked[2] = request_env(r, "HTTP_ACCEPT_LANGUAGE");
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		for (const char *const *lang = languages; *lang != NULL; lang++)
			if (strncmp(asked[i], *lang, 2) == 0)
				return *lang;
	return languages[0];
}

/* A header of an internal call, or what nginx says. */
static const char *
handed_on(struct request *r, const char *header, const char *otherwise)
{
	const char *value = request_env(r, header);

	if (str_eq(request_env(r, "ZOCO_INTERNAL"), "1") && value[0] != '\0')
		return value;
	return otherwise;
}

static struct request *
request_new(struct worker *w, const FCGX_Request *fcgi)
{
	struct request *r = arena_new_of(w->arena, struct request);
	const char *path;

	r->app = w->app;
	r->arena = w->arena;
	r->db = w->db;
	r->redis = w->redis;
	r->started_us = clock_monotonic_us();
	r->environment = (const char *const *)fcgi->envp;
	r->method = method_parse(request_env(r, "REQUEST_METHOD"));
	if (str_eq(request_env(r, "REQUEST_METHOD"), "HEAD"))
		r->method = GET;
	path = request_env(r, "DOCUMENT_URI");
	r->path = path[0] != '\0' ? path : request_env(r, "PATH_INFO");
	r->query = request_env(r, "QUERY_STRING");
	r->id = handed_on(r, "HTTP_X_ZOCO_REQUEST", request_env(r, "REQUEST_ID"));
	r->actor = handed_on(r, "HTTP_X_ZOCO_ACTOR", "guest");
	r->factor = handed_on(r, "HTTP_X_ZOCO_FACTOR", NULL);
	r->address = handed_on(r, "HTTP_X_ZOCO_ADDRESS",
	    str_eq(request_env(r, "ZOCO_INTERNAL"), "1") ? "" :
	    request_env(r, "REMOTE_ADDR"));
	r->lang = choose_language(r);
	r->body = "";
	path = request_env(r, "HTTP_IDEMPOTENCY_KEY");
	r->idempotency_key = path[0] != '\0' ? path : NULL;
	return r;
}

/* The body, whole, in the arena. False: the problem is set, or the peer left
 * (then the status is 0 and there is nobody to answer). */
static bool
read_body(struct request *r, FCGX_Request *fcgi)
{
	const char *length = request_env(r, "CONTENT_LENGTH");
	size_t max = r->app->program->stores_bodies ? UPLOAD_MAX :
	    str_eq(request_env(r, "ZOCO_INTERNAL"), "1") ? INTERNAL_MAX : BODY_MAX;
	unsigned long long n = strtoull(length, NULL, 10);
	char *body;

	if (n > max) {
		problem(r, PROBLEM_TOO_LARGE);
		return false;
	}
	body = arena_alloc(r->arena, n + 1);
	if (!loop_read_body(fcgi, n, body))
		return false;
	r->body = body;
	r->body_n = n;
	return true;
}

static struct json_object *
problem_json(struct request *r)
{
	const struct problem_kind *kind = &problem_kinds[r->problem];
	struct json_object *value = json_object_new_object();
	const char *word = arena_printf(r->arena, "problem.%s", kind->slug);
	const char *title = app_word(r->app, r->lang, word);

	json_object_object_add(value, "type", json_object_new_string(
	    arena_printf(r->arena, "/problems/%s", kind->slug)));
	json_object_object_add(value, "title", json_object_new_string(
	    str_eq(title, word) ? kind->title : title));
	json_object_object_add(value, "status", json_object_new_int(r->status));
	if (r->problem_detail != NULL)
		json_object_object_add(value, "detail",
		    json_object_new_string(r->problem_detail));
	json_object_object_add(value, "instance", json_object_new_string(r->id));
	if (r->field_errors != NULL)
		json_object_object_add(value, "errors",
		    json_object_get(r->field_errors));
	if (r->problem_members != NULL) {
		json_object_object_foreach(r->problem_members, name, member)
			json_object_object_add(value, name,
			    json_object_get(member));
	}
	return value;
}

/* The answer's body; its type goes into *type. */
static const char *
print_body(struct request *r, size_t *n, const char **type)
{
	if (r->text != NULL) {
		*type = r->content_type;
		*n = r->text->len;
		return r->text->data;
	}
	*type = "application/json";
	if (r->problem != PROBLEM_NONE) {
		*type = "application/problem+json";
		reply_json(r, r->status, problem_json(r));
	}
	*n = 0;
	if (r->json == NULL)
		return "";
	return json_object_to_json_string_length(r->json,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, n);
}

static bool
send_answer(struct request *r, FCGX_Request *fcgi)
{
	const char *type, *body;
	struct buf head;
	size_t n;

	body = print_body(r, &n, &type);
	buf_init(&head, r->arena, 64 * 1024);
	buf_printf(&head, "Status: %d\r\nContent-Length: %zu\r\n"
	    "X-Request-Id: %s\r\n", r->status, n, r->id);
	if (n > 0)
		buf_printf(&head, "Content-Type: %s\r\n", type);
	if (r->location != NULL)
		buf_printf(&head, "Location: %s\r\n", r->location);
	if (r->replayed)
		buf_puts(&head, "Idempotent-Replayed: true\r\n");
	buf_puts(&head, "Cache-Control: no-store\r\n");
	for (const struct header *h = r->headers; h != NULL; h = h->next)
		buf_printf(&head, "%s: %s\r\n", h->name, h->value);
	buf_puts(&head, "\r\n");
	return FCGX_PutStr(head.data, (int)head.len, fcgi->out) >= 0 &&
	    (n == 0 || FCGX_PutStr(body, (int)n, fcgi->out) >= 0);
}

static void
log_answer(const struct request *r, int64_t us)
{
	char members[600];
	char user[UUID_TEXT_SIZE] = "";

	if (r->session != NULL)
		uuid_text(&r->session->user_id, user);
	snprintf(members, sizeof(members), ",\"method\":\"%s\",\"route\":\"%s\","
	    "\"status\":%d,\"us\":%" PRId64 ",\"db_us\":%" PRId64
	    ",\"statements\":%" PRId64 "%s%s%s",
	    r->method == METHOD_COUNT ? "?" : method_names[r->method],
	    r->route != NULL ? r->route->path : "", r->status, us, db_us(r->db),
	    db_statements(r->db), user[0] ? ",\"user\":\"" : "", user,
	    user[0] ? "\"" : "");
	log_members(LOG_LEVEL_INFO, "request", members);
}

static void
finish(struct request *r)
{
	int64_t us = clock_monotonic_us() - r->started_us;

	counters_end(r->app->counters, r->app->slot, r->status, us);
	log_answer(r, us);
	for (struct later *l = r->after_send; l != NULL; l = l->next)
		l->fn(r, l->context);
	log_request_id(NULL);
}

static void
answer(struct worker *w, FCGX_Request *fcgi)
{
	static const struct route none = { .path = "", .kind = KIND_API };
	struct request *r = request_new(w, fcgi);

	r->route = &none;
	log_request_id(r->id);
	db_start(w->db, w->arena);
	if (read_body(r, fcgi))
		dispatch(r);
	if (r->status != 0)
		send_answer(r, fcgi);
	else
		r->status = 499;	/* hung up in the middle of its body */
	FCGX_FFlush(fcgi->out);
	finish(r);
}

static bool
serve(void *context, FCGX_Request *fcgi)
{
	struct worker *w = context;

	counters_begin(w->app->counters, w->app->slot);
	if (setjmp(w->exhausted) == 0) {
		answer(w, fcgi);
	} else {
		static const char text[] = "Status: 503\r\nRetry-After: 1\r\n"
		    "Content-Length: 0\r\n\r\n";

		db_rollback(w->db);
		FCGX_PutStr(text, (int)strlen(text), fcgi->out);
		counters_end(w->app->counters, w->app->slot, 503, 0);
		log_error("memory", "a request found no memory");
	}
	arena_reset(w->arena);
	return true;
}

static int
work(void *context, const struct master_worker *self)
{
	struct app *app = context;
	struct loop_limits limits = {
		.requests = (uint64_t)app->conf->worker_requests,
		.memory_kb = app->conf->worker_memory_mb * 1024,
	};

	app->slot = self->slot;
	return loop_run(self->listener, serve, worker_new(app), &limits);
}

static int
run_master(struct app *app, char **argv)
{
	const struct program *p = app->program;
	struct master_pool pools[2] = {
		{ arena_printf(app->arena, "%s/%s.sock", app->conf->run_dir,
		    p->name), (int)conf_workers(app->conf, p->name), 0, 0 },
	};
	struct master master = { .pools = pools, .pool_count = 1, .work = work,
	    .context = app, .argv = argv,
	    .check = (char *)(uintptr_t)"--check-config" };

	if (p->extra_pool != NULL)
		pools[master.pool_count++] = (struct master_pool){
		    arena_printf(app->arena, "%s/%s-%s.sock",
		    app->conf->run_dir, p->name, p->extra_pool),
		    p->extra_workers, p->extra_nice, p->extra_queue };
	app->counters = counters_new(pools[0].workers + p->extra_workers);
	master.counters = app->counters;
	return master_run(&master);
}

static int
check_sql(struct app *app)
{
	struct request *r = app_request_new(app, "check");
	int faults = db_check_queries(r->db);

	app_request_free(r);
	return faults == 0 ? 0 : 1;
}

static int
list_words(struct app *app)
{
	struct buf out;
	size_t n;

	buf_init(&out, app->arena, 1 << 20);
	n = words_missing(app->words, &out);
	fputs(out.data, stdout);
	return n == 0 ? 0 : 1;
}

static int
usage(const struct program *p, FILE *out)
{
	fprintf(out, "zoco-%s: serves the %s domain of a Zoco shop\n"
	    "usage: zoco-%s [--config FILE] [what]\n"
	    "  --config FILE    default /etc/zoco/zoco.conf\n"
	    "  --check-config   only say whether it could start\n"
	    "  --check-sql      PREPARE every query on the database\n"
	    "  --routes         print the routes, one JSON object a line\n"
	    "  --openapi        print the OpenAPI document\n"
	    "  --words          list words that a language lacks\n"
	    "  --version\n", p->name, p->name, p->name);
	return out == stdout ? 0 : 2;
}

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "check-config", no_argument, NULL, 'k' },
	{ "check-sql", no_argument, NULL, 's' },
	{ "routes", no_argument, NULL, 'r' },
	{ "openapi", no_argument, NULL, 'o' },
	{ "words", no_argument, NULL, 'w' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 }
};

int
app_main(const struct program *program, int argc, char **argv)
{
	const char *path = "/etc/zoco/zoco.conf";
	int what = 0, option;
	struct app *app;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return usage(program, stderr);
		if (option == 'c')
			path = optarg;
		else
			what = option;
	}
	if (what == 'h')
		return usage(program, stdout);
	if (what == 'v')
		return printf("zoco-%s %s\n", program->name, ZOCO_VERSION) < 0;
	if (what == 'r')
		return routes_print(program);
	if (what == 'o')
		return openapi_print(program);
	if ((app = app_open(program, path)) == NULL)
		return 1;
	if (what != 0) {
		int status = what == 's' ? check_sql(app) :
		    what == 'w' ? list_words(app) : 0;

		app_close(app);
		return status;
	}
	if (loop_is_cgi()) {
		app->counters = counters_new(1);
		return loop_run_cgi(serve, worker_new(app));
	}
	return run_master(app, argv);
}
