/*
 * An HTTP server for the tests of the client: each path is a way to answer,
 * or to fail to.
 */
#ifndef ZOCO_TESTS_FAKE_HTTP_H
#define ZOCO_TESTS_FAKE_HTTP_H

#include "tests/unit/fake_server.h"

/* Reads one request whole into seen->last; false at the end. */
static inline bool
fake_http_read(int fd, struct fake_seen *seen)
{
	size_t n = 0, body = 0;
	char *end = NULL, *length;

	do {
		ssize_t got = read(fd, seen->last + n,
		    sizeof(seen->last) - 1 - n);

		if (got <= 0)
			return false;
		n += (size_t)got;
		seen->last[n] = '\0';
		if (end != NULL ||
		    (end = strstr(seen->last, "\r\n\r\n")) == NULL)
			continue;
		length = strcasestr(seen->last, "content-length:");
		body = length != NULL ? strtoul(length + 15, NULL, 10) : 0;
	} while (end == NULL || n < (size_t)(end + 4 - seen->last) + body);
	__atomic_add_fetch(&seen->requests, 1, __ATOMIC_SEQ_CST);
	return true;
}

static inline bool
fake_http_is_for(const struct fake_seen *seen, const char *path)
{
	const char *blank = strchr(seen->last, ' ');
	size_t n = strlen(path);

	return strncmp(blank + 1, path, n) == 0 && blank[1 + n] == ' ';
}

static inline void
fake_http_echo(int fd, const struct fake_seen *seen)
{
	const char *body = strstr(seen->last, "\r\n\r\n") + 4;
	const char *length = strcasestr(seen->last, "content-length:");
	size_t n = length != NULL ? strtoul(length + 15, NULL, 10) : 0;
	char head[256];

	snprintf(head, sizeof(head), "HTTP/1.1 201 Created\r\n"
	    "Content-Type: application/json \r\nX-Empty:\r\n"
	    "X-Twice: one\r\nx-twice: two\r\nContent-Length: %zu\r\n\r\n", n);
	fake_puts(fd, head);
	if (!str_starts(seen->last, "HEAD "))
		fake_write(fd, body, n);
}

/* A MiB, by chunks, so that its length is not told before. */
static inline void
fake_http_large(int fd)
{
	char chunk[4096 + 8];

	memcpy(chunk, "1000\r\n", 6);
	memset(chunk + 6, 'x', 4096);
	memcpy(chunk + 6 + 4096, "\r\n", 2);
	fake_puts(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 256; i++)
		fake_write(fd, chunk, sizeof(chunk));
	fake_puts(fd, "0\r\nX-Trailer: late\r\n\r\n");
}

static inline void
fake_http_many_headers(int fd)
{
	fake_puts(fd, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 3000; i++)
		fake_puts(fd, "X-Filler: 0123456789012345678901234\r\n");
	fake_puts(fd, "Content-Length: 0\r\n\r\n");
}

/* Paths whose answer is a text, after which the connection ends or not. */
static const struct {
	const char *path, *text;
	bool ends;
} fake_http_answers[] = {
	{ "/nothing", "", true },
	{ "/half-head", "HTTP/1.1 200 OK\r\nContent-Ty", true },
	{ "/half-body", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhello",
	    true },
	{ "/until-end", "HTTP/1.1 200 OK\r\n\r\nto the end", true },
	{ "/rubbish", "SSH-2.0-OpenSSH\r\n\r\n", true },
	{ "/moved", "HTTP/1.1 302 Found\r\nLocation: /echo\r\n"
	    "Content-Length: 0\r\n\r\n", false },
	{ "/interim", "HTTP/1.1 103 Early Hints\r\nX-Early: yes\r\n\r\n"
	    "HTTP/1.1 200 OK\r\nX-Late: yes\r\nContent-Length: 2\r\n\r\nok",
	    false },
	{ "/error", "HTTP/1.1 503 Busy\r\nRetry-After: 2\r\n"
	    "Content-Length: 4\r\n\r\nbusy", false },
	{ "/ten", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
	    false },
};

static inline void
fake_http_serve(int fd, struct fake_seen *seen, int tag)
{
	(void)tag;
	while (fake_http_read(fd, seen)) {
		if (fake_http_is_for(seen, "/large"))
			fake_http_large(fd);
		else if (fake_http_is_for(seen, "/many-headers"))
			fake_http_many_headers(fd);
		else if (fake_http_is_for(seen, "/slow"))
			sleep(10);
		else if (fake_http_is_for(seen, "/echo"))
			fake_http_echo(fd, seen);
		for (size_t i = 0; i < ARRAY_LEN(fake_http_answers); i++) {
			if (!fake_http_is_for(seen, fake_http_answers[i].path))
				continue;
			fake_puts(fd, fake_http_answers[i].text);
			if (fake_http_answers[i].ends)
				return;
		}
	}
}

#endif
