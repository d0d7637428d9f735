#include "web/counters.h"

#include "tests/unit/unit.h"

#include <sys/wait.h>

TEST(every_request_is_counted_once)
{
	static const struct {
		int status;
		int64_t time_us;
		int class;
		size_t bucket;
	} requests[] = {
		{ 200, 0, 2, 0 },
		{ 204, 500, 2, 0 },		/* bounds are inclusive */
		{ 299, 501, 2, 1 },
		{ 303, 1000, 3, 1 },
		{ 404, 16384000, 4, 15 },
		{ 500, 16384001, 5, 16 },
		{ 503, INT64_C(1) << 40, 5, 16 },
		{ 100, -5, 1, 0 },
		{ 0, 1, 5, 0 },			/* no status is a fault */
		{ 600, 1, 5, 0 },
	};
	struct counters *c = counters_new(3);
	struct counters_total t, want = { .in_flight = 0 };

	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		int slot = (int)(i % 3);

		counters_begin(c, slot);
		counters_sum(c, &t);
		assert_int_equal(t.in_flight, 1);
		counters_end(c, slot, requests[i].status, requests[i].time_us);
		want.by_class[requests[i].class]++;
		want.buckets[requests[i].bucket]++;
		if (requests[i].time_us > 0)
			want.time_us += (uint64_t)requests[i].time_us;
	}
	counters_sum(c, &t);
	assert_memory_equal(&t, &want, sizeof(t));
	counters_free(c);
}

TEST(children_share_the_page_and_leave_it_behind)
{
	struct counters *c = counters_new(2);
	struct counters_total t;

	for (int slot = 0; slot < 2; slot++)
		if (fork() == 0) {
			for (int i = 0; i < 1000; i++) {
				counters_begin(c, slot);
				counters_end(c, slot, 200, 700);
			}
			counters_begin(c, slot);
			_exit(0);
		}
	while (wait(NULL) > 0)
		continue;
	counters_sum(c, &t);
	assert_int_equal(t.by_class[2], 2000);
	assert_int_equal(t.buckets[1], 2000);
	assert_int_equal(t.in_flight, 2);
	counters_respawn(c, 0);
	counters_sum(c, &t);
	assert_int_equal(t.by_class[2], 2000);
	assert_int_equal(t.in_flight, 1);
	assert_int_equal(t.respawns, 1);
	counters_free(c);
}

TEST(the_text_is_prometheus)
{
	struct arena *a = arena_new();
	struct counters *c = counters_new(1);
	struct buf b;

	counters_begin(c, 0);
	counters_end(c, 0, 200, 1500000);
	counters_end(c, 0, 404, 600);
	buf_init(&b, a, 16384);
	counters_print(c, &b, "cart");
	assert_false(b.overflow);
	for (const char *const *line = (const char *const[]){
		"# TYPE zoco_requests_total counter\n",
		"\nzoco_requests_total{domain=\"cart\",class=\"2xx\"} 1\n",
		"\nzoco_requests_total{domain=\"cart\",class=\"4xx\"} 1\n",
		"\nzoco_requests_total{domain=\"cart\",class=\"5xx\"} 0\n",
		"\nzoco_request_seconds_bucket{domain=\"cart\",le=\"0.0005\"} 0\n",
		"\nzoco_request_seconds_bucket{domain=\"cart\",le=\"0.001\"} 1\n",
		"\nzoco_request_seconds_bucket{domain=\"cart\",le=\"1.024\"} 1\n",
		"\nzoco_request_seconds_bucket{domain=\"cart\",le=\"2.048\"} 2\n",
		"\nzoco_request_seconds_bucket{domain=\"cart\",le=\"16.384\"} 2\n",
		"\nzoco_request_seconds_bucket{domain=\"cart\",le=\"+Inf\"} 2\n",
		"\nzoco_request_seconds_sum{domain=\"cart\"} 1.500600\n",
		"\nzoco_request_seconds_count{domain=\"cart\"} 2\n",
		"\nzoco_requests_in_flight{domain=\"cart\"} 0\n",
		"\nzoco_worker_respawns_total{domain=\"cart\"} 0\n",
		NULL }; *line != NULL; line++)
		if (strstr(b.data, *line) == NULL)
			fail_msg("lacks: %s in:\n%s", *line, b.data);
	counters_free(c);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_is_counted_once),
		cmocka_unit_test(children_share_the_page_and_leave_it_behind),
		cmocka_unit_test(the_text_is_prometheus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
