/*
 * The time fields of a crontab's line: when is the next run?
 *
 *	17 4 * * *	numbers, lists (1,15), ranges (9-17), steps (0-59/5)
 *
 * As in cron(8): when both days are given, either fits; hours are those of the
 * machine's zone. Names of months and days, and @daily, are not read.
 */
#ifndef ZOCO_BASE_CRON_H
#define ZOCO_BASE_CRON_H

#include "base/base.h"

/* Sets of numbers: bit 5 of `minutes` is the fifth minute. */
struct cron {
	uint64_t minutes, hours, days, months, weekdays;
	bool is_any_day, is_any_weekday;
};

/* Reads the five fields; *rest is what follows. False: they are none. */
bool cron_parse(struct cron *, const char *line, const char **rest);

/* The first minute that fits, after `us`; 0 when none does in five years. */
int64_t cron_next(const struct cron *, int64_t us);

#endif
