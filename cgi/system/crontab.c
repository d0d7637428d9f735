#include "crontab.h"

#include "base/clock.h"
#include "base/cron.h"

#define PREFIX "zoco-job-"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz_"

/* "17 4 * * *	zoco zoco-job-purge" */
static bool
read_line(const char *line, struct arena *arena, int64_t now_us,
    struct crontab_job *job)
{
	const char *found = strstr(line, PREFIX), *rest, *name;
	struct cron cron;
	size_t n;

	if (found == NULL || strcspn(line, "#") < (size_t)(found - line))
		return false;
	name = found + strlen(PREFIX);
	n = strspn(name, NAME_CHARACTERS);
	*job = (struct crontab_job){ .name = arena_strndup(arena, name, n),
	    .is_looping = strstr(name + n, "--for") != NULL };
	if (cron_parse(&cron, line, &rest)) {
		job->next_at = cron_next(&cron, now_us);
		n = (size_t)(rest - line);
		while (n > 0 && isspace((unsigned char)line[n - 1]))
			n--;
		job->schedule = arena_strndup(arena, line, n);
	}
	return true;
}

/* cron goes by the machine's clock, this program by the shop's. */
static char *
leave_time_zone(struct arena *arena)
{
	const char *shop = getenv("TZ");
	char *kept = shop == NULL ? NULL : arena_strdup(arena, shop);

	unsetenv("TZ");
	tzset();
	return kept;
}

static void
enter_time_zone(const char *shop)
{
	if (shop != NULL)
		setenv("TZ", shop, 1);
	tzset();
}

size_t
crontab_read(const char *path, struct arena *arena,
    struct crontab_job jobs[CRONTAB_JOBS_MAX])
{
	FILE *file = fopen(path, "re");
	int64_t now_us = clock_now_us();
	char line[1024], *shop;
	size_t n = 0;

	if (file == NULL)
		return 0;
	shop = leave_time_zone(arena);
	while (n < CRONTAB_JOBS_MAX && fgets(line, sizeof(line), file) != NULL)
		n += read_line(line, arena, now_us, &jobs[n]);
	enter_time_zone(shop);
	fclose(file);
	return n;
}
