/* The routes that every program has: health, metrics, the intake of events. */
#include "web/app.h"

#include <json-c/json.h>

#include "web/counters.h"
#include "web/json_in.h"
#include "web/person.h"
#include "web/runs.h"

#define EVENTS_MAX 200

struct no_path {
	const char *domain;
};

static SCHEMA(domain_input, struct no_path,
	FIELD_TEXT(struct no_path, domain, .required = true));

struct intake {
	const char *domain;
	struct event *events;
	size_t events_n;
};

static SCHEMA(intake_input, struct intake,
	FIELD_TEXT(struct intake, domain, .required = true),
	FIELD_LIST(struct intake, events, events_n, &event_schema,
	    .required = true, .min = 1, .max = EVENTS_MAX));

DB_QUERY(ping, 0, "SELECT 1");
DB_QUERY(put_inbox, 1,
	"INSERT INTO inbox (event_id) VALUES ($1)"
	" ON CONFLICT ON CONSTRAINT inbox_pkey DO NOTHING");

/* GET /healthz: the process answers. */
static int
health(struct request *r)
{
	struct json_object *answer = json_object_new_object();

	json_object_object_add(answer, "status", json_object_new_string("ok"));
	return reply_json(r, 200, answer);
}

/* GET /readyz: each dependency's state; 503 when the database is away. */
static int
ready(struct request *r)
{
	struct json_object *answer = json_object_new_object();
	bool database = db_exec(r->db, &ping);
	bool redis = redis_run_id(r->redis, r->arena) != NULL;

	db_start(r->db, r->arena);
	json_object_object_add(answer, "database",
	    json_object_new_string(database ? "ok" : "down"));
	json_object_object_add(answer, "redis",
	    json_object_new_string(redis ? "ok" : "down"));
	return reply_json(r, database ? 200 : 503, answer);
}

static int
metrics(struct request *r)
{
	struct buf *out = arena_new_of(r->arena, struct buf);

	buf_init(out, r->arena, 64 * 1024);
	counters_print(r->app->counters, out, r->app->program->name);
	return reply_text(r, 200, "text/plain; version=0.0.4", out);
}

DB_QUERY(put_settings, 1,
	"INSERT INTO setting AS s (name, value) SELECT key, value"
	" FROM jsonb_each($1::jsonb) WHERE jsonb_typeof(value) <> 'null'"
	" ON CONFLICT ON CONSTRAINT setting_pkey"
	" DO UPDATE SET value = excluded.value");

/* Every program keeps the shop's settings beside its own data. */
static bool
on_settings(struct request *r, const struct event *event)
{
	db_exec(r->db, &put_settings,
	    P(json_object_to_json_string(event->data)));
	return !request_failed(r);
}

static bool
(*handler_of(const struct program *p, enum event_type type))
    (struct request *, const struct event *)
{
	const struct subscription *s = p->subscriptions;

	for (; s != NULL && s->handler != NULL; s++)
		if (s->type == type)
			return s->handler;
	return type == EVENT_SETTING_CHANGED ? on_settings : NULL;
}

/* One event in a part of its own; why it could not be taken, or NULL. */
static const char *
take(struct request *r, struct event *event)
{
	bool (*handler)(struct request *, const struct event *);
	bool done = true;

	if (!str_eq(event->source, r->caller))
		return "it is another program's event";
	event->type = event_parse(event->type_text);
	if (event->type == EVENT_COUNT)
		return NULL;	/* versions differ: nothing to do here */
	if (!str_eq(event_kinds[event->type].source, r->caller) &&
	    !str_eq(event_kinds[event->type].source, "*"))
		return "it is another program's event";
	handler = handler_of(r->app->program, event->type);
	if (handler == NULL && event->type != EVENT_USER_CLOSED)
		return NULL;
	if (!db_savepoint(r->db))
		return "the database is away";
	if (db_exec(r->db, &put_inbox, P(event->id)))
		done = (event->type != EVENT_USER_CLOSED ||
		    person_on_closed(r, event)) &&
		    (handler == NULL || handler(r, event)) &&
		    r->problem == PROBLEM_NONE;
	if (!done && !request_failed(r))
		db_undo_part(r->db);
	if (!db_savepoint_end(r->db) || !done) {
		r->problem = PROBLEM_NONE;
		return "the handler refused it";
	}
	return NULL;
}

/* Was an earlier event of the same subject refused? Then this one waits, so
 * that a subject's events keep their order. */
static bool
waits(const struct intake *in, const bool *is_refused, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_refused[k] && uuid_equal(&in->events[k].subject,
		    &in->events[i].subject))
			return true;
	return false;
}

/* POST /internal/<domain>/events: each event once, whatever is sent. */
static int
intake(struct request *r)
{
	const struct intake *in = request_input(r);
	bool *is_refused = arena_new_array(r->arena, bool, in->events_n);
	struct json_object *answer = json_object_new_object();
	struct json_object *results = json_object_new_array();
	char id[UUID_TEXT_SIZE];

	json_object_object_add(answer, "results", results);
	for (size_t i = 0; i < in->events_n; i++) {
		struct event *kept = r->events;
		const char *error = waits(in, is_refused, i) ?
		    "an event before it waits" : take(r, &in->events[i]);
		struct json_object *result = json_object_new_object();

		is_refused[i] = error != NULL;
		if (error != NULL)
			r->events = kept;	/* what it emitted goes with it */
		json_object_object_add(result, "id", json_object_new_string(
		    uuid_text(&in->events[i].id, id)));
		json_object_object_add(result, "ok",
		    json_object_new_boolean(error == NULL));
		if (error != NULL)
			json_object_object_add(result, "error",
			    json_object_new_string(error));
		json_object_array_add(results, result);
	}
	return reply_json(r, 200, answer);
}

const struct route builtin_routes[] = {
	API(GET, "/healthz", PERM_PUBLIC, NULL, TX_READ, health),
	API(GET, "/readyz", PERM_PUBLIC, NULL, TX_READ, ready),
	API(GET, "/metrics", PERM_PUBLIC, NULL, TX_READ, metrics),
	API(GET, "/{domain}/healthz", PERM_PUBLIC, &domain_input, TX_READ, health),
	API(GET, "/{domain}/readyz", PERM_PUBLIC, &domain_input, TX_READ, ready),
	API(GET, "/{domain}/metrics", PERM_PUBLIC, &domain_input, TX_READ, metrics),
	INTERNAL(POST, "/internal/{domain}/events", "*", &intake_input, TX_WRITE,
	    intake),
	INTERNAL(GET, "/internal/{domain}/runs", "system", &runs_input, TX_READ,
	    runs_list),
	INTERNAL(POST, "/internal/{domain}/person", "auth", &person_asked_input,
	    TX_READ, person_tell_internal),
	ROUTE_END
};
