/*
 * run_asked: starts the jobs that somebody of the staff wants to run now, one
 * after the other.
 *
 * The web programs start nothing: they note a wish, and this job, which cron
 * runs as whoever runs the other jobs, starts what lies beside itself. A job
 * that runs already says so by its exit status, and nothing happens twice.
 */
#include "cgi/system/system.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "job/job.h"

#define STATUS_NOT_STARTED 127

/* "/usr/local/bin/zoco-job-purge", in the folder of this program; NULL. */
static const char *
path_of(struct request *r, const char *job)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0 || job[strspn(job, "abcdefghijklmnopqrstuvwxyz_")] != '\0')
		return NULL;
	self[n] = '\0';
	if ((slash = strrchr(self, '/')) == NULL)
		return NULL;
	*slash = '\0';
	return arena_printf(r->arena, "%s/zoco-job-%s", self, job);
}

static pid_t
start(const char *path, const char *conf)
{
	pid_t parent = getpid(), child = fork();

	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent)
		execl(path, path, "--config", conf, (char *)NULL);
	_exit(STATUS_NOT_STARTED);
}

/* Its exit status; it is told when we are to stop, and keeps our lock fresh. */
static int
wait_for(struct job *job, struct request *r, pid_t child)
{
	int status = 0;
	pid_t ended;

	while ((ended = waitpid(child, &status, WNOHANG)) == 0 ||
	    (ended < 0 && errno == EINTR)) {
		job_start_step(job, r);
		if (job_is_stopped())
			kill(child, SIGTERM);
		usleep(100000);
	}
	if (ended < 0)
		return STATUS_NOT_STARTED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* False: there is nothing to start. */
static bool
run_one(struct job *job, struct request *r)
{
	struct uuid id;
	const char *name, *path;
	int status = STATUS_NOT_STARTED;
	pid_t child;

	job_start_step(job, r);
	if ((name = wish_take(r, &id)) == NULL)
		return false;
	path = path_of(r, name);
	if (path != NULL && (child = start(path, job->conf)) > 0)
		status = wait_for(job, r, child);
	job_start_step(job, r);
	wish_end(r, id, status);
	job->done += status == 0;
	job->failed += status != 0;
	return true;
}

static int
run(struct job *job, struct request *r)
{
	if (job->dry_run) {
		job->done = wish_count(r);
		return 0;
	}
	wish_purge(r);
	db_listen(r->db, "job_wish");
	while (!job_should_stop(job))
		if (!run_one(job, r)) {
			if (!job_is_looping(job))
				break;
			db_wait(r->db, 1000);
		}
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct job_program program = {
		.name = "run_asked",
		.domain = &system_program,
		.summary = "starts the jobs that the staff want to run now",
		.run = run,
	};

	return job_main(&program, argc, argv);
}
