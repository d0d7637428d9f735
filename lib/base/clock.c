#include "base/clock.h"

#define FIRST_US (-62167219200 * CLOCK_SECOND)		/* 0000-01-01 */
#define LAST_US (253402300800 * CLOCK_SECOND - 1)	/* 9999-12-31 */

struct civil {
	int year, month, day, hour, minute, second, us;
};

static int64_t
read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * CLOCK_SECOND + t.tv_nsec / 1000;
}

int64_t
clock_now_us(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t
clock_monotonic_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/*
 * Days since 1970-01-01 of a date and back. Years are counted from March, so
 * that the leap day is the last of its year; the calendar repeats every 400
 * years, which are 146097 days. 0000-03-01 is day -719468.
 */
static int64_t
days_from_civil(int year, int month, int day)
{
	int y = month > 2 ? year : year - 1;
	int month_from_march = (month + 9) % 12;
	int day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
	int era = (y + 400) / 400 - 1;
	int year_of_era = y - era * 400;

	return era * (int64_t)146097 + year_of_era * 365 + year_of_era / 4 -
	    year_of_era / 100 + day_of_year - 719468;
}

static void
civil_from_days(int days, struct civil *c)
{
	int from_era = days + 719468 + 146097;	/* the year -400 is era 0 */
	int era = from_era / 146097, day_of_era = from_era % 146097;
	int year_of_era = (day_of_era - day_of_era / 1460 +
	    day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 -
	    year_of_era / 100);
	int month_from_march = (5 * day_of_year + 2) / 153;

	c->day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
	c->month = month_from_march < 10 ? month_from_march + 3 :
	    month_from_march - 9;
	c->year = (era - 1) * 400 + year_of_era + (c->month <= 2);
}

/* Gives the day of the week too, 0 for Sunday. */
static int
civil_from_us(int64_t us, struct civil *c)
{
	int days, of_day;

	us = us < FIRST_US ? FIRST_US : us > LAST_US ? LAST_US : us;
	us -= FIRST_US;
	days = (int)(us / CLOCK_DAY);
	of_day = (int)(us % CLOCK_DAY / CLOCK_SECOND);
	c->us = (int)(us % CLOCK_SECOND);
	c->hour = of_day / 3600;
	c->minute = of_day / 60 % 60;
	c->second = of_day % 60;
	civil_from_days(days + (int)(FIRST_US / CLOCK_DAY), c);
	return (days + 6) % 7;		/* 0000-01-01 was a Saturday */
}

/* Writes `width` digits, gives where they end. */
static char *
put_digits(char *out, int value, int width)
{
	for (int i = width - 1; i >= 0; i--, value /= 10)
		out[i] = (char)('0' + value % 10);
	return out + width;
}

static char *
put_time(char *out, const struct civil *c)
{
	out = put_digits(out, c->hour, 2);
	*out++ = ':';
	out = put_digits(out, c->minute, 2);
	*out++ = ':';
	return put_digits(out, c->second, 2);
}

char *
clock_format_rfc3339(int64_t us, char out[CLOCK_TEXT_SIZE])
{
	struct civil c;
	char *p = out;

	civil_from_us(us, &c);
	p = put_digits(p, c.year, 4);
	*p++ = '-';
	p = put_digits(p, c.month, 2);
	*p++ = '-';
	p = put_digits(p, c.day, 2);
	*p++ = 'T';
	p = put_time(p, &c);
	if (c.us != 0) {
		*p++ = '.';
		p = put_digits(p, c.us, 6);
	}
	*p++ = 'Z';
	*p = '\0';
	return out;
}

static char *
format_imf(int64_t us, const char *zone, char out[CLOCK_TEXT_SIZE])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct civil c;
	int weekday = civil_from_us(us, &c);

	snprintf(out, CLOCK_TEXT_SIZE, "%.3s, %02d %.3s %04d %02d:%02d:%02d %s",
	    days + 3 * weekday, c.day, months + 3 * (c.month - 1), c.year,
	    c.hour, c.minute, c.second, zone);
	return out;
}

char *
clock_format_imf(int64_t us, char out[CLOCK_TEXT_SIZE])
{
	return format_imf(us, "+0000", out);
}

