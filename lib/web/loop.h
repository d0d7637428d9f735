/*
 * The life of a worker: FastCGI requests, one at a time, from a listener that
 * several workers share.
 *
 * libfcgi reads and writes the protocol; connections are ours. Each has an
 * FCGX_Request of its own under one epoll, so that a worker can hold many kept
 * connections (fastcgi_keep_conn) and none of them starves the others. Such a
 * request has no listener: libfcgi never accepts by itself, and a connection
 * is only read from once something has arrived on it.
 *
 * SIGTERM is blocked and read from a signalfd between two requests, so it
 * never cuts a read or a write in two. It means: answer what you have begun,
 * and what has already arrived on connections you hold; close them; return.
 * A child process that a handler starts inherits the blocked signal and has to
 * unblock it before it calls exec.
 *
 * A peer that stops in the middle of a request or an answer is given up after
 * LOOP_PATIENCE_S seconds.
 */
#ifndef ZOCO_WEB_LOOP_H
#define ZOCO_WEB_LOOP_H

#include "base/base.h"

#include <fcgiapp.h>

#define LOOP_PATIENCE_S 5

/* When a worker ends by itself; 0 is never. */
struct loop_limits {
	uint64_t requests;	/* after so many */
	int64_t memory_kb;	/* once its resident memory ever was above */
};

/*
 * Serves requests from the non-blocking `listener` until SIGTERM or a limit.
 * Returns 0, or 1 after a log line when it could not go on.
 *
 * serve() answers one request of the role RESPONDER: parameters in r->envp,
 * the body by loop_read_body, the answer into r->out; the loop ends it. An
 * answer has to say its Content-Length: without it, and without
 * fastcgi_keep_conn, nginx takes one that was cut off by our death as whole.
 * When serve returns false this worker ends too, and another takes its place.
 */
int loop_run(int listener, bool (*serve)(void *context, FCGX_Request *r),
    void *context, const struct loop_limits *);

/*
 * Reads a body that must be exactly n bytes long into out[n]. False when fewer
 * or more came, the peer aborted or hung up: then nothing in `out` may be
 * used. The caller has compared n with its limit.
 */
bool loop_read_body(FCGX_Request *r, size_t n, char *out);

/* Whether the program was started for one request, as plain CGI (RFC 3875). */
bool loop_is_cgi(void);

/*
 * Serves that one request from the environment, stdin and stdout. Returns the
 * program's exit status: 0 when an answer was written whole.
 */
int loop_run_cgi(bool (*serve)(void *context, FCGX_Request *r), void *context);

#endif
