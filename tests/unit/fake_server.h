/*
 * A server for the tests of what calls out: a child process that forks once
 * more for every connection and gives it to `serve`. What it saw is in memory
 * shared with the test.
 */
#ifndef ZOCO_TESTS_FAKE_SERVER_H
#define ZOCO_TESTS_FAKE_SERVER_H

#include "base/base.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

struct fake_seen {
	int connections;
	int requests;
	char last[2 << 20];	/* what it received last, as `serve` likes */
};

struct fake_server {
	pid_t pid;
	int port;		/* TCP on 127.0.0.1, or 0 */
	char path[108];		/* Unix socket, or "" */
	struct fake_seen *seen;
};

/* Serves one connection; `tag` is the test's. */
typedef void fake_serve(int fd, struct fake_seen *, int tag);

/* A listening socket on a free port of 127.0.0.1. */
static inline int
fake_listen(int *port, int backlog)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&in, n) < 0 ||
	    listen(fd, backlog) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &n) < 0)
		abort();
	*port = ntohs(in.sin_port);
	return fd;
}

static inline int
fake_listen_unix(char path[108])
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(path, 108, "/tmp/zoco-fake-%d.sock", (int)getpid());
	memcpy(un.sun_path, path, sizeof(un.sun_path));
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&un, sizeof(un)) < 0 ||
	    listen(fd, 64) < 0)
		abort();
	return fd;
}

static inline _Noreturn void
fake_loop(int listener, struct fake_server *fake, fake_serve *serve, int tag)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			_exit(1);
		__atomic_add_fetch(&fake->seen->connections, 1,
		    __ATOMIC_SEQ_CST);
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(fd, fake->seen, tag);
			_exit(0);
		}
		close(fd);
	}
}

static inline void
fake_start(struct fake_server *fake, bool by_unix, fake_serve *serve, int tag)
{
	int listener;

	*fake = (struct fake_server){ 0 };
	fake->seen = mmap(NULL, sizeof(*fake->seen), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fake->seen == MAP_FAILED)
		abort();
	listener = by_unix ? fake_listen_unix(fake->path) :
	    fake_listen(&fake->port, 64);
	if ((fake->pid = fork()) == 0)
		fake_loop(listener, fake, serve, tag);
	setpgid(fake->pid, fake->pid);	/* whoever of the two comes first */
	close(listener);
}

static inline void
fake_stop(struct fake_server *fake)
{
	kill(-fake->pid, SIGKILL);
	waitpid(fake->pid, NULL, 0);
	munmap(fake->seen, sizeof(*fake->seen));
	if (fake->path[0] != '\0')
		unlink(fake->path);
}

static inline void
fake_write(int fd, const void *bytes, size_t n)
{
	for (const char *at = bytes; n > 0; ) {
		ssize_t done = write(fd, at, n);

		if (done <= 0)
			_exit(0);
		at += done;
		n -= (size_t)done;
	}
}

static inline void
fake_puts(int fd, const char *text)
{
	fake_write(fd, text, strlen(text));
}

/* Makes folder/key.pem and folder/cert.pem that nobody trusts. */
static inline bool
fake_certificate(const char *folder)
{
	char make[256];

	snprintf(make, sizeof(make), "cd %s && openssl req -x509 -nodes"
	    " -newkey rsa:2048 -subj /CN=127.0.0.1"
	    " -addext subjectAltName=IP:127.0.0.1,DNS:mail.localhost"
	    " -keyout key.pem -out cert.pem -days 1 >/dev/null 2>&1", folder);
	return system(make) == 0;
}

#endif
