/* GET /inventory/movements: the ledger, newest first. */
#include "inventory.h"

#include "db/sql.h"

struct movement {
	struct uuid id, variant_id, order_id, document_id;
	const char *location, *reason, *note, *actor;
	int32_t delta, damaged, incoming;
	int64_t at, number;
};

SCHEMA(movement_schema, struct movement,
	FIELD_UUID(struct movement, id),
	FIELD_UUID(struct movement, variant_id),
	FIELD_TEXT(struct movement, location),
	FIELD_I32(struct movement, delta),
	FIELD_I32(struct movement, damaged),
	FIELD_I32(struct movement, incoming),
	FIELD_TEXT(struct movement, reason),
	FIELD_TEXT(struct movement, note),
	FIELD_UUID(struct movement, order_id),
	FIELD_UUID(struct movement, document_id),
	FIELD_TEXT(struct movement, actor),
	FIELD_TIME(struct movement, at),
	FIELD_I64(struct movement, number));

SCHEMA(movement_list_input, struct movement_list,
	FIELD_UUID(struct movement_list, variant),
	FIELD_TEXT(struct movement_list, location, .max = 64),
	FIELD_TEXT(struct movement_list, after, .max = 300),
	FIELD_I32(struct movement_list, limit, .min = 1, .max = 100,
	    .preset = "20"));

/* The page of one variant shows its ledger. */
SCHEMA(level_page_input, struct movement_list,
	{ .name = "variant_id", .type = FIELD_TYPE_UUID, .required = true,
	  .offset = offsetof(struct movement_list, variant) },
	FIELD_TEXT(struct movement_list, location, .max = 64),
	FIELD_TEXT(struct movement_list, after, .max = 300),
	FIELD_I32(struct movement_list, limit, .min = 1, .max = 100,
	    .preset = "20"));

int
movement_list(struct request *r)
{
	const struct movement_list *in = request_input(r);
	const char *next = NULL;
	int64_t after;
	struct movement *rows;
	struct sql sql;
	size_t n;

	sql_start(&sql, r->arena, "SELECT m.id, m.variant_id, l.code AS location,"
	    " m.delta, m.damaged, m.incoming, m.reason, m.note, m.order_id,"
	    " m.document_id, m.actor, m.at, m.number"
	    " FROM movement m JOIN location l ON l.id = m.location_id WHERE true");
	if (!uuid_is_nil(&in->variant))
		sql_add(&sql, " AND m.variant_id = ?::uuid", P(in->variant));
	if (in->location != NULL)
		sql_add(&sql, " AND l.code = ?", P(in->location));
	if (in->after != NULL) {
		if (!cursor_read_number(r, in->after, &after))
			return r->status;
		sql_add(&sql, " AND m.number < ?::bigint", P(after));
	}
	sql_add(&sql, " ORDER BY m.number DESC LIMIT ?::int", P(in->limit + 1));
	if (!sql_all(r->db, &sql, &movement_schema, (void **)&rows, &n))
		return 0;
	if (n > (size_t)in->limit)
		next = cursor_make(r, "%" PRId64, rows[--n - 1].number);
	return reply_list(r, &movement_schema, rows, n, next);
}
