#include "web/listener.h"

#include "base/log.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define FIRST_PASSED_FD 3	/* SD_LISTEN_FDS_START */
#define BACKLOG 511
#define OWN_NAME "zoco-own"	/* in LISTEN_FDNAMES: bound by ourselves */

static bool
is_listening(int fd)
{
	int yes = 0;
	socklen_t n = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &n) == 0 && yes;
}

static bool
set_up(int fd)
{
	int flags = fcntl(fd, F_GETFL), yes = 1;

	/* TCP connections inherit it; a Unix socket has no such thing. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static bool
fill_address(struct sockaddr_un *a, const char *path, const char *suffix)
{
	int n;

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	n = snprintf(a->sun_path, sizeof(a->sun_path), "%s%s", path, suffix);
	return n > 0 && (size_t)n < sizeof(a->sun_path);
}

static int
unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/*
 * Whether the process that listens on the path still lives. Workers that
 * finish a request after their master was killed keep the socket open, but
 * nobody will answer there any more.
 */
static bool
is_in_use(const char *path)
{
	struct ucred owner = { .pid = 0 };
	socklen_t n = sizeof(owner);
	struct sockaddr_un a;
	int fd = unix_socket();
	bool in_use;

	fill_address(&a, path, "");
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		in_use = errno == EAGAIN;	/* its queue is full */
	else
		in_use = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &owner, &n) ||
		    kill(owner.pid, 0) == 0 || errno != ESRCH;
	close(fd);
	return in_use;
}

static bool
remember_path(struct listener *l)
{
	struct stat st;

	if (stat(l->path, &st) != 0)
		return false;
	l->is_own = true;
	l->device = st.st_dev;
	l->inode = st.st_ino;
	return true;
}

static bool
listener_bind(struct listener *l)
{
	struct sockaddr_un a;

	if (!fill_address(&a, l->path, ".new")) {
		log_error("listener.path", "too long for a socket: %s", l->path);
		return false;
	}
	if (is_in_use(l->path)) {
		log_error("listener.in_use", "somebody listens on %s", l->path);
		return false;
	}
	unlink(a.sun_path);
	l->fd = unix_socket();
	if (l->fd < 0 ||
	    bind(l->fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    chmod(a.sun_path, 0660) != 0 ||
	    listen(l->fd, l->backlog > 0 ? l->backlog : BACKLOG) != 0 ||
	    rename(a.sun_path, l->path) != 0 || !remember_path(l)) {
		log_error("listener.bind", "%s: %s", l->path, strerror(errno));
		return false;
	}
	return true;
}

/* The number of sockets passed by systemd's protocol; they are for us only. */
static size_t
passed_count(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");

	if (pid == NULL || count == NULL ||
	    strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	return strtoul(count, NULL, 10);
}

static bool
take(struct listener *l, int fd)
{
	l->fd = fd;
	if (!is_listening(fd) || !set_up(fd)) {
		log_error("listener.passed", "descriptor %d is no listening "
		    "socket", fd);
		return false;
	}
	return true;
}

/* "zoco-own:cart.socket": whether the i-th socket was bound by ourselves. */
static bool
is_named_own(const char *names, size_t i)
{
	while (names != NULL && i-- > 0)
		if ((names = strchr(names, ':')) != NULL)
			names++;
	return names != NULL && str_starts(names, OWN_NAME);
}

static bool
take_passed(struct listener *l, size_t n)
{
	const char *names = getenv("LISTEN_FDNAMES");

	for (size_t i = 0; i < n; i++) {
		if (!take(&l[i], FIRST_PASSED_FD + (int)i))
			return false;
		if (is_named_own(names, i))
			remember_path(&l[i]);
	}
	return true;
}

/* From spawn-fcgi: moved away, so that descriptor 0 is nothing special. */
static bool
take_stdin(struct listener *l)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, FIRST_PASSED_FD);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0)
		return false;
	close(null);
	return take(l, fd);
}

static void
forget_environment(void)
{
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

bool
listeners_open(struct listener *l, size_t n)
{
	size_t passed = passed_count();

	if (passed > n) {
		log_error("listener.passed", "%zu sockets passed, %zu wanted",
		    passed, n);
		return false;
	}
	if (!take_passed(l, passed))
		return false;
	forget_environment();
	if (passed == 0 && is_listening(STDIN_FILENO)) {
		if (!take_stdin(&l[0]))
			return false;
		passed = 1;
	}
	for (size_t i = passed; i < n; i++)
		if (!listener_bind(&l[i]))
			return false;
	return true;
}

void
listeners_release(struct listener *l, size_t n)
{
	struct stat st;

	for (size_t i = 0; i < n; i++) {
		if (l[i].is_own && stat(l[i].path, &st) == 0 &&
		    st.st_dev == l[i].device && st.st_ino == l[i].inode)
			unlink(l[i].path);
		close(l[i].fd);
	}
}

bool
listeners_hand_over(struct listener *l, size_t n)
{
	char pid[24], count[24], names[256] = "";

	/* Out of the way first: one may lie where another has to go. */
	for (size_t i = 0; i < n; i++)
		if ((l[i].fd = fcntl(l[i].fd, F_DUPFD_CLOEXEC,
		    FIRST_PASSED_FD + (int)n)) < 0)
			return false;
	for (size_t i = 0; i < n; i++) {
		size_t at = strlen(names);

		if (dup2(l[i].fd, FIRST_PASSED_FD + (int)i) < 0)
			return false;
		snprintf(names + at, sizeof(names) - at, "%s%s",
		    i > 0 ? ":" : "", l[i].is_own ? OWN_NAME : "passed");
	}
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	snprintf(count, sizeof(count), "%zu", n);
	return setenv("LISTEN_PID", pid, 1) == 0 &&
	    setenv("LISTEN_FDS", count, 1) == 0 &&
	    setenv("LISTEN_FDNAMES", names, 1) == 0;
}
