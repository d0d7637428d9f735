/*
 * Time: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted, and
 * the texts that machines exchange. What people read is in web/format.h.
 *
 * The years 0000 to 9999 can be written; a time outside of them is written as
 * the nearest one inside.
 */
#ifndef ZOCO_BASE_CLOCK_H
#define ZOCO_BASE_CLOCK_H

#include "base/base.h"

#define CLOCK_SECOND ((int64_t)1000000)
#define CLOCK_MINUTE (60 * CLOCK_SECOND)
#define CLOCK_HOUR (60 * CLOCK_MINUTE)
#define CLOCK_DAY (24 * CLOCK_HOUR)

#define CLOCK_TEXT_SIZE 32	/* of the formats below, with their NUL */

int64_t clock_now_us(void);

/* For deadlines and durations: never goes back, has no meaning elsewhere. */
int64_t clock_monotonic_us(void);

/* "2026-11-24T07:01:02.123456Z"; no fraction where it is 0. Gives out. */
char *clock_format_rfc3339(int64_t us, char out[CLOCK_TEXT_SIZE]);

/* "Tue, 24 Nov 2026 07:01:02 +0000", for mail (RFC 5322 3.3). Gives out. */
char *clock_format_imf(int64_t us, char out[CLOCK_TEXT_SIZE]);

/* "Tue, 24 Nov 2026 07:01:02 GMT", for HTTP (RFC 9110 5.6.7). Gives out. */
char *clock_format_http(int64_t us, char out[CLOCK_TEXT_SIZE]);

/*
 * The date-time of RFC 3339 5.6 and nothing around it, any offset; digits of
 * the fraction beyond six are dropped. A leap second (23:59:60 in UTC) is read
 * as the second after it. On false *us is as it was.
 */
bool clock_parse_rfc3339(const char *, int64_t *us);

/*
 * A timestamptz as PostgreSQL prints it with DateStyle ISO:
 * "2026-11-24 07:01:02.123456+00", "...+05:30". False for infinity, years
 * before 1 and after 9999.
 */
bool clock_parse_postgres(const char *, int64_t *us);

#endif
