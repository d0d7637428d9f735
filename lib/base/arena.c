#include "base/arena.h"

#define BLOCK_SIZE (16 * 1024 - 64)
#define ALIGN _Alignof(max_align_t)

struct block {
	struct block *next;
	size_t size, used;
	_Alignas(max_align_t) unsigned char bytes[];
};

struct deferred {
	struct deferred *next;
	void (*fn)(void *);
	void *pointer;
};

struct arena {
	struct block *blocks;		/* newest first; the last is kept */
	struct deferred *deferred;	/* newest first */
	size_t used;
	void (*on_exhausted)(void *);
	void *context;
};

static _Noreturn void
exhausted(struct arena *a)
{
	if (a != NULL && a->on_exhausted != NULL)
		a->on_exhausted(a->context);
	fputs("out of memory\n", stderr);
	abort();
}

static struct block *
block_new(size_t size)
{
	struct block *b = malloc(sizeof(*b) + size);

	if (b != NULL) {
		b->next = NULL;
		b->size = size;
		b->used = 0;
	}
	return b;
}

struct arena *
arena_new(void)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a == NULL || (a->blocks = block_new(BLOCK_SIZE)) == NULL)
		exhausted(NULL);
	return a;
}

void
arena_on_exhausted(struct arena *a, void (*fn)(void *), void *context)
{
	a->on_exhausted = fn;
	a->context = context;
}

static void
run_deferred(struct arena *a)
{
	while (a->deferred != NULL) {
		struct deferred *d = a->deferred;

		a->deferred = d->next;
		d->fn(d->pointer);
	}
}

void
arena_reset(struct arena *a)
{
	run_deferred(a);
	while (a->blocks->next != NULL) {
		struct block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	a->blocks->used = 0;
	a->used = 0;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	free(a->blocks);
	free(a);
}

void *
arena_alloc(struct arena *a, size_t n)
{
	struct block *b = a->blocks;
	void *p;

	if (n > SIZE_MAX - ALIGN - sizeof(*b))
		exhausted(a);
	n = (n + ALIGN - 1) / ALIGN * ALIGN;
	if (n > b->size - b->used) {
		if ((b = block_new(n > BLOCK_SIZE ? n : BLOCK_SIZE)) == NULL)
			exhausted(a);
		b->next = a->blocks;
		a->blocks = b;
	}
	p = b->bytes + b->used;
	b->used += n;
	a->used += n;
	return memset(p, 0, n);
}

void *
arena_calloc(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		exhausted(a);
	return arena_alloc(a, bytes);
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy = arena_alloc(a, n + 1);

	if (n > 0)
		memcpy(copy, s, n);
	return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *
arena_vprintf(struct arena *a, const char *format, va_list args)
{
	char small[256], *text;
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(small, sizeof(small), format, args);
	assert(n >= 0);
	if ((size_t)n < sizeof(small)) {
		text = arena_strndup(a, small, (size_t)n);
	} else {
		text = arena_alloc(a, (size_t)n + 1);
		vsnprintf(text, (size_t)n + 1, format, again);
	}
	va_end(again);
	return text;
}

char *
arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = arena_vprintf(a, format, args);
	va_end(args);
	return text;
}

void
arena_defer(struct arena *a, void (*fn)(void *), void *pointer)
{
	struct deferred *d;
	struct block *b = a->blocks;

	if (sizeof(*d) + ALIGN > b->size - b->used) {
		if ((b = block_new(BLOCK_SIZE)) == NULL) {
			fn(pointer);
			exhausted(a);
		}
		b->next = a->blocks;
		a->blocks = b;
	}
	d = arena_new_of(a, struct deferred);
	d->fn = fn;
	d->pointer = pointer;
	d->next = a->deferred;
	a->deferred = d;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}
