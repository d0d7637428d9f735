#include "base/clock.h"

#include "tests/unit/unit.h"

#define NOV_24 1795503662	/* 2026-11-24T07:01:02Z */

TEST(rfc3339_is_written_and_read_back)
{
	static const struct {
		int64_t us;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ -1, "1969-12-31T23:59:59.999999Z" },
		{ 1, "1970-01-01T00:00:00.000001Z" },
		{ NOV_24 * CLOCK_SECOND, "2026-11-24T07:01:02Z" },
		{ NOV_24 * CLOCK_SECOND + 123456, "2026-11-24T07:01:02.123456Z" },
		{ NOV_24 * CLOCK_SECOND + 120000, "2026-11-24T07:01:02.120000Z" },
		{ 951782400 * CLOCK_SECOND, "2000-02-29T00:00:00Z" },
		{ 951868799 * CLOCK_SECOND, "2000-02-29T23:59:59Z" },
		{ 951868800 * CLOCK_SECOND, "2000-03-01T00:00:00Z" },
		{ 4107542400 * CLOCK_SECOND, "2100-03-01T00:00:00Z" },
		{ 2147483648 * CLOCK_SECOND, "2038-01-19T03:14:08Z" },
		{ -62167219200 * CLOCK_SECOND, "0000-01-01T00:00:00Z" },
		{ -62162035200 * CLOCK_SECOND, "0000-03-01T00:00:00Z" },
		{ 253402300799 * CLOCK_SECOND, "9999-12-31T23:59:59Z" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[CLOCK_TEXT_SIZE];
		int64_t us = 42;

		assert_string_equal(clock_format_rfc3339(cases[i].us, text),
		    cases[i].text);
		assert_true(clock_parse_rfc3339(cases[i].text, &us));
		assert_int_equal(us, cases[i].us);
	}
}

TEST(times_that_cannot_be_written_are_the_nearest_that_can)
{
	char text[CLOCK_TEXT_SIZE];

	assert_string_equal(clock_format_rfc3339(INT64_MAX, text),
	    "9999-12-31T23:59:59.999999Z");
	assert_string_equal(clock_format_rfc3339(INT64_MIN, text),
	    "0000-01-01T00:00:00Z");
}

