/*
 * deliver_events, the pump: carries each domain's outbox to its subscribers.
 *
 * A child per source domain, with that domain's own role and key. The numbers
 * of an outbox have no gaps and are in the order of the commits, so a cursor
 * per subscriber is enough. What a subscriber cannot take is parked, and later
 * events of the same subject behind it, so that a subject's events arrive in
 * order and nobody else waits. At least once; the subscriber's inbox makes it
 * one effect.
 */
#include "job/job.h"

#include <json-c/json.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/log.h"
#include "web/call.h"
#include "web/json_out.h"

#define BATCH 100
#define SUBSCRIBERS_MAX 16

static const char *const domains[] = { "catalog", "inventory", "cart", "orders",
	"payments", "auth", "notifications", "audit", "system", "recommendations" };

struct row {
	int64_t number, time;
	struct uuid id, subject;
	const char *type, *actor, *request_id;
	struct json_object *data, *personal;
	bool is_blocked;	/* an earlier event of its subject is parked */
};

static const struct field row_fields[] = {
	FIELD_I64(struct row, number),
	FIELD_UUID(struct row, id),
	FIELD_TEXT(struct row, type),
	FIELD_UUID(struct row, subject),
	FIELD_TEXT(struct row, actor),
	FIELD_TEXT(struct row, request_id),
	FIELD_TIME(struct row, time),
	FIELD_JSON(struct row, data),
	FIELD_JSON(struct row, personal),
	FIELD_BOOL(struct row, is_blocked),
	{ .name = NULL }
};
static const struct schema row_schema = { "row", sizeof(struct row), row_fields };

DB_QUERY(read_new, 2,
	"SELECT o.number, o.id, o.type, o.subject, o.actor, o.request_id,"
	" o.at AS time, o.data, o.personal, EXISTS (SELECT FROM outbox_parked p"
	"  WHERE p.subscriber = $1 AND p.subject = o.subject AND NOT p.is_dead)"
	"  AS is_blocked FROM outbox o WHERE o.number > coalesce((SELECT number"
	"  FROM outbox_cursor WHERE subscriber = $1), 0)"
	" ORDER BY o.number LIMIT $2::int");
DB_QUERY(read_parked, 2,
	"SELECT o.number, o.id, o.type, o.subject, o.actor, o.request_id,"
	" o.at AS time, o.data, o.personal FROM (SELECT DISTINCT ON (subject)"
	"  subscriber, number, next_at FROM outbox_parked WHERE subscriber = $1"
	"  AND NOT is_dead ORDER BY subject, number) p"
	" JOIN outbox o ON o.number = p.number WHERE p.next_at <= now()"
	" ORDER BY o.number LIMIT $2::int");
DB_QUERY(move_cursor, 2,
	"INSERT INTO outbox_cursor (subscriber, number) VALUES ($1, $2::bigint)"
	" ON CONFLICT ON CONSTRAINT outbox_cursor_pkey DO UPDATE"
	" SET number = excluded.number");
DB_QUERY(park, 4,
	"INSERT INTO outbox_parked (subscriber, number, subject, tries, error,"
	" next_at) VALUES ($1, $2::bigint, $3::uuid, CASE WHEN $4 = '' THEN 0 ELSE 1"
	" END, $4, now() + interval '1 second')"
	" ON CONFLICT ON CONSTRAINT outbox_parked_pkey DO NOTHING");
DB_QUERY(unpark, 2,
	"DELETE FROM outbox_parked WHERE subscriber = $1 AND number = $2::bigint");
DB_QUERY(park_longer, 3,
	"UPDATE outbox_parked SET tries = tries + 1, error = $3,"
	" is_dead = tries + 1 >= 10, next_at = now() + least(interval '10 minutes',"
	"  interval '1 second' * power(2, tries)) * (0.9 + 0.2 * random())"
	" WHERE subscriber = $1 AND number = $2::bigint");

static bool
is_for(const struct row *row, const char *subscriber, bool *personal)
{
	enum event_type type = event_parse(row->type);

	return type != EVENT_COUNT && event_is_for(type, subscriber, personal);
}

static struct json_object *
event_json(const struct row *row, const char *source, bool personal)
{
	struct event told = { .number = row->number, .id = row->id,
	    .type_text = row->type, .source = source, .subject = row->subject,
	    .actor = row->actor, .request_id = row->request_id,
	    .time_us = row->time, .data = row->data };

	if (personal && row->personal != NULL) {
		json_object_object_foreach(row->personal, name, value)
			json_object_object_add(row->data, name,
			    json_object_get(value));
	}
	return json_out(&event_schema, &told, NULL, JSON_ALL);
}

/* Why the subscriber could not take the i-th event; NULL: it has. */
static const char *
error_of(struct json_object *results, size_t i)
{
	struct json_object *result = json_object_array_get_idx(results, i), *value;

	if (result == NULL || !json_object_object_get_ex(result, "ok", &value))
		return "no answer";
	if (json_object_get_boolean(value))
		return NULL;
	return json_object_object_get_ex(result, "error", &value) ?
	    json_object_get_string(value) : "refused";
}

/* Sends a batch; the results, or NULL when the subscriber is out of reach. */
static struct json_object *
post(struct request *r, const char *subscriber, struct json_object *events)
{
	struct json_object *body = json_object_new_object(), *results;
	struct call_answer answer;

	json_object_object_add(body, "events", events);
	if (!call(r, POST, arena_printf(r->arena, "/internal/%s/events",
	    subscriber), body, &answer)) {
		call_forgive(r);
		return NULL;
	}
	if (answer.status != 200 ||
	    !json_object_object_get_ex(answer.json, "results", &results)) {
		log_warn("pump.refused", "%s: %d %s", subscriber, answer.status,
		    answer.problem);
		return NULL;
	}
	return results;
}

