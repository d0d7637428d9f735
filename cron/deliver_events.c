/*
 * deliver_events, the pump: carries each domain's outbox to its subscribers.
 *
 * A child per source domain, with that domain's own role and key. The numbers
 * of an outbox have no gaps and are in the order of the commits, so a cursor
 * per subscriber is enough. What a subscriber cannot take is parked, and later
 * events of the same subject behind it, so that a subject's events arrive in
 * order and nobody else waits. A subscriber that is away or slow is asked again
 * after a while, with less at a time; only what it refuses counts as a try.
 * At least once; the subscriber's inbox makes it one effect.
 */
#include "job/job.h"

#include <json-c/json.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "job/domains.h"
#include "web/call.h"
#include "web/json_out.h"

#define DOMAINS_MAX 16
#define BATCH 200
#define BATCH_MORE 10
#define BATCH_BYTES (192 * 1024)	/* a program takes 256 KiB from us */
#define WAIT_US 250000
#define WAIT_MAX_US 16000000

struct row {
	int64_t number, time;
	struct uuid id, subject;
	const char *type, *actor, *request_id;
	struct json_object *data, *personal, *origin;
	bool is_blocked;	/* an earlier event of its subject is parked */
};

struct subscriber {
	const char *name;
	int batch;		/* so many events at most */
	int64_t wait_us;	/* it was away: how long to leave it alone, */
	int64_t retry_at_us;	/* until then */
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
	FIELD_JSON(struct row, origin),
	FIELD_BOOL(struct row, is_blocked),
	{ .name = NULL }
};
static const struct schema row_schema = { "row", sizeof(struct row), row_fields };

DB_QUERY(read_new, 2,
	"SELECT o.number, o.id, o.type, o.subject, o.actor, o.request_id,"
	" o.at AS time, o.data, o.personal, o.origin, EXISTS (SELECT FROM outbox_parked p"
	"  WHERE p.subscriber = $1 AND p.subject = o.subject AND NOT p.is_dead)"
	"  AS is_blocked FROM outbox o WHERE o.number > coalesce((SELECT number"
	"  FROM outbox_cursor WHERE subscriber = $1), 0)"
	" ORDER BY o.number LIMIT $2::int");
DB_QUERY(read_parked, 2,
	"SELECT o.number, o.id, o.type, o.subject, o.actor, o.request_id,"
	" o.at AS time, o.data, o.personal, o.origin FROM (SELECT DISTINCT ON (subject)"
	"  subscriber, number, next_at FROM outbox_parked WHERE subscriber = $1"
	"  AND NOT is_dead ORDER BY subject, number) p"
	" JOIN outbox o ON o.number = p.number WHERE p.next_at <= now()"
	" ORDER BY o.number LIMIT $2::int");
/*
 * How it went, in one statement. Its COMMIT need not be on the disk: what a
 * crash of the server takes is only sent again, and the inbox knows it.
 */
DB_QUERY(pass, 3,
	"WITH parked AS (INSERT INTO outbox_parked (subscriber, number, subject,"
	"  tries, error, next_at) SELECT $1, p.number, p.subject,"
	"  CASE WHEN p.error = '' THEN 0 ELSE 1 END, p.error,"
	"  now() + interval '1 second' FROM jsonb_to_recordset($3::jsonb)"
	"   AS p(number bigint, subject uuid, error text)"
	"  ON CONFLICT ON CONSTRAINT outbox_parked_pkey DO NOTHING)"
	" INSERT INTO outbox_cursor (subscriber, number) SELECT $1, $2::bigint"
	" FROM set_config('synchronous_commit', 'off', true)"
	" ON CONFLICT ON CONSTRAINT outbox_cursor_pkey DO UPDATE"
	" SET number = excluded.number");
