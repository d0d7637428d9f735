/*
 * expire_orders, the finisher: voids orders that a crash left half placed,
 * asks payments about those that wait, and lets unpaid ones expire.
 */
#include "cgi/orders/orders.h"

#include "job/job.h"

#define BATCH 100

static int
run(struct job *job, struct request *r)
{
	do {
		job_start_step(job, r);
		if (job->dry_run)
			break;
		job->done += orders_finish_half_done(r, BATCH);
		job_start_step(job, r);
		job->done += orders_expire(r, BATCH);
		if (job_is_looping(job))
			db_wait(r->db, 5000);
	} while (job_is_looping(job) && !job_should_stop(job));
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct job_program program = {
		.name = "expire_orders",
		.domain = &orders_program,
		.summary = "finishes or undoes half-done orders, expires unpaid ones",
		.run = run,
	};

	return job_main(&program, argc, argv);
}
