/*
 * A request, from what nginx handed over to the answer that goes back.
 *
 * Handlers see valid input and say business things; everything here that they
 * need has a function below. Nothing is sent before COMMIT: the answer is one
 * JSON value, printed under /api/v1 and filled into a template on a page.
 */
#ifndef ZOCO_WEB_REQUEST_H
#define ZOCO_WEB_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "db/db.h"
#include "redis/redis.h"
#include "web/events.h"
#include "web/multipart.h"
#include "web/params.h"
#include "web/problem.h"
#include "web/route.h"
#include "web/session.h"

struct app;
struct json_object;

struct header {
	struct header *next;
	const char *name, *value;
};

/* Something to do after COMMIT, or after the answer was sent. */
struct later {
	struct later *next;
	void (*fn)(struct request *, void *);
	void *context;
};

struct request {
	struct app *app;
	struct arena *arena;
	struct db *db;
	struct redis *redis;

	/* What came in. Texts are the arena's and never NULL unless said. */
	const struct route *route;
	struct path_params path_params;
	enum method method;
	const char *path;	/* "/es/p/taza", as nginx decoded it */
	const char *local_path;	/* without /api/v1 or the language */
	const char *query;
	const char *id;		/* nginx's request id */
	const char *address;	/* the client's */
	const char *lang;	/* "es" or "en" */
	const char *const *environment;	/* FastCGI parameters */
	const char *body;
	size_t body_n;
	bool is_form;		/* the body is a form, or the path a page's */
	const char *caller;	/* INTERNAL: the program that calls; else NULL */
	const char *actor;	/* for events: "user:<id>", "guest", "job:<name>" */
	const char *factor;	/* how who asked first signed in; NULL: not */
	struct session *session;	/* NULL: not signed in */
	struct form_part *parts;	/* of a form with files */
	size_t parts_n;
	struct json_object *input_tree;	/* as typed, for showing a form again */
	void *input;		/* the route's input struct */
	const char *idempotency_key;	/* NULL where none was given */

	/* What goes back. */
	int status;
	struct json_object *json;	/* the answer's value */
	struct json_object *page_data;	/* further members for the page */
	const char *content_type;	/* of `text`, when it is not JSON */
	struct buf *text;	/* a ready body instead of `json` */
	const char *location;
	struct header *headers;
	enum problem problem;
	const char *problem_detail;
	struct json_object *problem_members, *field_errors;
	bool replayed;

	/* What the transaction carries with it. */
	struct event *events;
	struct later *after_commit, *after_send;
	int64_t started_us;
};

/* The validated input of the route; of the type its schema describes. */
const void *request_input(const struct request *);

/* The file of that field of a form; NULL where none was chosen. */
const struct form_part *request_file(const struct request *,
    const char *field);

/* A FastCGI parameter ("HTTP_USER_AGENT"), "" when absent. */
const char *request_env(const struct request *, const char *name);

/* A cookie's value, or NULL. Names get the __Host- prefix or the port. */
const char *request_cookie(struct request *, const char *name);

/*
 * The answer: the struct as JSON with the status; returns the status, as
 * handlers do. reply_list gives {"items": [...], "next": cursor or null};
 * `next` NULL means there is no more.
 */
int reply(struct request *, int status, const struct schema *,
    const void *object);
int reply_list(struct request *, const struct schema *, const void *items,
    size_t n, const char *next);
int reply_empty(struct request *, int status);

/* The answer is this JSON; its reference is taken. */
int reply_json(struct request *, int status, struct json_object *);

/* A ready text of a content type (CSV, Prometheus). */
int reply_text(struct request *, int status, const char *content_type,
    struct buf *);

/* 303 to a path of this shop ("/orders/1": the language is put before it) or,
 * after a check by the caller, a full https:// address. */
int reply_redirect(struct request *, const char *location);

void reply_header(struct request *, const char *name, const char *value);

/* Sets a cookie: HttpOnly, SameSite=Lax, Secure where the shop has TLS.
 * max_age 0 deletes it. path "/" gets the __Host- prefix. */
void reply_cookie(struct request *, const char *name, const char *value,
    int max_age_s, const char *path);

/* A member that only the page's template sees (options of a select, titles);
 * takes the reference. */
void page_set(struct request *, const char *name, struct json_object *);

/* Runs after COMMIT, before the answer (Redis writes); or after the answer. */
void after_commit(struct request *, void (*fn)(struct request *, void *),
    void *context);
void after_send(struct request *, void (*fn)(struct request *, void *),
    void *context);

/*
 * Steps of a TX_NONE handler: one transaction each, with its events. False
 * means the failure is recorded and the handler must return; step_end commits.
 */
bool step_begin(struct request *);
bool step_end(struct request *);
void step_undo(struct request *);

/* Did something fail that only the dispatcher can answer? Then return 0. */
bool request_failed(const struct request *);

/* A cursor for keyset pages: opaque text that holds `parts` ("a|b"). */
const char *cursor_make(struct request *, const char *format, ...)
    PRINTF_LIKE(2, 3);
/* Its parts, split at '|', into out[n]; false and a field fault when it is not
 * one of ours. */
bool cursor_read(struct request *, const char *cursor, const char *out[],
    size_t n);
/* The same for lists by id, or by a number (made with "%" PRId64), alone. */
const char *cursor_make_id(struct request *, struct uuid);
bool cursor_read_id(struct request *, const char *cursor, struct uuid *id);
bool cursor_read_number(struct request *, const char *cursor, int64_t *);
/* Answers 422 for parts that are none of ours; false. */
bool cursor_refuse(struct request *);

/* "id,id" as a JSON array; NULL, and the fault of that field, if one is no id. */
const char *request_ids(struct request *, const char *field, const char *list);

#endif
