/* Takes CSV files that are too large to be waited for into the catalogue. */
#include "cgi/catalog/import.h"
#include "job/job.h"

static int
run(struct job *job, struct request *r)
{
	struct uuid id;

	do {
		job_start_step(job, r);
		for (id = import_waiting(r); !uuid_is_nil(&id) &&
		    !job_should_stop(job); id = import_waiting(r)) {
			job_start_step(job, r);
			import_run(r, id, true);
			if (request_failed(r))
				return 1;
			job->done++;
			job_start_step(job, r);
		}
		if (job_is_looping(job))
			db_wait(r->db, 1000);
	} while (job_is_looping(job) && !job_should_stop(job));
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct job_program program = {
		.name = "import_products",
		.domain = &catalog_program,
		.summary = "takes large files of products in",
		.run = run,
	};

	return job_main(&program, argc, argv);
}
