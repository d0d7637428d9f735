/*
 * Events: what a domain tells the others, exactly once each.
 *
 * An event is a row of the domain's outbox, written in the transaction of the
 * change itself: no change without its event, no event without its change. The
 * rows are numbered without gaps under the lock of one counter row, which is
 * taken as the last thing before COMMIT; so the numbers are the order of the
 * commits, and a missing number is a missing row. cron/deliver_events carries
 * them to the subscribers.
 */
#ifndef ZOCO_WEB_EVENTS_H
#define ZOCO_WEB_EVENTS_H

#include "base/field.h"

struct request;
struct json_object;

enum event_type {
#define EVENT(name, type, source, subscribers) EVENT_##name,
#include "events.def"
#undef EVENT
	EVENT_COUNT
};

struct event_kind {
	const char *type;
	const char *source;		/* the domain, or "*" */
	const char *subscribers;	/* spaced; "!" = with personal fields */
};

extern const struct event_kind event_kinds[EVENT_COUNT];

/* The kind of that type; EVENT_COUNT when unknown (a newer sender). */
enum event_type event_parse(const char *type);

/* Is the domain a subscriber, and does it get the personal fields? */
bool event_is_for(enum event_type, const char *domain, bool *personal);

/*
 * Notes an event about `subject` (the id of the order, variant, user ...; the
 * events of one subject arrive in order). `data` is written as the schema says
 * with its personal fields apart. It becomes a row when the transaction
 * commits, and nothing when it does not.
 */
void event_emit(struct request *, enum event_type, struct uuid subject,
    const struct schema *, const void *data);

/* The same with a JSON object, whose reference is taken; no personal fields. */
void event_emit_json(struct request *, enum event_type, struct uuid subject,
    struct json_object *data);

/* Writes the noted events; called by the dispatcher before COMMIT. */
bool events_flush(struct request *);

/* What a subscriber receives. */
struct event {
	struct event *next;
	enum event_type type;
	struct uuid id;
	int64_t number;		/* gap-free in its source */
	const char *source;
	struct uuid subject;
	const char *actor;
	const char *request_id;
	int64_t time_us;
	struct json_object *data;
	struct json_object *personal;	/* while it is being emitted */
	const char *type_text;
};

extern const struct schema event_schema;	/* one row, without `data` */

/*
 * What a domain does on an event; a row per type, ended by a NULL handler. It
 * runs once per event in a transaction of its own that also notes the id in
 * the inbox. It says false when the event cannot be taken now (it is sent
 * again); a problem() or a failed statement counts as false too.
 */
struct subscription {
	enum event_type type;
	bool (*handler)(struct request *, const struct event *);
};

/* The same for types that come in numbers: those in a row at once, the oldest
 * first. */
struct batch_subscription {
	enum event_type type;
	bool (*handler)(struct request *, const struct event *const *, size_t n);
};

#endif
