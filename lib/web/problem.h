/*
 * Problems: what goes wrong in a way that the client can understand, as
 * application/problem+json (RFC 9457) or as a page.
 */
#ifndef ZOCO_WEB_PROBLEM_H
#define ZOCO_WEB_PROBLEM_H

#include "base/base.h"

struct request;
struct json_object;

enum problem {
#define PROBLEM(name, status, slug, title) PROBLEM_##name,
#include "web/problems.def"
#undef PROBLEM
	PROBLEM_COUNT
};

struct problem_kind {
	int status;
	const char *slug;
	const char *title;
};

extern const struct problem_kind problem_kinds[PROBLEM_COUNT];

/*
 * Answers with a problem; returns its status, so a handler says
 * `return problem(r, PROBLEM_OUT_OF_STOCK);`. What the handler changed in its
 * transaction is rolled back.
 */
int problem(struct request *r, enum problem);

/* The same with a sentence about this case in `detail`. */
int problem_detail(struct request *r, enum problem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A further member of the answer, e.g. the lines that are out of stock. Takes
 * the reference of `value`. Call it before problem(). */
void problem_member(struct request *r, const char *name,
    struct json_object *value);

/*
 * Notes a fault of one input field ("items.0.quantity"); `code` is stable
 * ("range") and also the word "field.<code>". All noted faults are answered at
 * once by PROBLEM_INVALID.
 */
void problem_field(struct request *r, const char *field, const char *code,
    const char *message);
/* The word "field.<code>" of the request's language, with {min} and {max}. */
const char *field_message(struct request *r, const char *code, int64_t min,
    int64_t max);

bool problem_has_fields(const struct request *r);

#endif
