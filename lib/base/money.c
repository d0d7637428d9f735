#include "base/money.h"

/*
 * ISO 4217 by the number of decimals, in alphabetical order. Left out: precious
 * metals, testing, units of account (XDR, CLF ...) and codes withdrawn.
 */
static const char *const currencies[] = {
	[0] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
	[2] = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND"
	    " BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK"
	    " DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD"
	    " HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK"
	    " LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN"
	    " MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON"
	    " RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP"
	    " SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST"
	    " XCD XCG YER ZAR ZMW ZWG",
	[3] = "BHD IQD JOD KWD LYD OMR TND",
};

/* Decimals of a known currency, -1 of another text. */
static int
find_exponent(const char *code)
{
	if (strnlen(code, 4) != 3)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(currencies); i++)
		for (const char *c = currencies[i]; c != NULL;
		    c = c[3] == ' ' ? c + 4 : NULL)
			if (memcmp(c, code, 3) == 0)
				return (int)i;
	return -1;
}

bool
money_is_currency(const char *code)
{
	return find_exponent(code) >= 0;
}

int
money_exponent(const char *currency)
{
	int exponent = find_exponent(currency);

	return exponent >= 0 ? exponent : 2;
}

bool
money_add(const struct money *a, const struct money *b, struct money *out)
{
	struct money sum = *a;

	if (!str_eq(a->currency, b->currency) ||
	    __builtin_add_overflow(a->amount, b->amount, &sum.amount))
		return false;
	*out = sum;
	return true;
}

bool
money_subtract(const struct money *a, const struct money *b, struct money *out)
{
	struct money difference = *a;

	if (!str_eq(a->currency, b->currency) ||
	    __builtin_sub_overflow(a->amount, b->amount, &difference.amount))
		return false;
	*out = difference;
	return true;
}

bool
money_multiply(const struct money *a, int64_t n, struct money *out)
{
	struct money product = *a;

	if (__builtin_mul_overflow(a->amount, n, &product.amount))
		return false;
	*out = product;
	return true;
}

/* amount = amount * 10 + sign * digit; false when it does not fit. */
static bool
append_digit(int64_t *amount, int digit, int sign)
{
	return !__builtin_mul_overflow(*amount, 10, amount) &&
	    !__builtin_add_overflow(*amount, sign * digit, amount);
}

bool
money_parse(const char *text, const char *currency, struct money *out)
{
	int sign = *text == '-' ? -1 : 1, decimals = 0;
	int exponent = find_exponent(currency);
	bool is_behind_point = false;
	struct money m = { .amount = 0 };

	text += sign < 0;
	if (exponent < 0 || !isdigit((unsigned char)*text))
		return false;
	for (; *text != '\0'; text++) {
		if ((*text == '.' || *text == ',') && !is_behind_point &&
		    text[1] != '\0') {
			is_behind_point = true;
			continue;
		}
		decimals += is_behind_point;
		if (!isdigit((unsigned char)*text) || decimals > exponent ||
		    !append_digit(&m.amount, *text - '0', sign))
			return false;
	}
	for (; decimals < exponent; decimals++)
		if (!append_digit(&m.amount, 0, sign))
			return false;
	memcpy(m.currency, currency, 4);
	*out = m;
	return true;
}

char *
money_decimal(const struct money *m, char out[MONEY_TEXT_SIZE])
{
	int exponent = money_exponent(m->currency);
	bool is_negative = m->amount < 0;
	uint64_t left = (uint64_t)m->amount;
	char *p = out + MONEY_TEXT_SIZE;

	if (is_negative)
		left = -left;	/* also of INT64_MIN */
	*--p = '\0';
	for (int i = 0; i <= exponent || left > 0; i++, left /= 10) {
		if (i == exponent && exponent > 0)
			*--p = '.';
		*--p = (char)('0' + left % 10);
	}
	if (is_negative)
		*--p = '-';
	return memmove(out, p, (size_t)(out + MONEY_TEXT_SIZE - p));
}
