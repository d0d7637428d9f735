/*
 * What a program knows of a person (GDPR, articles 15 and 17): it tells it, and
 * forgets it when the account is closed. Every program answers for its own
 * part; auth puts the parts together.
 */
#ifndef ZOCO_WEB_PERSON_H
#define ZOCO_WEB_PERSON_H

#include "web/request.h"

/*
 * Parameters: the account's id, and its address, which is "" unless the person
 * has confirmed that it is theirs. A query may take only the first.
 */
struct person_part {
	/* One row: `data`, JSON; `open`, how many things have to end before. */
	const struct db_query *tell;
	const struct db_query *const *forget;	/* ended by NULL; or NULL */
};

extern const struct schema person_asked_input, person_told_schema;

struct person_told {
	struct json_object *data;
	int64_t open;
};

/* What this program knows. False: see r. */
bool person_tell(struct request *, struct uuid account_id, const char *address,
    struct person_told *);

/* Forgets it, in a transaction. */
bool person_forget(struct request *, struct uuid account_id,
    const char *address);

/* The same for auth, and of an event: user.closed says `forget`, the address. */
int person_tell_internal(struct request *);
bool person_on_closed(struct request *, const struct event *);

#endif
