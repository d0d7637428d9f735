#include "base/cron.h"

#include "base/clock.h"
#include "tests/unit/unit.h"

static void
check(const char *zone, const char *line, const char *after, const char *next)
{
	char text[CLOCK_TEXT_SIZE];
	const char *rest;
	struct cron cron;
	int64_t us;

	setenv("TZ", zone, 1);
	tzset();
	assert_true(cron_parse(&cron, line, &rest));
	assert_string_equal(rest, "zoco job");
	assert_true(clock_parse_rfc3339(after, &us));
	assert_string_equal(clock_format_rfc3339(cron_next(&cron, us), text), next);
}

TEST(the_next_run_is_the_first_minute_that_fits)
{
	static const struct {
		const char *line, *after, *next;
	} cases[] = {
		{ "* * * * * zoco job", "2026-11-24T07:01:02Z", "2026-11-24T07:02:00Z" },
		{ "* * * * *\tzoco job", "2026-11-24T07:01:00Z", "2026-11-24T07:02:00Z" },
		{ "*/15 * * * * zoco job", "2026-11-24T07:59:59Z", "2026-11-24T08:00:00Z" },
		{ "17 4 * * * zoco job", "2026-11-24T07:01:02Z", "2026-11-25T04:17:00Z" },
		{ "0 9-17/4 * * * zoco job", "2026-11-24T09:00:00Z", "2026-11-24T13:00:00Z" },
		{ "5,50 0 1 1 * zoco job", "2026-11-24T07:00:00Z", "2027-01-01T00:05:00Z" },
		{ "0 0 29 2 * zoco job", "2026-11-24T07:00:00Z", "2028-02-29T00:00:00Z" },
		{ "0 0 * * 7 zoco job", "2026-11-24T07:00:00Z", "2026-11-29T00:00:00Z" },
		{ "0 0 * * 0 zoco job", "2026-11-24T07:00:00Z", "2026-11-29T00:00:00Z" },
		{ "0 0 26 * 5 zoco job", "2026-11-24T07:00:00Z", "2026-11-26T00:00:00Z" },
		{ "0 0 28 * 5 zoco job", "2026-11-24T07:00:00Z", "2026-11-27T00:00:00Z" },
		{ "0 0 30 2 * zoco job", "2026-11-24T07:00:00Z", "1970-01-01T00:00:00Z" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check("UTC", cases[i].line, cases[i].after, cases[i].next);
}

TEST(hours_are_those_of_the_machine_also_when_its_clock_is_changed)
{
	check("Europe/Madrid", "17 4 * * * zoco job", "2026-11-24T07:00:00Z",
	    "2026-11-25T03:17:00Z");
	/* On 2026-03-29 there is no half past two; on 2026-10-25 there are two. */
	check("Europe/Madrid", "30 2 * * * zoco job", "2026-03-28T12:00:00Z",
	    "2026-03-30T00:30:00Z");
	check("Europe/Madrid", "30 3 * * * zoco job", "2026-10-24T12:00:00Z",
	    "2026-10-25T02:30:00Z");
}

TEST(what_is_no_time_is_refused)
{
	static const char *const lines[] = {
		"", "# a comment", "SHELL=/bin/sh", "* * * *", "60 * * * * x",
		"* 24 * * * x", "* * 0 * * x", "* * * 13 * x", "* * * * 8 x",
		"5-2 * * * * x", "*/0 * * * * x", "1,,2 * * * * x", "1- * * * * x",
		"99999999999999999999 * * * * x", "@daily x", "* * * jan * x"
	};
	const char *rest;
	struct cron cron;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_false(cron_parse(&cron, lines[i], &rest));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_run_is_the_first_minute_that_fits),
		cmocka_unit_test(
		    hours_are_those_of_the_machine_also_when_its_clock_is_changed),
		cmocka_unit_test(what_is_no_time_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