/* New events after the cursor; how many were passed, or -1: out of reach. */
static int64_t
deliver_new(struct request *r, const char *source, const char *subscriber)
{
	struct json_object *events = json_object_new_array(), *results = NULL;
	struct row *rows, *sent[BATCH];
	size_t n, sent_n = 0;
	bool personal;

	if (!db_all(r->db, &read_new, &row_schema, &rows, &n, P(subscriber),
	    P(BATCH)))
		n = 0;
	for (size_t i = 0; i < n; i++)
		if (!rows[i].is_blocked && is_for(&rows[i], subscriber, &personal)) {
			sent[sent_n++] = &rows[i];
			json_object_array_add(events, event_json(&rows[i], source,
			    personal));
		}
	if (sent_n == 0)
		json_object_put(events);
	else if ((results = post(r, subscriber, events)) == NULL)
		return -1;
	if (n == 0 || !step_begin(r))
		return 0;
	for (size_t i = 0; i < sent_n; i++) {
		const char *error = error_of(results, i);

		if (error != NULL)
			db_exec(r->db, &park, P(subscriber), P(sent[i]->number),
			    P(sent[i]->subject), P(error));
	}
	for (size_t i = 0; i < n; i++)
		if (rows[i].is_blocked && is_for(&rows[i], subscriber, &personal))
			db_exec(r->db, &park, P(subscriber), P(rows[i].number),
			    P(rows[i].subject), P(""));
	db_exec(r->db, &move_cursor, P(subscriber), P(rows[n - 1].number));
	return step_end(r) ? (int64_t)n : 0;
}

static int64_t
deliver_parked(struct request *r, const char *source, const char *subscriber)
{
	struct json_object *events = json_object_new_array(), *results;
	struct row *rows;
	bool personal;
	size_t n;

	if (!db_all(r->db, &read_parked, &row_schema, &rows, &n, P(subscriber),
	    P(BATCH)) || n == 0) {
		json_object_put(events);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		is_for(&rows[i], subscriber, &personal);
		json_object_array_add(events, event_json(&rows[i], source, personal));
	}
	if ((results = post(r, subscriber, events)) == NULL || !step_begin(r))
		return 0;
	for (size_t i = 0; i < n; i++) {
		const char *error = error_of(results, i);

		if (error == NULL)
			db_exec(r->db, &unpark, P(subscriber), P(rows[i].number));
		else
			db_exec(r->db, &park_longer, P(subscriber),
			    P(rows[i].number), P(error));
	}
	return step_end(r) ? (int64_t)n : 0;
}

/* A domain whose migrations are installed is part of this shop. */
static bool
is_installed(const struct conf *conf, struct arena *arena, const char *domain)
{
	return access(arena_printf(arena, "%s/%s", conf->sql_dir, domain),
	    R_OK) == 0;
}

static bool
hears(const char *subscriber, const char *source)
{
	bool personal;

	for (int t = 0; t < EVENT_COUNT; t++)
		if ((str_eq(event_kinds[t].source, source) ||
		    str_eq(event_kinds[t].source, "*")) &&
		    event_is_for((enum event_type)t, subscriber, &personal))
			return true;
	return false;
}

static int
run(struct job *job, struct request *r)
{
	const char *source = r->app->program->name;
	const char *subscribers[SUBSCRIBERS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(domains); i++)
		if (hears(domains[i], source) &&
		    is_installed(r->app->conf, r->app->arena, domains[i]))
			subscribers[n++] = domains[i];
	db_listen(r->db, "outbox");
	do {
		int64_t passed = 0;

		for (size_t i = 0; i < n && !job->dry_run; i++) {
			int64_t done;

			job_start_step(job, r);
			passed += deliver_parked(r, source, subscribers[i]);
			job_start_step(job, r);
			done = deliver_new(r, source, subscribers[i]);
			job->failed += done < 0;
			passed += done > 0 ? done : 0;
		}
		job->done += passed;
		job_start_step(job, r);
		if (passed == 0) {
			if (!job_is_looping(job))
				break;
			db_wait(r->db, 1000);
		}
	} while (!job_should_stop(job));
	return 0;
}

static pid_t
start_child(const char *domain, int argc, char **argv)
{
	struct program source = { .name = domain };
	const struct job_program program = {
		.name = "deliver_events",
		.domain = &source,
		.summary = "carries each domain's events to its subscribers",
		.run = run,
	};
	pid_t parent = getpid(), child = fork();

	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		exit(1);
	exit(job_main(&program, argc, argv));
}

static pid_t children[ARRAY_LEN(domains)];

static void
on_signal(int signal)
{
	for (size_t i = 0; i < ARRAY_LEN(children); i++)
		if (children[i] > 0)
			kill(children[i], signal);
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct arena *arena = arena_new();
	const char *path = "/etc/zoco/zoco.conf";
	struct conf conf;
	char error[300];
	int worst = 0;

	for (int i = 1; i + 1 < argc; i++)
		if (str_eq(argv[i], "--config"))
			path = argv[i + 1];
	if ((argc == 2 && str_eq(argv[1], "--help")) ||
	    !conf_load(&conf, arena, path, error, sizeof(error))) {
		children[0] = start_child("orders", argc, argv);
	} else {
		for (size_t i = 0; i < ARRAY_LEN(domains); i++)
			if (is_installed(&conf, arena, domains[i]))
				children[i] = start_child(domains[i], argc, argv);
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	for (;;) {
		int status;
		pid_t pid = wait(&status);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			worst = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}
	arena_free(arena);
	return worst;
}
