/*
 * What a program has done, for /metrics: one page of memory that the master
 * makes before it forks and all its workers share.
 *
 * Every worker counts in a slot of its own, so none waits for another; a
 * worker that takes the place of a dead one goes on with its slot. Reading
 * adds the slots up while they may move: each number is right, two of them
 * may be a request apart. A restart of the program begins at zero, as
 * Prometheus expects of counters.
 */
#ifndef ZOCO_WEB_COUNTERS_H
#define ZOCO_WEB_COUNTERS_H

#include "base/buf.h"

/* Upper bounds are 0.5 ms, 1 ms, 2 ms ... 16.384 s; the last has none. */
#define COUNTERS_BUCKETS 17

struct counters;

/* The sum over all slots. */
struct counters_total {
	uint64_t by_class[6];		/* [2]: answers with status 200-299 */
	uint64_t buckets[COUNTERS_BUCKETS];	/* not cumulative */
	uint64_t time_us;
	uint64_t in_flight;
	uint64_t respawns;
};

/* For that many workers, all zero; NULL (errno) without memory. */
struct counters *counters_new(int slots);
void counters_free(struct counters *);

/*
 * A request begins and ends in the worker of this slot, which has one at a
 * time. A status that is none counts as 5xx.
 */
void counters_begin(struct counters *, int slot);
void counters_end(struct counters *, int slot, int status, int64_t time_us);

/* The master has replaced the worker of this slot, whatever it was doing. */
void counters_respawn(struct counters *, int slot);

void counters_sum(const struct counters *, struct counters_total *);

/* The sum in Prometheus' text format 0.0.4, each sample labelled `domain`. */
void counters_print(const struct counters *, struct buf *, const char *domain);

#endif
