#include "web/problem.h"

#include <json-c/json.h>

#include "base/json.h"
#include "web/app.h"

const struct problem_kind problem_kinds[PROBLEM_COUNT] = {
#define PROBLEM(name, status, slug, title) [PROBLEM_##name] = { status, slug, title },
#include "web/problems.def"
#undef PROBLEM
};

/* An empty value that the request owns. */
static struct json_object *
owned(struct request *r, struct json_object *value)
{
	json_keep(r->arena, value);
	return value;
}

int
problem(struct request *r, enum problem p)
{
	r->problem = p;
	r->status = problem_kinds[p].status;
	return r->status;
}

int
problem_detail(struct request *r, enum problem p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	r->problem_detail = arena_vprintf(r->arena, format, args);
	va_end(args);
	return problem(r, p);
}

void
problem_member(struct request *r, const char *name, struct json_object *value)
{
	if (r->problem_members == NULL)
		r->problem_members = owned(r, json_object_new_object());
	json_object_object_add(r->problem_members, name, value);
}

void
problem_field(struct request *r, const char *field, const char *code,
    const char *message)
{
	struct json_object *fault = json_object_new_object();

	if (r->field_errors == NULL)
		r->field_errors = owned(r, json_object_new_array());
	json_object_object_add(fault, "field", json_object_new_string(field));
	json_object_object_add(fault, "code", json_object_new_string(code));
	json_object_object_add(fault, "message", json_object_new_string(message));
	json_object_array_add(r->field_errors, fault);
}

const char *
field_message(struct request *r, const char *code, int64_t min, int64_t max)
{
	const char *text = app_word(r->app, r->lang,
	    arena_printf(r->arena, "field.%s", code));
	struct buf out;

	buf_init(&out, r->arena, 1000);
	for (; *text != '\0'; text++) {
		if (str_starts(text, "{min}") || str_starts(text, "{max}")) {
			buf_printf(&out, "%" PRId64, text[2] == 'i' ? min : max);
			text += 4;
		} else {
			buf_putc(&out, *text);
		}
	}
	return out.data;
}

bool
problem_has_fields(const struct request *r)
{
	return r->field_errors != NULL;
}
