#include "net/http_client.h"

#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>

#include "tests/unit/fake_http.h"

struct fixture {
	struct arena *arena;
	struct http_client *client;
	struct fake_server tcp, local;
	struct http_answer answer;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fake_start(&f->tcp, false, fake_http_serve, 0);
	fake_start(&f->local, true, fake_http_serve, 0);
	f->arena = arena_new();
	f->client = http_client_new();
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	http_client_free(f->client);
	arena_free(f->arena);
	fake_stop(&f->tcp);
	fake_stop(&f->local);
	free(f);
	return 0;
}

static struct http_call
to(struct fixture *f, const char *method, const char *path)
{
	return (struct http_call){
		.method = method,
		.url = arena_printf(f->arena, "http://127.0.0.1:%d%s",
		    f->tcp.port, path),
		.timeout_ms = 5000,
		.max_bytes = 64 * 1024,
	};
}

static enum http_result
run(struct fixture *f, struct http_call call)
{
	return http_client_run(f->client, f->arena, &call, &f->answer);
}

static void
test_unix_socket(void **state)
{
	struct fixture *f = *state;
	static const char *const headers[] = {
		"X-Zoco-Caller: cart", "Content-Type: application/json", NULL
	};
	struct http_call call = to(f, "POST", "");

	call.url = "http://internal/echo";
	call.unix_socket = f->local.path;
	call.headers = headers;
	call.body = "{\"a\":1}";
	call.body_n = 7;
	assert_int_equal(run(f, call), HTTP_ANSWERED);
	assert_int_equal(f->answer.status, 201);
	assert_string_equal(f->answer.body, "{\"a\":1}");
	assert_int_equal(f->answer.n, 7);
	assert_string_equal(f->answer.error, "");
	assert_string_equal(f->answer.content_type, "application/json");
	assert_string_equal(http_answer_header(&f->answer, "X-TWICE"), "one");
	assert_string_equal(http_answer_header(&f->answer, "X-Empty"), "");
	assert_string_equal(http_answer_header(&f->answer, "X-Twic"), "");
	assert_non_null(strstr(f->local.seen->last, "POST /echo HTTP/1.1\r\n"));
	assert_non_null(strstr(f->local.seen->last, "\r\nHost: internal\r\n"));
	assert_non_null(strstr(f->local.seen->last,
	    "\r\nX-Zoco-Caller: cart\r\n"));
	assert_int_equal(f->tcp.seen->connections, 0);
}

static void
test_bytes_of_any_kind(void **state)
{
	struct fixture *f = *state;
	struct http_call call = to(f, "POST", "/echo");

	call.body = "a\0b\r\n\r\n\xff";
	call.body_n = 8;
	assert_int_equal(run(f, call), HTTP_ANSWERED);
	assert_int_equal(f->answer.n, 8);
	assert_memory_equal(f->answer.body, "a\0b\r\n\r\n\xff", 9);
}

