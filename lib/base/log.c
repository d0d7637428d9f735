#include "base/log.h"

#include "base/clock.h"

#define LINE_MAX_BYTES 2048

static const char *const level_names[] = { "debug", "info", "warn", "error" };

/* The one piece of process state in base: every line of a program needs it. */
static struct {
	const char *program;
	enum log_level least;
	bool pretty;
	char request_id[64];
} the_log = { .program = "zoco", .least = LOG_LEVEL_INFO };

void
log_start(const char *program, enum log_level least, bool pretty)
{
	the_log.program = program;
	the_log.least = least;
	the_log.pretty = pretty;
}

void
log_request_id(const char *id)
{
	snprintf(the_log.request_id, sizeof(the_log.request_id), "%s",
	    id == NULL ? "" : id);
}

bool
log_level_parse(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < ARRAY_LEN(level_names); i++)
		if (str_eq(name, level_names[i])) {
			*level = (enum log_level)i;
			return true;
		}
	return false;
}

/* JSON string escape into a bounded buffer; cuts rather than overflows. */
static void
escape(const char *s, char *out, size_t n)
{
	size_t at = 0;

	for (; *s != '\0' && at + 7 < n; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			out[at++] = '\\';
			out[at++] = (char)c;
		} else if (c < 0x20 || c == 0x7f) {
			at += (size_t)snprintf(out + at, n - at, "\\u%04x", c);
		} else {
			out[at++] = (char)c;
		}
	}
	out[at] = '\0';
}

static void
write_line(const char *line, size_t n)
{
	ssize_t written = write(STDERR_FILENO, line, n);

	(void)written;	/* there is nowhere left to say it */
}

static void
emit(enum log_level level, const char *event, const char *members)
{
	char line[LINE_MAX_BYTES + 512], now[40];
	int n;

	clock_format_rfc3339(clock_now_us(), now);
	if (the_log.pretty)
		n = snprintf(line, sizeof(line) - 1, "%s %-5s %s %s%s", now,
		    level_names[level], the_log.program, event, members);
	else
		n = snprintf(line, sizeof(line) - 1,
		    "{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\","
		    "\"event\":\"%s\"%s%s%s%s}", now, level_names[level],
		    the_log.program, event,
		    the_log.request_id[0] ? ",\"request_id\":\"" : "",
		    the_log.request_id, the_log.request_id[0] ? "\"" : "",
		    members);
	if (n < 0)
		return;
	if ((size_t)n > sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n] = '\n';
	write_line(line, (size_t)n + 1);
}

void
log_line(enum log_level level, const char *event, const char *format, ...)
{
	char text[LINE_MAX_BYTES / 2], members[LINE_MAX_BYTES];
	va_list args;
	int n;

	if (level < the_log.least)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	n = snprintf(members, sizeof(members), ",\"message\":\"");
	escape(text, members + n, sizeof(members) - (size_t)n - 2);
	n = (int)strlen(members);
	members[n] = '"';
	members[n + 1] = '\0';
	emit(level, event, members);
}

void
log_members(enum log_level level, const char *event, const char *members)
{
	if (level >= the_log.least)
		emit(level, event, members);
}
