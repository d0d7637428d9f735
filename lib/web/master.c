#include "web/master.h"

#include "base/clock.h"
#include "base/log.h"
#include "web/counters.h"
#include "web/listener.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define MS (CLOCK_SECOND / 1000)	/* all times are monotonic, in us */
#define NEVER INT64_MAX

#define YOUNG_US CLOCK_SECOND		/* who dies younger counts as a crash */
#define BACKOFF_LEAST_US (10 * MS)
#define BACKOFF_MOST_US CLOCK_SECOND
#define STAGGER_US (300 * MS)		/* between two that are sent away */
#define GRACE_US (10 * CLOCK_SECOND)		/* from SIGTERM to SIGKILL */

/* The workers of the program that we were before SIGHUP, over exec. */
#define FORMER_WORKERS "ZOCO_FORMER_WORKERS"

struct child {
	pid_t pid;		/* 0: none now */
	bool is_leaving;	/* has no slot, is not replaced */
	int next_signal;	/* of one that leaves */
	int64_t due_us;		/* when to start it, or to send next_signal */
	int64_t started_us;
	int quick_deaths;	/* in a row */
	struct master_worker worker;
};

struct state {
	const struct master *master;
	struct listener *listeners;	/* one for each pool */
	struct child *children;		/* first the slots, then who leaves */
	size_t count;
	pid_t checking;			/* the check before a restart, or 0 */
	bool is_stopping;
	int exit_status;
	sigset_t signals;
};

/* In the child: never returns. */
static void
work(const struct state *s, const struct child *c, pid_t master)
{
	const struct master *m = s->master;
	const struct master_pool *pool = &m->pools[c->worker.pool];

	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != master)
		_exit(1);		/* it died before we asked */
	if (pool->nice != 0 && (errno = 0, nice(pool->nice)) == -1 && errno)
		log_warn("worker.nice", "%s", strerror(errno));
	for (size_t i = 0; i < m->pool_count; i++)
		if (i != c->worker.pool)
			close(s->listeners[i].fd);
	exit(m->work(m->context, &c->worker));
}

static void
start(struct state *s, struct child *c)
{
	pid_t master = getpid(), pid = fork();

	if (pid == 0)
		work(s, c, master);
	c->started_us = clock_monotonic_us();
	if (pid < 0) {
		log_error("master.fork", "%s", strerror(errno));
		c->due_us = c->started_us + BACKOFF_MOST_US;
	} else {
		c->pid = pid;
		c->due_us = NEVER;
	}
}

static void
send_away(struct child *c)
{
	kill(c->pid, c->next_signal);
	c->due_us = clock_monotonic_us() + GRACE_US;
	c->next_signal = SIGKILL;
}

/* Does what is due; returns when something will be. */
static int64_t
act(struct state *s)
{
	int64_t next = NEVER;

	for (size_t i = 0; i < s->count; i++) {
		struct child *c = &s->children[i];

		if (c->due_us <= clock_monotonic_us()) {
			if (c->is_leaving)
				send_away(c);
			else
				start(s, c);
		}
		if (c->due_us < next)
			next = c->due_us;
	}
	return next;
}

static int64_t
backoff(int quick_deaths)
{
	if (quick_deaths < 2)
		return 0;
	if (quick_deaths > 8)
		return BACKOFF_MOST_US;
	return BACKOFF_LEAST_US << (quick_deaths - 2);
}

/* A SIGKILL comes from outside and says nothing against the program. */
static bool
is_crash(const struct child *c, int status, int64_t now)
{
	return now - c->started_us < YOUNG_US &&
	    !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
bury(struct state *s, struct child *c, int status)
{
	int64_t now = clock_monotonic_us(), wait;

	if (c->is_leaving) {
		c->pid = 0;
		c->due_us = NEVER;
		return;
	}
	c->quick_deaths = is_crash(c, status, now) ? c->quick_deaths + 1 : 0;
	wait = backoff(c->quick_deaths);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		log_warn("worker.died", "worker %d, pid %ld: %s %d, replaced "
		    "in %d ms", c->worker.slot, (long)c->pid,
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) :
		    WEXITSTATUS(status), (int)(wait / MS));
	if (s->master->counters != NULL)
		counters_respawn(s->master->counters, c->worker.slot);
	c->pid = 0;
	c->due_us = now + wait;
}

/* Executes the program anew, in this process; returns only when it fails. */
static void
execute_anew(struct state *s)
{
	char pids[4096] = "";
	size_t at = 0;

	for (size_t i = 0; i < s->count && at < sizeof(pids); i++)
		if (s->children[i].pid != 0)
			at += (size_t)snprintf(pids + at, sizeof(pids) - at,
			    "%ld ", (long)s->children[i].pid);
	if (listeners_hand_over(s->listeners, s->master->pool_count) &&
	    setenv(FORMER_WORKERS, pids, 1) == 0)
		execvp(s->master->argv[0], s->master->argv);
	log_error("master.exec", "%s: %s", s->master->argv[0],
	    strerror(errno));
}

/* In the child: the program with `check` behind its arguments. */
static void
execute_check(const struct master *m)
{
	size_t n = 0;
	char **argv;
	sigset_t none;

	while (m->argv[n] != NULL)
		n++;
	argv = calloc(n + 2, sizeof(*argv));
	if (argv == NULL)
		_exit(1);
	memcpy(argv, m->argv, n * sizeof(*argv));
	argv[n] = m->check;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], argv);
	_exit(127);
}

