#include "web/request.h"

#include "web/app.h"

const void *
request_input(const struct request *r)
{
	return r->input;
}

const char *
request_env(const struct request *r, const char *name)
{
	size_t n = strlen(name);

	for (const char *const *e = r->environment; e != NULL && *e != NULL; e++)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return *e + n + 1;
	return "";
}

const char *
request_cookie(struct request *r, const char *name)
{
	const char *full = arena_printf(r->arena, "%s%s%s",
	    r->app->cookie_prefix, name, r->app->cookie_suffix);

	return cookie_get(r->arena, request_env(r, "HTTP_COOKIE"), full);
}

bool
request_failed(const struct request *r)
{
	return db_failure(r->db) != DB_GOOD;
}

bool
step_begin(struct request *r)
{
	r->events = NULL;
	r->after_commit = NULL;
	return db_begin(r->db);
}

bool
step_end(struct request *r)
{
	if (!events_flush(r) || !db_commit(r->db)) {
		db_rollback(r->db);
		return false;
	}
	for (struct later *l = r->after_commit; l != NULL; l = l->next)
		l->fn(r, l->context);
	r->after_commit = NULL;
	return true;
}

void
step_undo(struct request *r)
{
	db_rollback(r->db);
	r->events = NULL;
	r->after_commit = NULL;
}
