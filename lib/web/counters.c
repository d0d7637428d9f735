#include "web/counters.h"

#include <stdatomic.h>
#include <sys/mman.h>

#define FIRST_BOUND_US 500

/* A cache line or more to itself, so that workers do not share any. */
struct slot {
	_Alignas(128) atomic_uint_fast64_t by_class[6];
	atomic_uint_fast64_t buckets[COUNTERS_BUCKETS];
	atomic_uint_fast64_t time_us;
	atomic_uint_fast64_t in_flight;
	atomic_uint_fast64_t respawns;
};

struct counters {
	int slot_count;
	struct slot slots[];
};

static size_t
size_of(int slot_count)
{
	return sizeof(struct counters) +
	    (size_t)slot_count * sizeof(struct slot);
}

struct counters *
counters_new(int slots)
{
	struct counters *c = mmap(NULL, size_of(slots), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (c == MAP_FAILED)
		return NULL;
	c->slot_count = slots;
	return c;
}

void
counters_free(struct counters *c)
{
	if (c != NULL)
		munmap(c, size_of(c->slot_count));
}

static struct slot *
slot_of(struct counters *c, int slot)
{
	assert(slot >= 0 && slot < c->slot_count);
	return &c->slots[slot];
}

/* Only one process writes a slot; the order between numbers is nobody's. */
static void
add(atomic_uint_fast64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static uint64_t
get(const atomic_uint_fast64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void
counters_begin(struct counters *c, int slot)
{
	atomic_store_explicit(&slot_of(c, slot)->in_flight, 1,
	    memory_order_relaxed);
}

static size_t
bucket_of(int64_t time_us)
{
	size_t i = 0;

	while (i < COUNTERS_BUCKETS - 1 && time_us > FIRST_BOUND_US << i)
		i++;
	return i;
}

void
counters_end(struct counters *c, int slot, int status, int64_t time_us)
{
	struct slot *s = slot_of(c, slot);

	if (time_us < 0)
		time_us = 0;
	add(&s->by_class[status >= 100 && status < 600 ? status / 100 : 5], 1);
	add(&s->buckets[bucket_of(time_us)], 1);
	add(&s->time_us, (uint64_t)time_us);
	atomic_store_explicit(&s->in_flight, 0, memory_order_relaxed);
}

void
counters_respawn(struct counters *c, int slot)
{
	struct slot *s = slot_of(c, slot);

	atomic_store_explicit(&s->in_flight, 0, memory_order_relaxed);
	add(&s->respawns, 1);
}

void
counters_sum(const struct counters *c, struct counters_total *t)
{
	memset(t, 0, sizeof(*t));
	for (int i = 0; i < c->slot_count; i++) {
		const struct slot *s = &c->slots[i];

		for (size_t k = 0; k < ARRAY_LEN(t->by_class); k++)
			t->by_class[k] += get(&s->by_class[k]);
		for (size_t k = 0; k < COUNTERS_BUCKETS; k++)
			t->buckets[k] += get(&s->buckets[k]);
		t->time_us += get(&s->time_us);
		t->in_flight += get(&s->in_flight);
		t->respawns += get(&s->respawns);
	}
}

static void
print_histogram(const struct counters_total *t, struct buf *b,
    const char *domain)
{
	uint64_t below = 0;
	char bound[24] = "+Inf";

	buf_puts(b, "# TYPE zoco_request_seconds histogram\n");
	for (size_t i = 0; i < COUNTERS_BUCKETS; i++) {
		below += t->buckets[i];
		if (i < COUNTERS_BUCKETS - 1)
			snprintf(bound, sizeof(bound), "%g",
			    (double)(FIRST_BOUND_US << i) / 1e6);
		else
			snprintf(bound, sizeof(bound), "+Inf");
		buf_printf(b, "zoco_request_seconds_bucket"
		    "{domain=\"%s\",le=\"%s\"} %" PRIu64 "\n", domain, bound,
		    below);
	}
	buf_printf(b, "zoco_request_seconds_sum{domain=\"%s\"} %" PRIu64
	    ".%06" PRIu64 "\n", domain, t->time_us / 1000000,
	    t->time_us % 1000000);
	buf_printf(b, "zoco_request_seconds_count{domain=\"%s\"} %" PRIu64
	    "\n", domain, below);
}

void
counters_print(const struct counters *c, struct buf *b, const char *domain)
{
	struct counters_total t;

	counters_sum(c, &t);
	buf_puts(b, "# TYPE zoco_requests_total counter\n");
	for (size_t i = 1; i < ARRAY_LEN(t.by_class); i++)
		buf_printf(b, "zoco_requests_total"
		    "{domain=\"%s\",class=\"%zuxx\"} %" PRIu64 "\n", domain, i,
		    t.by_class[i]);
	print_histogram(&t, b, domain);
	buf_printf(b, "# TYPE zoco_requests_in_flight gauge\n"
	    "zoco_requests_in_flight{domain=\"%s\"} %" PRIu64 "\n", domain,
	    t.in_flight);
	buf_printf(b, "# TYPE zoco_worker_respawns_total counter\n"
	    "zoco_worker_respawns_total{domain=\"%s\"} %" PRIu64 "\n", domain,
	    t.respawns);
}
