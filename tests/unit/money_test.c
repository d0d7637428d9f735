#include "base/money.h"

#include "tests/unit/unit.h"

TEST(currencies_are_those_of_iso_4217)
{
	static const struct {
		const char *code;
		bool is_known;
		int exponent;
	} cases[] = {
		{ "EUR", true, 2 }, { "USD", true, 2 }, { "GBP", true, 2 },
		{ "AED", true, 2 }, { "ZWG", true, 2 },
		{ "JPY", true, 0 }, { "KRW", true, 0 }, { "CLP", true, 0 },
		{ "BIF", true, 0 }, { "XPF", true, 0 },
		{ "KWD", true, 3 }, { "BHD", true, 3 }, { "TND", true, 3 },
		{ "", false, 2 }, { "E", false, 2 }, { "EU", false, 2 },
		{ "EURO", false, 2 }, { "eur", false, 2 }, { "EUX", false, 2 },
		{ "UR ", false, 2 }, { "R U", false, 2 }, { "XTS", false, 2 },
		{ "XAU", false, 2 }, { "DEM", false, 2 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (money_is_currency(cases[i].code) != cases[i].is_known ||
		    money_exponent(cases[i].code) != cases[i].exponent)
			fail_msg("'%s'", cases[i].code);
}

TEST(prices_are_read)
{
	static const struct {
		const char *text, *currency;
		bool is_valid;
		int64_t amount;
	} cases[] = {
		{ "19.99", "EUR", true, 1999 },
		{ "19,99", "EUR", true, 1999 },
		{ "19.9", "EUR", true, 1990 },
		{ "19", "EUR", true, 1900 },
		{ "0", "EUR", true, 0 },
		{ "-0.50", "EUR", true, -50 },
		{ "007.10", "EUR", true, 710 },
		{ "1500", "JPY", true, 1500 },
		{ "1,234", "KWD", true, 1234 },
		{ "92233720368547758.07", "EUR", true, INT64_MAX },
		{ "-92233720368547758.08", "EUR", true, INT64_MIN },
		{ "92233720368547758.08", "EUR", false, 0 },
		{ "-92233720368547758.09", "EUR", false, 0 },
		{ "922337203685477581", "EUR", false, 0 },
		{ "99999999999999999999", "JPY", false, 0 },
		{ "1.234", "EUR", false, 0 },
		{ "1.234,56", "EUR", false, 0 },
		{ "1500.0", "JPY", false, 0 },
		{ "", "EUR", false, 0 },
		{ "-", "EUR", false, 0 },
		{ "+1", "EUR", false, 0 },
		{ "--1", "EUR", false, 0 },
		{ ".99", "EUR", false, 0 },
		{ "19.", "EUR", false, 0 },
		{ "1..9", "EUR", false, 0 },
		{ "1.9.", "EUR", false, 0 },
		{ " 19", "EUR", false, 0 },
		{ "19 ", "EUR", false, 0 },
		{ "1e3", "EUR", false, 0 },
		{ "0x10", "EUR", false, 0 },
		{ "\xd9\xa1", "EUR", false, 0 },	/* an Arabic one */
		{ "19.99", "XYZ", false, 0 },
		{ "19.99", "", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct money m = { 0, "" };

		if (money_parse(cases[i].text, cases[i].currency, &m) !=
		    cases[i].is_valid || m.amount != cases[i].amount)
			fail_msg("'%s': %" PRId64, cases[i].text, m.amount);
		assert_string_equal(m.currency,
		    cases[i].is_valid ? cases[i].currency : "");
	}
}

TEST(decimals_are_written_and_read_back)
{
	static const struct {
		struct money money;
		const char *text;
	} cases[] = {
		{ { 1999, "EUR" }, "19.99" },
		{ { 5, "EUR" }, "0.05" },
		{ { -5, "EUR" }, "-0.05" },
		{ { 0, "EUR" }, "0.00" },
		{ { 1500, "JPY" }, "1500" },
		{ { -1500, "JPY" }, "-1500" },
		{ { 1, "KWD" }, "0.001" },
		{ { INT64_MAX, "EUR" }, "92233720368547758.07" },
		{ { INT64_MIN, "EUR" }, "-92233720368547758.08" },
		{ { INT64_MIN, "JPY" }, "-9223372036854775808" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[MONEY_TEXT_SIZE];
		struct money again;

		assert_string_equal(money_decimal(&cases[i].money, text),
		    cases[i].text);
		assert_true(money_parse(text, cases[i].money.currency, &again));
		assert_int_equal(again.amount, cases[i].money.amount);
	}
}

TEST(arithmetic_is_checked)
{
	struct money a = { 1999, "EUR" }, b = { 1, "EUR" }, out;
	struct money most = { INT64_MAX, "EUR" }, least = { INT64_MIN, "EUR" };
	struct money yen = { 1, "JPY" };

	assert_true(money_add(&a, &b, &out));
	assert_int_equal(out.amount, 2000);
	assert_string_equal(out.currency, "EUR");
	assert_true(money_subtract(&b, &a, &out));
	assert_int_equal(out.amount, -1998);
	assert_true(money_multiply(&a, -3, &out));
	assert_int_equal(out.amount, -5997);
	assert_string_equal(out.currency, "EUR");

	assert_true(money_add(&a, &b, &a));
	assert_int_equal(a.amount, 2000);

	out = b;
	assert_false(money_add(&most, &b, &out));
	assert_false(money_subtract(&least, &b, &out));
	assert_false(money_multiply(&most, 2, &out));
	assert_false(money_multiply(&least, -1, &out));
	assert_false(money_add(&a, &yen, &out));
	assert_false(money_subtract(&a, &yen, &out));
	assert_memory_equal(&out, &b, sizeof(b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(currencies_are_those_of_iso_4217),
		cmocka_unit_test(prices_are_read),
		cmocka_unit_test(decimals_are_written_and_read_back),
		cmocka_unit_test(arithmetic_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
