#include "web/mustache_scan.h"

#define SPACES " \t\r\n"

bool
scan_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

const char *
scan_blanks(const struct scan *scan, const char *s)
{
	while (s < scan->end && scan_is_blank(*s))
		s++;
	return s;
}

const char *
scan_line_end(const struct scan *scan, const char *s)
{
	if (s == scan->end)
		return s;
	if (*s == '\r' && s + 1 < scan->end)
		s++;
	return *s == '\n' ? s + 1 : NULL;
}

int
scan_line_number(const struct scan *scan, const char *s)
{
	int line = 1;

	for (const char *c = scan->text; c < s; c++)
		line += *c == '\n';
	return line;
}

void
scan_trim(const char **s, size_t *n)
{
	while (*n > 0 && isspace((unsigned char)**s))
		++*s, --*n;
	while (*n > 0 && isspace((unsigned char)(*s)[*n - 1]))
		--*n;
}

const char *
scan_find_tag(const struct scan *scan, const char *s)
{
	return memmem(s, (size_t)(scan->end - s), scan->open,
	    strlen(scan->open));
}

bool
scan_is_tag(const struct scan *scan, const char *s)
{
	size_t n = strlen(scan->open);

	return (size_t)(scan->end - s) >= n && memcmp(s, scan->open, n) == 0;
}

bool
scan_tag(const struct scan *scan, const char *s, struct tag *tag)
{
	char close[DELIMITER_SIZE + 1];
	const char *end;

	tag->at = s;
	s += strlen(scan->open);
	tag->kind = s < scan->end && *s != '\0' && strchr("!={&#^/><$", *s) ?
	    *s++ : '\0';
	snprintf(close, sizeof(close), "%s%s", tag->kind == '{' ? "}" :
	    tag->kind == '=' ? "=" : "", scan->close);
	end = memmem(s, (size_t)(scan->end - s), close, strlen(close));
	if (end == NULL)
		return false;
	tag->name = s;
	tag->n = (size_t)(end - s);
	tag->end = end + strlen(close);
	scan_trim(&tag->name, &tag->n);
	return true;
}

bool
scan_set_delimiters(struct scan *scan, const struct tag *tag)
{
	char text[2 * DELIMITER_SIZE], *middle, *close;

	if (tag->n >= sizeof(text) || memchr(tag->name, '=', tag->n) != NULL)
		return false;
	memcpy(text, tag->name, tag->n);
	text[tag->n] = '\0';
	middle = text + strcspn(text, SPACES);
	close = middle + strspn(middle, SPACES);
	*middle = '\0';
	if (*close == '\0' || strpbrk(close, SPACES) != NULL ||
	    strlen(text) >= DELIMITER_SIZE || strlen(close) >= DELIMITER_SIZE)
		return false;
	memcpy(scan->open, text, strlen(text) + 1);
	memcpy(scan->close, close, strlen(close) + 1);
	return true;
}
