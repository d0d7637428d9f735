/*
 * The claims of text.h: UTF-8 against the grammar of RFC 3629 spelled out, each
 * encoding against its own reverse, and each check against the others.
 */
#include "web/text.h"

#include "tests/fuzz/fuzz.h"

/* The rows of RFC 3629 4: the first two bytes, and how many tails follow. */
static const struct {
	uint8_t first_low, first_high, second_low, second_high, tails;
} rows[] = {
	{ 0xc2, 0xdf, 0x80, 0xbf, 0 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 1 },
	{ 0xe1, 0xec, 0x80, 0xbf, 1 },
	{ 0xed, 0xed, 0x80, 0x9f, 1 },
	{ 0xee, 0xef, 0x80, 0xbf, 1 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 2 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 2 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 2 },
};

static size_t
character_size(const uint8_t *s, size_t n)
{
	if (n > 0 && s[0] < 0x80)
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (n < 2u + rows[i].tails || s[0] < rows[i].first_low ||
		    s[0] > rows[i].first_high || s[1] < rows[i].second_low ||
		    s[1] > rows[i].second_high)
			continue;
		for (size_t t = 0; t < rows[i].tails; t++)
			if (s[2 + t] < 0x80 || s[2 + t] > 0xbf)
				return 0;
		return 2u + rows[i].tails;
	}
	return 0;
}

static void
check_utf8(const uint8_t *data, size_t n)
{
	bool is_valid = true;

	for (size_t i = 0, size; is_valid && i < n; i += size) {
		uint32_t code;
		char again[4];

		size = character_size(data + i, n - i);
		assert(utf8_decode((const char *)data + i, n - i, &code) == size);
		is_valid = size > 0;
		if (is_valid) {
			assert(utf8_encode(code, again) == size);
			assert(memcmp(again, data + i, size) == 0);
		}
	}
	assert(utf8_valid((const char *)data, n) == is_valid);
}

static void
check_codes(struct arena *a, const uint8_t *data, size_t n, const char *text)
{
	unsigned char *bytes;
	size_t again = n + 1;

	bytes = hex_decode(a, hex_encode(a, data, n), &again);
	assert(bytes != NULL && again == n);
	assert(n == 0 || memcmp(bytes, data, n) == 0);
	bytes = base64url_decode(a, base64url_encode(a, data, n), &again);
	assert(bytes != NULL && again == n);
	assert(n == 0 || memcmp(bytes, data, n) == 0);

	if ((bytes = hex_decode(a, text, &again)) != NULL)
		assert(strcasecmp(hex_encode(a, bytes, again), text) == 0);
	if ((bytes = base64url_decode(a, text, &again)) != NULL)
		assert(str_eq(base64url_encode(a, bytes, again), text));
}

static void
check_words(struct arena *a, const char *text)
{
	const char *slug = slug_make(a, text);

	assert(*slug == '\0' || slug_is_valid(slug));
	assert(str_eq(slug_make(a, slug), slug));
	if (slug_is_valid(text))
		assert(str_eq(slug, text));
	if (text_is_printable(text)) {
		assert(text_is_printable_lines(text));
		assert(strpbrk(text, "\n\t\r\x1b\x7f") == NULL);
	}
	if (text_is_printable_lines(text)) {
		assert(utf8_valid(text, strlen(text)));
		assert(utf8_length(text) <= strlen(text));
	}
	if (email_is_valid(text)) {
		assert(text_is_printable(text) && strlen(text) <= EMAIL_MAX);
		assert(utf8_length(text) == strlen(text));
		assert(strpbrk(text, " \"(),:;<>[\\]") == NULL);
		assert(strchr(text, '@') == strrchr(text, '@'));
		assert(strchr(strchr(text, '@'), '.') != NULL);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *a = arena_new();
	const char *text = arena_strndup(a, (const char *)data, n);

	check_utf8(data, n);
	check_codes(a, data, n, text);
	check_words(a, text);
	arena_free(a);
	return 0;
}