DB_QUERY(pass_parked, 2,
	"WITH told AS (SELECT number, error FROM jsonb_to_recordset($2::jsonb)"
	"  AS t(number bigint, error text)),"
	" taken AS (DELETE FROM outbox_parked p USING told WHERE subscriber = $1"
	"  AND p.number = told.number AND told.error = '')"
	" UPDATE outbox_parked p SET tries = tries + 1, error = told.error,"
	" is_dead = tries + 1 >= 10, next_at = now() + least(interval '10 minutes',"
	"  interval '1 second' * power(2, tries)) * (0.9 + 0.2 * random())"
	" FROM told WHERE subscriber = $1 AND p.number = told.number"
	" AND told.error <> ''");

DB_QUERY(count_new, 1, "SELECT count(*) FROM outbox WHERE number >"
    " coalesce((SELECT number FROM outbox_cursor WHERE subscriber = $1), 0)");
DB_QUERY(count_parked, 1, "SELECT count(*) FROM outbox_parked"
    " WHERE subscriber = $1 AND NOT is_dead");

static bool
is_for(const struct row *row, const char *subscriber, bool *personal)
{
	enum event_type type = event_parse(row->type);

	return type != EVENT_COUNT && event_is_for(type, subscriber, personal);
}

/* As `to` may read it: who need them get the personal members, and audit gets
 * where it came from. */
static struct json_object *
event_json(const struct row *row, const char *source, const char *to,
    bool personal)
{
	struct event told = { .number = row->number, .id = row->id,
	    .type_text = row->type, .source = source, .subject = row->subject,
	    .actor = row->actor, .request_id = row->request_id,
	    .time_us = row->time, .data = row->data };

	assert(row->data != NULL);
	if (personal && row->personal != NULL) {
		json_object_object_foreach(row->personal, name, value)
			json_object_object_add(row->data, name,
			    json_object_get(value));
	}
	if (row->origin != NULL && str_eq(to, "audit"))
		json_object_object_add(row->data, "origin",
		    json_object_get(row->origin));
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
	return json_text(result, "error")[0] != '\0' ?
	    json_text(result, "error") : "refused";
}

/*
 * Answers by itself that an event sent alone was refused: a subscriber that
 * fails at one event would else fail at it for ever. NULL for a batch, which
 * is then tried event by event.
 */
static struct json_object *
refused(struct request *r, struct subscriber *to, size_t n, const char *error)
{
	struct json_object *results, *result;

	to->batch = 1;
	if (n > 1)
		return NULL;
	results = json_object_new_array();
	result = json_object_new_object();
	json_keep(r->arena, results);
	json_object_object_add(result, "ok", json_object_new_boolean(false));
	json_object_object_add(result, "error", json_object_new_string(error));
	json_object_array_add(results, result);
	return results;
}

/* It is away, too slow, or does not know us: later, and less. */
static void
leave_alone(struct subscriber *to)
{
	to->batch = to->batch > 1 ? to->batch / 2 : 1;
	to->wait_us = to->wait_us == 0 ? WAIT_US :
	    to->wait_us < WAIT_MAX_US ? to->wait_us * 2 : WAIT_MAX_US;
	to->retry_at_us = clock_monotonic_us() + to->wait_us;
}

/* Sends a batch; the results, or NULL: nothing is known of any event. */
static struct json_object *
post(struct request *r, struct subscriber *to, struct json_object *events)
{
	struct json_object *body = json_object_new_object(), *results;
	size_t n = json_object_array_length(events);
	struct call_answer answer;
	bool is_answered;

	json_object_object_add(body, "events", events);
	is_answered = call(r, POST, arena_printf(r->arena,
	    "/internal/%s/events", to->name), body, &answer);
	call_forgive(r);
	if (is_answered && answer.status == 200 &&
	    json_object_object_get_ex(answer.json, "results", &results) &&
	    json_object_array_length(results) == n) {
		to->batch = to->batch + BATCH_MORE < BATCH ?
		    to->batch + BATCH_MORE : BATCH;
		to->wait_us = to->retry_at_us = 0;
		return results;
	}
	log_warn("pump.refused", "%s: %d %s", to->name, answer.status,
	    answer.problem);
	switch (answer.status) {
	case 400: case 409: case 413: case 415: case 422: case 500:
		return refused(r, to, n, arena_printf(r->arena, "%d %s",
		    answer.status, answer.problem));
	default:
		leave_alone(to);
		return NULL;
	}
}

