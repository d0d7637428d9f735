/*
 * The least that a FastCGI program can do, by libfcgi's own loop: what the
 * bench compares with. hello_program SOCKET PROCESSES
 */
#include <fcgiapp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

static void
answer_all(int fd)
{
	FCGX_Request request;

	FCGX_InitRequest(&request, fd, 0);
	while (FCGX_Accept_r(&request) == 0)
		FCGX_FPrintF(request.out, "Content-Type: text/plain\r\n\r\nhello\n");
}

int
main(int argc, char **argv)
{
	int fd;

	if (argc != 3 || FCGX_Init() != 0)
		return 2;
	fd = FCGX_OpenSocket(argv[1], 128);
	if (fd < 0 || chmod(argv[1], 0666) != 0)
		return 1;
	for (int i = atoi(argv[2]); i > 0; i--)
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			answer_all(fd);
			return 0;
		}
	while (wait(NULL) > 0)
		;
	return 0;
}
