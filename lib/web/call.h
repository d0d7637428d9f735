/*
 * Calls to another program's /internal routes, over nginx's Unix socket.
 *
 * The caller says who it is with its own key; the callee's table says who may
 * call what. The request id, the actor with its address and factor, and the
 * language go along. Calls run one way (ARCHITECTURE.md 2) and never inside a
 * transaction.
 */
#ifndef ZOCO_WEB_CALL_H
#define ZOCO_WEB_CALL_H

#include "web/request.h"

struct call_answer {
	int status;			/* 200..499; after false 5xx, or 0 */
	struct json_object *json;	/* NULL: no body; the request's */
	const char *problem;		/* slug of a 4xx problem, or "" */
};

/*
 * Calls e.g. POST "/internal/inventory/holds" with a JSON body (NULL: none;
 * its reference is taken). False when the callee is out of reach, too slow or
 * answers 5xx: then the problem "unavailable" is set in r, and a handler that
 * has a lesser way may clear it with call_forgive().
 */
bool call(struct request *, enum method, const char *path,
    struct json_object *body, struct call_answer *);

/* The answer's JSON as a struct; false (and 503) when it does not fit. */
bool call_read(struct request *, const struct call_answer *,
    const struct schema *, void *object);

void call_forgive(struct request *);

/* The array member `name` of the answer as an array of structs. */
bool call_read_list(struct request *, const struct call_answer *,
    const char *name, const struct schema *, void **items, size_t *n);

/* Is this INTERNAL request from a program that its route names? Sets caller. */
bool call_is_allowed(struct request *);

#endif
