/*
 * Money: a count of a currency's smallest units and its ISO 4217 code. Never a
 * floating-point number. What people read is written by web/format.h.
 */
#ifndef ZOCO_BASE_MONEY_H
#define ZOCO_BASE_MONEY_H

#include "base/base.h"

#define MONEY_TEXT_SIZE 24	/* of money_decimal, with its NUL */

struct money {
	int64_t amount;		/* minor units: cents of EUR, yen of JPY */
	char currency[4];
};

/* Is it the upper-case code of a currency that people pay with? */
bool money_is_currency(const char *);

/* Decimals of a currency: 2 of EUR, 0 of JPY, 3 of KWD; 2 if unknown. */
int money_exponent(const char *currency);

/*
 * Checked arithmetic: false, and nothing written, when the result does not fit
 * or the currencies differ. `out` may be one of the operands.
 */
bool money_add(const struct money *a, const struct money *b, struct money *out);
bool money_subtract(const struct money *a, const struct money *b,
    struct money *out);
bool money_multiply(const struct money *a, int64_t n, struct money *out);

/*
 * "19.99" and "19,99", with at most the currency's decimals, a minus before
 * it or none. No grouping: "1.234" of EUR is refused, not guessed.
 */
bool money_parse(const char *text, const char *currency, struct money *);

/* "-19.99", "1500" (JPY): for machines. Gives out. */
char *money_decimal(const struct money *, char out[MONEY_TEXT_SIZE]);

#endif
