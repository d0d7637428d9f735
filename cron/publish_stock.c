/*
 * publish_stock: tells browsers of changed stock within a second, five times a
 * second at most, and those who waited for an article that it is back. What a
 * hold had reserved that has lapsed is given back here, so that all hear of it.
 */
#include "cgi/inventory/inventory.h"

#include "base/clock.h"
#include "job/job.h"
#include "net/http_client.h"

#define PAUSE_US 200000
#define LAPSED 100

static int
run(struct job *job, struct request *r)
{
	struct http_client *client = http_client_new();
	int64_t n;

	db_listen(r->db, "outbox");
	do {
		int64_t started = clock_monotonic_us(), rest;

		job_start_step(job, r);
		if (!job->dry_run)
			levels_lapse(r, LAPSED);
		job_start_step(job, r);
		n = job->dry_run ? 0 : live_publish(r, client);
		if (n < 0)
			job->failed++;
		else
			job->done += n;
		rest = started + PAUSE_US - clock_monotonic_us();
		if (n != 0 && rest > 0)
			usleep((useconds_t)rest);
		else if (n == 0 && job_is_looping(job))
			db_wait(r->db, 1000);
	} while (!job_should_stop(job) && (n > 0 || job_is_looping(job)));
	http_client_free(client);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct job_program program = {
		.name = "publish_stock",
		.domain = &inventory_program,
		.summary = "tells browsers of changed stock, and who waited for it",
		.run = run,
	};

	return job_main(&program, argc, argv);
}
