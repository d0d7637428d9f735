/*
 * HTTP calls out, one at a time, over libcurl: to other programs of the shop
 * through a Unix socket, to payment and message providers by https, and to
 * addresses that users give (Web Push, webhooks) with `public_only`.
 *
 * What matters to a caller that moves money is which of three happened:
 * there is an answer, surely nothing was sent, or nobody knows. So a request
 * that is not safe to repeat (POST, PATCH) always gets a fresh connection:
 * on one kept from before, libcurl would send it a second time by itself if
 * the other side closed without an answer. For the others (GET, HEAD, PUT,
 * DELETE: RFC 9110 9.2.2) connections are kept and may be retried once.
 *
 * Only http and https, HTTP/1.1, no redirects, no proxy from the environment,
 * no name or password in an URL, TLS 1.2 or later with a verified certificate.
 */
#ifndef ZOCO_NET_HTTP_CLIENT_H
#define ZOCO_NET_HTTP_CLIENT_H

#include "base/arena.h"

struct http_client;	/* keeps connections; not to be used across fork */

struct http_call {
	const char *method;		/* "GET", "POST" ... */
	const char *url;
	const char *unix_socket;	/* path, or NULL: by TCP */
	const char *const *headers;	/* "Name: value" ... NULL; or NULL */
	const void *body;		/* NULL: none */
	size_t body_n;
	int64_t timeout_ms;		/* for all of it; must be > 0 */
	int64_t connect_timeout_ms;	/* with TLS handshake; 0: as above */
	size_t max_bytes;		/* of the answer's body */
	bool public_only;		/* refuse private addresses */
};

enum http_result {
	HTTP_ANSWERED,		/* there is a status, whichever */
	HTTP_UNREACHABLE,	/* surely nothing was sent: may be repeated */
	HTTP_UNKNOWN,		/* sent, perhaps done; no whole answer came */
	HTTP_TOO_LARGE		/* done, and answered by more than we take */
};

struct http_answer {
	int status;		/* 200 ...; 0 when none came */
	char *body;		/* the arena's, never NULL, ends in a NUL */
	size_t n;
	const char *content_type;	/* "": none; the arena's */
	const char *headers;	/* see http_answer_header; the arena's */
	char error[256];	/* why there is no answer, for the log; or "" */
};

/* A client without connections yet; the caller's, to http_client_free. */
struct http_client *http_client_new(void);

/* Closes what is open. NULL is fine. */
void http_client_free(struct http_client *);

/*
 * Makes the call and waits. The answer is always filled in; body and headers
 * are the arena's, and are empty unless HTTP_ANSWERED. A call that cannot be
 * made as written (a control character in a header or the URL, another
 * protocol) is HTTP_UNREACHABLE.
 */
enum http_result http_client_run(struct http_client *, struct arena *,
    const struct http_call *, struct http_answer *);

/* The value of the first header of that name (any case), or "". */
const char *http_answer_header(const struct http_answer *, const char *name);

#endif
