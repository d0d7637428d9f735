/*
 * What people read: money, numbers and times, in Spanish ("es") and English
 * (any other language). After CLDR, but that Spanish money has its dot from
 * four digits on, as price tags have it.
 *
 * Each writes into out[n], cut off if it has to be, and gives out; FORMAT_SIZE
 * is enough for all. The blank between a number and its unit is a no-break
 * space (U+00A0).
 */
#ifndef ZOCO_WEB_FORMAT_H
#define ZOCO_WEB_FORMAT_H

#include "base/money.h"

#define FORMAT_SIZE 64

/*
 * Sets the zone of format_date and format_datetime for the whole process: call
 * it once, at start. False when the system does not know the name
 * ("Europe/Madrid"); the C library would take that for UTC without a word.
 */
bool format_time_zone(const char *name);

/* es: "1.234,56 €", "10,00 US$", "10,00 CHF"; en: "€1,234.56", "CHF 10.00". */
char *format_money(const struct money *, const char *lang, char *out, size_t n);

/* es: "1234", "12.345"; en: "1,234". */
char *format_number(int64_t, const char *lang, char *out, size_t n);

/* Of hundredths of a percent, as tax rates are: es "5,2 %", en "5.2%". */
char *format_percent(int64_t rate, const char *lang, char *out, size_t n);

/* Of microseconds UTC, in the zone: "24 nov 2026", "24 Nov 2026". */
char *format_date(int64_t us, const char *lang, char *out, size_t n);

/* "24 nov 2026, 08:01" */
char *format_datetime(int64_t us, const char *lang, char *out, size_t n);

#endif
