/*
 * Who is asking: the session behind the cookie, and the permission check.
 *
 * auth's table is the truth; Redis holds a copy for 60 s under a name that
 * contains Redis's run id, so that nothing ended rises again with a restart
 * (ARCHITECTURE.md 8). Neither there: ask auth. auth out of reach: 503.
 */
#ifndef ZOCO_WEB_SESSION_H
#define ZOCO_WEB_SESSION_H

#include "base/field.h"

struct request;

#define SESSION_COOKIE "zoco_session"
#define SESSION_COPY_SECONDS 60

struct session {
	struct uuid session_id;
	struct uuid user_id;
	const char *email;
	const char *name;
	const char *language;
	const char *roles;		/* "owner", "staff", "customer", spaced */
	/* "domain.resource.verb ..." or "*"; narrowed "...verb@location:madrid" */
	const char *permissions;
	const char *factor;		/* how it began: "password", "totp" ... */
	int64_t fresh_until_us;		/* who sits there counts as proven */
};

extern const struct schema session_schema;

/*
 * Fills r->session from the cookie. True also when nobody is signed in; false
 * when it cannot be known (answers 503).
 */
bool session_load(struct request *);

/* The key of the copy of a token's session in Redis; NULL: Redis is down. */
const char *session_copy_key(struct request *, const char *token_hash);

/* Is it a program with an API key ("Authorization: Bearer zk_...")? Then
 * session_id is the key's, and nothing is its own. */
bool session_is_key(const struct session *);

/* Does the session hold the permission, everywhere? */
bool session_may(const struct session *, const char *permission);

/* Does it hold it there ("location:madrid"), or everywhere? */
bool session_may_in(struct request *, const char *permission,
    const char *scope);

/* The first "value" of that kind where it holds the permission, the request's;
 * with a NULL kind the first "kind:value". NULL: it has none so narrowed. */
const char *session_place(struct request *, const char *permission,
    const char *kind);

#endif
