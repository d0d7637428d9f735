/* The routes that every program has: health, metrics, the intake of events. */
#include "web/app.h"

#include <json-c/json.h>

#include "web/counters.h"
#include "web/json_in.h"
#include "web/parked.h"
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
	"INSERT INTO inbox (event_id)"
	" SELECT e::uuid FROM jsonb_array_elements_text($1::jsonb) AS e ORDER BY 1"
	" ON CONFLICT ON CONSTRAINT inbox_pkey DO NOTHING RETURNING event_id");

struct noted {
	struct uuid event_id;
};

static SCHEMA(noted_schema, struct noted,
	FIELD_UUID(struct noted, event_id));

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

/* One of them, or neither: it is no concern of ours. */
struct taker {
	bool (*handler)(struct request *, const struct event *);
	bool (*batch)(struct request *, const struct event *const *, size_t n);
};

static struct taker
taker_of(const struct program *p, enum event_type type)
{
	const struct batch_subscription *b = p->batches;
	const struct subscription *s = p->subscriptions;

	for (; b != NULL && b->handler != NULL; b++)
		if (b->type == type)
			return (struct taker){ .batch = b->handler };
	for (; s != NULL && s->handler != NULL; s++)
		if (s->type == type)
			return (struct taker){ .handler = s->handler };
	if (type == EVENT_USER_CLOSED && p->person != NULL)
		return (struct taker){ .handler = person_on_closed };
	return (struct taker){ .handler = type == EVENT_SETTING_CHANGED ?
	    on_settings : NULL };
}

static bool
concerns_us(const struct program *p, enum event_type type)
{
	struct taker taker = taker_of(p, type);

	return taker.handler != NULL || taker.batch != NULL;
}

/* Who may tell of it? What we do not know is of a newer version, or no concern
 * of ours. */
static bool
is_theirs(struct request *r, struct event *event)
{
	const char *source;

	event->type = event_parse(event->type_text);
	source = event->type == EVENT_COUNT ? "*" :
	    event_kinds[event->type].source;
	return str_eq(event->source, r->caller) &&
	    (str_eq(source, r->caller) || str_eq(source, "*"));
}

/* Notes those of n events that are new in the inbox, in one statement. */
static struct noted *
note(struct request *r, const struct event *events, size_t n, size_t *noted_n)
{
	struct json_object *ids = json_object_new_array();
	struct noted *noted = NULL;
	char id[UUID_TEXT_SIZE];

	for (size_t i = 0; i < n; i++)
		if (concerns_us(r->app->program, events[i].type))
			json_object_array_add(ids, json_object_new_string(
			    uuid_text(&events[i].id, id)));
	*noted_n = 0;
	if (json_object_array_length(ids) > 0)
		db_all(r->db, &put_inbox, &noted_schema, &noted, noted_n,
		    P(arena_strdup(r->arena, json_object_to_json_string(ids))));
	json_object_put(ids);
	return noted;
}

/* Is it among those that were noted just now? Only once. */
static bool
is_new(struct noted *noted, size_t n, const struct event *event)
{
	for (size_t i = 0; i < n; i++)
		if (uuid_equal(&noted[i].event_id, &event->id)) {
			noted[i] = noted[n - 1];
			noted[n - 1] = (struct noted){ { { 0 } } };
			return true;
		}
	return false;
}

static struct later **
end_of(struct later **list)
{
	while (*list != NULL)
		list = &(*list)->next;
	return list;
}

/* Runs the handlers of what is new; false at the first that says so. */
static bool
handle(struct request *r, const struct event *const *events, size_t n)
{
	size_t next;

	for (size_t i = 0; i < n; i = next) {
		struct taker taker = taker_of(r->app->program, events[i]->type);

		for (next = i + 1; taker.batch != NULL && next < n; next++)
			if (taker_of(r->app->program, events[next]->type).batch !=
			    taker.batch)
				break;
		if (taker.batch != NULL ? !taker.batch(r, &events[i], next - i) :
		    !taker.handler(r, events[i]))
			return false;
		if (r->problem != PROBLEM_NONE || request_failed(r))
			return false;
	}
	return !request_failed(r);
}

