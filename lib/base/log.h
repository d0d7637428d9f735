/*
 * One line of JSON per event on stderr, which systemd's journal or the demo's
 * log file collects.
 *
 * The event is a stable dotted name ("db.lost", "stock.low"); the text is for
 * people. Never a body, token, address or secret: control characters and
 * quotes are escaped, so that a line is always one line.
 */
#ifndef ZOCO_BASE_LOG_H
#define ZOCO_BASE_LOG_H

#include "base/base.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* Who speaks, and from which level on; both strings are borrowed for good. */
void log_start(const char *program, enum log_level least, bool pretty);

/* The request all following lines belong to; NULL after it. Copied. */
void log_request_id(const char *);

void log_line(enum log_level, const char *event, const char *format, ...)
    PRINTF_LIKE(3, 4);

#define log_debug(event, ...) log_line(LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) log_line(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) log_line(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_line(LOG_LEVEL_ERROR, event, __VA_ARGS__)

/*
 * A line whose members the caller has written as JSON (", \"status\":200"):
 * the one line per request, and a job's summary.
 */
void log_members(enum log_level, const char *event, const char *members);

/* "debug", "info", "warn", "error" -> level; false when it is none of them. */
bool log_level_parse(const char *, enum log_level *);

#endif
