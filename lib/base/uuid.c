#include "base/uuid.h"

#include "base/clock.h"

#include <sys/random.h>

static void
fill_random(void *out, size_t n)
{
	/* Up to 256 bytes getrandom is whole once the pool is ready (man 2). */
	if (getrandom(out, n, 0) != (ssize_t)n)
		abort();
}

struct uuid
uuid_new(void)
{
	static uint64_t last;	/* milliseconds << 12 | sub-millisecond part */
	uint64_t us = (uint64_t)clock_now_us(), stamp;
	struct uuid id;

	/* RFC 9562 6.2 method 3: the 12 bits of rand_a hold the fraction. */
	stamp = us / 1000 << 12 | (us % 1000) * 4096 / 1000;
	if (stamp <= last)
		stamp = last + 1;
	last = stamp;
	fill_random(id.bytes + 8, 8);
	for (int i = 0; i < 6; i++)
		id.bytes[i] = (uint8_t)(stamp >> (52 - 8 * i));
	id.bytes[6] = (uint8_t)(0x70 | ((stamp >> 8) & 0x0f));
	id.bytes[7] = (uint8_t)stamp;
	id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
	return id;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_dash_position(int i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

bool
uuid_parse(const char *s, struct uuid *id)
{
	struct uuid parsed;
	int n = 0;

	for (int i = 0; i < 36; i++) {
		int high, low;

		if (is_dash_position(i)) {
			if (s[i] != '-')
				return false;
			continue;
		}
		if ((high = hex_value(s[i])) < 0 ||
		    (low = hex_value(s[++i])) < 0)
			return false;
		parsed.bytes[n++] = (uint8_t)(high << 4 | low);
	}
	if (s[36] != '\0')
		return false;
	*id = parsed;
	return true;
}

char *
uuid_text(const struct uuid *id, char out[UUID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char *p = out;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[id->bytes[i] >> 4];
		*p++ = digits[id->bytes[i] & 15];
	}
	*p = '\0';
	return out;
}

bool
uuid_is_nil(const struct uuid *id)
{
	static const struct uuid nil;

	return uuid_equal(id, &nil);
}

bool
uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
