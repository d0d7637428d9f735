#include "web/loop.h"

#include "base/log.h"

#include <fastcgi.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#define CONNECTIONS_MAX 256	/* beyond it the longest idle one is closed */
#define FIRST_BYTE_MS 2		/* nginx writes right after it has connected */
#define NEWCOMER_MS 100		/* how long one that is late delays our end */

struct connection {
	FCGX_Request request;
	bool is_watched;	/* the epoll knows it */
	bool is_new;		/* its first request is still to come */
	TAILQ_ENTRY(connection) link;
};

TAILQ_HEAD(connections, connection);

struct loop {
	int epoll, signals, listener;
	bool (*serve)(void *, FCGX_Request *);
	void *context;
	const struct loop_limits *limits;
	uint64_t served;
	bool is_ending;
	struct connections unused, idle;	/* idle: the longest first */
	struct connection all[CONNECTIONS_MAX];
};

static void
connection_close(struct loop *l, struct connection *c)
{
	TAILQ_REMOVE(&l->idle, c, link);
	TAILQ_INSERT_TAIL(&l->unused, c, link);
	FCGX_Free(&c->request, true);
}

/* Puts it back among the idle, or the unused when libfcgi has closed it. */
static void
connection_put(struct loop *l, struct connection *c)
{
	/* ONESHOT: one that is closed while a child process still holds a copy
	 * of it would otherwise be reported for ever. */
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLONESHOT, .data.ptr = c
	};

	if (c->request.ipcFd < 0) {
		TAILQ_INSERT_TAIL(&l->unused, c, link);
		return;
	}
	TAILQ_INSERT_TAIL(&l->idle, c, link);
	if (epoll_ctl(l->epoll, c->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
	    c->request.ipcFd, &event) == 0)
		c->is_watched = true;
	else
		connection_close(l, c);
}

static bool
is_over_limit(const struct loop *l)
{
	struct rusage usage;

	if (l->limits->requests > 0 && l->served >= l->limits->requests)
		return true;
	if (l->limits->memory_kb == 0 || getrusage(RUSAGE_SELF, &usage) != 0)
		return false;
	return usage.ru_maxrss > l->limits->memory_kb;
}

/*
 * What the handler left unread has to go before the answer ends: nginx may
 * send its next request right behind, and a socket that is closed with unread
 * bytes in it can cost the peer the answer.
 */
static void
discard_body(FCGX_Request *r)
{
	char rest[4096];

	while (FCGX_GetStr(rest, sizeof(rest), r->in) > 0)
		continue;
}

/* Serves the request whose first bytes have arrived on a connection. */
static void
serve(struct loop *l, struct connection *c)
{
	FCGX_Request *r = &c->request;

	r->keepConnection = true;	/* else FCGX_Accept_r closes it first */
	if (FCGX_Accept_r(r) != 0)
		return;			/* hung up, or no FastCGI: closed */
	c->is_new = false;
	if (r->role == FCGI_RESPONDER) {
		if (!l->serve(l->context, r))
			l->is_ending = true;
		l->served++;
		if (is_over_limit(l))
			l->is_ending = true;
		discard_body(r);
	} else {
		log_warn("loop.role", "refused FastCGI role %d", r->role);
		r->keepConnection = false;
	}
	if (l->is_ending)
		r->keepConnection = false;
	FCGX_Finish_r(r);
}

static bool
is_readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

static void
connection_init(struct connection *c, int fd)
{
	static const struct timeval patience = { .tv_sec = LOOP_PATIENCE_S };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	c->is_watched = false;
	c->is_new = true;
	FCGX_InitRequest(&c->request, -1, 0);
	c->request.ipcFd = fd;
	FCGX_Detach(&c->request);	/* closing does not wait for the peer */
}

/* Accepts one connection, and serves it unless its request is still to come. */
static bool
accept_one(struct loop *l)
{
	int fd = accept4(l->listener, NULL, NULL, SOCK_CLOEXEC);
	struct connection *c;

	if (fd < 0) {
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return true;		/* another worker was faster */
		log_error("loop.accept", "%s", strerror(errno));
		return false;
	}
	if (TAILQ_EMPTY(&l->unused))
		connection_close(l, TAILQ_FIRST(&l->idle));
	c = TAILQ_FIRST(&l->unused);
	TAILQ_REMOVE(&l->unused, c, link);
	connection_init(c, fd);
	if (is_readable(fd, FIRST_BYTE_MS))
		serve(l, c);
	connection_put(l, c);
	return true;
}

