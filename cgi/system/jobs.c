/*
 * GET /system/jobs, one with its runs, and POST .../{name}/run: what the jobs
 * of all domains have done, when they run next, and "now, please".
 *
 * Each domain tells of its own; one that does not answer is named as away. A
 * job that is to run now is only noted: cron/run_asked starts it, as whoever
 * runs the jobs.
 */
#include "system.h"

#include <json-c/json.h>

#include "crontab.h"
#include "job/domains.h"
#include "web/call.h"
#include "web/runs.h"

#define RUNS_MAX 400
#define DOMAINS_MAX 16

struct wish {
	struct uuid id;
	const char *job;
	int64_t asked_at, started_at, ended_at;
	int32_t status;
	bool has_status;
};

struct job_info {
	const char *name, *schedule;
	enum run_state state;
	const char **domains;
	size_t domains_n;
	int64_t started_at, ended_at, duration_ms, done, failed, failures;
	int64_t next_at, asked_at;
	bool is_looping;
};

struct job_runs {
	const char *name;
	const char *schedule;
	int64_t next_at;
	bool is_looping;
	struct wish *wish;
	struct run *runs;
	size_t runs_n;
	const char **away;
	size_t away_n;
};

struct jobs {
	struct job_info *items;
	size_t items_n;
	const char **away;
	size_t away_n;
};

SCHEMA(wish_schema, struct wish,
	FIELD_UUID(struct wish, id),
	FIELD_TEXT(struct wish, job),
	FIELD_TIME(struct wish, asked_at),
	FIELD_TIME(struct wish, started_at),
	FIELD_TIME(struct wish, ended_at),
	FIELD_I32(struct wish, status, HAS(struct wish, has_status),
	    .help = "Exit status: 0 good, 75 another one ran"));

static SCHEMA(job_info_schema, struct job_info,
	FIELD_TEXT(struct job_info, name),
	FIELD_TEXT(struct job_info, schedule),
	FIELD_ENUM(struct job_info, state, run_states),
	FIELD_TEXTS(struct job_info, domains, domains_n),
	FIELD_TIME(struct job_info, started_at),
	FIELD_TIME(struct job_info, ended_at),
	FIELD_I64(struct job_info, duration_ms),
	FIELD_I64(struct job_info, done, .help = "Things, in the last run"),
	FIELD_I64(struct job_info, failed),
	FIELD_I64(struct job_info, failures, .help = "Runs of a day that failed"),
	FIELD_TIME(struct job_info, next_at),
	FIELD_TIME(struct job_info, asked_at, .help = "To be run now, waits"),
	FIELD_BOOL(struct job_info, is_looping));

SCHEMA(jobs_schema, struct jobs,
	FIELD_LIST(struct jobs, items, items_n, &job_info_schema),
	FIELD_TEXTS(struct jobs, away, away_n,
	    .help = "Domains that did not answer"));

SCHEMA(job_runs_schema, struct job_runs,
	FIELD_TEXT(struct job_runs, name),
	FIELD_TEXT(struct job_runs, schedule),
	FIELD_TIME(struct job_runs, next_at),
	FIELD_BOOL(struct job_runs, is_looping),
	FIELD_OBJECT(struct job_runs, wish, &wish_schema),
	FIELD_LIST(struct job_runs, runs, runs_n, &run_schema),
	FIELD_TEXTS(struct job_runs, away, away_n));

struct job_ref {
	const char *name;
};

SCHEMA(job_ref_input, struct job_ref,
	FIELD_TEXT(struct job_ref, name, .required = true, .max = 64));

DB_QUERY(list_waiting, 0, "SELECT id, job, asked_at FROM job_wish"
    " WHERE started_at IS NULL LIMIT 100");
DB_QUERY(find_wish, 1, "SELECT id, job, asked_at, started_at, ended_at, status"
    " FROM job_wish WHERE job = $1 ORDER BY id DESC LIMIT 1");
DB_QUERY(put_wish, 2,
	"WITH new AS (INSERT INTO job_wish (id, job) VALUES ($1::uuid, $2)"
	"  ON CONFLICT (job) WHERE started_at IS NULL DO NOTHING"
	"  RETURNING id, job, asked_at)"
	" SELECT id, job, asked_at FROM new UNION ALL SELECT id, job, asked_at"
	" FROM job_wish WHERE job = $2 AND started_at IS NULL LIMIT 1");

/* One domain's runs; our own are not asked of ourselves. */
static bool
runs_of(struct request *r, const char *domain, const char *job,
    struct run **runs, size_t *n)
{
	struct call_answer answer;
	bool is_answered;

	if (str_eq(domain, r->app->program->name))
		return runs_read(r, job, runs, n);
	is_answered = call(r, GET, arena_printf(r->arena, "/internal/%s/runs%s%s",
	    domain, job == NULL ? "" : "?job=", job == NULL ? "" : job), NULL,
	    &answer) && answer.status == 200 &&
	    call_read_list(r, &answer, "items", &run_schema, (void **)runs, n);
	if (!is_answered)
		call_forgive(r);
	return is_answered;
}

static int
by_start(const void *a, const void *b)
{
	int64_t one = ((const struct run *)a)->started_at;
	int64_t other = ((const struct run *)b)->started_at;

	return (one < other) - (one > other);
}

