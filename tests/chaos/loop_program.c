/*
 * A program with nothing but lib/web's master and loop, for loop.test.mjs.
 *
 *	loop_program [--requests N] [--memory-kb N] POOL...
 *
 * POOL is socket:workers[:nice]. Routes:
 *
 *	/hello		"hello"
 *	/pid		the worker's pid, its pool and its niceness
 *	/slow?MS	sleeps that long
 *	/echo		"LENGTH SUM" of the body, or 400 when it came in part
 *	/big?N		N bytes
 *	/ignore		answers without having read the body
 *	/exit		the worker ends in the middle of the answer
 *	/last		the worker ends after the answer
 *	/fork?MS	leaves a child behind, with copies of all connections
 *	/eat?MB		lets the resident memory grow
 *	/metrics	the counters
 *
 * While the file exists that LOOP_PROGRAM_CRASH names, every worker dies at its
 * start. The argument --check fails while the one of LOOP_PROGRAM_REFUSE does.
 */
#include "base/base.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "web/counters.h"
#include "web/loop.h"
#include "web/master.h"

#include <sys/resource.h>
#include <sys/types.h>

#define BODY_MAX (8 * 1024 * 1024)
#define POOLS_MAX 4

struct program {
	struct loop_limits limits;
	struct counters *counters;
	const struct master_worker *worker;
	struct arena *arena;
};

static void
put(FCGX_Request *r, const char *status, const char *text)
{
	char head[128];
	int n = snprintf(head, sizeof(head), "Status: %s\r\nContent-Type: "
	    "text/plain\r\nContent-Length: %zu\r\n\r\n", status, strlen(text));

	FCGX_PutStr(head, n, r->out);
	FCGX_PutS(text, r->out);
}

static long
parameter_number(FCGX_Request *r, const char *name)
{
	const char *value = FCGX_GetParam(name, r->envp);

	return value != NULL ? strtol(value, NULL, 10) : 0;
}

static void
echo(struct program *p, FCGX_Request *r)
{
	long n = parameter_number(r, "CONTENT_LENGTH");
	uint64_t sum = 0;
	char *body;

	if (n < 0 || n > BODY_MAX) {
		put(r, "413 Content Too Large", "too large\n");
		return;
	}
	body = arena_alloc(p->arena, (size_t)n + 1);
	if (!loop_read_body(r, (size_t)n, body)) {
		put(r, "400 Bad Request", "half\n");
		return;
	}
	for (long i = 0; i < n; i++)
		sum = sum * 31 + (unsigned char)body[i];
	put(r, "200 OK", arena_printf(p->arena, "%ld %u\n", n,
	    (unsigned)sum));
}

static void
big(struct program *p, FCGX_Request *r, long n)
{
	char *text = arena_alloc(p->arena, (size_t)n + 1);

	memset(text, 'b', (size_t)n);
	put(r, "200 OK", text);
}

static void
eat(long megabytes)
{
	volatile char *p = malloc((size_t)megabytes << 20);

	for (long i = 0; p != NULL && i < megabytes << 20; i += 4096)
		p[i] = 1;
	free((void *)(uintptr_t)p);
}

static void
metrics(struct program *p, FCGX_Request *r)
{
	struct buf b;

	buf_init(&b, p->arena, 65536);
	counters_print(p->counters, &b, "test");
	put(r, "200 OK", b.data);
}

