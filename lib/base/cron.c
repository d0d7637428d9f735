#include "base/cron.h"

#include "base/clock.h"

#define YEARS 5

/* "9-17/2", "*", "5": the set of one element of a list; *s is after it. */
static bool
parse_range(const char **s, int least, int most, uint64_t *set)
{
	long from = least, to = most, by = 1;
	char *end;

	if (**s == '*') {
		++*s;
	} else {
		if (!isdigit((unsigned char)**s))
			return false;
		from = to = strtol(*s, &end, 10);
		if (*end == '-' && isdigit((unsigned char)end[1]))
			to = strtol(end + 1, &end, 10);
		*s = end;
	}
	if (**s == '/' && isdigit((unsigned char)(*s)[1])) {
		by = strtol(*s + 1, &end, 10);
		*s = end;
	}
	if (from < least || to > most || from > to || by < 1 || by > most)
		return false;
	for (; from <= to; from += by)
		*set |= UINT64_C(1) << from;
	return true;
}

static bool
parse_field(const char **s, int least, int most, uint64_t *set)
{
	*s += strspn(*s, " \t");
	do
		if (!parse_range(s, least, most, set))
			return false;
	while (*(*s)++ == ',');
	return (*s)[-1] == ' ' || (*s)[-1] == '\t';
}

bool
cron_parse(struct cron *c, const char *line, const char **rest)
{
	const char *s = line;

	memset(c, 0, sizeof(*c));
	if (!parse_field(&s, 0, 59, &c->minutes) ||
	    !parse_field(&s, 0, 23, &c->hours))
		return false;
	c->is_any_day = s[strspn(s, " \t")] == '*';
	if (!parse_field(&s, 1, 31, &c->days) ||
	    !parse_field(&s, 1, 12, &c->months))
		return false;
	c->is_any_weekday = s[strspn(s, " \t")] == '*';
	if (!parse_field(&s, 0, 7, &c->weekdays))
		return false;
	c->weekdays |= c->weekdays >> 7 & 1;	/* 7 is Sunday too */
	*rest = s + strspn(s, " \t");
	return true;
}

static bool
has(uint64_t set, int n)
{
	return set >> n & 1;
}

static bool
is_day(const struct cron *c, const struct tm *t)
{
	bool day = has(c->days, t->tm_mday), weekday = has(c->weekdays, t->tm_wday);

	return has(c->months, t->tm_mon + 1) && (c->is_any_day ||
	    c->is_any_weekday ? day && weekday : day || weekday);
}

/* The next minute that may fit: of another day, hour or only minute. */
static time_t
step(const struct cron *c, struct tm *t)
{
	if (!is_day(c, t)) {
		t->tm_mday++;
		t->tm_hour = t->tm_min = 0;
	} else if (!has(c->hours, t->tm_hour)) {
		t->tm_hour++;
		t->tm_min = 0;
	} else {
		t->tm_min++;
	}
	t->tm_isdst = -1;
	return mktime(t);
}

int64_t
cron_next(const struct cron *c, int64_t us)
{
	time_t at = (time_t)(us / CLOCK_MINUTE + 1) * 60;
	time_t end = at + (time_t)YEARS * 366 * 86400;
	struct tm t;

	while (at < end && localtime_r(&at, &t) != NULL) {
		time_t next;

		if (is_day(c, &t) && has(c->hours, t.tm_hour) &&
		    has(c->minutes, t.tm_min))
			return (int64_t)at * CLOCK_SECOND;
		next = step(c, &t);
		at = next > at ? next : at + 60;	/* a clock set back */
	}
	return 0;
}
