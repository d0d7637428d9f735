#include "web/params.h"

#include "web/text.h"

/* Resolves s[n] into a new string. */
static enum param_fault
decode(struct arena *a, const char *s, size_t n, bool plus_is_space, char **out)
{
	char *start = arena_alloc(a, n + 1), *to = start;

	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '+' && plus_is_space) {
			c = ' ';
		} else if (c == '%') {
			int high = n - i > 2 ? hex_digit(s[i + 1]) : -1;
			int low = n - i > 2 ? hex_digit(s[i + 2]) : -1;

			if (high < 0 || low < 0)
				return PARAM_ESCAPE;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == '\0')
			return PARAM_NUL;
		*to++ = c;
	}
	*out = start;
	return utf8_valid(start, (size_t)(to - start)) ? PARAM_GOOD :
	    PARAM_ENCODING;
}

/* CR LF and CR become \n, in place. */
static void
unify_line_breaks(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		if (s[0] == '\r' && s[1] == '\n')
			s++;
		*to++ = *s == '\r' ? '\n' : *s;
	}
	*to = '\0';
}

static enum param_fault
decode_pair(struct arena *a, const char *s, size_t n, struct param *pair)
{
	const char *equals = memchr(s, '=', n), *end = s + n;
	char *name, *value;
	enum param_fault fault;

	if (equals == NULL)
		equals = end;
	if ((fault = decode(a, s, (size_t)(equals - s), true, &name)) !=
	    PARAM_GOOD)
		return fault;
	if (equals < end)
		equals++;
	if ((fault = decode(a, equals, (size_t)(end - equals), true, &value)) !=
	    PARAM_GOOD)
		return fault;
	unify_line_breaks(value);
	*pair = (struct param){ name, value };
	return PARAM_GOOD;
}

static bool
is_list(const char *name)
{
	size_t n = strlen(name);

	return n >= 2 && str_eq(name + n - 2, "[]");
}

static size_t
count_pairs(const char *text, size_t n)
{
	size_t pairs = 0;

	for (size_t i = 0; i < n; i++)
		pairs += text[i] != '&' && (i == 0 || text[i - 1] == '&');
	return pairs;
}

enum param_fault
params_parse(struct params *params, struct arena *a, const char *text,
    size_t n, size_t max)
{
	size_t count = count_pairs(text, n), size;
	const char *end = text + n;
	struct params found = { NULL, 0 };

	if (count > max)
		return PARAM_TOO_MANY;
	found.items = arena_new_array(a, struct param, count);
	for (; text < end; text += size) {
		const char *and = memchr(text, '&', (size_t)(end - text));
		struct param *pair = &found.items[found.n];
		enum param_fault fault;

		if (and == text) {
			size = 1;
			continue;
		}
		size = (size_t)((and != NULL ? and : end) - text);
		if ((fault = decode_pair(a, text, size, pair)) != PARAM_GOOD)
			return fault;
		if (!is_list(pair->name) && params_get(&found, pair->name) != NULL)
			return PARAM_DUPLICATE;
		found.n++;
	}
	*params = found;
	return PARAM_GOOD;
}

static const struct {
	const char *code, *message;
} faults[] = {
#define ROW(name, code, message) { code, message },
	PARAM_FAULTS(ROW)
#undef ROW
};

const char *
param_fault_code(enum param_fault fault)
{
	return faults[fault].code;
}

const char *
param_fault_message(enum param_fault fault)
{
	return faults[fault].message;
}

const char *
params_get(const struct params *params, const char *name)
{
	for (size_t i = 0; i < params->n; i++)
		if (str_eq(params->items[i].name, name))
			return params->items[i].value;
	return NULL;
}

char *
url_decode_segment(struct arena *a, const char *s, size_t n)
{
	char *out;

	return decode(a, s, n, false, &out) == PARAM_GOOD ? out : NULL;
}

static bool
is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || strchr("-._~", c) != NULL;
}

void
url_encode(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (is_unreserved((unsigned char)*s))
			buf_putc(b, *s);
		else
			buf_printf(b, "%%%02X", (unsigned char)*s);
	}
}

/* RFC 6265 4.1.1: cookie-octet. */
static bool
is_cookie_octet(char c)
{
	return c > 0x20 && c < 0x7f && strchr("\",;\\", c) == NULL;
}

static char *
cookie_value(struct arena *a, const char *s, size_t n)
{
	if (n >= 2 && s[0] == '"' && s[n - 1] == '"') {
		s++;
		n -= 2;
	}
	for (size_t i = 0; i < n; i++)
		if (!is_cookie_octet(s[i]))
			return NULL;
	return arena_strndup(a, s, n);
}

char *
cookie_get(struct arena *a, const char *header, const char *name)
{
	size_t name_n = strlen(name), n;

	if (header == NULL)
		return NULL;
	for (;; header += n + (header[n] == ';')) {
		header += strspn(header, " \t");
		if (*header == '\0')
			return NULL;
		n = strcspn(header, ";");
		if (n > name_n && header[name_n] == '=' &&
		    memcmp(header, name, name_n) == 0)
			break;
	}
	header += name_n + 1;
	n -= name_n + 1;
	while (n > 0 && (header[n - 1] == ' ' || header[n - 1] == '\t'))
		n--;
	return cookie_value(a, header, n);
}