/*
 * The rows that the subscriber wants, as a JSON array, and in sent[]; rows that
 * would make it too large are left for later, and *n becomes their start.
 */
static struct json_object *
pack(const char *source, const char *subscriber, struct row *rows, size_t *n,
    struct row **sent, size_t *sent_n)
{
	struct json_object *events = json_object_new_array();
	size_t bytes = 0;

	*sent_n = 0;
	for (size_t i = 0; i < *n; i++) {
		struct json_object *event;
		bool personal = false;

		if (rows[i].is_blocked ||
		    !is_for(&rows[i], subscriber, &personal))
			continue;
		event = event_json(&rows[i], source, subscriber, personal);
		bytes += strlen(json_object_to_json_string_ext(event,
		    JSON_C_TO_STRING_PLAIN)) + 1;
		if (*sent_n > 0 && bytes > BATCH_BYTES) {
			json_object_put(event);
			*n = i;
			break;
		}
		json_object_array_add(events, event);
		sent[(*sent_n)++] = &rows[i];
	}
	if (*sent_n == 0) {
		json_object_put(events);
		return NULL;
	}
	return events;
}

/* How an event went: "" is well, or that it waits behind another. */
static void
tell(struct json_object *list, const struct row *row, const char *error)
{
	struct json_object *told = json_object_new_object();
	char subject[UUID_TEXT_SIZE];

	json_object_object_add(told, "number", json_object_new_int64(row->number));
	json_add_text(told, "subject", uuid_text(&row->subject, subject));
	json_add_text(told, "error", error);
	json_object_array_add(list, told);
}

static const char *
text_of(struct request *r, struct json_object *list)
{
	json_keep(r->arena, list);
	return json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN);
}

/* New events after the cursor; how many were passed, or -1: to be repeated. */
static int64_t
deliver_new(struct request *r, const char *source, struct subscriber *to)
{
	struct json_object *events, *results = NULL, *parked;
	struct row *rows, *sent[BATCH];
	bool personal;
	size_t n, sent_n;

	if (!db_all(r->db, &read_new, &row_schema, &rows, &n, P(to->name),
	    P(to->batch)) || n == 0)
		return 0;
	events = pack(source, to->name, rows, &n, sent, &sent_n);
	if (events != NULL && (results = post(r, to, events)) == NULL)
		return -1;
	parked = json_object_new_array();
	for (size_t i = 0; i < sent_n; i++)
		if (error_of(results, i) != NULL)
			tell(parked, sent[i], error_of(results, i));
	for (size_t i = 0; i < n; i++)
		if (rows[i].is_blocked && is_for(&rows[i], to->name, &personal))
			tell(parked, &rows[i], "");
	return db_exec(r->db, &pass, P(to->name), P(rows[n - 1].number),
	    P(text_of(r, parked))) ? (int64_t)n : 0;
}

/* The first parked event of each subject, when its time has come. */
static int64_t
deliver_parked(struct request *r, const char *source, struct subscriber *to)
{
	struct json_object *events, *results = NULL, *told;
	struct row *rows, *sent[BATCH];
	size_t n, sent_n;

	if (!db_all(r->db, &read_parked, &row_schema, &rows, &n, P(to->name),
	    P(to->batch)) || n == 0)
		return 0;
	events = pack(source, to->name, rows, &n, sent, &sent_n);
	if (events != NULL && (results = post(r, to, events)) == NULL)
		return -1;
	told = json_object_new_array();
	for (size_t i = 0; i < sent_n; i++) {
		const char *error = error_of(results, i);

		tell(told, sent[i], error != NULL ? error : "");
	}
	db_exec(r->db, &pass_parked, P(to->name), P(text_of(r, told)));
	return request_failed(r) ? 0 : (int64_t)sent_n;
}