/* Those of all domains, the newest first, and which domains are away. */
static struct run *
collect(struct request *r, const char *job, size_t *n, const char **away,
    size_t *away_n)
{
	struct run *all = arena_new_array(r->arena, struct run, RUNS_MAX), *runs;
	size_t more;

	*n = *away_n = 0;
	for (size_t i = 0; domains[i] != NULL && i < DOMAINS_MAX; i++) {
		if (!domain_is_installed(r->app->conf, r->arena, domains[i]))
			continue;
		if (!runs_of(r, domains[i], job, &runs, &more))
			away[(*away_n)++] = domains[i];
		else
			for (size_t k = 0; k < more && *n < RUNS_MAX; k++)
				all[(*n)++] = runs[k];
	}
	qsort(all, *n, sizeof(*all), by_start);
	return all;
}

static struct job_info *
find_job(struct jobs *jobs, const char *name)
{
	for (size_t i = 0; i < jobs->items_n; i++)
		if (str_eq(jobs->items[i].name, name))
			return &jobs->items[i];
	return NULL;
}

static struct job_info *
add_job(struct request *r, struct jobs *jobs, const char *name)
{
	struct job_info *job = &jobs->items[jobs->items_n++];

	*job = (struct job_info){ .name = name,
	    .domains = arena_new_array(r->arena, const char *, DOMAINS_MAX) };
	return job;
}

/* A job that runs in many domains is shown as one: the latest, the worst. */
static void
add_run(struct job_info *job, const struct run *run)
{
	int64_t ms = (run->ended_at - run->started_at) / 1000;

	if (job->domains_n < DOMAINS_MAX)
		job->domains[job->domains_n++] = run->domain;
	if (run->state > job->state)
		job->state = run->state;
	if (run->started_at > job->started_at)
		job->started_at = run->started_at;
	if (run->ended_at > job->ended_at)
		job->ended_at = run->ended_at;
	if (run->ended_at > 0 && ms > job->duration_ms)
		job->duration_ms = ms;
	job->done += run->done;
	job->failed += run->failed;
	job->failures += run->failures;
}

int
job_list(struct request *r)
{
	struct crontab_job lines[CRONTAB_JOBS_MAX];
	const char *away[DOMAINS_MAX];
	struct jobs jobs = { .away = away, .items = arena_new_array(r->arena,
	    struct job_info, RUNS_MAX + CRONTAB_JOBS_MAX) };
	struct job_info *job;
	struct wish *wishes;
	struct run *runs;
	size_t n;

	n = crontab_read(r->app->conf->crontab, r->arena, lines);
	for (size_t i = 0; i < n; i++) {
		job = add_job(r, &jobs, lines[i].name);
		job->schedule = lines[i].schedule;
		job->next_at = lines[i].next_at;
		job->is_looping = lines[i].is_looping;
	}
	runs = collect(r, NULL, &n, away, &jobs.away_n);
	for (size_t i = 0; i < n; i++) {
		if ((job = find_job(&jobs, runs[i].job)) == NULL)
			job = add_job(r, &jobs, runs[i].job);
		add_run(job, &runs[i]);
	}
	if (!db_all(r->db, &list_waiting, &wish_schema, &wishes, &n))
		return 0;
	for (size_t i = 0; i < n; i++)
		if ((job = find_job(&jobs, wishes[i].job)) != NULL)
			job->asked_at = wishes[i].asked_at;
	page_set(r, "is_away", json_object_new_boolean(jobs.away_n > 0));
	return reply(r, 200, &jobs_schema, &jobs);
}

/* The line of that job, or NULL. */
static const struct crontab_job *
find_line(struct request *r, const char *name)
{
	struct crontab_job *lines = arena_new_array(r->arena, struct crontab_job,
	    CRONTAB_JOBS_MAX);
	size_t n = crontab_read(r->app->conf->crontab, r->arena, lines);

	for (size_t i = 0; i < n; i++)
		if (str_eq(lines[i].name, name))
			return &lines[i];
	return NULL;
}

int
job_get(struct request *r)
{
	const struct job_ref *in = request_input(r);
	const struct crontab_job *line = find_line(r, in->name);
	const char *away[DOMAINS_MAX];
	struct job_runs job = { .name = in->name, .away = away };
	struct wish wish;

	if (line == NULL)
		return problem(r, PROBLEM_NOT_FOUND);
	job.schedule = line->schedule;
	job.next_at = line->next_at;
	job.is_looping = line->is_looping;
	job.runs = collect(r, line->name, &job.runs_n, away, &job.away_n);
	if (db_one(r->db, &find_wish, &wish_schema, &wish, P(line->name)))
		job.wish = &wish;
	page_set(r, "is_away", json_object_new_boolean(job.away_n > 0));
	return reply(r, 200, &job_runs_schema, &job);
}

static void
wake(struct request *r, void *context)
{
	(void)context;
	db_notify(r->db, "job_wish");
}

int
job_ask(struct request *r)
{
	const struct job_ref *in = request_input(r);
	struct wish wish;

	if (find_line(r, in->name) == NULL)
		return problem(r, PROBLEM_NOT_FOUND);
	if (!db_one(r->db, &put_wish, &wish_schema, &wish, P(uuid_new()),
	    P(in->name)))
		return 0;
	event_emit(r, EVENT_JOB_ASKED, wish.id, &wish_schema, &wish);
	after_send(r, wake, NULL);
	return reply(r, 202, &wish_schema, &wish);
}
