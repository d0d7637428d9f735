#include "web/text.h"

#define MASK(bits) ((1u << (bits)) - 1)

size_t
utf8_decode(const char *s, size_t n, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s;
	uint32_t c;
	size_t size;

	if (n == 0)
		return 0;
	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	if (p[0] < 0xc0 || p[0] > 0xf7)
		return 0;
	size = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (size > n)
		return 0;
	c = p[0] & MASK(7 - size);
	for (size_t i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & MASK(6));
	}
	if (c < least[size] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return size;
}

size_t
utf8_encode(uint32_t c, char out[4])
{
	size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (size == 1) {
		out[0] = (char)c;
		return 1;
	}
	for (size_t i = size - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & MASK(6)));
	out[0] = (char)((0xf00 >> size & 0xf0) | c);
	return size;
}

bool
utf8_valid(const char *s, size_t n)
{
	uint32_t code;
	size_t size;

	for (; n > 0; s += size, n -= size)
		if ((size = utf8_decode(s, n, &code)) == 0)
			return false;
	return true;
}

size_t
utf8_length(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static bool
is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

static bool
is_printable(const char *s, const char *allowed)
{
	size_t n = strlen(s), size;
	uint32_t code;

	for (; n > 0; s += size, n -= size) {
		if ((size = utf8_decode(s, n, &code)) == 0)
			return false;
		if (is_control(code) && strchr(allowed, (int)code) == NULL)
			return false;
	}
	return true;
}

bool
text_is_printable(const char *s)
{
	return is_printable(s, "");
}

bool
text_is_printable_lines(const char *s)
{
	return is_printable(s, "\n\t");
}

/* The C library's isalnum follows the locale; these are ASCII always. */
static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c);
}

static bool
is_alphanumeric(char c)
{
	return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

/* RFC 5322 3.2.3: dot-atom-text. */
static bool
is_dot_atom(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '.') {
			if (i == 0 || i == n - 1 || s[i - 1] == '.')
				return false;
		} else if (!is_alphanumeric(s[i]) &&
		    memchr("!#$%&'*+-/=?^_`{|}~", s[i], 19) == NULL) {
			return false;
		}
	}
	return n > 0;
}

/*
 * RFC 1123 2.1: labels of letters, digits and inner hyphens. The last is never
 * only digits, which tells a name from an IPv4 address.
 */
static bool
is_domain_name(const char *s)
{
	size_t dots = 0, label = 0, digits = 0;

	for (; *s != '\0'; s++) {
		if (*s == '.') {
			if (label == 0 || s[-1] == '-')
				return false;
			dots++;
			label = digits = 0;
			continue;
		}
		if (!is_alphanumeric(*s) && (*s != '-' || label == 0))
			return false;
		if (++label > 63)
			return false;
		digits += is_digit(*s);
	}
	return dots > 0 && label > digits && s[-1] != '-';
}

bool
email_is_valid(const char *s)
{
	const char *at = strchr(s, '@');

	return at != NULL && strlen(s) <= EMAIL_MAX &&
	    at - s <= EMAIL_LOCAL_MAX && is_dot_atom(s, (size_t)(at - s)) &&
	    is_domain_name(at + 1);
}

bool
phone_is_valid(const char *s)
{
	size_t n = strlen(s);

	return s[0] == '+' && s[1] >= '1' && s[1] <= '9' && n >= 8 && n <= 16 &&
	    s[1 + strspn(s + 1, "0123456789")] == '\0';
}

bool
slug_is_valid(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > SLUG_MAX || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_lower_or_digit(s[i]) && (s[i] != '-' || s[i - 1] == '-'))
			return false;
	return true;
}

/* U+00A0 to U+017F (Latin-1, Latin Extended-A) in lower-case ASCII. */
static const char latin[][3] = {
	"", "", "", "", "", "", "", "", "", "", "a", "", "", "", "", "",
	"", "", "2", "3", "", "", "", "", "", "1", "o", "", "", "", "", "",
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",
	"d", "n", "o", "o", "o", "o", "o", "", "o", "u", "u", "u", "u", "y", "th", "ss",
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",
	"d", "n", "o", "o", "o", "o", "o", "", "o", "u", "u", "u", "u", "y", "th", "y",
	"a", "a", "a", "a", "a", "a", "c", "c", "c", "c", "c", "c", "c", "c", "d", "d",
	"d", "d", "e", "e", "e", "e", "e", "e", "e", "e", "e", "e", "g", "g", "g", "g",
	"g", "g", "g", "g", "h", "h", "h", "h", "i", "i", "i", "i", "i", "i", "i", "i",
	"i", "i", "ij", "ij", "j", "j", "k", "k", "k", "l", "l", "l", "l", "l", "l", "l",
	"l", "l", "l", "n", "n", "n", "n", "n", "n", "n", "n", "n", "o", "o", "o", "o",
	"o", "o", "oe", "oe", "r", "r", "r", "r", "r", "r", "s", "s", "s", "s", "s", "s",
	"s", "s", "t", "t", "t", "t", "t", "t", "u", "u", "u", "u", "u", "u", "u", "u",
	"u", "u", "u", "u", "w", "w", "y", "y", "y", "z", "z", "z", "z", "z", "z", "s",
};

