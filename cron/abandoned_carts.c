/*
 * abandoned_carts: one reminder of a cart that was left for some hours, to
 * whoever gave an address and agreed to be written to.
 */
#include "cgi/cart/cart.h"

#include "job/job.h"

#define BATCH 100

static int
run(struct job *job, struct request *r)
{
	int64_t before;

	do {
		before = job->done;
		job_start_step(job, r);
		if (job->dry_run) {
			job->done = carts_left(r);
			break;
		}
		carts_remind(r, BATCH, &job->done, &job->failed);
	} while (job->done > before && !job_should_stop(job));
	return request_failed(r) ? 1 : 0;
}

int
main(int argc, char **argv)
{
	static const struct job_program program = {
		.name = "abandoned_carts",
		.domain = &cart_program,
		.summary = "reminds once of carts that were left, where that was agreed",
		.run = run,
	};

	return job_main(&program, argc, argv);
}
