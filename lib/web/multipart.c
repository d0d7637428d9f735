#include "web/multipart.h"

#define BOUNDARY_MAX 70		/* RFC 2046 5.1.1 */
#define HEADERS_MAX 2000	/* bytes of a part's headers */
#define NAME_MAX_BYTES 200

/* What is left of the body. */
struct rest {
	const char *at, *end;
};

static bool
skip(struct rest *rest, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(rest->end - rest->at) < n || memcmp(rest->at, text, n) != 0)
		return false;
	rest->at += n;
	return true;
}

/* "\r\n--BOUNDARY", or NULL. */
static const char *
delimiter_of(struct arena *arena, const char *content_type)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'()+_,-./:=?";
	const char *s = strcasestr(content_type, "boundary=");
	bool is_quoted;
	size_t n;

	if (s == NULL)
		return NULL;
	s += strlen("boundary=");
	is_quoted = *s == '"';
	s += is_quoted;
	n = strspn(s, allowed);
	if (n == 0 || n > BOUNDARY_MAX || (is_quoted ? s[n] != '"' :
	    s[n] != '\0' && s[n] != ';'))
		return NULL;
	return arena_printf(arena, "\r\n--%.*s", (int)n, s);
}

/* The value of name="..." in a header; browsers write a quote in it as %22. */
static const char *
parameter(struct arena *arena, const char *header, const char *name)
{
	const char *s = strstr(header, name), *end;

	if (s == NULL || (end = strchr(s += strlen(name), '"')) == NULL ||
	    end - s > NAME_MAX_BYTES)
		return NULL;
	return arena_strndup(arena, s, (size_t)(end - s));
}

/* Reads the headers up to the empty line. */
static bool
read_headers(struct arena *arena, struct rest *rest, struct form_part *part)
{
	static const char disposition[] = "Content-Disposition: form-data;";
	size_t most = (size_t)(rest->end - rest->at);
	const char *end, *line;
	char *text;

	if (most > HEADERS_MAX)
		most = HEADERS_MAX;
	if ((end = memmem(rest->at, most, "\r\n\r\n", 4)) == NULL ||
	    memchr(rest->at, '\0', (size_t)(end - rest->at)) != NULL)
		return false;
	text = arena_strndup(arena, rest->at, (size_t)(end - rest->at));
	rest->at = end + 4;
	if ((line = strcasestr(text, disposition)) == NULL ||
	    (line != text && line[-1] != '\n'))
		return false;
	text = arena_strndup(arena, line, strcspn(line, "\r\n"));
	part->name = parameter(arena, text, " name=\"");
	part->is_file = strstr(text, " filename=\"") != NULL ||
	    strstr(text, " filename*=") != NULL;
	return part->name != NULL;
}

bool
multipart_parse(struct arena *arena, const char *content_type,
    const char *body, size_t n, struct form_part **parts, size_t *parts_n)
{
	const char *delimiter = delimiter_of(arena, content_type), *end;
	struct rest rest = { body, body + n };
	struct form_part *found =
	    arena_new_array(arena, struct form_part, MULTIPART_PARTS_MAX);
	size_t count = 0;

	if (delimiter == NULL || !skip(&rest, delimiter + 2))
		return false;
	while (!skip(&rest, "--")) {
		struct form_part *part = &found[count];

		if (count == MULTIPART_PARTS_MAX || !skip(&rest, "\r\n") ||
		    !read_headers(arena, &rest, part) || (end = memmem(rest.at,
		    (size_t)(rest.end - rest.at), delimiter, strlen(delimiter))) ==
		    NULL)
			return false;
		part->data = rest.at;
		part->n = (size_t)(end - rest.at);
		rest.at = end + strlen(delimiter);
		count++;
	}
	skip(&rest, "\r\n");
	*parts = found;
	*parts_n = count;
	return rest.at == rest.end;
}
