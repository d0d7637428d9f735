/*
 * Routes: the table of contents of a domain, and the single source of truth.
 *
 * Dispatch, the permission check, input validation, the transaction, the
 * OpenAPI document, the list of permissions and the tests that walk every route
 * are all derived from these rows. Method, path, permission, input,
 * transaction and handler are required by the macros; a row without a
 * permission does not compile.
 *
 *	API      is answered with JSON under /api/v1
 *	PAGE     fills a template under /es and /en; `also` fills further parts
 *	FORM     takes a page's form: after success 303 to `next` (or, where
 *	         nothing changed, a `template`), after a fault the page
 *	         `form_of` again, with what was typed and each message
 *	FRAGMENT is a part of a page that nginx or htmx includes; no layout
 *	INTERNAL is for other programs, named in `needs`, over nginx's Unix socket
 */
#ifndef ZOCO_WEB_ROUTE_H
#define ZOCO_WEB_ROUTE_H

#include "base/arena.h"
#include "base/field.h"
#include "web/problem.h"

enum method { GET, POST, PUT, PATCH, DELETE, METHOD_COUNT };

extern const char *const method_names[];

enum route_kind { KIND_API, KIND_PAGE, KIND_FRAGMENT, KIND_INTERNAL };

/* What the dispatcher does around a handler: one TX_ mode, and flags. */
enum route_how {
	TX_READ = 1,		/* nothing is opened: single statements */
	TX_WRITE = 2,		/* BEGIN .. COMMIT, run again on 40001/40P01 */
	TX_NONE = 4,		/* the handler opens its own steps and may call() */
	IDEM = 8,		/* Idempotency-Key is required */
	RESUMES = 16,		/* the handler finishes its own half-done work */
};

/* Who may call, besides a permission "domain.resource.verb". */
#define PERM_PUBLIC "public"
#define PERM_SIGNED_IN "signed-in"

/* Beside the permission: whose own things the handler's SQL lets through. */
enum route_own { OWN_NONE, OWN_SESSION, OWN_CART, OWN_ORDER };

struct request;
struct db_query;

struct view {
	const char *name;	/* the member of the page that it fills */
	int (*handler)(struct request *);
};

/* A broken promise of the schema, and what we call it outside. */
struct db_rule {
	const char *constraint;
	enum problem problem;
};

/*
 * A grant may be narrowed to a scope: "location:madrid", "category:<id>". By this a route says
 * what it is about: by a field of its input, or by a query that finds the
 * scope's values from that field (an id). Somebody whose grant is narrowed gets
 * where they may be; a text field that is not given becomes the first place
 * where they may be. A route without it is closed to narrowed grants.
 */
struct scope {
	const char *kind;	/* "location", "category" */
	const char *field;
	const struct db_query *of;	/* one parameter; rows of `value` */
};

/* At most `max` (a key of zoco.conf, by offset) per address in a window. */
struct limit {
	const char *name;
	size_t max;		/* offsetof(struct conf, limit_...) */
	int seconds;
};

struct route {
	enum route_kind kind;
	enum method method;
	const char *path;	/* with {name} segments */
	const char *needs;	/* INTERNAL: the callers, "orders cart" */
	const struct schema *input;	/* NULL: takes none */
	unsigned how;
	int (*handler)(struct request *);
	const char *summary;
	const struct schema *output;	/* of the answer; NULL: no body */
	bool output_list;	/* {"items": [output], "next": cursor} */
	int status;		/* of success, when not 200 */
	enum route_own own;
	bool is_fresh;		/* asks for a factor shown within 10 minutes */
	const struct scope *scope;
	const struct db_rule *rules;	/* ended by a NULL constraint */
	const struct limit *limit;
	const char *template;	/* PAGE, FRAGMENT: "cart" = pages/cart.mustache */
	struct view also[6];	/* PAGE: further views */
	const char *form_of;	/* FORM: the page shown again after a fault */
	const char *next;	/* FORM: "/orders/{id}", from the answer's members */
	int cache_seconds;	/* PAGE: the same for everybody for so long */
	bool is_for_machines;	/* a webhook: no browser, so no origin check */
	bool takes_raw_body;	/* the handler reads r->body itself */
	bool takes_files;	/* FORM: multipart/form-data too; request_file() */
};

#define ROUTE_END { .path = NULL }

#define API(verb, url, permission, in, mode, fn, ...) \
	{ .kind = KIND_API, .method = verb, .path = url, .needs = permission, \
	  .input = in, .how = mode, .handler = fn, ##__VA_ARGS__ }
#define PAGE(url, permission, in, mode, fn, page, ...) \
	{ .kind = KIND_PAGE, .method = GET, .path = url, .needs = permission, \
	  .input = in, .how = mode, .handler = fn, .template = page, ##__VA_ARGS__ }
#define FORM(verb, url, permission, in, mode, fn, page, ...) \
	{ .kind = KIND_PAGE, .method = verb, .path = url, .needs = permission, \
	  .input = in, .how = mode, .handler = fn, .form_of = page, ##__VA_ARGS__ }
#define FRAGMENT(url, permission, in, mode, fn, page, ...) \
	{ .kind = KIND_FRAGMENT, .method = GET, .path = url, \
	  .needs = permission, .input = in, .how = mode, .handler = fn, \
	  .template = page, ##__VA_ARGS__ }
#define INTERNAL(verb, url, callers, in, mode, fn, ...) \
	{ .kind = KIND_INTERNAL, .method = verb, .path = url, .needs = callers, \
	  .input = in, .how = mode, .handler = fn, ##__VA_ARGS__ }

#define PATH_PARAMS_MAX 4

struct path_params {
	struct { const char *name; const char *value; } items[PATH_PARAMS_MAX];
	int n;
};

enum route_match { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD };

/*
 * Finds the row for a path (without /api/v1 or the language) in tables tried
 * in order. Parameters are the arena's. ROUTE_NO_METHOD fills `allow` with the
 * methods that the path has ("GET, POST").
 */
enum route_match route_find(const struct route *const tables[],
    enum route_kind, enum method, const char *path, struct arena *,
    const struct route **found, struct path_params *, char allow[64]);

/* Does the path fit the pattern? Fills the parameters. */
bool route_fits(const char *pattern, const char *path, struct arena *,
    struct path_params *);

/* Is `name` a segment {name} of the pattern? */
bool route_has_param(const char *pattern, const char *name);

/* The method's row; METHOD_COUNT when it is none of ours. */
enum method method_parse(const char *);

#endif
