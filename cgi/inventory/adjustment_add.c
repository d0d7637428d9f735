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
	int32_t delta, set_to;
	bool has_delta, has_set_to;
	enum movement_reason reason;
};

SCHEMA(adjustment_add_input, struct adjustment_add,
	FIELD_UUID(struct adjustment_add, variant_id, .required = true),
	FIELD_TEXT(struct adjustment_add, location, .max = 64, .preset = "main"),
	FIELD_I32(struct adjustment_add, delta, .min = -1000000, .max = 1000000,
	    HAS(struct adjustment_add, has_delta)),
	FIELD_I32(struct adjustment_add, set_to, .min = 0, .max = 1000000,
	    HAS(struct adjustment_add, has_set_to),
	    .help = "What is on hand now, instead of the difference"),
	FIELD_ENUM(struct adjustment_add, reason, manual_reasons,
	    .required = true),
	FIELD_TEXT(struct adjustment_add, note, .max = 500, .preset = ""));

/* What a reason means for the three states that the ledger keeps. */
static struct change
change_of(const struct adjustment_add *in, const struct level *v)
{
	struct change c = { v->variant_id, v->location_id, 0, 0, 0 };
	int32_t delta = in->has_set_to ? in->set_to - v->on_hand : in->delta;

	switch (in->reason) {
	case REASON_EXPECTED:		/* ordered from a supplier */
		c.incoming = delta;
		break;
	case REASON_SCRAPPED:		/* damaged goods are gone */
		c.damaged = delta;
		break;
	case REASON_DAMAGED:		/* from the shelf to the damaged, or back */
		c.on_hand = delta;
		c.damaged = -delta;
		break;
	case REASON_RECEIVED:
		c.incoming = delta > 0 ?
		    -(delta < v->incoming ? delta : v->incoming) : 0;
		c.on_hand = delta;
		break;
	default:
		c.on_hand = delta;
		break;
	}
	return c;
}

int
adjustment_add(struct request *r)
{
	const struct adjustment_add *in = request_input(r);
	const char *ids = json_array_of(r, &in->variant_id, 1);
	struct level *levels, *v;
	struct uuid location;
	struct change change;
	size_t n;

	if (in->has_delta == in->has_set_to) {
		problem_field(r, "delta", "required",
		    field_message(r, "required", 0, 0));
		return problem(r, PROBLEM_INVALID);
	}
	if (!location_find(r, in->location, "location", &location))
		return r->status;
	if (in->delta > 0 || in->has_set_to)	/* its first delivery makes a level */
		levels_make(r, ids, location);
	levels_lock(r, ids, &levels, &n);
	if (request_failed(r))
		return 0;
	if ((v = level_find(levels, n, in->variant_id, location)) == NULL)
		return problem(r, PROBLEM_NOT_FOUND);
	change = change_of(in, v);
	levels_change(r, &change, 1, manual_reasons[in->reason], in->note,
	    (struct uuid){ 0 }, &levels, &n);
	return request_failed(r) ? 0 : reply(r, 201, &level_schema, &levels[0]);
}
