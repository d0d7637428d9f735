/*
 * purge: throws away what has served, in every domain: events that all their
 * subscribers have had, the notes that made one effect of each, idempotency
 * keys, and old runs of jobs. A thousand rows at a time, so that nobody waits
 * for it.
 *
 * An event goes only when each of its subscribers' cursors has passed it and
 * none has it parked; one whose subscriber has never been served stays.
 */
#include "job/job.h"

#include <sys/wait.h>

#include "job/domains.h"

#define BATCH 1000

DB_QUERY(count_served, 0, "SELECT count(*) FROM outbox_cursor");
DB_QUERY(purge_outbox, 2,
	"DELETE FROM outbox WHERE number IN (SELECT o.number FROM outbox o"
	" WHERE o.number <= (SELECT min(c.number) FROM outbox_cursor c)"
	" AND o.at <= now() - make_interval(days => $1::int)"
	" AND NOT EXISTS (SELECT FROM outbox_parked p WHERE p.number = o.number)"
	" ORDER BY o.number LIMIT $2::int)");
/* Twice as long: an event may come late, and must still be known. */
DB_QUERY(purge_inbox, 2,
	"DELETE FROM inbox WHERE event_id IN (SELECT event_id FROM inbox"
	" WHERE at <= now() - 2 * make_interval(days => $1::int)"
	" ORDER BY at LIMIT $2::int)");
DB_QUERY(purge_idempotency, 2,
	"DELETE FROM idempotency WHERE (caller, key) IN (SELECT caller, key"
	" FROM idempotency WHERE claimed_at <= now()"
	"  - make_interval(days => $1::int) ORDER BY claimed_at LIMIT $2::int)");
DB_QUERY(purge_runs, 2,
	"DELETE FROM job_run WHERE id IN (SELECT id FROM job_run"
	" WHERE ended_at <= now() - 3 * make_interval(days => $1::int)"
	" LIMIT $2::int)");

/* Has every subscriber of this domain been served at least once? */
static bool
all_are_served(struct request *r)
{
	int64_t wanted = 0;

	for (size_t i = 0; domains[i] != NULL; i++)
		wanted += domain_hears(domains[i], r->app->program->name) &&
		    domain_is_installed(r->app->conf, r->app->arena, domains[i]);
	return wanted > 0 && db_integer(r->db, &count_served, 0) >= wanted;
}

static void
purge(struct job *job, struct request *r, const struct db_query *query)
{
	int64_t n;

	do {
		job_start_step(job, r);
		n = db_exec(r->db, query, P(r->app->conf->keep_days), P(BATCH)) ?
		    db_touched(r->db) : 0;
		job->done += n;
	} while (n == BATCH && !job_should_stop(job));
	job->failed += request_failed(r);
}

static int
run(struct job *job, struct request *r)
{
	if (job->dry_run)
		return 0;
	job_start_step(job, r);
	if (all_are_served(r))
		purge(job, r, &purge_outbox);
	purge(job, r, &purge_inbox);
	purge(job, r, &purge_idempotency);
	purge(job, r, &purge_runs);
	return job->failed > 0 ? 1 : 0;
}

static int
purge_domain(const char *domain, int argc, char **argv)
{
	struct program source = { .name = domain };
	const struct job_program program = {
		.name = "purge",
		.domain = &source,
		.summary = "throws away what has served: delivered events, old keys",
		.run = run,
	};
	pid_t child = fork();
	int status = 1;

	if (child == 0)
		exit(job_main(&program, argc, argv));
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int
main(int argc, char **argv)
{
	struct arena *arena = arena_new();
	struct conf conf;
	int worst = 0;

	if (!domains_conf(argc, argv, arena, &conf)) {
		worst = purge_domain("system", argc, argv);
	} else {
		for (size_t i = 0; domains[i] != NULL; i++) {
			int status = domain_is_installed(&conf, arena, domains[i]) ?
			    purge_domain(domains[i], argc, argv) : 0;

			worst = status > worst ? status : worst;
		}
	}
	arena_free(arena);
	return worst;
}
