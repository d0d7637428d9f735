/*
 * Recursive descent; the depth is bounded before each step down. Every function
 * that scans returns false once a fault is recorded.
 */
#include "web/json_scan.h"

#include <math.h>

#include "web/text.h"

struct name {
	const char *text;	/* decoded, not NUL-terminated */
	size_t n;
	uint64_t hash;
};

struct scan {
	struct arena *arena;
	const char *at, *end;
	bool is_strict;
	int depth, depth_max;
	enum json_fault fault;
	const char *fault_at;
	struct name *names;	/* of all open objects, innermost last */
	size_t names_n, names_capacity;
};

static bool scan_value(struct scan *);

static bool
fail(struct scan *s, enum json_fault fault, const char *at)
{
	s->fault = fault;
	s->fault_at = at;
	return false;
}

/* The next byte; 0 at the end, which like a NUL byte fits nowhere. */
static char
peek(const struct scan *s)
{
	return s->at < s->end ? *s->at : '\0';
}

static bool
unexpected(struct scan *s)
{
	return fail(s, s->at == s->end ? JSON_INCOMPLETE : JSON_SYNTAX, s->at);
}

static bool
take(struct scan *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static void
skip_space(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' ||
	    *s->at == '\r' || *s->at == '\t'))
		s->at++;
}

static bool
scan_word(struct scan *s, const char *word)
{
	for (; *word != '\0'; word++)
		if (!take(s, *word))
			return unexpected(s);
	return true;
}

static bool
skip_digits(struct scan *s)
{
	const char *start = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > start || unexpected(s);
}

static bool
fits_int64(const char *digits, const char *end, bool is_negative)
{
	uint64_t value = 0, most = INT64_MAX;

	for (; digits < end; digits++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *digits - '0', &value))
			return false;
	return value <= most + is_negative;
}

/*
 * The length is bounded by RFC 7493 2.2: no more precision than a double's.
 * strtod reads the point since no program of ours leaves the C locale.
 */
static bool
fits_double(const char *start, const char *end)
{
	char copy[JSON_NUMBER_MAX + 1];
	size_t n = (size_t)(end - start);

	if (n > JSON_NUMBER_MAX)
		return false;
	memcpy(copy, start, n);
	copy[n] = '\0';
	return isfinite(strtod(copy, NULL));
}

static bool
scan_number(struct scan *s)
{
	const char *start = s->at, *digits;
	bool is_negative = take(s, '-'), is_integer = true;

	digits = s->at;
	if (!take(s, '0') && !skip_digits(s))
		return false;
	if (take(s, '.')) {
		is_integer = false;
		if (!skip_digits(s))
			return false;
	}
	if (take(s, 'e') || take(s, 'E')) {
		is_integer = false;
		if (!take(s, '+'))
			take(s, '-');
		if (!skip_digits(s))
			return false;
	}
	if (!s->is_strict)
		return true;
	if (is_integer)
		return fits_int64(digits, s->at, is_negative) ||
		    fail(s, JSON_INTEGER, start);
	return fits_double(start, s->at) || fail(s, JSON_NUMBER, start);
}

/* RFC 7493 2.1 and our own dislike of NUL, for a character begun at `at`. */
static bool
check_code(struct scan *s, uint32_t code, const char *at)
{
	if (!s->is_strict)
		return true;
	if (code == 0)
		return fail(s, JSON_NUL, at);
	if (code >= 0xd800 && code <= 0xdfff)
		return fail(s, JSON_SURROGATE, at);
	if ((code & 0xfffe) == 0xfffe || (code >= 0xfdd0 && code <= 0xfdef))
		return fail(s, JSON_NONCHARACTER, at);
	return true;
}

/* The value of four hexadecimal digits, -1 when p[] has none. */
static int32_t
hex4(const char *p, const char *end)
{
	int32_t value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

/* The low surrogate that an escape at p[] stands for, or -1. */
static int32_t
low_surrogate(const char *p, const char *end)
{
	int32_t low;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	low = hex4(p + 2, end);
	return low >= 0xdc00 && low <= 0xdfff ? low : -1;
}

/* Behind "\u": four digits, and the second half of a pair if there is one. */
static bool
scan_code(struct scan *s, uint32_t *code)
{
	const char *backslash = s->at - 2;
	int32_t high = hex4(s->at, s->end), low;

	if (high < 0)
		return fail(s, JSON_ESCAPE, backslash);
	s->at += 4;
	*code = (uint32_t)high;
	if (high >= 0xd800 && high <= 0xdbff &&
	    (low = low_surrogate(s->at, s->end)) >= 0) {
		s->at += 6;
		*code = 0x10000 + (((uint32_t)high & 0x3ff) << 10) +
		    ((uint32_t)low & 0x3ff);
	}
	return check_code(s, *code, backslash);
}

/* Behind a backslash; what the escape stands for goes to *code. */
static bool
scan_escape(struct scan *s, uint32_t *code)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *letter;

	if (s->at == s->end)
		return unexpected(s);
	if (take(s, 'u'))
		return scan_code(s, code);
	if ((letter = memchr(letters, *s->at, sizeof(letters) - 1)) == NULL)
		return fail(s, JSON_ESCAPE, s->at - 1);
	*code = (unsigned char)meant[letter - letters];
	s->at++;
	return true;
}

/* A character of a string that is neither plain ASCII nor its closing quote. */
static bool
scan_special(struct scan *s)
{
	const char *start = s->at;
	uint32_t code;
	size_t size;

	if (take(s, '\\'))
		return scan_escape(s, &code);
	if (*start == '\0' && s->is_strict)
		return fail(s, JSON_NUL, start);
	if ((unsigned char)*start < 0x20)
		return fail(s, JSON_CONTROL, start);
	size = utf8_decode(start, (size_t)(s->end - start), &code);
	if (size == 0)
		return fail(s, JSON_ENCODING, start);
	s->at += size;
	return check_code(s, code, start);
}

