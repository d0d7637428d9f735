/*
 * The pre-fork master: opens the sockets, keeps so many workers alive on each,
 * and serves nothing itself.
 *
 * What the program has read and compiled before master_run is shared by all
 * workers, page by page, until somebody writes to it. Connections (database,
 * Redis) must be opened by the worker, after the fork.
 *
 *	a worker dies	another takes its slot at once; no slot is ever given
 *			up. Only one that dies by itself within a second of
 *			its start, time and again, is kept waiting: 10 ms,
 *			20 ms ... 1 s.
 *	SIGTERM, SIGINT	the workers finish what they have begun (10 s at most),
 *			the paths that were bound here go, master_run returns
 *	SIGHUP		a new program or a new configuration without a failed
 *			request: the program is run with `check` added to its
 *			arguments, and if that exits 0, this process executes
 *			itself anew over the same sockets, starts workers, and
 *			sends the old ones away one by one, 0.3 s apart.
 *			Socket paths cannot be changed in this way.
 *	SIGKILL		takes the workers with it (as SIGTERM to each)
 */
#ifndef ZOCO_WEB_MASTER_H
#define ZOCO_WEB_MASTER_H

#include "base/base.h"

struct counters;

/* Workers of one kind, on a socket of their own. */
struct master_pool {
	const char *socket_path;
	int workers;
	int nice;		/* added to the master's niceness, 0-19 */
	int queue;		/* who may wait for a worker; 0: many */
};

/* What a worker is told about itself. */
struct master_worker {
	int listener;		/* listening, non-blocking */
	size_t pool;		/* its index */
	int slot;		/* 0 .. all pools' workers - 1, for counters */
};

struct master {
	const struct master_pool *pools;
	size_t pool_count;
	/* A worker's whole life; what it returns is its exit status. SIGTERM
	 * is blocked, loop_run looks for it. */
	int (*work)(void *context, const struct master_worker *);
	void *context;
	struct counters *counters;	/* told of respawns; NULL: none */
	char **argv;			/* the program's, NULL at the end */
	char *check;			/* the argument that means "only check" */
};

/*
 * Runs until SIGTERM or SIGINT. Returns the program's exit status: 0, or 1
 * after a log line when a socket could not be opened.
 */
int master_run(const struct master *);

#endif
