#include "web/person.h"

#include <json-c/json.h>

#include "web/app.h"

struct person {
	const char *domain;
	struct uuid id;
	const char *address;
};

SCHEMA(person_asked_input, struct person,
	FIELD_TEXT(struct person, domain, .required = true),
	FIELD_UUID(struct person, id, .required = true),
	FIELD_TEXT(struct person, address));

SCHEMA(person_told_schema, struct person_told,
	FIELD_JSON(struct person_told, data),
	FIELD_I64(struct person_told, open));

/* Answers that were kept for requests that come twice. */
DB_QUERY(forget_answers, 1,
	"DELETE FROM idempotency WHERE caller = 'user:' || ($1::uuid)::text");

bool
person_tell(struct request *r, struct uuid account_id, const char *address,
    struct person_told *told)
{
	const struct person_part *part = r->app->program->person;
	const struct db_param params[] = { P(account_id), P(address) };

	*told = (struct person_told){ .data = NULL };
	return part == NULL || db_one_params(r->db, part->tell,
	    &person_told_schema, told, params, part->tell->nparams);
}

bool
person_forget(struct request *r, struct uuid account_id, const char *address)
{
	const struct person_part *part = r->app->program->person;
	const struct db_query *const *query = part == NULL ? NULL : part->forget;
	const struct db_param params[] = { P(account_id), P(address) };

	db_exec(r->db, &forget_answers, P(account_id));
	for (; query != NULL && *query != NULL; query++)
		db_exec_params(r->db, *query, params, (*query)->nparams);
	return !request_failed(r);
}

int
person_tell_internal(struct request *r)
{
	const struct person *in = request_input(r);
	struct person_told told;

	if (!person_tell(r, in->id, in->address, &told))
		return 0;
	return reply(r, 200, &person_told_schema, &told);
}

bool
person_on_closed(struct request *r, const struct event *event)
{
	struct json_object *address;

	return person_forget(r, event->subject, json_object_object_get_ex(
	    event->data, "forget", &address) && address != NULL ?
	    json_object_get_string(address) : "");
}
