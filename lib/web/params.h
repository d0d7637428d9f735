/*
 * Names and values as they travel in addresses, forms and cookies. The parsers
 * refuse what cannot be text: whoever gets a value gets valid UTF-8 without
 * NUL, as a copy in the arena.
 */
#ifndef ZOCO_WEB_PARAMS_H
#define ZOCO_WEB_PARAMS_H

#include "base/buf.h"

struct param {
	const char *name, *value;	/* never NULL */
};

struct params {
	struct param *items;	/* in the order of the text */
	size_t n;
};

/* X(name, code for programs, message for people) */
#define PARAM_FAULTS(X) \
	X(GOOD, "good", "The parameters are valid") \
	X(ESCAPE, "bad_escape", "A % is not followed by two hexadecimal digits") \
	X(NUL, "nul", "The character U+0000 is not allowed") \
	X(ENCODING, "bad_utf8", "A parameter is not valid UTF-8") \
	X(TOO_MANY, "too_many_parameters", "There are too many parameters") \
	X(DUPLICATE, "duplicate_parameter", "A parameter is given twice")

#define PARAM_FAULT_NAME(name, code, message) PARAM_##name,
enum param_fault { PARAM_FAULTS(PARAM_FAULT_NAME) PARAM_FAULT_COUNT };
#undef PARAM_FAULT_NAME

/*
 * A query string or an application/x-www-form-urlencoded body (WHATWG URL 5.1,
 * without its leniency): '+' is a space, an empty pair is skipped, a pair
 * without '=' has the value "". The CR LF in which browsers send line breaks
 * becomes \n in values, as does a lone CR.
 *
 * A name may come twice only if it ends in "[]"; two programs that read
 * different ones of two values can be played against each other. Names are
 * compared one by one, so `max` pairs bounds the time too: hundreds at most.
 *
 * On a fault *params is left as it was.
 */
enum param_fault params_parse(struct params *, struct arena *,
    const char *text, size_t n, size_t max);

const char *param_fault_code(enum param_fault);
const char *param_fault_message(enum param_fault);

/* The value of the (first) parameter of that name, or NULL. */
const char *params_get(const struct params *, const char *name);

/*
 * A segment of a path with its %-escapes resolved; '+' is a plus. NULL when an
 * escape is bad, a NUL, or the result not UTF-8. The result may hold a '/' and
 * may be "..": it is a value, never part of a file's name.
 */
char *url_decode_segment(struct arena *, const char *s, size_t n);

/* Appends s with all but the unreserved characters (RFC 3986 2.3) escaped. */
void url_encode(struct buf *, const char *s);

/*
 * The value of the first cookie of that name (case matters) in a Cookie header
 * (RFC 6265 4.2.1), without quotes around it. NULL when there is none, when its
 * value has a character that no cookie may have, or when the header is NULL.
 */
char *cookie_get(struct arena *, const char *header, const char *name);

#endif
