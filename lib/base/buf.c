#include "base/buf.h"

#define FIRST_CAPACITY 256

void
buf_init(struct buf *b, struct arena *arena, size_t max)
{
	*b = (struct buf){ .arena = arena, .max = max };
	b->capacity = max < FIRST_CAPACITY ? max : FIRST_CAPACITY;
	b->data = arena_alloc(arena, b->capacity + 1);
}

/* Makes room for n more bytes; false when that would pass the maximum. */
static bool
reserve(struct buf *b, size_t n)
{
	size_t capacity = b->capacity;
	char *data;

	if (b->overflow || n > b->max - b->len) {
		b->overflow = true;
		return false;
	}
	if (n <= capacity - b->len)
		return true;
	while (n > capacity - b->len)
		capacity = capacity > b->max / 2 ? b->max : capacity * 2;
	data = arena_alloc(b->arena, capacity + 1);
	memcpy(data, b->data, b->len);
	b->data = data;
	b->capacity = capacity;
	return true;
}

void
buf_add(struct buf *b, const void *bytes, size_t n)
{
	if (n == 0 || !reserve(b, n))
		return;
	memcpy(b->data + b->len, bytes, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	char small[512];
	int n;

	va_start(args, format);
	n = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	assert(n >= 0);
	if ((size_t)n < sizeof(small)) {
		buf_add(b, small, (size_t)n);
		return;
	}
	if (!reserve(b, (size_t)n))
		return;
	va_start(args, format);
	vsnprintf(b->data + b->len, (size_t)n + 1, format, args);
	va_end(args);
	b->len += (size_t)n;
}

void
buf_truncate(struct buf *b, size_t n)
{
	assert(n <= b->len);
	b->len = n;
	b->data[n] = '\0';
}
