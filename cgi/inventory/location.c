/* GET, POST and PATCH /inventory/locations: where stock lies. */
#include "inventory.h"

#include <json-c/json.h>

#include "web/json_out.h"
#include "web/text.h"

struct location {
	struct uuid id;
	const char *code, *name;
	int32_t priority;
	bool is_active;
	bool has_priority, has_is_active;
};

SCHEMA(location_schema, struct location,
	FIELD_UUID(struct location, id),
	FIELD_TEXT(struct location, code),
	FIELD_TEXT(struct location, name),
	FIELD_I32(struct location, priority),
	FIELD_BOOL(struct location, is_active));

SCHEMA(location_add_input, struct location,
	FIELD_TEXT(struct location, code, .required = true, .max = 64,
	    .check = slug_is_valid, .format = "slug"),
	FIELD_TEXT(struct location, name, .required = true, .max = 100),
	FIELD_I32(struct location, priority, .max = 1000, .preset = "0",
	    .help = "The least is sold from first"));

SCHEMA(location_change_input, struct location,
	FIELD_TEXT(struct location, code, .required = true, .max = 64),
	FIELD_TEXT(struct location, name, .max = 100),
	FIELD_I32(struct location, priority, .max = 1000,
	    HAS(struct location, has_priority)),
	FIELD_BOOL(struct location, is_active,
	    HAS(struct location, has_is_active)));

const struct db_rule location_rules[] = {
	{ "location_code_key", PROBLEM_ALREADY_EXISTS },
	{ NULL, PROBLEM_NONE }
};

DB_QUERY(list_locations, 0,
	"SELECT id, code, name, priority, is_active FROM location"
	" ORDER BY is_active DESC, priority, code LIMIT 200");
DB_QUERY(add_location, 4,
	"INSERT INTO location (id, code, name, priority)"
	" VALUES ($1::uuid, $2, $3, $4::int)"
	" RETURNING id, code, name, priority, is_active");
DB_QUERY(change_location, 4,
	"UPDATE location SET name = coalesce($2, name),"
	" priority = coalesce($3::int, priority),"
	" is_active = coalesce($4::boolean, is_active) WHERE code = $1"
	" RETURNING id, code, name, priority, is_active");
DB_QUERY(find_location, 1, "SELECT id::text FROM location WHERE code = $1");

bool
location_find(struct request *r, const char *code, const char *field,
    struct uuid *id)
{
	const char *found = db_text(r->db, &find_location, P(code));

	if (found != NULL && uuid_parse(found, id))
		return true;
	if (!request_failed(r)) {
		problem_field(r, field, "choice", field_message(r, "choice", 0, 0));
		problem(r, PROBLEM_INVALID);
	}
	return false;
}

void
page_set_locations(struct request *r)
{
	struct location *locations;
	size_t n;

	if (db_all(r->db, &list_locations, &location_schema, &locations, &n)) {
		page_set(r, "locations",
		    json_out_list(&location_schema, locations, n, NULL));
		page_set(r, "has_locations", json_object_new_boolean(n > 1));
	}
}

int
location_list(struct request *r)
{
	struct location *locations;
	size_t n;

	if (!db_all(r->db, &list_locations, &location_schema, &locations, &n))
		return 0;
	return reply_list(r, &location_schema, locations, n, NULL);
}

static int
tell(struct request *r, int status, const struct location *location)
{
	event_emit(r, EVENT_LOCATION_CHANGED, location->id, &location_schema,
	    location);
	return reply(r, status, &location_schema, location);
}

int
location_add(struct request *r)
{
	const struct location *in = request_input(r);
	struct location made;

	if (!db_one(r->db, &add_location, &location_schema, &made,
	    P(uuid_new()), P(in->code), P(in->name), P(in->priority)))
		return 0;
	return tell(r, 201, &made);
}

int
location_change(struct request *r)
{
	const struct location *in = request_input(r);
	struct location changed;

	if (!db_one(r->db, &change_location, &location_schema, &changed,
	    P(in->code), P(in->name),
	    in->has_priority ? P(in->priority) : P_NULL,
	    in->has_is_active ? P(in->is_active) : P_NULL))
		return problem(r, PROBLEM_NOT_FOUND);
	return tell(r, 200, &changed);
}
