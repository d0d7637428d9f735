#include "web/format.h"

#include "base/clock.h"

#include "tests/unit/unit.h"

#define NBSP "\xc2\xa0"

TEST(money_as_people_read_it)
{
	static const struct {
		struct money money;
		const char *es, *en;
	} cases[] = {
		{ { 123456, "EUR" }, "1.234,56" NBSP "€", "€1,234.56" },
		{ { 99, "EUR" }, "0,99" NBSP "€", "€0.99" },
		{ { 0, "EUR" }, "0,00" NBSP "€", "€0.00" },
		{ { -123456, "EUR" }, "-1.234,56" NBSP "€", "-€1,234.56" },
		{ { 100000, "USD" }, "1.000,00" NBSP "US$", "$1,000.00" },
		{ { 99999, "GBP" }, "999,99" NBSP "£", "£999.99" },
		{ { 1234567, "JPY" }, "1.234.567" NBSP "¥", "¥1,234,567" },
		{ { 1000, "CHF" }, "10,00" NBSP "CHF", "CHF" NBSP "10.00" },
		{ { 1234567, "KWD" }, "1.234,567" NBSP "KWD",
		    "KWD" NBSP "1,234.567" },
		{ { INT64_MAX, "EUR" }, "92.233.720.368.547.758,07" NBSP "€",
		    "€92,233,720,368,547,758.07" },
		{ { INT64_MIN, "JPY" }, "-9.223.372.036.854.775.808" NBSP "¥",
		    "-¥9,223,372,036,854,775,808" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[FORMAT_SIZE];

		assert_string_equal(format_money(&cases[i].money, "es", out,
		    sizeof(out)), cases[i].es);
		assert_string_equal(format_money(&cases[i].money, "en", out,
		    sizeof(out)), cases[i].en);
	}
}

TEST(numbers_are_grouped)
{
	static const struct {
		int64_t value;
		const char *es, *en;
	} cases[] = {
		{ 0, "0", "0" },
		{ 999, "999", "999" },
		{ 1234, "1234", "1,234" },
		{ -1234, "-1234", "-1,234" },
		{ 12345, "12.345", "12,345" },
		{ -123456, "-123.456", "-123,456" },
		{ 1234567, "1.234.567", "1,234,567" },
		{ INT64_MIN, "-9.223.372.036.854.775.808",
		    "-9,223,372,036,854,775,808" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[FORMAT_SIZE];

		assert_string_equal(format_number(cases[i].value, "es", out,
		    sizeof(out)), cases[i].es);
		assert_string_equal(format_number(cases[i].value, "en", out,
		    sizeof(out)), cases[i].en);
	}
}

TEST(rates_are_percentages)
{
	static const struct {
		int64_t rate;
		const char *es, *en;
	} cases[] = {
		{ 2100, "21" NBSP "%", "21%" },
		{ 520, "5,2" NBSP "%", "5.2%" },
		{ 140, "1,4" NBSP "%", "1.4%" },
		{ 725, "7,25" NBSP "%", "7.25%" },
		{ 0, "0" NBSP "%", "0%" },
		{ 10000, "100" NBSP "%", "100%" },
		{ -5, "-0,05" NBSP "%", "-0.05%" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[FORMAT_SIZE];

		assert_string_equal(format_percent(cases[i].rate, "es", out,
		    sizeof(out)), cases[i].es);
		assert_string_equal(format_percent(cases[i].rate, "en", out,
		    sizeof(out)), cases[i].en);
	}
}

/* Madrid keeps winter time until the last Sunday of March, 1:00 UTC. */
TEST(times_are_of_the_zone)
{
	static const struct {
		const char *utc, *es, *en;
	} cases[] = {
		{ "2026-11-24T07:01:02Z", "24 nov 2026, 08:01",
		    "24 Nov 2026, 08:01" },
		{ "2026-12-31T23:30:00Z", "1 ene 2027, 00:30",
		    "1 Jan 2027, 00:30" },
		{ "2026-03-29T00:59:59Z", "29 mar 2026, 01:59",
		    "29 Mar 2026, 01:59" },
		{ "2026-03-29T01:00:00Z", "29 mar 2026, 03:00",
		    "29 Mar 2026, 03:00" },
		{ "2026-09-01T22:00:00Z", "2 sept 2026, 00:00",
		    "2 Sep 2026, 00:00" },
		{ "1969-12-31T22:59:59.5Z", "31 dic 1969, 23:59",
		    "31 Dec 1969, 23:59" },
	};

	assert_true(format_time_zone("Europe/Madrid"));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[FORMAT_SIZE];
		int64_t us;

		assert_true(clock_parse_rfc3339(cases[i].utc, &us));
		assert_string_equal(format_datetime(us, "es", out, sizeof(out)),
		    cases[i].es);
		assert_string_equal(format_datetime(us, "en", out, sizeof(out)),
		    cases[i].en);
		format_date(us, "es", out, sizeof(out));
		assert_int_equal(strlen(out), strcspn(cases[i].es, ","));
		assert_memory_equal(out, cases[i].es, strlen(out));
	}
}

TEST(zones_that_do_not_exist_are_refused)
{
	static const char *const cases[] = {
		"", "Europe", "Europe/Madird", "/etc/passwd", "../../etc/passwd",
		"Europe/../Europe/Madrid",
	};
	char out[FORMAT_SIZE];

	assert_true(format_time_zone("America/New_York"));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_false(format_time_zone(cases[i]));
	assert_string_equal(format_datetime(0, "en", out, sizeof(out)),
	    "31 Dec 1969, 19:00");
}

TEST(a_short_buffer_cuts_off)
{
	static const struct money money = { 123456, "EUR" };
	char out[6] = "xxxxx";

	assert_string_equal(format_money(&money, "es", out, 4), "1.2");
	assert_int_equal(out[4], 'x');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(money_as_people_read_it),
		cmocka_unit_test(numbers_are_grouped),
		cmocka_unit_test(rates_are_percentages),
		cmocka_unit_test(times_are_of_the_zone),
		cmocka_unit_test(zones_that_do_not_exist_are_refused),
		cmocka_unit_test(a_short_buffer_cuts_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