/* What --dry-run says. */
static void
count_waiting(struct job *job, struct request *r, const char *subscriber)
{
	int64_t new = db_integer(r->db, &count_new, 0, P(subscriber));
	int64_t parked = db_integer(r->db, &count_parked, 0, P(subscriber));

	job->done += new + parked;
	log_info("pump.waiting", "%s: %" PRId64 " new and %" PRId64 " parked",
	    subscriber, new, parked);
}

/* One round; true when there may be more to do at once. */
static bool
deliver(struct job *job, struct request *r, struct subscriber *to)
{
	static int64_t (*const ways[])(struct request *, const char *,
	    struct subscriber *) = { deliver_parked, deliver_new };
	bool goes_on = false;

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		int64_t n;

		job_start_step(job, r);
		if (job_should_stop(job) ||
		    clock_monotonic_us() < to->retry_at_us)
			break;
		n = ways[i](r, r->app->program->name, to);
		job->done += n > 0 ? n : 0;
		job->failed += n < 0;
		goes_on = goes_on || n > 0 || (n < 0 && to->retry_at_us == 0);
	}
	return goes_on;
}

static int
run(struct job *job, struct request *r)
{
	struct subscriber to[DOMAINS_MAX];
	size_t n = 0;

	for (size_t i = 0; domains[i] != NULL && n < DOMAINS_MAX; i++)
		if (domain_hears(domains[i], r->app->program->name) &&
		    domain_is_installed(r->app->conf, r->app->arena, domains[i]))
			to[n++] = (struct subscriber){ .name = domains[i],
			    .batch = BATCH };
	for (size_t i = 0; i < n && job->dry_run; i++)
		count_waiting(job, r, to[i].name);
	db_listen(r->db, "outbox");
	while (!job->dry_run && !job_should_stop(job)) {
		int64_t passed = 0;

		for (size_t i = 0; i < n; i++)
			passed += deliver(job, r, &to[i]);
		job_start_step(job, r);
		if (passed > 0)
			continue;
		if (!job_is_looping(job))
			break;
		db_wait(r->db, 1000);
	}
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

static pid_t children[DOMAINS_MAX];
static volatile sig_atomic_t is_ending;

static void
on_signal(int signal)
{
	is_ending = 1;
	for (size_t i = 0; i < ARRAY_LEN(children); i++)
		if (children[i] > 0)
			kill(children[i], signal);
}

/* Under `--for 0` a child that ends takes the others along: a supervisor that
 * starts all of them again is better than a shop with a deaf domain. */
static bool
is_for_good(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (str_eq(argv[i], "--for=0") || (i + 1 < argc &&
		    str_eq(argv[i], "--for") && str_eq(argv[i + 1], "0")))
			return true;
	return false;
}

/* A child that was killed is started again, within the minute that is ours;
 * after it, cron's next run sees to it. */
static pid_t
start_again(int i, int argc, char **argv, int status, int64_t until_us)
{
	if (!WIFSIGNALED(status) || is_ending || clock_monotonic_us() > until_us)
		return 0;
	usleep(200000);
	return start_child(domains[i], argc, argv);
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	int64_t until_us = clock_monotonic_us() + CLOCK_MINUTE;
	struct arena *arena = arena_new();
	struct conf conf;
	int worst = 0;

	if (!domains_conf(argc, argv, arena, &conf)) {
		children[0] = start_child("orders", argc, argv);
	} else {
		for (size_t i = 0; domains[i] != NULL && i < DOMAINS_MAX; i++)
			if (domain_is_installed(&conf, arena, domains[i]))
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
		for (size_t i = 0; i < ARRAY_LEN(children); i++)
			if (children[i] == pid)
				children[i] = is_for_good(argc, argv) ? 0 :
				    start_again((int)i, argc, argv, status, until_us);
		if (is_for_good(argc, argv))
			on_signal(SIGTERM);
	}
	arena_free(arena);
	return worst;
}
