/*
 * What the jobs of a domain have done: its job_run, which /internal/<domain>/runs
 * tells to system.
 */
#ifndef ZOCO_WEB_RUNS_H
#define ZOCO_WEB_RUNS_H

#include "base/field.h"

struct request;

/* From the least to what asks most for somebody's eyes. */
enum run_state {
	RUN_NEVER,
	RUN_DONE,
	RUN_RUNNING,
	RUN_LOST,		/* it has ended without a word: killed */
	RUN_FAILED
};
extern const char *const run_states[];

struct run {
	const char *job, *domain;
	enum run_state state;
	int64_t started_at, ended_at;
	int64_t done, failed;	/* things, as the job counts them */
	int64_t failures;	/* runs of the last day that failed */
};

extern const struct schema run_schema, runs_input;

/* The last run of each job, or (job not NULL) the last twenty of one. */
bool runs_read(struct request *, const char *job, struct run **, size_t *n);

/* GET /internal/<domain>/runs?job= */
int runs_list(struct request *);

#endif