/* Every method goes out as it is named; nothing is added to what we say. */
static void
test_methods(void **state)
{
	static const struct {
		const char *method, *body, *has, *has_not;
	} rows[] = {
		{ "GET", NULL, "GET /echo ", "Content-Length" },
		{ "HEAD", NULL, "HEAD /echo ", "Content-Length" },
		{ "DELETE", NULL, "DELETE /echo ", "Content-Length" },
		{ "POST", NULL, "\r\nContent-Length: 0\r\n", "Content-Type" },
		{ "PUT", NULL, "\r\nContent-Length: 0\r\n", "Content-Type" },
		{ "PATCH", "ab", "\r\nContent-Length: 2\r\n", "Expect" },
		{ "POST", "ab", "\r\nContent-Length: 2\r\n", "Content-Type" },
		{ "DELETE", "ab", "DELETE /echo ", "Content-Type" },
		{ "GET", "ab", "GET /echo ", "Content-Type" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_call call = to(f, rows[i].method, "/echo");

		call.body = rows[i].body;
		call.body_n = rows[i].body != NULL ? 2 : 0;
		assert_int_equal(run(f, call), HTTP_ANSWERED);
		assert_int_equal(f->answer.status, 201);
		assert_string_equal(f->answer.body,
		    rows[i].body != NULL ? rows[i].body : "");
		assert_non_null(strstr(f->tcp.seen->last, rows[i].has));
		assert_null(strstr(f->tcp.seen->last, rows[i].has_not));
	}
}

/* A long body goes out at once, not after waiting for a 100 Continue. */
static void
test_long_body(void **state)
{
	struct fixture *f = *state;
	struct http_call call = to(f, "PUT", "/echo");
	size_t n = 1500 * 1024;		/* libcurl would ask first from 1 MiB */
	char *body = arena_alloc(f->arena, n);

	memset(body, 'b', n);
	call.body = body;
	call.body_n = call.max_bytes = n;
	call.timeout_ms = 900;
	assert_int_equal(run(f, call), HTTP_ANSWERED);
	assert_int_equal(f->answer.n, n);
	assert_memory_equal(f->answer.body, body, n);
}

static void
test_answers(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, to(f, "GET", "/error")), HTTP_ANSWERED);
	assert_int_equal(f->answer.status, 503);
	assert_string_equal(http_answer_header(&f->answer, "Retry-After"), "2");
	assert_string_equal(f->answer.body, "busy");
	assert_int_equal(run(f, to(f, "GET", "/moved")), HTTP_ANSWERED);
	assert_int_equal(f->answer.status, 302);
	assert_string_equal(http_answer_header(&f->answer, "location"),
	    "/echo");
	assert_int_equal(run(f, to(f, "GET", "/until-end")), HTTP_ANSWERED);
	assert_string_equal(f->answer.body, "to the end");
	assert_string_equal(f->answer.content_type, "");
}

static void
test_interim_response(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, to(f, "GET", "/interim")), HTTP_ANSWERED);
	assert_int_equal(f->answer.status, 200);
	assert_string_equal(f->answer.body, "ok");
	assert_string_equal(http_answer_header(&f->answer, "X-Late"), "yes");
	assert_string_equal(http_answer_header(&f->answer, "X-Early"), "");
}

static void
test_too_large(void **state)
{
	struct fixture *f = *state;
	struct http_call call = to(f, "GET", "/ten");

	call.max_bytes = 10;
	assert_int_equal(run(f, call), HTTP_ANSWERED);
	assert_string_equal(f->answer.body, "0123456789");
	call.max_bytes = 9;
	assert_int_equal(run(f, call), HTTP_TOO_LARGE);
	assert_int_equal(f->answer.status, 200);
	assert_string_equal(f->answer.body, "");
	assert_string_equal(f->answer.error, "the answer is too large");
	assert_int_equal(run(f, to(f, "GET", "/large")), HTTP_TOO_LARGE);
	assert_int_equal(run(f, to(f, "GET", "/many-headers")), HTTP_TOO_LARGE);

	call = to(f, "GET", "/large");
	call.max_bytes = 1 << 20;
	assert_int_equal(run(f, call), HTTP_ANSWERED);
	assert_int_equal(f->answer.n, 1 << 20);
	assert_string_equal(http_answer_header(&f->answer, "X-Trailer"), "");
	assert_int_equal(run(f, to(f, "GET", "/ten")), HTTP_ANSWERED);
	assert_string_equal(f->answer.body, "0123456789");
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
test_outcome_unknown(void **state)
{
	static const char *const paths[] = {
		"/nothing", "/half-head", "/half-body", "/rubbish"
	};
	struct fixture *f = *state;
	struct http_call call = to(f, "POST", "/slow");
	int64_t start = now_ms();

	call.timeout_ms = 200;
	assert_int_equal(run(f, call), HTTP_UNKNOWN);
	assert_in_range(now_ms() - start, 190, 2000);
	assert_non_null(strstr(f->answer.error, "timed out"));
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		assert_int_equal(run(f, to(f, "POST", paths[i])), HTTP_UNKNOWN);
		assert_string_equal(f->answer.body, "");
		assert_string_not_equal(f->answer.error, "");
	}
}

