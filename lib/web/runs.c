#include "web/runs.h"

#include "web/app.h"

const char *const run_states[] = {
	"never", "done", "running", "lost", "failed", NULL
};

SCHEMA(run_schema, struct run,
	FIELD_TEXT(struct run, job),
	FIELD_TEXT(struct run, domain),
	FIELD_ENUM(struct run, state, run_states),
	FIELD_TIME(struct run, started_at),
	FIELD_TIME(struct run, ended_at),
	FIELD_I64(struct run, done),
	FIELD_I64(struct run, failed),
	FIELD_I64(struct run, failures));

struct runs_input {
	const char *domain, *job;
};

SCHEMA(runs_input, struct runs_input,
	FIELD_TEXT(struct runs_input, domain, .required = true),
	FIELD_TEXT(struct runs_input, job, .max = 64));

/* A run that has not ended still runs if it is its job's last and the job's
 * lock (lib/job/job.c) is held. */
#define RUN_COLUMNS \
	"SELECT job, started_at, ended_at, done, failed, failures," \
	" CASE WHEN error <> '' THEN 'failed' WHEN ended_at IS NOT NULL THEN 'done'" \
	"  WHEN nth = 1 AND EXISTS (SELECT FROM pg_locks l JOIN pg_database d" \
	"   ON d.oid = l.database WHERE d.datname = current_database()" \
	"   AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 1" \
	"   AND (l.classid::bigint << 32 | l.objid::bigint)" \
	"    = hashtext(job)::bigint) THEN 'running'" \
	"  ELSE 'lost' END AS state" \
	" FROM (SELECT r.job, r.started_at, r.ended_at, r.done, r.failed, r.error,"

DB_QUERY(list_last, 0,
	"WITH RECURSIVE name AS ((SELECT job FROM job_run ORDER BY job LIMIT 1)"
	"  UNION ALL SELECT (SELECT r.job FROM job_run r WHERE r.job > name.job"
	"   ORDER BY r.job LIMIT 1) FROM name WHERE name.job IS NOT NULL)"
	RUN_COLUMNS " 1 AS nth, (SELECT count(*) FROM job_run f WHERE f.job = r.job"
	"  AND f.started_at > now() - interval '1 day' AND f.error <> '') AS failures"
	" FROM name JOIN job_run r ON r.id = (SELECT l.id FROM job_run l"
	"  WHERE l.job = name.job ORDER BY l.started_at DESC LIMIT 1)) AS runs");
DB_QUERY(list_of, 1,
	RUN_COLUMNS " row_number() OVER (ORDER BY r.started_at DESC) AS nth,"
	"  0 AS failures FROM job_run r WHERE r.job = $1"
	"  ORDER BY r.started_at DESC LIMIT 20) AS runs ORDER BY nth");

bool
runs_read(struct request *r, const char *job, struct run **runs, size_t *n)
{
	bool done = job == NULL ?
	    db_all(r->db, &list_last, &run_schema, runs, n) :
	    db_all(r->db, &list_of, &run_schema, runs, n, P(job));

	for (size_t i = 0; i < *n; i++)
		(*runs)[i].domain = r->app->program->name;
	return done;
}

int
runs_list(struct request *r)
{
	const struct runs_input *in = request_input(r);
	struct run *runs;
	size_t n;

	if (!runs_read(r, in->job, &runs, &n))
		return 0;
	return reply_list(r, &run_schema, runs, n, NULL);
}
