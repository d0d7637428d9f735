/*
 * archive_audit: moves audit entries that are older than audit_months out of
 * the database into files below audit_archive, without breaking their chain.
 *
 * The last entry of a file is signed as a cut among the checkpoints: from there
 * on zoco-audit verify looks at the database alone, and with --archive FOLDER
 * at the files before. The rows are removed by the owner of the database
 * (db_owner_url), for the program itself may not. Ended at any moment, it loses
 * nothing and goes on the next time. Copy the files elsewhere: they are made
 * once and never changed.
 */
#include "cgi/audit/audit.h"

#include "job/job.h"

static int
run(struct job *job, struct request *r)
{
	int status = 1;

	while (!job->dry_run && status > 0 && !job_should_stop(job)) {
		job_start_step(job, r);
		status = archive_make(r, archive_owner(r), &job->done);
	}
	job->failed += status < 0;
	return status < 0 ? 1 : 0;
}

int
main(int argc, char **argv)
{
	static const struct job_program program = {
		.name = "archive_audit",
		.domain = &audit_program,
		.summary = "moves old audit entries into signed archive files",
		.run = run,
	};

	return job_main(&program, argc, argv);
}
