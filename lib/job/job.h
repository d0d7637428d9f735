/*
 * Jobs: what nobody waits for, run by cron.
 *
 * A job is one file in cron/ with a struct job_program and a call of job_main,
 * which knows --config FILE, --dry-run, --limit N, --for 55s (0: for good),
 * --verbose and --help; takes an advisory lock, so that the same crontab may sit on every
 * host; notes the run in job_run; and ends with one JSON line that says what
 * was done. Exit status: 0 good, 1 failed, 2 wrong usage, 75 another one runs.
 */
#ifndef ZOCO_JOB_JOB_H
#define ZOCO_JOB_JOB_H

#include "web/app.h"

struct job {
	bool dry_run, verbose;
	int64_t limit;		/* 0: none */
	bool is_looping;	/* --for was given */
	int64_t for_us;		/* how long to go on; 0: for good */
	int64_t until_us;	/* by the monotonic clock; 0: no end */
	int64_t done, failed;	/* counted by the job */
	bool is_watched;	/* stderr is a terminal, which is told of progress */
	int64_t started_us, shown_us;
	const char *name, *conf;	/* the path of zoco.conf */
	struct arena *lock_arena;
	struct db *lock;	/* the session that holds the lock */
	int64_t lock_checked_us;
};

struct job_program {
	const char *name;
	const char *summary;
	const struct program *domain;
	int (*run)(struct job *, struct request *);	/* an exit status */
};

int job_main(const struct job_program *, int argc, char **argv);

/* SIGTERM came, or the time or the limit is over, or the lock went to another
 * run: finish the step in hand. */
bool job_should_stop(const struct job *);

/* SIGTERM came, or the lock went to another run. */
bool job_is_stopped(void);

/* Was --for given? Then wait for more work instead of ending. */
bool job_is_looping(const struct job *);

/* A fresh start between two steps: empties the request's arena, forgets a
 * failure of the step before, and once a second makes sure of the lock, which
 * a restarted server has forgotten. */
void job_start_step(struct job *, struct request *);

#endif