static void
test_unreachable(void **state)
{
	struct fixture *f = *state;
	struct http_call call = to(f, "POST", "/echo");
	char long_path[200] = { 0 };

	close(fake_listen(&f->tcp.port, 1));	/* nobody listens there now */
	call = to(f, "POST", "/echo");
	assert_int_equal(run(f, call), HTTP_UNREACHABLE);
	assert_non_null(strstr(f->answer.error, "connect"));
	assert_int_equal(f->answer.status, 0);
	call.unix_socket = "/nowhere/at/all.sock";
	assert_int_equal(run(f, call), HTTP_UNREACHABLE);
	memset(long_path, 'a', sizeof(long_path) - 1);
	call.unix_socket = long_path;
	assert_int_equal(run(f, call), HTTP_UNREACHABLE);
	call.unix_socket = NULL;
	call.url = "http://no-such-host.invalid/";
	assert_int_equal(run(f, call), HTTP_UNREACHABLE);
}

/* A full backlog leaves the handshake hanging: nothing was sent yet. */
static void
test_connect_timeout(void **state)
{
	struct fixture *f = *state;
	struct http_call call;
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int port, listener = fake_listen(&port, 0), fill[4];
	int64_t start = now_ms();

	in.sin_port = htons((uint16_t)port);
	for (size_t i = 0; i < ARRAY_LEN(fill); i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fill[i], (struct sockaddr *)&in, sizeof(in));
	}
	f->tcp.port = port;
	call = to(f, "POST", "/echo");
	call.connect_timeout_ms = 200;
	assert_int_equal(run(f, call), HTTP_UNREACHABLE);
	assert_in_range(now_ms() - start, 190, 3000);
	for (size_t i = 0; i < ARRAY_LEN(fill); i++)
		close(fill[i]);
	close(listener);
}

static void
test_public_only(void **state)
{
	static const char *const hosts[] = {
		"127.0.0.1", "localhost", "[::1]", "0x7f000001", "2130706433",
		"0177.1", "0.0.0.0", "[::ffff:127.0.0.1]", "127.1",
	};
	struct fixture *f = *state;
	struct http_call call = to(f, "GET", "/echo");

	/* A connection that lies ready does not open the door either. */
	assert_int_equal(run(f, call), HTTP_ANSWERED);
	call.public_only = true;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		call.url = arena_printf(f->arena, "http://%s:%d/echo",
		    hosts[i], f->tcp.port);
		assert_int_equal(run(f, call), HTTP_UNREACHABLE);
		assert_string_equal(f->answer.error,
		    "the address is not public");
	}
	call.url = "http://internal/echo";
	call.unix_socket = f->local.path;
	assert_int_equal(run(f, call), HTTP_UNREACHABLE);
	assert_int_equal(f->tcp.seen->connections, 1);
	assert_int_equal(f->tcp.seen->requests, 1);
	assert_int_equal(f->local.seen->connections, 0);
}

static void
test_malformed_calls(void **state)
{
	static const char *const urls[] = {
		"", "/echo", "file:///etc/passwd", "ftp://127.0.0.1/",
		"gopher://127.0.0.1/", "smtp://127.0.0.1/", "http://",
		"http://127.0.0.1:1/a b", "http://127.0.0.1:1/a\r\nX: y",
		"http://127.0.0.1:99999/",
		"http://127.0.0.1:1/\x7f", "http://[::1/",
	};
	static const char *const headers[] = {
		"X-A: b\r\nX-C: d", "X-A: b\n", "No colon", ": no name",
		"X A: b", "X-A: \x01", "", "X-A;", "X-A: a\x7f",
	};
	static const char *const methods[] = {
		"", "get", "GET /x", "GET\r\nX: y", "G\xc3\x89T",
	};
	struct fixture *f = *state;
	const char *one[2] = { NULL };
	struct http_call call = to(f, "GET", "/echo");

	call.headers = one;
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		one[0] = headers[i];
		assert_int_equal(run(f, call), HTTP_UNREACHABLE);
		assert_string_equal(f->answer.error, "malformed header");
	}
	one[0] = NULL;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		call.method = methods[i];
		assert_int_equal(run(f, call), HTTP_UNREACHABLE);
	}
	call.method = "GET";
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		call.url = urls[i];
		assert_int_equal(run(f, call), HTTP_UNREACHABLE);
		assert_string_not_equal(f->answer.error, "");
	}
	call.url = arena_printf(f->arena, "http://user:secret@127.0.0.1:%d/ten",
	    f->tcp.port);
	assert_int_equal(run(f, call), HTTP_UNREACHABLE);
	assert_int_equal(f->tcp.seen->connections, 0);
}

