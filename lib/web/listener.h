/*
 * The sockets that a program listens on, from wherever they come:
 *
 *	systemd		LISTEN_FDS and LISTEN_PID (sd_listen_fds(3)), in the
 *			order of our paths; a path for which none came is bound
 *	spawn-fcgi	descriptor 0 is the first
 *	nobody		they are bound here, as Unix sockets of mode 0660
 *
 * A socket is bound beside its path and then moved there, so that a path left
 * by a crash is no obstacle and nginx never sees a socket that nobody listens
 * on. A path whose listener still lives is refused.
 */
#ifndef ZOCO_WEB_LISTENER_H
#define ZOCO_WEB_LISTENER_H

#include "base/base.h"

#include <sys/types.h>

struct listener {
	int fd;			/* non-blocking, closed by exec */
	const char *path;	/* borrowed */
	int backlog;		/* who may wait; 0 is 511. Then: EAGAIN */
	bool is_own;		/* bound here: released, the path goes */
	dev_t device;		/* of the path that is ours */
	ino_t inode;
};

/*
 * Opens n listeners; each path is set by the caller. False after a log line
 * when one cannot be had, or when more sockets were passed than n.
 */
bool listeners_open(struct listener *, size_t n);

/* Removes the paths that are still ours. Workers may still hold the sockets. */
void listeners_release(struct listener *, size_t n);

/*
 * Lays the sockets out for the program that this process is about to exec,
 * which finds them by listeners_open. False when descriptors are short; the
 * listeners still work then.
 */
bool listeners_hand_over(struct listener *, size_t n);

#endif
