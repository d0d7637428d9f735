/*
 * Limits: so many of something in a window of time (RELIABILITY: login,
 * checkout ...). Counters live in Redis; without it a limit lets pass, with a
 * line in the log, except where the caller keeps a counter of its own.
 */
#ifndef ZOCO_WEB_LIMIT_H
#define ZOCO_WEB_LIMIT_H

#include "web/request.h"

/*
 * Takes one from the budget `name` of `who` (an address, an account): at most
 * `max` in `seconds`. False: the budget is used up and r answers 429 with
 * Retry-After. max 0 means no limit.
 */
bool limit_take(struct request *, const char *name, const char *who,
    int64_t max, int seconds);

/* The route's own limit, per client address. */
bool limit_route(struct request *);

#endif
