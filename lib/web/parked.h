/*
 * Events that a subscriber could not take: a domain's outbox_parked, which
 * /internal/<domain>/parked tells to system. Those that wait are tried again
 * by themselves; after ten tries an event is dead until somebody replays it.
 */
#ifndef ZOCO_WEB_PARKED_H
#define ZOCO_WEB_PARKED_H

#include "base/field.h"

struct request;

struct parked {
	const char *source, *subscriber, *type, *error, *data;
	struct uuid subject;
	int64_t number, at, next_at;
	int32_t tries;
	bool is_dead;
};

extern const struct schema parked_schema, parked_input;

/* The dead first, then the oldest; fifty at most. */
bool parked_read(struct request *, struct parked **, size_t *n);

struct parked_replay {
	const char *domain, *subscriber;
	int64_t number;		/* 0: all that are dead */
};

extern const struct schema parked_replay_input;

/* The dead events are tried again from now on, ten times; how many, 0 also
 * after a failure. In a transaction. */
int64_t parked_replay(struct request *, const struct parked_replay *);

struct parked_replayed {
	int64_t replayed;
};

extern const struct schema parked_replayed_schema;

/* GET /internal/<domain>/parked, POST .../parked/replay */
int parked_list(struct request *);
int parked_replay_asked(struct request *);

#endif
