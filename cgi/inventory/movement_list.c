/* GET /inventory/movements: the ledger, newest first. */
#include "inventory.h"

#include "db/sql.h"

struct movement {
	struct uuid id, variant_id, order_id;
	const char *location, *reason, *note, *actor;
	int32_t delta;
	int64_t at;
};

SCHEMA(movement_schema, struct movement,
	FIELD_UUID(struct movement, id),
	FIELD_UUID(struct movement, variant_id),
	FIELD_TEXT(struct movement, location),
	FIELD_I32(struct movement, delta),
	FIELD_TEXT(struct movement, reason),
	FIELD_TEXT(struct movement, note),
	FIELD_UUID(struct movement, order_id),
	FIELD_TEXT(struct movement, actor),
	FIELD_TIME(struct movement, at));

struct movement_list {
	struct uuid variant;
	const char *after;
	int32_t limit;
};

SCHEMA(movement_list_input, struct movement_list,
	FIELD_UUID(struct movement_list, variant),
	FIELD_TEXT(struct movement_list, after, .max = 300),
	FIELD_I32(struct movement_list, limit, .min = 1, .max = 100,
	    .preset = "20"));

int
movement_list(struct request *r)
{
	const struct movement_list *in = request_input(r);
	const char *after[1], *next = NULL;
	struct movement *rows;
	struct uuid id;
	struct sql sql;
	size_t n;

	sql_start(&sql, r->arena, "SELECT m.id, m.variant_id, l.code AS location,"
	    " m.delta, m.reason, m.note, m.order_id, m.actor, m.at"
	    " FROM movement m JOIN location l ON l.id = m.location_id WHERE true");
	if (!uuid_is_nil(&in->variant))
		sql_add(&sql, " AND m.variant_id = ?::uuid", P(in->variant));
	if (in->after != NULL) {
		if (!cursor_read(r, in->after, after, 1) ||
		    !uuid_parse(after[0], &id))
			return r->status != 0 ? r->status :
			    problem(r, PROBLEM_INVALID);
		sql_add(&sql, " AND m.id < ?::uuid", P(id));
	}
	sql_add(&sql, " ORDER BY m.id DESC LIMIT ?::int", P(in->limit + 1));
	if (!sql_all(r->db, &sql, &movement_schema, (void **)&rows, &n))
		return 0;
	if (n > (size_t)in->limit) {
		char text[UUID_TEXT_SIZE];

		next = cursor_make(r, "%s", uuid_text(&rows[--n - 1].id, text));
	}
	return reply_list(r, &movement_schema, rows, n, next);
}
