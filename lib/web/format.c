#include "web/format.h"

#include <sys/stat.h>

#include "base/clock.h"

#define NBSP "\xc2\xa0"

struct manner {
	char decimal, group;
	int grouped_from;	/* digits, of plain numbers */
	bool symbol_behind;
	const char *percent;
	const char *months[12];
};

static const struct manner spanish = {
	.decimal = ',', .group = '.', .grouped_from = 5, .symbol_behind = true,
	.percent = NBSP "%",
	.months = { "ene", "feb", "mar", "abr", "may", "jun", "jul", "ago",
	    "sept", "oct", "nov", "dic" },
};

static const struct manner english = {
	.decimal = '.', .group = ',', .grouped_from = 4, .symbol_behind = false,
	.percent = "%",
	.months = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
	    "Sep", "Oct", "Nov", "Dec" },
};

static const struct {
	const char *currency, *es, *en;
} symbols[] = {
	{ "EUR", "€", "€" },
	{ "USD", "US$", "$" },
	{ "GBP", "£", "£" },
	{ "JPY", "¥", "¥" },
};

static const struct manner *
manner_of(const char *lang)
{
	return str_starts(lang, "es") ? &spanish : &english;
}

/* Unsigned decimal text ("1234.56") with separators; at most 36 bytes. */
static void
put_decimal(const char *text, const struct manner *manner, int grouped_from,
    char out[FORMAT_SIZE])
{
	int whole = (int)strcspn(text, ".");

	for (int i = 0; i < whole; i++) {
		*out++ = text[i];
		if (whole >= grouped_from && i + 1 < whole &&
		    (whole - i - 1) % 3 == 0)
			*out++ = manner->group;
	}
	if (text[whole] == '.')
		*out++ = manner->decimal;
	snprintf(out, 8, "%s", text[whole] == '.' ? text + whole + 1 : "");
}

/* Where there is no symbol, the code itself. */
static const char *
symbol_of(const char *currency, const struct manner *manner)
{
	for (size_t i = 0; i < ARRAY_LEN(symbols); i++)
		if (str_eq(symbols[i].currency, currency))
			return manner == &spanish ? symbols[i].es :
			    symbols[i].en;
	return currency;
}

char *
format_money(const struct money *m, const char *lang, char *out, size_t n)
{
	const struct manner *manner = manner_of(lang);
	const char *symbol = symbol_of(m->currency, manner);
	const char *sign = m->amount < 0 ? "-" : "";
	char plain[MONEY_TEXT_SIZE], number[FORMAT_SIZE];

	money_decimal(m, plain);
	put_decimal(plain + strlen(sign), manner, 4, number);
	if (manner->symbol_behind)
		snprintf(out, n, "%s%s" NBSP "%s", sign, number, symbol);
	else
		snprintf(out, n, "%s%s%s%s", sign, symbol,
		    symbol == m->currency ? NBSP : "", number);
	return out;
}

char *
format_number(int64_t value, const char *lang, char *out, size_t n)
{
	const struct manner *manner = manner_of(lang);
	char plain[24], number[FORMAT_SIZE];

	snprintf(plain, sizeof(plain), "%" PRId64, value);
	put_decimal(plain + (value < 0), manner, manner->grouped_from, number);
	snprintf(out, n, "%s%s", value < 0 ? "-" : "", number);
	return out;
}

char *
format_percent(int64_t rate, const char *lang, char *out, size_t n)
{
	const struct manner *manner = manner_of(lang);
	struct money hundredths = { .amount = rate };
	char plain[MONEY_TEXT_SIZE], number[FORMAT_SIZE];
	size_t last;

	money_decimal(&hundredths, plain);
	for (last = strlen(plain) - 1; plain[last] == '0'; last--)
		plain[last] = '\0';
	if (plain[last] == '.')
		plain[last] = '\0';
	put_decimal(plain + (rate < 0), manner, manner->grouped_from, number);
	snprintf(out, n, "%s%s%s", rate < 0 ? "-" : "", number,
	    manner->percent);
	return out;
}

bool
format_time_zone(const char *name)
{
	static const char folder[] = "/usr/share/zoneinfo"; /* glibc's own */
	char path[256];
	struct stat file;

	if (*name == '/' || *name == '\0' || strstr(name, "..") != NULL ||
	    snprintf(path, sizeof(path), "%s/%s", folder, name) >=
	    (int)sizeof(path) || stat(path, &file) != 0 ||
	    !S_ISREG(file.st_mode) || setenv("TZ", name, 1) != 0)
		return false;
	tzset();
	return true;
}

static void
local_time(int64_t us, struct tm *tm)
{
	time_t seconds = us / CLOCK_SECOND - (us % CLOCK_SECOND < 0);

	localtime_r(&seconds, tm);
}

char *
format_date(int64_t us, const char *lang, char *out, size_t n)
{
	struct tm tm;

	local_time(us, &tm);
	snprintf(out, n, "%d %s %d", tm.tm_mday,
	    manner_of(lang)->months[tm.tm_mon], tm.tm_year + 1900);
	return out;
}

char *
format_datetime(int64_t us, const char *lang, char *out, size_t n)
{
	char date[FORMAT_SIZE];
	struct tm tm;

	local_time(us, &tm);
	snprintf(out, n, "%s, %02d:%02d",
	    format_date(us, lang, date, sizeof(date)), tm.tm_hour, tm.tm_min);
	return out;
}
