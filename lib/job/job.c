#include "job/job.h"

#include <getopt.h>
#include <signal.h>

#include "base/clock.h"
#include "base/log.h"

#define EXIT_ANOTHER_RUNS 75	/* EX_TEMPFAIL of sysexits.h */
#define LOCK_WAIT_US 15000000
#define LOCK_CHECK_US 1000000
#define PROGRESS_US 200000

DB_QUERY(take_lock, 1, "SELECT pg_try_advisory_lock(hashtext($1))::int");
DB_QUERY(begin_run, 2, "INSERT INTO job_run (id, job) VALUES ($1::uuid, $2)");
DB_QUERY(end_run, 4, "UPDATE job_run SET ended_at = now(), done = $2::bigint,"
    " failed = $3::bigint, error = $4 WHERE id = $1::uuid");

static volatile sig_atomic_t is_stopped;

static void
on_signal(int signal)
{
	(void)signal;
	is_stopped = 1;
}

bool
job_is_stopped(void)
{
	return is_stopped;
}

bool
job_should_stop(const struct job *job)
{
	return is_stopped || (job->limit > 0 && job->done >= job->limit) ||
	    (job->until_us > 0 && clock_monotonic_us() >= job->until_us);
}

bool
job_is_looping(const struct job *job)
{
	return job->is_looping;
}

/* Takes the lock, or takes it once more, which does no harm. */
static bool
take(struct job *job)
{
	job->lock_checked_us = clock_monotonic_us();
	arena_reset(job->lock_arena);
	db_start(job->lock, job->lock_arena);
	return db_integer(job->lock, &take_lock, 0, P(job->name)) == 1;
}

static void
check_lock(struct job *job)
{
	if (clock_monotonic_us() < job->lock_checked_us + LOCK_CHECK_US ||
	    take(job) || db_failure(job->lock) != DB_GOOD)
		return;
	log_warn("job.lock-lost", "another %s has taken over", job->name);
	is_stopped = 1;
}

/* Somebody looks on: a line that is written over. */
static void
show_progress(struct job *job)
{
	int64_t now = clock_monotonic_us();

	if (!job->is_watched || now < job->shown_us + PROGRESS_US)
		return;
	job->shown_us = now;
	fprintf(stderr, "\r%s: %" PRId64 " done, %" PRId64 " failed, %" PRId64
	    " s\033[K", job->name, job->done, job->failed,
	    (now - job->started_us) / CLOCK_SECOND);
}

void
job_start_step(struct job *job, struct request *r)
{
	check_lock(job);
	show_progress(job);
	r->events = NULL;
	r->after_commit = r->after_send = NULL;
	r->status = 0;
	r->problem = PROBLEM_NONE;
	r->json = NULL;
	r->headers = NULL;
	r->field_errors = r->problem_members = NULL;
	r->session = NULL;
	arena_reset(r->arena);
	db_start(r->db, r->arena);
}

static int
usage(const struct job_program *p, FILE *out)
{
	fprintf(out, "zoco-job-%s: %s\n"
	    "usage: zoco-job-%s [options]\n"
	    "  --config FILE   default /etc/zoco/zoco.conf\n"
	    "  --dry-run       only say what would be done\n"
	    "  --limit N       stop after so many\n"
	    "  --for 55s       go on for so long (s, m or h; 0: for good) instead\n"
	    "                  of one pass\n"
	    "  --verbose       log for people\n"
	    "  --help\n"
	    "exit status: 0 good, 1 failed, 2 wrong usage, 75 another one runs\n",
	    p->name, p->summary, p->name);
	return out == stdout ? 0 : 2;
}

/* A number from 0 to a thousand million; -1 when it is none. *end is after. */
static int64_t
parse_number(const char *text, char **end)
{
	long long n = strtoll(text, end, 10);

	return *end == text || n > 1000000000 || n < 0 ? -1 : n;
}

/* "55s", "5m", "1h" or plain seconds, in microseconds; -1 when it is none. */
static int64_t
parse_duration(const char *text)
{
	char *end;
	int64_t n = parse_number(text, &end);
	int64_t unit = *end == 'm' ? 60 : *end == 'h' ? 3600 : 1;

	if (n < 0 ||
	    (*end != '\0' && (strchr("smh", *end) == NULL || end[1] != '\0')))
		return -1;
	return n * unit * 1000000;
}

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "dry-run", no_argument, NULL, 'd' },
	{ "limit", required_argument, NULL, 'l' },
	{ "for", required_argument, NULL, 'f' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

/* False: the usage is wrong. */
static bool
read_options(struct job *job, bool *help, int argc, char **argv)
{
	char *end = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 'c':
			job->conf = optarg;
			break;
		case 'd':
			job->dry_run = true;
			break;
		case 'l':
			job->limit = parse_number(optarg, &end);
			if (job->limit < 0 || *end != '\0')
				return false;
			break;
		case 'f':
			job->is_looping = true;
			if ((job->for_us = parse_duration(optarg)) < 0)
				return false;
			break;
		case 'v':
			job->verbose = true;
			break;
		case 'h':
			*help = true;
			break;
		default:
			return false;
		}
	return optind == argc;
}

/* With --for the predecessor may need a moment to finish. */
static bool
lock(struct job *job, const struct job_program *p, struct app *app)
{
	int64_t give_up = clock_monotonic_us() +
	    (job->is_looping ? LOCK_WAIT_US : 0);

	job->name = p->name;
	job->lock_arena = arena_new();
	job->lock = db_new(conf_db_url(app->conf->db_url, p->domain->name,
	    app->arena), false);
	while (!take(job)) {
		if (is_stopped || clock_monotonic_us() >= give_up)
			return false;
		usleep(200000);
	}
	return true;
}

static int
run(struct job *job, const struct job_program *p, struct app *app)
{
	struct request *r = app_request_new(app,
	    arena_printf(app->arena, "job:%s", p->name));
	struct uuid id = uuid_new();
	char members[200];
	int status;

	db_exec(r->db, &begin_run, P(id), P(p->name));
	job->started_us = clock_monotonic_us();
	job->is_watched = isatty(STDERR_FILENO);
	if (job->for_us > 0)
		job->until_us = job->started_us + job->for_us;
	status = p->run(job, r);
	job_start_step(job, r);
	db_exec(r->db, &end_run, P(id), P(job->done), P(job->failed),
	    P(status == 0 ? "" : "failed"));
	if (job->is_watched)
		fputs("\n", stderr);
	snprintf(members, sizeof(members), ",\"job\":\"%s\",\"done\":%" PRId64
	    ",\"failed\":%" PRId64 ",\"ms\":%" PRId64 ",\"status\":%d", p->name,
	    job->done, job->failed, (clock_monotonic_us() - job->started_us) / 1000,
	    status);
	log_members(LOG_LEVEL_INFO, "job", members);
	app_request_free(r);
	return status;
}

int
job_main(const struct job_program *p, int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct job job = { .conf = "/etc/zoco/zoco.conf" };
	bool help = false;
	struct app *app;
	int status = 1;

	if (!read_options(&job, &help, argc, argv))
		return usage(p, stderr);
	if (help)
		return usage(p, stdout);
	if ((app = app_open(p->domain, job.conf)) == NULL)
		return 1;
	log_start(p->name, job.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
	    job.verbose);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (lock(&job, p, app)) {
		status = run(&job, p, app);
	} else if (db_failure(job.lock) == DB_GOOD) {
		log_info("job.locked", "another %s runs", p->name);
		status = EXIT_ANOTHER_RUNS;
	}
	db_free(job.lock);
	arena_free(job.lock_arena);
	app_close(app);
	return status;
}
