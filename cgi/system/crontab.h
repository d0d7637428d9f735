/* The jobs of the shop's crontab (zoco.conf: crontab). */
#ifndef ZOCO_CGI_SYSTEM_CRONTAB_H
#define ZOCO_CGI_SYSTEM_CRONTAB_H

#include "base/arena.h"

#define CRONTAB_JOBS_MAX 64

struct crontab_job {
	const char *name;	/* "purge" of "zoco-job-purge" */
	const char *schedule;	/* a star for each field that may be anything */
	int64_t next_at;	/* 0: its time could not be read */
	bool is_looping;	/* --for: from one run to the next */
};

/* The jobs in the file's order; none when it cannot be read. */
size_t crontab_read(const char *path, struct arena *,
    struct crontab_job jobs[CRONTAB_JOBS_MAX]);

#endif
