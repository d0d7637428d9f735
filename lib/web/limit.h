/*
 * Limits: so many of something in a window of time (RELIABILITY: login,
 * checkout ...). Counters live in Redis, and while it is away in the domain's
 * own database; with neither the request is answered 503. So a limit that
 * stands between an attacker and a password is never open. Take before BEGIN:
 * in a transaction that is rolled back, the database forgets the count.
 */
#ifndef ZOCO_WEB_LIMIT_H
#define ZOCO_WEB_LIMIT_H

#include "web/request.h"

/*
 * Takes one from the budget `name` of `who` (an address, a hash; no name of a
 * person): at most `max` in `seconds`. False: the budget is used up and r
 * answers 429 with Retry-After. max 0 means no limit.
 */
bool limit_take(struct request *, const char *name, const char *who,
    int64_t max, int seconds);

/* Gives the whole budget back, after a success. */
void limit_forget(struct request *, const char *name, const char *who);

/* The route's own limit, per client address (IPv6: per /64). */
bool limit_route(struct request *);

/* Whom an address limit counts: the address, or its IPv6 network. */
const char *limit_address(const struct request *);

#endif