static bool
loop_init(struct loop *l)
{
	struct epoll_event listener = {
		.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = &l->listener
	}, signals = {
		.events = EPOLLIN, .data.ptr = &l->signals
	};
	sigset_t term;

	TAILQ_INIT(&l->unused);
	TAILQ_INIT(&l->idle);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		TAILQ_INSERT_TAIL(&l->unused, &l->all[i], link);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &term, NULL) != 0 || FCGX_Init() != 0)
		return false;
	signal(SIGPIPE, SIG_IGN);	/* FCGX_Init has set its own */
	return (l->signals = signalfd(-1, &term, SFD_CLOEXEC)) >= 0 &&
	    (l->epoll = epoll_create1(EPOLL_CLOEXEC)) >= 0 &&
	    epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->signals, &signals) == 0 &&
	    epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->listener, &listener) == 0;
}

/*
 * One event at a time: the kernel hands out what is ready in turn, so that no
 * connection starves another, and nothing is stale by the time we see it.
 * NULL when nothing became ready within timeout_ms.
 */
static void *
next(struct loop *l, int timeout_ms)
{
	struct epoll_event event = { .data.ptr = NULL };

	while (epoll_wait(l->epoll, &event, 1, timeout_ms) < 0)
		if (errno != EINTR)
			break;
	return event.data.ptr;
}

/* Serves an idle connection on which something has arrived. */
static void
serve_idle(struct loop *l, struct connection *c)
{
	TAILQ_REMOVE(&l->idle, c, link);
	serve(l, c);
	connection_put(l, c);
}

/*
 * Answers what has arrived on connections that we hold, and closes them. Who
 * has just connected and not yet asked is waited for: nginx would ask another
 * worker after a kept connection was closed, but not after a new one was.
 */
static void
leave(struct loop *l)
{
	struct connection *c, *following;

	l->is_ending = true;
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, l->signals, NULL);
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, l->listener, NULL);
	while ((c = next(l, 0)) != NULL)
		serve_idle(l, c);
	for (c = TAILQ_FIRST(&l->idle); c != NULL; c = following) {
		following = TAILQ_NEXT(c, link);
		if (!c->is_new)
			connection_close(l, c);
	}
	while (!TAILQ_EMPTY(&l->idle) && (c = next(l, NEWCOMER_MS)) != NULL)
		serve_idle(l, c);
	while ((c = TAILQ_FIRST(&l->idle)) != NULL)
		connection_close(l, c);
}

/* Until the end is asked for; false after a log line when it cannot go on. */
static bool
serve_all(struct loop *l)
{
	while (!l->is_ending) {
		void *ready = next(l, -1);

		if (ready == NULL) {
			log_error("loop.wait", "%s", strerror(errno));
			return false;
		} else if (ready == &l->signals) {
			l->is_ending = true;
		} else if (ready == &l->listener) {
			if (!accept_one(l))
				return false;
		} else {
			serve_idle(l, ready);
		}
	}
	return true;
}

int
loop_run(int listener, bool (*answer)(void *, FCGX_Request *), void *context,
    const struct loop_limits *limits)
{
	struct loop *l = calloc(1, sizeof(*l));
	bool good = l != NULL;

	if (l != NULL) {
		*l = (struct loop){
			.epoll = -1, .signals = -1, .listener = listener,
			.serve = answer, .context = context, .limits = limits,
		};
		good = loop_init(l);
	}
	if (good) {
		good = serve_all(l);
		leave(l);
	} else {
		log_error("loop.start", "%s", strerror(errno));
	}
	if (l != NULL) {
		close(l->epoll);
		close(l->signals);
		free(l);
	}
	return good ? 0 : 1;
}

bool
loop_read_body(FCGX_Request *r, size_t n, char *out)
{
	while (n > 0) {
		int part = n < INT_MAX ? (int)n : INT_MAX;
		int got = FCGX_GetStr(out, part, r->in);

		if (got != part)
			return false;	/* its end, or a fault */
		out += got;
		n -= (size_t)got;
	}
	return FCGX_GetChar(r->in) == EOF && FCGX_GetError(r->in) == 0;
}
