/* Signs the end of audit's chain into a file outside of the database. */
#include "cgi/audit/audit.h"

#include "base/log.h"
#include "job/job.h"

static int
run(struct job *job, struct request *r)
{
	int64_t signed_to = 0;

	if (job->dry_run)
		return 0;
	if (!checkpoint_make(r, &signed_to)) {
		log_error("audit.broken", "not signed beyond entry %" PRId64
		    ": look at zoco-audit verify", signed_to);
		job->failed++;
		return 1;
	}
	job->done = signed_to;
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct job_program program = {
		.name = "checkpoint_audit",
		.domain = &audit_program,
		.summary = "signs the end of the audit chain into a file",
		.run = run,
	};

	return job_main(&program, argc, argv);
}
