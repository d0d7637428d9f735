/*
 * low_stock_alerts: learns what variants are called, tells of levels that fell
 * to their threshold where nobody noticed (a threshold was raised, a hold
 * lapsed), and once a day, from seven in the morning, a digest of what is low.
 */
#include "cgi/inventory/inventory.h"

#include "job/job.h"

#define BATCH 100

static int
run(struct job *job, struct request *r)
{
	struct uuid after = { 0 };
	int64_t n;

	do
		job_start_step(job, r);
	while (!job->dry_run && !job_should_stop(job) &&
	    variants_learn_all(r, &after) > 0);
	do {
		job_start_step(job, r);
		n = job->dry_run ? 0 : low_stock_catch_up(r, BATCH);
		job->done += n;
	} while (n > 0 && !job_should_stop(job));
	job_start_step(job, r);
	if (!job->dry_run && low_stock_digest(r)) {
		job->done++;
		stock_notices_purge(r);
	}
	return request_failed(r) ? 1 : 0;
}

int
main(int argc, char **argv)
{
	static const struct job_program program = {
		.name = "low_stock_alerts",
		.domain = &inventory_program,
		.summary = "tells of low stock that nobody noticed, and once a day all",
		.run = run,
	};

	return job_main(&program, argc, argv);
}
