/*
 * expire_orders, the finisher: voids orders that a crash left half placed,
 * asks payments about those that wait, and lets unpaid ones expire.
 */
#include "cgi/orders/orders.h"

#include "base/log.h"
#include "job/job.h"

#define BATCH 100

static int
run(struct job *job, struct request *r)
{
	static void (*const parts[])(struct request *, int, int64_t *, int64_t *) = {
		orders_undo_placing, orders_ask_payments, orders_expire,
	};

	do {
		job_start_step(job, r);
		if (job->dry_run) {
			log_info("expire_orders.due", "%" PRId64 " orders",
			    orders_due(r));
			break;
		}
		for (size_t i = 0; i < ARRAY_LEN(parts) &&
		    (i == 0 || !job_should_stop(job)); i++) {
			job_start_step(job, r);
			parts[i](r, BATCH, &job->done, &job->failed);
		}
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
