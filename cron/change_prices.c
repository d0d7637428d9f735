/* Makes lists and pages follow sales that have begun or ended, and changes of
 * categories that concern many products. */
#include "cgi/catalog/catalog.h"
#include "job/job.h"

#define BATCH 200

static int
run(struct job *job, struct request *r)
{
	int64_t n = BATCH;

	while (n == BATCH && !job_should_stop(job)) {
		job_start_step(job, r);
		n = change_prices(r, BATCH);
		job->done += n;
	}
	for (n = BATCH; n == BATCH && !job_should_stop(job); job->done += n) {
		job_start_step(job, r);
		n = refresh_due(r, BATCH);
	}
	return request_failed(r) ? 1 : 0;
}

int
main(int argc, char **argv)
{
	static const struct job_program program = {
		.name = "change_prices",
		.domain = &catalog_program,
		.summary = "makes lists and pages follow sales that begin and end",
		.run = run,
	};

	return job_main(&program, argc, argv);
}
