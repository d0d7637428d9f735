/*
 * Tax and discount: pure functions on minor units, exact for all of int64.
 *
 * A line's tax is rounded once, half away from zero, so that a refund (a
 * negative amount) takes back exactly what the sale took. Every total is a sum
 * of lines, never calculated anew.
 */
#ifndef ZOCO_BASE_TAX_H
#define ZOCO_BASE_TAX_H

#include "base/base.h"

#define TAX_RATE_MAX 100000	/* 1000 % */

struct tax_split {
	int64_t net, tax, gross;	/* net + tax == gross */
};

/*
 * The tax in a price that includes it, or on top of one that does not. `rate`
 * is in hundredths of a percent: 2100 is 21 %. False, and nothing written, for
 * a rate below 0 or above TAX_RATE_MAX, and when the gross does not fit.
 */
bool tax_from_gross(int64_t gross, int32_t rate, struct tax_split *);
bool tax_from_net(int64_t net, int32_t rate, struct tax_split *);

/*
 * Shares `total` (of either sign) out in proportion to weights[n], by largest
 * remainder: out[i] differs from the exact share by less than one unit, their
 * sum is `total`, and of equal remainders the first gets the unit. False, and
 * nothing written, for a negative weight, and when a total other than 0 has no
 * weight to lie on. `out` is not `weights`. Takes n * n steps: meant for the
 * lines of an order.
 */
bool tax_allocate(int64_t total, const int64_t *weights, size_t n,
    int64_t *out);

#endif
