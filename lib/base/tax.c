#include "base/tax.h"

#define WHOLE 10000	/* 100 % */

/*
 * a / b, rounded half away from zero; b > 0. An odd b knows no half, and its
 * b / 2, cut down, rounds the rest rightly too.
 */
static __int128
divide_rounded(__int128 a, int64_t b)
{
	return (a >= 0 ? a + b / 2 : a - b / 2) / b;
}

static bool
is_rate(int32_t rate)
{
	return rate >= 0 && rate <= TAX_RATE_MAX;
}

bool
tax_from_gross(int64_t gross, int32_t rate, struct tax_split *split)
{
	int64_t tax;

	if (!is_rate(rate))
		return false;
	tax = (int64_t)divide_rounded((__int128)gross * rate, WHOLE + rate);
	*split = (struct tax_split){ gross - tax, tax, gross };
	return true;
}

bool
tax_from_net(int64_t net, int32_t rate, struct tax_split *split)
{
	__int128 tax, gross;

	if (!is_rate(rate))
		return false;
	tax = divide_rounded((__int128)net * rate, WHOLE);
	gross = net + tax;
	if (gross > INT64_MAX || gross < INT64_MIN)
		return false;
	*split = (struct tax_split){ net, (int64_t)tax, (int64_t)gross };
	return true;
}

/* Rounding towards zero, what the i-th share lost, in 1 / sum of a unit. */
static __int128
remainder_of(__int128 total, int64_t weight, __int128 sum)
{
	return total * weight % sum;
}

/* How many get a left-over unit before the i-th does. */
static size_t
rank_of(size_t i, __int128 total, const int64_t *weights, size_t n,
    __int128 sum)
{
	__int128 own = remainder_of(total, weights[i], sum);
	size_t before = 0;

	for (size_t j = 0; j < n; j++) {
		__int128 other = remainder_of(total, weights[j], sum);

		before += other > own || (other == own && j < i);
	}
	return before;
}

bool
tax_allocate(int64_t total, const int64_t *weights, size_t n, int64_t *out)
{
	int sign = total < 0 ? -1 : 1;
	__int128 size = (__int128)total * sign, left = size, sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (weights[i] < 0)
			return false;
		sum += weights[i];
	}
	if (sum == 0 && total != 0)
		return false;
	if (sum == 0)
		sum = 1;
	for (size_t i = 0; i < n; i++)
		left -= size * weights[i] / sum;
	for (size_t i = 0; i < n; i++) {
		__int128 share = size * weights[i] / sum;

		if (left > 0)
			share += (__int128)rank_of(i, size, weights, n, sum) <
			    left;
		out[i] = (int64_t)(share * sign);
	}
	return true;
}
