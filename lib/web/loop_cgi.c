/*
 * Plain CGI: libfcgi leaves it to its own stdio, which we do not use (it
 * replaces stdin, stdout and the environment). An FCGX_Stream is a buffer and
 * a function that fills or empties it, so two of them over stdin and stdout
 * make a request that a handler cannot tell from the others.
 */
#include "web/loop.h"

#include <fastcgi.h>

extern char **environ;

struct cgi_stream {
	FCGX_Stream stream;		/* first: the callbacks get this */
	int fd;
	size_t left;			/* of the body, not yet read */
	unsigned char bytes[8192];
};

/* stdin need not end after the body; CONTENT_LENGTH says where it does. */
static void
fill(FCGX_Stream *stream)
{
	struct cgi_stream *s = (struct cgi_stream *)stream;
	size_t want = s->left < sizeof(s->bytes) ? s->left : sizeof(s->bytes);
	ssize_t n = read(s->fd, s->bytes, want);

	if (n <= 0) {
		stream->isClosed = true;
		if (n < 0)
			stream->FCGI_errno = errno;
		return;
	}
	s->left -= (size_t)n;
	stream->rdNext = s->bytes;
	stream->stop = s->bytes + n;
}

static void
empty(FCGX_Stream *stream, int is_last)
{
	struct cgi_stream *s = (struct cgi_stream *)stream;
	const unsigned char *p = s->bytes;

	(void)is_last;
	while (p < stream->wrNext && stream->FCGI_errno == 0) {
		ssize_t n = write(s->fd, p, (size_t)(stream->wrNext - p));

		if (n < 0) {
			stream->FCGI_errno = errno;
			stream->isClosed = true;
		} else {
			p += n;
		}
	}
	stream->wrNext = s->bytes;
}

static FCGX_Stream *
reader(struct cgi_stream *s, int fd, size_t length)
{
	s->fd = fd;
	s->left = length;
	s->stream.isReader = true;
	s->stream.fillBuffProc = fill;
	s->stream.rdNext = s->stream.stop = s->stream.stopUnget = s->bytes;
	return &s->stream;
}

static FCGX_Stream *
writer(struct cgi_stream *s, int fd)
{
	s->fd = fd;
	s->stream.emptyBuffProc = empty;
	s->stream.wrNext = s->bytes;
	s->stream.rdNext = s->stream.stop = s->bytes + sizeof(s->bytes);
	return &s->stream;
}

bool
loop_is_cgi(void)
{
	return getenv("REQUEST_METHOD") != NULL;
}

int
loop_run_cgi(bool (*serve)(void *, FCGX_Request *), void *context)
{
	struct cgi_stream in = { .left = 0 }, out = in, err = in;
	const char *length = getenv("CONTENT_LENGTH");
	FCGX_Request request = {
		.role = FCGI_RESPONDER, .envp = environ, .ipcFd = -1,
		.in = reader(&in, STDIN_FILENO,
		    length != NULL ? strtoul(length, NULL, 10) : 0),
		.out = writer(&out, STDOUT_FILENO),
		.err = writer(&err, STDERR_FILENO),
	};

	serve(context, &request);
	FCGX_FClose(request.err);
	return FCGX_FClose(request.out) == 0 ? 0 : 1;
}