/* What a code point adds to a slug: letters, or "" for the end of a word. */
static const char *
slug_letters(uint32_t code, char one[2])
{
	one[0] = one[1] = '\0';
	if (code >= 0xa0 && code - 0xa0 < ARRAY_LEN(latin))
		return latin[code - 0xa0];
	if (code < 0x80 && is_alphanumeric((char)code))
		one[0] = (char)(code >= 'A' && code <= 'Z' ? code | 0x20 : code);
	return one;
}

char *
slug_make(struct arena *a, const char *text)
{
	char *slug = arena_alloc(a, SLUG_MAX + 1), one[2];
	size_t n = 0, left = strlen(text), size;
	bool word_ended = false;
	uint32_t code;

	for (; left > 0; text += size, left -= size) {
		const char *letters;

		if ((size = utf8_decode(text, left, &code)) == 0) {
			size = 1;
			code = ' ';
		}
		if (code >= 0x300 && code <= 0x36f)	/* accent of its own */
			continue;
		letters = slug_letters(code, one);
		if (*letters == '\0') {
			word_ended = true;
			continue;
		}
		if (n + (word_ended && n > 0) + strlen(letters) > SLUG_MAX)
			break;
		if (word_ended && n > 0)
			slug[n++] = '-';
		word_ended = false;
		while (*letters != '\0')
			slug[n++] = *letters++;
	}
	return slug;
}

int
hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *
hex_encode(struct arena *a, const void *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = bytes;
	char *text = arena_alloc(a, n * 2 + 1);

	for (size_t i = 0; i < n; i++) {
		text[i * 2] = digits[in[i] >> 4];
		text[i * 2 + 1] = digits[in[i] & MASK(4)];
	}
	return text;
}

unsigned char *
hex_decode(struct arena *a, const char *s, size_t *n)
{
	size_t size = strlen(s) / 2;
	unsigned char *bytes;

	if (s[size * 2] != '\0')
		return NULL;
	bytes = arena_alloc(a, size + 1);
	for (size_t i = 0; i < size; i++) {
		int high = hex_digit(s[i * 2]), low = hex_digit(s[i * 2 + 1]);

		if (high < 0 || low < 0)
			return NULL;
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	*n = size;
	return bytes;
}

static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/*
 * Both directions are the same work, regrouping bits of one width into another:
 * `held` has `bits` bits that were read and not yet written.
 */
char *
base64url_encode(struct arena *a, const void *bytes, size_t n)
{
	const unsigned char *in = bytes;
	char *text = arena_alloc(a, n / 3 * 4 + 5), *out = text;
	uint32_t held = 0;
	int bits = 0;

	for (size_t i = 0; i < n; i++) {
		held = (held << 8 | in[i]) & MASK(16);
		for (bits += 8; bits >= 6; bits -= 6)
			*out++ = base64url_digits[held >> (bits - 6) & MASK(6)];
	}
	if (bits > 0)
		*out = base64url_digits[held << (6 - bits) & MASK(6)];
	return text;
}

static int
base64url_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (is_digit(c))
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

unsigned char *
base64url_decode(struct arena *a, const char *s, size_t *n)
{
	size_t length = strlen(s);
	unsigned char *bytes = arena_alloc(a, length / 4 * 3 + 3), *out = bytes;
	uint32_t held = 0;
	int bits = 0, digit;

	if (length % 4 == 1)
		return NULL;
	for (; *s != '\0'; s++) {
		if ((digit = base64url_digit(*s)) < 0)
			return NULL;
		held = (held << 6 | (uint32_t)digit) & MASK(16);
		if ((bits += 6) >= 8)
			*out++ = (unsigned char)(held >> (bits -= 8));
	}
	if ((held & MASK(bits)) != 0)
		return NULL;
	*n = (size_t)(out - bytes);
	return bytes;
}
