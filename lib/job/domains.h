/*
 * The domains of a shop, for jobs that visit all of them: each with its own
 * role and key, one after the other or in a child of its own.
 */
#ifndef ZOCO_JOB_DOMAINS_H
#define ZOCO_JOB_DOMAINS_H

#include "base/conf.h"

extern const char *const domains[];	/* ended by NULL */

/* It has migrations and a key: it is part of this shop. */
bool domain_is_installed(const struct conf *, struct arena *,
    const char *domain);

/*
 * The configuration that the arguments of a job name (--config). False: there
 * is none to read, or only --help is wanted; job_main then says what.
 */
bool domains_conf(int argc, char **argv, struct arena *, struct conf *);

/* Does the domain subscribe to any event of that source? */
bool domain_hears(const char *domain, const char *source);

#endif