/* Every day of 10,000 years, against the C library. */
TEST(the_calendar_is_the_c_librarys)
{
	for (int64_t day = -719528; day < 2932897; day++) {
		time_t seconds = day * 86400 + (day & 0xffff);
		char text[CLOCK_TEXT_SIZE], expected[64];
		int64_t us;
		struct tm tm;

		gmtime_r(&seconds, &tm);
		snprintf(expected, sizeof(expected),
		    "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
		    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
		clock_format_rfc3339(seconds * CLOCK_SECOND, text);
		if (!str_eq(text, expected))
			fail_msg("%s is not %s", text, expected);
		if (!clock_parse_rfc3339(text, &us) ||
		    us != seconds * CLOCK_SECOND)
			fail_msg("%s is read as %" PRId64, text, us);
	}
}

TEST(rfc3339_allows_offsets_fractions_and_leap_seconds)
{
	static const struct {
		const char *text;
		int64_t us;
	} cases[] = {
		{ "2026-11-24t07:01:02z", NOV_24 * CLOCK_SECOND },
		{ "2026-11-24T08:01:02+01:00", NOV_24 * CLOCK_SECOND },
		{ "2026-11-24T00:31:02-06:30", NOV_24 * CLOCK_SECOND },
		{ "2026-11-24T07:01:02-00:00", NOV_24 * CLOCK_SECOND },
		{ "2026-11-25T07:00:02+23:59", NOV_24 * CLOCK_SECOND },
		{ "2026-11-24T07:01:02.5Z", NOV_24 * CLOCK_SECOND + 500000 },
		{ "2026-11-24T07:01:02.0000019Z", NOV_24 * CLOCK_SECOND + 1 },
		{ "1990-12-31T23:59:60Z", 662688000 * CLOCK_SECOND },
		{ "1990-12-31T15:59:60-08:00", 662688000 * CLOCK_SECOND },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t us = 42;

		assert_true(clock_parse_rfc3339(cases[i].text, &us));
		assert_int_equal(us, cases[i].us);
	}
}

TEST(rfc3339_refuses_everything_else)
{
	static const char *const cases[] = {
		"", "2026", "2026-11-24", "2026-11-24T", "2026-11-24T07:01:02",
		"2026-11-24 07:01:02Z", "2026-11-24T07:01Z",
		"2026-11-24T07:01:02.Z", "2026-11-24T07:01:02,5Z",
		"2026-11-24T07:01:02Z ", " 2026-11-24T07:01:02Z",
		"2026-11-24T07:01:02ZZ", "2026-11-24T07:01:02+01",
		"2026-11-24T07:01:02+0100", "2026-11-24T07:01:02+1:00",
		"2026-11-24T07:01:02+24:00", "2026-11-24T07:01:02+01:60",
		"2026-11-24T07:01:02 Z", "2026-11-24T24:00:00Z",
		"2026-11-24T07:60:02Z", "2026-11-24T07:01:60Z",
		"2026-11-24T07:01:61Z", "2026-00-24T07:01:02Z",
		"2026-13-24T07:01:02Z", "2026-11-00T07:01:02Z",
		"2026-11-31T07:01:02Z", "2026-02-29T07:01:02Z",
		"2100-02-29T07:01:02Z", "12026-11-24T07:01:02Z",
		"-026-11-24T07:01:02Z", "26-11-24T07:01:02Z",
		"2026-1-24T07:01:02Z", "2026-11-2aT07:01:02Z",
		"2026-11-24T23:59:60+01:00",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t us = 42;

		if (clock_parse_rfc3339(cases[i], &us))
			fail_msg("'%s' was read", cases[i]);
		assert_int_equal(us, 42);
	}
}

TEST(postgres_text_is_read)
{
	static const struct {
		const char *text;
		bool is_valid;
		int64_t us;
	} cases[] = {
		{ "2026-11-24 07:01:02+00", true, NOV_24 * CLOCK_SECOND },
		{ "2026-11-24 07:01:02.123456+00", true,
		    NOV_24 * CLOCK_SECOND + 123456 },
		{ "2026-11-24 07:01:02.1+00", true,
		    NOV_24 * CLOCK_SECOND + 100000 },
		{ "2026-11-24 12:31:02+05:30", true, NOV_24 * CLOCK_SECOND },
		{ "2026-11-24 03:01:02-04", true, NOV_24 * CLOCK_SECOND },
		{ "0001-01-01 00:00:00+00", true, -62135596800 * CLOCK_SECOND },
		{ "9999-12-31 23:59:59.999999+00", true,
		    253402300800 * CLOCK_SECOND - 1 },
		{ "infinity", false, 0 },
		{ "-infinity", false, 0 },
		{ "", false, 0 },
		{ "2026-11-24", false, 0 },
		{ "2026-11-24 07:01:02", false, 0 },
		{ "2026-11-24T07:01:02+00", false, 0 },
		{ "2026-11-24 07:01:02Z", false, 0 },
		{ "2026-11-24 07:01:02+00x", false, 0 },
		{ "0044-03-15 12:00:00+00 BC", false, 0 },
		{ "0000-03-15 12:00:00+00", false, 0 },
		{ "10000-01-01 00:00:00+00", false, 0 },
		{ "1890-01-01 00:00:00-00:14:44", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t us = 0;

		if (clock_parse_postgres(cases[i].text, &us) !=
		    cases[i].is_valid || us != cases[i].us)
			fail_msg("'%s': %" PRId64, cases[i].text, us);
	}
}

TEST(dates_of_mail_and_http)
{
	char text[CLOCK_TEXT_SIZE];

	assert_string_equal(clock_format_imf(NOV_24 * CLOCK_SECOND + 999999,
	    text), "Tue, 24 Nov 2026 07:01:02 +0000");
	assert_string_equal(clock_format_http(784111777 * CLOCK_SECOND, text),
	    "Sun, 06 Nov 1994 08:49:37 GMT");	/* RFC 9110's own example */
	assert_string_equal(clock_format_imf(0, text),
	    "Thu, 01 Jan 1970 00:00:00 +0000");
}

TEST(clocks_run)
{
	int64_t before = clock_monotonic_us();

	assert_true(clock_now_us() > NOV_24 / 2 * CLOCK_SECOND);
	assert_true(clock_monotonic_us() >= before);
	assert_true(llabs(clock_now_us() / CLOCK_SECOND - time(NULL)) <= 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3339_is_written_and_read_back),
		cmocka_unit_test(
		    times_that_cannot_be_written_are_the_nearest_that_can),
		cmocka_unit_test(the_calendar_is_the_c_librarys),
		cmocka_unit_test(rfc3339_allows_offsets_fractions_and_leap_seconds),
		cmocka_unit_test(rfc3339_refuses_everything_else),
		cmocka_unit_test(postgres_text_is_read),
		cmocka_unit_test(dates_of_mail_and_http),
		cmocka_unit_test(clocks_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