static bool
scan_string(struct scan *s, bool *has_escape)
{
	static const bool special[256] = {
		[0 ... 0x1f] = true, ['"'] = true, ['\\'] = true,
		[0x80 ... 0xff] = true
	};

	*has_escape = false;
	if (!take(s, '"'))
		return unexpected(s);
	for (;;) {
		while (s->at < s->end && !special[(unsigned char)*s->at])
			s->at++;
		if (s->at == s->end)
			return unexpected(s);
		if (take(s, '"'))
			return true;
		*has_escape |= *s->at == '\\';
		if (!scan_special(s))
			return false;
	}
}

/* Replaces a scanned name by a copy with its escapes resolved. */
static void
resolve(struct scan *s, struct name *name)
{
	struct scan inner = { .at = name->text, .end = name->text + name->n };
	char *copy = arena_alloc(s->arena, name->n);
	uint32_t code;

	name->text = copy;
	while (inner.at < inner.end) {
		if (!take(&inner, '\\'))
			*copy++ = *inner.at++;
		else if (scan_escape(&inner, &code))
			copy += utf8_encode(code, copy);
	}
	name->n = (size_t)(copy - name->text);
}

static uint64_t
hash_fnv1a(const char *text, size_t n)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3;
	return hash;
}

static void
push_name(struct scan *s, const struct name *name)
{
	if (s->names_n == s->names_capacity) {
		struct name *old = s->names;

		s->names_capacity = old == NULL ? 32 : s->names_capacity * 2;
		s->names = arena_new_array(s->arena, struct name,
		    s->names_capacity);
		if (old != NULL)
			memcpy(s->names, old, s->names_n * sizeof(*old));
	}
	s->names[s->names_n++] = *name;
}

/* A member's name; those of its object so far begin at names[first]. */
static bool
scan_name(struct scan *s, size_t first)
{
	const char *quote = s->at;
	struct name name;
	bool has_escape;

	if (!scan_string(s, &has_escape))
		return false;
	if (!s->is_strict)
		return true;
	if (s->names_n - first == JSON_MEMBERS_MAX)
		return fail(s, JSON_MEMBERS, quote);
	name.text = quote + 1;
	name.n = (size_t)(s->at - 1 - name.text);
	if (has_escape)
		resolve(s, &name);
	name.hash = hash_fnv1a(name.text, name.n);
	for (size_t i = first; i < s->names_n; i++) {
		const struct name *other = &s->names[i];

		if (other->hash == name.hash && other->n == name.n &&
		    memcmp(other->text, name.text, name.n) == 0)
			return fail(s, JSON_DUPLICATE, quote);
	}
	push_name(s, &name);
	return true;
}

static bool
scan_object(struct scan *s)
{
	size_t first = s->names_n;

	skip_space(s);
	if (take(s, '}'))
		return true;
	do {
		skip_space(s);
		if (!scan_name(s, first))
			return false;
		skip_space(s);
		if (!take(s, ':'))
			return unexpected(s);
		if (!scan_value(s))
			return false;
	} while (take(s, ','));
	s->names_n = first;
	return take(s, '}') || unexpected(s);
}

static bool
scan_array(struct scan *s)
{
	size_t n = 0;

	skip_space(s);
	if (take(s, ']'))
		return true;
	do {
		skip_space(s);
		if (s->is_strict && n++ == JSON_ELEMENTS_MAX)
			return fail(s, JSON_ELEMENTS, s->at);
		if (!scan_value(s))
			return false;
	} while (take(s, ','));
	return take(s, ']') || unexpected(s);
}

/* Behind an opening bracket or brace. */
static bool
scan_nested(struct scan *s, bool (*scan)(struct scan *))
{
	if (++s->depth > s->depth_max)
		return fail(s, JSON_DEPTH, s->at - 1);
	if (!scan(s))
		return false;
	s->depth--;
	return true;
}

static bool
scan_bare_value(struct scan *s)
{
	bool has_escape;

	switch (peek(s)) {
	case '{':
		s->at++;
		return scan_nested(s, scan_object);
	case '[':
		s->at++;
		return scan_nested(s, scan_array);
	case '"':
		return scan_string(s, &has_escape);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	case '-':
	case '0' ... '9':
		return scan_number(s);
	default:
		return unexpected(s);
	}
}

static bool
scan_value(struct scan *s)
{
	skip_space(s);
	if (!scan_bare_value(s))
		return false;
	skip_space(s);
	return true;
}

enum json_fault
json_scan(struct arena *a, const char *text, size_t n, enum json_mode mode,
    size_t *offset)
{
	struct scan s = { .arena = a, .at = text, .end = text + n,
		.is_strict = mode == JSON_STRICT };

	s.depth_max = s.is_strict ? JSON_DEPTH_MAX : JSON_GRAMMAR_DEPTH;
	if (scan_value(&s) && s.at < s.end)
		fail(&s, JSON_TRAILING, s.at);
	*offset = s.fault == JSON_GOOD ? n : (size_t)(s.fault_at - text);
	return s.fault;
}

static const struct {
	const char *code, *message;
} faults[] = {
#define ROW(name, code, message) { code, message },
	JSON_FAULTS(ROW)
#undef ROW
};

const char *
json_fault_code(enum json_fault fault)
{
	return faults[fault].code;
}

const char *
json_fault_message(enum json_fault fault)
{
	return faults[fault].message;
}