static void
check_anew(struct state *s)
{
	if (s->checking != 0)
		return;
	s->checking = fork();
	if (s->checking == 0)
		execute_check(s->master);
	if (s->checking < 0) {
		log_error("master.fork", "%s", strerror(errno));
		s->checking = 0;
	}
}

static void
stop(struct state *s)
{
	if (s->is_stopping)
		return;
	s->is_stopping = true;
	/* First of all, so that a successor may bind the paths at once. */
	listeners_release(s->listeners, s->master->pool_count);
	for (size_t i = 0; i < s->count; i++) {
		struct child *c = &s->children[i];

		c->is_leaving = true;
		if (c->pid == 0)
			c->due_us = NEVER;
		else if (c->next_signal == SIGTERM)
			c->due_us = 0;
	}
}

static void
checked(struct state *s, int status)
{
	s->checking = 0;
	if (s->is_stopping)
		return;
	if (status != 0) {
		log_error("master.check", "not restarted: %s %s failed",
		    s->master->argv[0], s->master->check);
		return;
	}
	log_info("master.restart", "new workers take over");
	execute_anew(s);
	stop(s);	/* half handed over; who supervises us starts afresh */
	s->exit_status = 1;
}

static void
reap(struct state *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		size_t i = 0;

		while (i < s->count && s->children[i].pid != pid)
			i++;
		if (i < s->count)
			bury(s, &s->children[i], status);
		else if (pid == s->checking)
			checked(s, status);
	}
}

/* The next signal to us, or 0 when it is `until` before one comes. */
static int
wait_signal(const struct state *s, int64_t until)
{
	int64_t left = until == NEVER ? CLOCK_HOUR :
	    until - clock_monotonic_us();
	struct timespec t;
	int signal;

	if (left < 0)
		left = 0;
	t.tv_sec = left / CLOCK_SECOND;
	t.tv_nsec = left % CLOCK_SECOND * 1000;
	signal = sigtimedwait(&s->signals, NULL, &t);
	return signal > 0 ? signal : 0;
}

static bool
is_any_alive(const struct state *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->children[i].pid != 0)
			return true;
	return false;
}

static void
supervise(struct state *s)
{
	for (;;) {
		int64_t next = act(s);

		if (s->is_stopping && !is_any_alive(s))
			return;
		switch (wait_signal(s, next)) {
		case SIGCHLD:
			reap(s);
			break;
		case SIGHUP:
			check_anew(s);
			break;
		case SIGTERM:
		case SIGINT:
			log_info("master.stop", "workers finish");
			stop(s);
			break;
		default:
			break;
		}
	}
}

static void
add_slots(struct state *s)
{
	const struct master *m = s->master;

	for (size_t pool = 0; pool < m->pool_count; pool++)
		for (int i = 0; i < m->pools[pool].workers; i++) {
			struct child *c = &s->children[s->count];

			c->worker.listener = s->listeners[pool].fd;
			c->worker.pool = pool;
			c->worker.slot = (int)s->count++;
			c->next_signal = SIGTERM;
		}
}

/* After SIGHUP our children of before are still ours; we know them by this. */
static void
add_former(struct state *s, const char *pids)
{
	int64_t due = clock_monotonic_us();
	siginfo_t info;
	char *end;
	long pid;

	for (; (pid = strtol(pids, &end, 10)) > 0; pids = end) {
		struct child *c = &s->children[s->count];

		/* Whatever the environment says, we only signal children. */
		if (waitid(P_PID, (id_t)pid, &info,
		    WEXITED | WNOHANG | WNOWAIT) != 0)
			continue;
		s->count++;
		c->pid = (pid_t)pid;
		c->is_leaving = true;
		c->next_signal = SIGTERM;
		c->due_us = due += STAGGER_US;
	}
	unsetenv(FORMER_WORKERS);
}

static void
block_signals(struct state *s)
{
	sigemptyset(&s->signals);
	sigaddset(&s->signals, SIGCHLD);
	sigaddset(&s->signals, SIGHUP);
	sigaddset(&s->signals, SIGTERM);
	sigaddset(&s->signals, SIGINT);
	sigprocmask(SIG_BLOCK, &s->signals, NULL);
	/* An ignored SIGCHLD, inherited, would hide who died. */
	signal(SIGCHLD, SIG_DFL);
}

int
master_run(const struct master *m)
{
	const char *former = getenv(FORMER_WORKERS);
	size_t n = former != NULL ? strlen(former) : 0;	/* more than enough */
	struct state s = { .master = m };

	block_signals(&s);
	for (size_t i = 0; i < m->pool_count; i++)
		n += (size_t)m->pools[i].workers;
	s.children = calloc(n, sizeof(*s.children));
	s.listeners = calloc(m->pool_count, sizeof(*s.listeners));
	if (s.children == NULL || s.listeners == NULL)
		abort();
	for (size_t i = 0; i < m->pool_count; i++) {
		s.listeners[i].path = m->pools[i].socket_path;
		s.listeners[i].backlog = m->pools[i].queue;
	}
	if (listeners_open(s.listeners, m->pool_count)) {
		add_slots(&s);
		log_info("master.start", "%zu workers", s.count);
		if (former != NULL)
			add_former(&s, former);
		supervise(&s);
	} else {
		s.exit_status = 1;
	}
	free(s.listeners);
	free(s.children);
	return s.exit_status;
}
