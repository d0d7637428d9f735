/*
 * What the parsers of params.h accept is text, keeps their promises, and comes
 * back the same when it is encoded and parsed again.
 */
#include "web/params.h"

#include "tests/fuzz/fuzz.h"
#include "web/text.h"

#define MAX 20

static bool
is_text(const char *s)
{
	return utf8_valid(s, strlen(s));
}

static bool
is_twice(const struct params *params, size_t i)
{
	const char *name = params->items[i].name;
	size_t n = strlen(name);

	if (n >= 2 && name[n - 2] == '[' && name[n - 1] == ']')
		return false;
	for (size_t j = 0; j < i; j++)
		if (str_eq(params->items[j].name, name))
			return true;
	return false;
}

static void
check_again(struct arena *a, const struct params *params)
{
	struct params again;
	struct buf b;

	buf_init(&b, a, SIZE_MAX / 2);
	for (size_t i = 0; i < params->n; i++) {
		buf_putc(&b, '&');
		url_encode(&b, params->items[i].name);
		buf_putc(&b, '=');
		url_encode(&b, params->items[i].value);
	}
	assert(params_parse(&again, a, b.data, b.len, MAX) == PARAM_GOOD);
	assert(again.n == params->n);
	for (size_t i = 0; i < params->n; i++) {
		assert(str_eq(again.items[i].name, params->items[i].name));
		assert(str_eq(again.items[i].value, params->items[i].value));
	}
}

static void
check_pairs(struct arena *a, const char *text, size_t n)
{
	struct params params;
	enum param_fault fault = params_parse(&params, a, text, n, MAX);

	assert(*param_fault_code(fault) != '\0');
	if (fault != PARAM_GOOD)
		return;
	assert(params.n <= MAX);
	for (size_t i = 0; i < params.n; i++) {
		assert(is_text(params.items[i].name));
		assert(is_text(params.items[i].value));
		assert(strchr(params.items[i].value, '\r') == NULL);
		assert(!is_twice(&params, i));
		assert(params_get(&params, params.items[i].name) != NULL);
	}
	check_again(a, &params);
}

static void
check_segment(struct arena *a, const char *text, size_t n)
{
	const char *decoded = url_decode_segment(a, text, n), *again;
	struct buf b;

	if (decoded == NULL)
		return;
	assert(is_text(decoded) && strlen(decoded) <= n);
	buf_init(&b, a, SIZE_MAX / 2);
	url_encode(&b, decoded);
	again = url_decode_segment(a, b.data, b.len);
	assert(again != NULL && str_eq(again, decoded));
}

/* The header is searched for its own names, or what may pass for one. */
static void
check_cookies(struct arena *a, const char *header)
{
	for (size_t i = 0; i < 8 && *header != '\0'; i++) {
		const char *name = arena_strndup(a, header, strcspn(header, "=;"));
		const char *value = cookie_get(a, header, name);

		if (value != NULL) {
			assert(text_is_printable(value));
			assert(strpbrk(value, " \",;\\") == NULL);
			assert(strstr(header, arena_printf(a, "%s=%s", name,
			    value)) != NULL || strstr(header, arena_printf(a,
			    "%s=\"%s\"", name, value)) != NULL);
		}
		header += strcspn(header, ";");
		header += strspn(header, "; ");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *a = arena_new();
	const char *text = (const char *)data;

	check_pairs(a, text, n);
	check_segment(a, text, n);
	check_cookies(a, arena_strndup(a, text, n));
	arena_free(a);
	return 0;
}