static void
test_connections_are_kept(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 5; i++)
		assert_int_equal(run(f, to(f, "GET", "/ten")), HTTP_ANSWERED);
	assert_int_equal(f->tcp.seen->requests, 5);
	assert_int_equal(f->tcp.seen->connections, 1);
}

/*
 * The kept connection dies as it gets the next request: a GET may be asked
 * again, a POST may have been carried out and must not be sent twice.
 */
static void
test_post_is_never_sent_twice(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, to(f, "GET", "/ten")), HTTP_ANSWERED);
	assert_int_equal(run(f, to(f, "POST", "/nothing")), HTTP_UNKNOWN);
	assert_int_equal(f->tcp.seen->requests, 2);

	assert_int_equal(run(f, to(f, "GET", "/ten")), HTTP_ANSWERED);
	assert_int_equal(f->tcp.seen->requests, 3);
	assert_int_equal(run(f, to(f, "GET", "/nothing")), HTTP_UNKNOWN);
	assert_int_equal(f->tcp.seen->requests, 5);
}

static void
test_no_proxy_from_outside(void **state)
{
	struct fixture *f = *state;

	setenv("http_proxy", "http://127.0.0.1:9", 1);
	setenv("all_proxy", "http://127.0.0.1:9", 1);
	assert_int_equal(run(f, to(f, "GET", "/ten")), HTTP_ANSWERED);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
}

static void
test_no_call_at_all(void **state)
{
	(void)state;
	http_client_free(NULL);
	http_client_free(http_client_new());
}

/* A self-made certificate must be refused, before anything is sent. */
static pid_t
start_tls(const char *folder, int port)
{
	char accept_at[32], key[64], certificate[64];
	pid_t pid;
	int null;

	snprintf(key, sizeof(key), "%s/key.pem", folder);
	snprintf(certificate, sizeof(certificate), "%s/cert.pem", folder);
	snprintf(accept_at, sizeof(accept_at), "127.0.0.1:%d", port);
	if ((pid = fork()) != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if ((null = open("/dev/null", O_RDWR)) >= 0) {
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
	}
	execlp("openssl", "openssl", "s_server", "-accept", accept_at, "-key",
	    key, "-cert", certificate, "-www", "-quiet", (char *)NULL);
	_exit(127);
}

static void
test_certificate_is_verified(void **state)
{
	struct fixture *f = *state;
	char folder[] = "/tmp/zoco-tls-XXXXXX", clean[64];
	struct http_call call = to(f, "POST", "");
	int port, i;
	pid_t pid;

	assert_non_null(mkdtemp(folder));
	snprintf(clean, sizeof(clean), "rm -r %s", folder);
	close(fake_listen(&port, 1));
	if (!fake_certificate(folder)) {
		print_message("skipped: no openssl program\n");
		assert_int_equal(system(clean), 0);
		skip();
	}
	pid = start_tls(folder, port);
	call.url = arena_printf(f->arena, "https://127.0.0.1:%d/", port);
	for (i = 0; i < 50; i++) {	/* until it listens */
		assert_int_equal(run(f, call), HTTP_UNREACHABLE);
		if (strstr(f->answer.error, "certificate") != NULL)
			break;
		usleep(100000);
	}
	assert_in_range(i, 0, 49);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(system(clean), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unix_socket),
		TEST(test_bytes_of_any_kind),
		TEST(test_methods),
		TEST(test_long_body),
		TEST(test_answers),
		TEST(test_interim_response),
		TEST(test_too_large),
		TEST(test_outcome_unknown),
		TEST(test_unreachable),
		TEST(test_connect_timeout),
		TEST(test_public_only),
		TEST(test_malformed_calls),
		TEST(test_connections_are_kept),
		TEST(test_post_is_never_sent_twice),
		TEST(test_no_proxy_from_outside),
		TEST(test_no_call_at_all),
		TEST(test_certificate_is_verified),
	};

	return cmocka_run_group_tests_name("http_client", tests, NULL, NULL);
}