char *
clock_format_http(int64_t us, char out[CLOCK_TEXT_SIZE])
{
	return format_imf(us, "GMT", out);
}

/* Reads `width` digits into *value; NULL when there are not that many. */
static const char *
digits(const char *s, int width, int *value)
{
	*value = 0;
	while (width-- > 0) {
		if (*s < '0' || *s > '9')
			return NULL;
		*value = *value * 10 + (*s++ - '0');
	}
	return s;
}

/* The same after a character that must stand before them. */
static const char *
digits_after(const char *s, char before, int width, int *value)
{
	return s != NULL && *s == before ? digits(s + 1, width, value) : NULL;
}

static bool
is_date(const struct civil *c)
{
	static const char lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30,
	    31, 30, 31 };
	bool is_leap = c->year % 4 == 0 &&
	    (c->year % 100 != 0 || c->year % 400 == 0);

	return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
	    c->day <= lengths[c->month - 1] &&
	    (c->month != 2 || c->day <= 28 || is_leap);
}

/* YYYY-MM-DD, one character for the caller to judge, hh:mm:ss[.fraction]. */
static const char *
date_and_time(const char *s, struct civil *c)
{
	s = digits(s, 4, &c->year);
	s = digits_after(s, '-', 2, &c->month);
	s = digits_after(s, '-', 2, &c->day);
	if (s == NULL || *s == '\0')
		return NULL;
	s = digits(s + 1, 2, &c->hour);
	s = digits_after(s, ':', 2, &c->minute);
	s = digits_after(s, ':', 2, &c->second);
	if (s == NULL || !is_date(c) || c->hour > 23 || c->minute > 59 ||
	    c->second > 60)
		return NULL;
	c->us = 0;
	if (*s != '.')
		return s;
	if (*++s < '0' || *s > '9')
		return NULL;
	for (int unit = 100000; *s >= '0' && *s <= '9'; s++, unit /= 10)
		c->us += unit * (*s - '0');
	return s;
}

/* The sign at s, hours and, if they follow, minutes; NULL when it is none. */
static const char *
offset(const char *s, bool needs_minutes, int *minutes)
{
	int sign = *s == '-' ? -1 : 1, hours, rest = 0;

	if ((*s != '+' && *s != '-') ||
	    (s = digits(s + 1, 2, &hours)) == NULL)
		return NULL;
	if ((needs_minutes || *s == ':') &&
	    (s = digits_after(s, ':', 2, &rest)) == NULL)
		return NULL;
	*minutes = sign * (hours * 60 + rest);
	return hours <= 23 && rest <= 59 ? s : NULL;
}

static bool
us_from_civil(const struct civil *c, int offset_minutes, int64_t *us)
{
	int64_t minutes = days_from_civil(c->year, c->month, c->day) * 1440 +
	    c->hour * 60 + c->minute - offset_minutes;

	/* Only the last minute of a day, in UTC, may have a 61st second. */
	if (c->second == 60 && (minutes % 1440 + 1440) % 1440 != 1439)
		return false;
	*us = minutes * CLOCK_MINUTE + c->second * CLOCK_SECOND + c->us;
	return true;
}

bool
clock_parse_rfc3339(const char *s, int64_t *us)
{
	struct civil c;
	int minutes = 0;

	if (strnlen(s, 11) < 11 || (s[10] != 'T' && s[10] != 't') ||
	    (s = date_and_time(s, &c)) == NULL)
		return false;
	if (*s == 'Z' || *s == 'z')
		s++;
	else if ((s = offset(s, true, &minutes)) == NULL)
		return false;
	return *s == '\0' && us_from_civil(&c, minutes, us);
}

bool
clock_parse_postgres(const char *s, int64_t *us)
{
	struct civil c;
	int minutes;

	if (strnlen(s, 11) < 11 || s[10] != ' ' ||
	    (s = date_and_time(s, &c)) == NULL ||
	    (s = offset(s, false, &minutes)) == NULL)
		return false;
	return *s == '\0' && c.year > 0 && us_from_civil(&c, minutes, us);
}