/* Takes n events in one part: all of them, or (false) none. */
static bool
take(struct request *r, const struct event *events, size_t n)
{
	struct event **events_end = &r->events;
	struct later **commit_end = end_of(&r->after_commit);
	struct later **send_end = end_of(&r->after_send);
	const struct event **new = arena_new_array(r->arena,
	    const struct event *, n);
	size_t noted_n, new_n = 0;
	struct noted *noted;
	bool is_done;

	while (*events_end != NULL)
		events_end = &(*events_end)->next;
	if (!db_savepoint(r->db))
		return false;
	noted = note(r, events, n, &noted_n);
	for (size_t i = 0; i < n; i++)
		if (is_new(noted, noted_n, &events[i]))
			new[new_n++] = &events[i];
	is_done = handle(r, new, new_n);
	if (!is_done && !request_failed(r))
		db_undo_part(r->db);
	if (db_savepoint_end(r->db) && is_done)
		return true;
	r->problem = PROBLEM_NONE;
	*events_end = NULL;	/* what it emitted and put off goes with it */
	*commit_end = *send_end = NULL;
	return false;
}

/* Was an earlier event of the same subject refused? Then this one waits, so
 * that a subject's events keep their order. */
static bool
waits(const struct intake *in, const char *const *errors, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (errors[k] != NULL && uuid_equal(&in->events[k].subject,
		    &in->events[i].subject))
			return true;
	return false;
}

/* Each by itself: why it could not be taken, or NULL. */
static void
take_singly(struct request *r, const struct intake *in, const char **errors)
{
	for (size_t i = 0; i < in->events_n; i++)
		if (waits(in, errors, i))
			errors[i] = "an event before it waits";
		else if (!is_theirs(r, &in->events[i]))
			errors[i] = "it is another program's event";
		else if (!take(r, &in->events[i], 1))
			errors[i] = "the handler refused it";
}

/*
 * POST /internal/<domain>/events: each event once, whatever is sent. Nearly
 * always all can be taken, and then there is one part for all of them; else
 * each has its own.
 */
static int
intake(struct request *r)
{
	const struct intake *in = request_input(r);
	const char **errors = arena_new_array(r->arena, const char *,
	    in->events_n);
	struct json_object *answer = json_object_new_object();
	struct json_object *results = json_object_new_array();
	bool are_theirs = true;
	char id[UUID_TEXT_SIZE];

	json_object_object_add(answer, "results", results);
	for (size_t i = 0; i < in->events_n; i++)
		are_theirs = is_theirs(r, &in->events[i]) && are_theirs;
	if (!are_theirs || !take(r, in->events, in->events_n))
		take_singly(r, in, errors);
	for (size_t i = 0; i < in->events_n; i++) {
		struct json_object *result = json_object_new_object();

		json_object_object_add(result, "id", json_object_new_string(
		    uuid_text(&in->events[i].id, id)));
		json_object_object_add(result, "ok",
		    json_object_new_boolean(errors[i] == NULL));
		if (errors[i] != NULL)
			json_object_object_add(result, "error",
			    json_object_new_string(errors[i]));
		json_object_array_add(results, result);
	}
	return reply_json(r, 200, answer);
}

/* GET /internal/<domain>/permissions: what its routes ask for. */
static int
permissions(struct request *r)
{
	struct json_object *answer = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (const struct route *row = r->app->program->routes;
	    row->path != NULL; row++)
		if (row->kind != KIND_INTERNAL && strchr(row->needs, '.') != NULL)
			json_object_array_add(list,
			    json_object_new_string(row->needs));
	json_object_object_add(answer, "permissions", list);
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
	INTERNAL(GET, "/internal/{domain}/parked", "system", &parked_input,
	    TX_READ, parked_list),
	INTERNAL(POST, "/internal/{domain}/parked/replay", "system",
	    &parked_replay_input, TX_WRITE, parked_replay_asked),
	INTERNAL(GET, "/internal/{domain}/permissions", "auth", &domain_input,
	    TX_READ, permissions),
	INTERNAL(POST, "/internal/{domain}/person", "auth", &person_asked_input,
	    TX_READ, person_tell_internal),
	ROUTE_END
};
