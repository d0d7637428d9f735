/*
 * A program: its tables and its life.
 *
 * cgi/<domain>/main.c is a struct program and a call of app_main, which knows
 *
 *	zoco-inventory --config FILE      serve (FastCGI under a pre-fork master)
 *	zoco-inventory --check-config     read the configuration, say what is wrong
 *	zoco-inventory --check-sql        PREPARE every query on the database
 *	zoco-inventory --routes           the routes as JSON lines
 *	zoco-inventory --openapi          the OpenAPI 3.1 document of the domain
 *	zoco-inventory --words            words that one language lacks
 *
 * and serves one request as plain CGI when the environment says so.
 */
#ifndef ZOCO_WEB_APP_H
#define ZOCO_WEB_APP_H

#include "base/conf.h"
#include "web/request.h"

struct counters;
struct http_client;
struct person_part;
struct templates;
struct words;

struct program {
	const char *name;			/* the domain */
	const struct route *routes;
	const struct subscription *subscriptions;	/* NULL: none */
	const struct batch_subscription *batches;	/* NULL: none */
	const struct person_part *person;	/* NULL: knows of nobody */
	const char *schema;		/* the newest migration it needs, "0003" */
	/* auth only: the session of a token's hash from its own table. False:
	 * the database is away; *session stays NULL when there is none. */
	bool (*own_session)(struct request *, const char *token_hash,
	    struct session **session);
	/* A pool of its own, on <name>-<pool>.sock (auth's hashing). Whoever
	 * finds its queue full is answered 503 by nginx. */
	const char *extra_pool;
	int extra_workers, extra_nice, extra_queue;
	bool stores_bodies;		/* uploads: bodies up to 32 MiB, as nginx lets in */
};

struct app {
	const struct program *program;
	const struct conf *conf;
	struct arena *arena;		/* lives as long as the program */
	struct templates *templates;
	struct words *words;
	struct counters *counters;
	struct http_client *http;	/* of this worker */
	const char *origin;		/* scheme://host:port of base_url */
	const char *cookie_prefix, *cookie_suffix;
	bool is_secure;
	const char *caller_key;		/* this program's, for call() */
	const char *callers;		/* the file with everybody's hash */
	int slot;			/* of this worker, for the counters */
};

int app_main(const struct program *, int argc, char **argv);

/*
 * Everything a program needs before it serves: configuration, log, keys,
 * templates, words. Shared with jobs and tools. NULL after an error message.
 */
struct app *app_open(const struct program *, const char *conf_path);

/* Frees everything that app_open has made. NULL is fine. */
void app_close(struct app *);

/* A request that no browser made, for jobs: begun with a fresh arena. */
struct request *app_request_new(struct app *, const char *actor);
void app_request_free(struct request *);

/* A plain word of the program or the library; the key itself when unknown. */
const char *app_word(const struct app *, const char *lang, const char *key);

/* A secret of this program's own, from key_dir/<name>.key; ends the program
 * with a message when it is missing. The key is the app's. */
struct key;
const struct key *app_key(struct app *, const char *name);

/* The sha256 of a program's key, as hex; NULL when there is no such program. */
const char *app_caller_hash(const struct app *, const char *name);

/* Handles one request that is filled in, up to the answer in r. */
void dispatch(struct request *);

/* Runs the handler of r->route around its transaction, for a page's view. */
void dispatch_view(struct request *);

/* The languages of the shop, "es" first, ended by NULL. */
extern const char *const languages[];

extern const struct route builtin_routes[];

#endif
