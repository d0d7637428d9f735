/*
 * POST /inventory/adjustments: change what lies on the shelf, and say why.
 *
 * The level and its ledger row change together or not at all. Falling to the
 * threshold is told once, as an event; who gets a mail for it is not ours to
 * know.
 */
#include "inventory.h"

struct adjustment_add {
	struct uuid variant_id;
	const char *location, *note;
	int32_t delta;
	enum movement_reason reason;
};

SCHEMA(adjustment_add_input, struct adjustment_add,
	FIELD_UUID(struct adjustment_add, variant_id, .required = true),
	FIELD_TEXT(struct adjustment_add, location, .max = 64, .preset = "main"),
	FIELD_I32(struct adjustment_add, delta, .min = -1000000, .max = 1000000,
	    .required = true),
	FIELD_ENUM(struct adjustment_add, reason, manual_reasons,
	    .required = true),
	FIELD_TEXT(struct adjustment_add, note, .max = 500, .preset = ""));

/* A variant's first delivery makes its level. */
DB_QUERY(make_level, 2,
	"INSERT INTO level (variant_id, location_id)"
	" SELECT $1::uuid, id FROM location WHERE code = $2"
	" ON CONFLICT ON CONSTRAINT level_pkey DO NOTHING");

DB_QUERY(move_level, 3,
	"UPDATE level v SET on_hand = v.on_hand + $3::int FROM location l"
	" WHERE l.id = v.location_id AND v.variant_id = $1::uuid AND l.code = $2"
	" RETURNING v.variant_id, v.location_id, l.code AS location, v.on_hand,"
	" v.reserved, v.on_hand - v.reserved AS available, v.threshold,"
	" v.backorder_limit");

DB_QUERY(put_movement, 7,
	"INSERT INTO movement (id, variant_id, location_id, delta, reason, note,"
	" actor) VALUES ($1::uuid, $2::uuid, $3::uuid, $4::int, $5, $6, $7)");

const struct db_rule adjustment_add_rules[] = {
	{ "level_on_hand_not_negative", PROBLEM_NOT_THAT_MANY },
	{ NULL, PROBLEM_NONE }
};

int
adjustment_add(struct request *r)
{
	const struct adjustment_add *in = request_input(r);
	struct level level;

	if (in->delta > 0)
		db_exec(r->db, &make_level, P(in->variant_id), P(in->location));
	if (!db_one(r->db, &move_level, &level_schema, &level,
	    P(in->variant_id), P(in->location), P(in->delta)))
		return problem(r, PROBLEM_NOT_FOUND);
	db_exec(r->db, &put_movement, P(uuid_new()), P(in->variant_id),
	    P(level.location_id), P(in->delta), P(manual_reasons[in->reason]),
	    P(in->note), P(r->actor));
	event_emit(r, EVENT_LEVEL_CHANGED, level.variant_id, &level_schema, &level);
	level_tell_if_low(r, &level, level.available - in->delta);
	return reply(r, 201, &level_schema, &level);
}