static bool
route(struct program *p, FCGX_Request *r)
{
	const char *path = FCGX_GetParam("DOCUMENT_URI", r->envp);
	long n = parameter_number(r, "QUERY_STRING");

	if (path == NULL || str_eq(path, "/hello"))
		put(r, "200 OK", "hello\n");
	else if (str_eq(path, "/pid"))
		put(r, "200 OK", arena_printf(p->arena, "%ld %zu %d\n",
		    (long)getpid(), p->worker != NULL ? p->worker->pool : 0,
		    getpriority(PRIO_PROCESS, 0)));
	else if (str_eq(path, "/slow")) {
		usleep((useconds_t)(n * 1000));
		put(r, "200 OK", "slow\n");
	} else if (str_eq(path, "/echo"))
		echo(p, r);
	else if (str_eq(path, "/big"))
		big(p, r, n);
	else if (str_eq(path, "/ignore"))
		put(r, "200 OK", "ignored\n");
	else if (str_eq(path, "/exit")) {
		FCGX_PutS("Content-Type: text/plain\r\n"
		    "Content-Length: 5\r\n\r\nhal", r->out);
		FCGX_FFlush(r->out);
		_exit(3);
	} else if (str_eq(path, "/last")) {
		put(r, "200 OK", "last\n");
		return false;
	} else if (str_eq(path, "/fork")) {
		if (fork() == 0) {
			usleep((useconds_t)(n * 1000));
			_exit(0);
		}
		put(r, "200 OK", "forked\n");
	} else if (str_eq(path, "/eat")) {
		eat(n);
		put(r, "200 OK", "eaten\n");
	} else if (str_eq(path, "/metrics"))
		metrics(p, r);
	else
		put(r, "404 Not Found", "not found\n");
	return true;
}

static bool
serve(void *context, FCGX_Request *r)
{
	struct program *p = context;
	int64_t begun = clock_monotonic_us();
	bool go_on;

	if (p->worker == NULL)
		return route(p, r);
	counters_begin(p->counters, p->worker->slot);
	go_on = route(p, r);
	counters_end(p->counters, p->worker->slot, 200,
	    clock_monotonic_us() - begun);
	arena_reset(p->arena);
	return go_on;
}

static bool
is_file_of(const char *variable)
{
	const char *path = getenv(variable);

	return path != NULL && access(path, F_OK) == 0;
}

static int
work(void *context, const struct master_worker *worker)
{
	struct program *p = context;
	int status;

	if (is_file_of("LOOP_PROGRAM_CRASH"))
		return 9;
	p->worker = worker;
	status = loop_run(worker->listener, serve, p, &p->limits);
	arena_free(p->arena);
	return status;
}

/* Of a copy: a restart needs the arguments as they were. */
static struct master_pool
parse_pool(struct arena *a, const char *argument)
{
	char *text = arena_strdup(a, argument);
	char *workers = strchr(text, ':'), *niceness;

	*workers++ = '\0';
	niceness = strchr(workers, ':');
	return (struct master_pool){
		.socket_path = text,
		.workers = (int)strtol(workers, NULL, 10),
		.nice = niceness ? (int)strtol(niceness + 1, NULL, 10) : 0,
	};
}

int
main(int argc, char **argv)
{
	struct master_pool pools[POOLS_MAX];
	struct arena *start = arena_new();
	struct program p = { .arena = arena_new() };
	char check_flag[] = "--check";
	bool is_check = false;
	int status;
	struct master m = { .pools = pools, .work = work, .context = &p,
		.argv = argv, .check = check_flag };

	log_start("loop_program", LOG_LEVEL_INFO, true);
	for (int i = 1; i < argc; i++)
		if (str_eq(argv[i], "--requests") && i + 1 < argc)
			p.limits.requests = strtoul(argv[++i], NULL, 10);
		else if (str_eq(argv[i], "--memory-kb") && i + 1 < argc)
			p.limits.memory_kb = strtol(argv[++i], NULL, 10);
		else if (str_eq(argv[i], check_flag))
			is_check = true;
		else if (strchr(argv[i], ':') && m.pool_count < POOLS_MAX)
			pools[m.pool_count++] = parse_pool(start, argv[i]);
		else
			return 2;
	m.counters = p.counters = counters_new(64);
	if (p.counters == NULL || (m.pool_count == 0 && !loop_is_cgi()))
		return 2;
	if (is_check)
		status = is_file_of("LOOP_PROGRAM_REFUSE");
	else
		status = loop_is_cgi() ? loop_run_cgi(serve, &p) :
		    master_run(&m);
	counters_free(p.counters);
	arena_free(p.arena);
	arena_free(start);
	return status;
}
