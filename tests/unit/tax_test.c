#include "base/tax.h"

#include "tests/unit/unit.h"

/* xorshift64*: the same numbers in every run. */
static uint64_t
next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

static int64_t
between(uint64_t *state, int64_t low, int64_t high)
{
	return low + (int64_t)(next(state) % (uint64_t)(high - low + 1));
}

TEST(tax_in_a_price)
{
	static const struct {
		int64_t gross;
		int32_t rate;
		int64_t net, tax;
	} cases[] = {
		{ 12100, 2100, 10000, 2100 },
		{ 1999, 2100, 1652, 347 },	/* 346.93 */
		{ 1000, 1000, 909, 91 },	/* 90.909 */
		{ 1000, 400, 962, 38 },		/* 38.46 */
		{ 1, 2100, 1, 0 },		/* 0.17 */
		{ 3, 2100, 2, 1 },		/* 0.52 */
		{ 3, 10000, 1, 2 },		/* 1.5: up */
		{ -3, 10000, -1, -2 },		/* a refund is its mirror */
		{ -1999, 2100, -1652, -347 },
		{ 1999, 0, 1999, 0 },
		{ 0, 2100, 0, 0 },
		{ 1021, 210, 1000, 21 },
		{ INT64_MAX, 10000, INT64_MAX / 2, INT64_MAX / 2 + 1 },
		{ INT64_MIN, 10000, INT64_MIN / 2, INT64_MIN / 2 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct tax_split s;

		assert_true(tax_from_gross(cases[i].gross, cases[i].rate, &s));
		assert_int_equal(s.gross, cases[i].gross);
		assert_int_equal(s.net, cases[i].net);
		assert_int_equal(s.tax, cases[i].tax);
	}
}

TEST(tax_on_top_of_a_price)
{
	static const struct {
		int64_t net;
		int32_t rate;
		int64_t tax;
	} cases[] = {
		{ 10000, 2100, 2100 },
		{ 1652, 2100, 347 },	/* 346.92 */
		{ 50, 2100, 11 },	/* 10.5: up */
		{ -50, 2100, -11 },
		{ 49, 2100, 10 },	/* 10.29 */
		{ 1000, 0, 0 },
		{ 0, 2100, 0 },
		{ INT64_MAX, 0, 0 },
		{ INT64_MIN / 2, 10000, INT64_MIN / 2 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct tax_split s;

		assert_true(tax_from_net(cases[i].net, cases[i].rate, &s));
		assert_int_equal(s.net, cases[i].net);
		assert_int_equal(s.tax, cases[i].tax);
		assert_int_equal(s.gross, cases[i].net + cases[i].tax);
	}
}

TEST(what_cannot_be_is_refused)
{
	struct tax_split s = { 1, 2, 3 };

	assert_false(tax_from_gross(100, -1, &s));
	assert_false(tax_from_gross(100, TAX_RATE_MAX + 1, &s));
	assert_false(tax_from_net(100, -1, &s));
	assert_false(tax_from_net(100, TAX_RATE_MAX + 1, &s));
	assert_false(tax_from_net(INT64_MAX, 1, &s));
	assert_false(tax_from_net(INT64_MIN, 1, &s));
	assert_int_equal(s.net, 1);
	assert_int_equal(s.tax, 2);
	assert_int_equal(s.gross, 3);
}

TEST(net_and_tax_are_the_gross_for_a_million_prices)
{
	uint64_t seed = 20261124;

	for (int i = 0; i < 1000000; i++) {
		int64_t amount = between(&seed, -100000000, 100000000);
		int32_t rate = (int32_t)between(&seed, 0, 10000);
		struct tax_split s, t, mirror;

		assert_true(tax_from_gross(amount, rate, &s));
		assert_true(tax_from_net(amount, rate, &t));
		if (s.net + s.tax != s.gross || s.gross != amount ||
		    t.net + t.tax != t.gross || t.net != amount)
			fail_msg("%" PRId64 " at %d", amount, rate);
		/* At most half a unit from the exact tax, ties outwards. */
		if (llabs(2 * (s.tax * (10000 + rate) - amount * rate)) >
		    10000 + rate ||
		    llabs(2 * (t.tax * 10000 - amount * rate)) > 10000)
			fail_msg("%" PRId64 " at %d is not rounded", amount,
			    rate);
		assert_true(tax_from_gross(-amount, rate, &mirror));
		assert_int_equal(mirror.tax, -s.tax);
		/* The tax found in a price is the tax on its net, nearly. */
		assert_true(tax_from_net(s.net, rate, &t));
		if (llabs(t.gross - amount) > 1)
			fail_msg("%" PRId64 " at %d goes astray", amount, rate);
	}
}

TEST(a_discount_is_shared_out)
{
	static const struct {
		int64_t total;
		size_t n;
		int64_t weights[4], shares[4];
	} cases[] = {
		{ 100, 3, { 1, 1, 1 }, { 34, 33, 33 } },
		{ -100, 3, { 1, 1, 1 }, { -34, -33, -33 } },
		{ 101, 3, { 1, 1, 1 }, { 34, 34, 33 } },
		{ 10, 3, { 1, 2, 3 }, { 2, 3, 5 } },	/* 1.67 3.33 5 */
		{ 5, 2, { 0, 7 }, { 0, 5 } },
		{ 1, 4, { 0, 3, 0, 3 }, { 0, 1, 0, 0 } },
		{ 1, 2, { 1, 999999 }, { 0, 1 } },
		{ 0, 2, { 5, 5 }, { 0, 0 } },
		{ 0, 2, { 0, 0 }, { 0, 0 } },
		{ 0, 0, { 0 }, { 0 } },
		{ 77, 1, { 12 }, { 77 } },
		{ INT64_MAX, 2, { INT64_MAX, INT64_MAX },
		    { INT64_MAX / 2 + 1, INT64_MAX / 2 } },
		{ INT64_MIN, 2, { INT64_MAX, INT64_MAX },
		    { INT64_MIN / 2, INT64_MIN / 2 } },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t out[4] = { 0 };

		assert_true(tax_allocate(cases[i].total, cases[i].weights,
		    cases[i].n, out));
		for (size_t j = 0; j < 4; j++)
			if (out[j] != cases[i].shares[j])
				fail_msg("case %zu, share %zu: %" PRId64, i, j,
				    out[j]);
	}
}

TEST(what_cannot_be_shared_is_refused)
{
	static const int64_t none[2] = { 0, 0 }, negative[2] = { 3, -1 };
	int64_t out[2] = { 8, 9 };

	assert_false(tax_allocate(1, none, 2, out));
	assert_false(tax_allocate(1, none, 0, out));
	assert_false(tax_allocate(1, negative, 2, out));
	assert_int_equal(out[0], 8);
	assert_int_equal(out[1], 9);
}

TEST(shares_add_up_whatever_the_weights)
{
	uint64_t seed = 4711;

	for (int i = 0; i < 100000; i++) {
		size_t n = (size_t)between(&seed, 1, 12);
		int64_t total = between(&seed, -100000, 100000);
		int64_t weights[12], out[12], sum = 0, weight = 0;

		for (size_t j = 0; j < n; j++)
			weight += weights[j] = between(&seed, 0, 5000);
		if (weight == 0)
			continue;
		assert_true(tax_allocate(total, weights, n, out));
		for (size_t j = 0; j < n; j++) {
			sum += out[j];
			if (llabs(out[j] * weight - total * weights[j]) >=
			    weight)
				fail_msg("share %zu of run %d is off", j, i);
		}
		assert_int_equal(sum, total);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tax_in_a_price),
		cmocka_unit_test(tax_on_top_of_a_price),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(net_and_tax_are_the_gross_for_a_million_prices),
		cmocka_unit_test(a_discount_is_shared_out),
		cmocka_unit_test(what_cannot_be_shared_is_refused),
		cmocka_unit_test(shares_add_up_whatever_the_weights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
