/*
 * Levels: GET /inventory/levels, PATCH /inventory/levels/{variant}/{location},
 * GET /inventory/locations; and the lock that every change begins with.
 */
#include "inventory.h"

#include "db/sql.h"

const char *const movement_reasons[] = { "count", "received", "damaged", "lost",
	"found", "correction", "sale", "cancelled", "returned", NULL };
const char *const manual_reasons[] = { "count", "received", "damaged", "lost",
	"found", "correction", NULL };

SCHEMA(level_schema, struct level,
	FIELD_UUID(struct level, variant_id),
	FIELD_UUID(struct level, location_id),
	FIELD_TEXT(struct level, location),
	FIELD_I32(struct level, on_hand),
	FIELD_I32(struct level, reserved),
	FIELD_I32(struct level, available),
	FIELD_I32(struct level, threshold),
	FIELD_I32(struct level, backorder_limit));

DB_QUERY(lock_levels, 1,
	"SELECT v.variant_id, v.location_id, v.on_hand, v.reserved,"
	" v.on_hand - v.reserved AS available, v.threshold, v.backorder_limit"
	" FROM level v JOIN location l ON l.id = v.location_id"
	" WHERE v.variant_id IN"
	"  (SELECT e::uuid FROM jsonb_array_elements_text($1::jsonb) AS e)"
	" ORDER BY v.variant_id, v.location_id FOR UPDATE OF v");

DB_QUERY(reap_holds, 1,
	"WITH lapsed AS (UPDATE hold_line l SET is_live = false FROM hold h"
	"  WHERE h.order_id = l.order_id AND l.is_live AND h.state = 'held'"
	"  AND h.until <= now() AND l.variant_id IN"
	"   (SELECT e::uuid FROM jsonb_array_elements_text($1::jsonb) AS e)"
	"  RETURNING l.variant_id, l.location_id, l.quantity),"
	" sums AS (SELECT variant_id, location_id, sum(quantity) AS quantity"
	"  FROM lapsed GROUP BY variant_id, location_id)"
	" UPDATE level v SET reserved = v.reserved - s.quantity FROM sums s"
	" WHERE v.variant_id = s.variant_id AND v.location_id = s.location_id");

void
levels_lock(struct request *r, const char *variant_ids_json,
    struct level **levels, size_t *n)
{
	db_all(r->db, &lock_levels, &level_schema, levels, n,
	    P(variant_ids_json));
	if (db_exec(r->db, &reap_holds, P(variant_ids_json)))
		db_all(r->db, &lock_levels, &level_schema, levels, n,
		    P(variant_ids_json));
}

void
level_tell_if_low(struct request *r, const struct level *after,
    int32_t available_before)
{
	if (available_before > after->threshold &&
	    after->available <= after->threshold)
		event_emit(r, EVENT_STOCK_LOW, after->variant_id, &level_schema,
		    after);
}

struct level_list {
	struct uuid variant;
	const char *location, *after;
	bool below_threshold;
	int32_t limit;
};

SCHEMA(level_list_input, struct level_list,
	FIELD_UUID(struct level_list, variant),
	FIELD_TEXT(struct level_list, location, .max = 64),
	FIELD_BOOL(struct level_list, below_threshold),
	FIELD_TEXT(struct level_list, after, .max = 300),
	FIELD_I32(struct level_list, limit, .min = 1, .max = 100, .preset = "50"));

int
level_list(struct request *r)
{
	const struct level_list *in = request_input(r);
	const char *after[2], *next = NULL;
	struct level *levels;
	struct sql sql;
	size_t n;

	sql_start(&sql, r->arena,
	    "SELECT v.variant_id, v.location_id, l.code AS location, v.on_hand,"
	    " v.reserved, v.on_hand - v.reserved AS available, v.threshold,"
	    " v.backorder_limit FROM level v JOIN location l"
	    " ON l.id = v.location_id WHERE true");
	if (!uuid_is_nil(&in->variant))
		sql_add(&sql, " AND v.variant_id = ?::uuid", P(in->variant));
	if (in->location != NULL)
		sql_add(&sql, " AND l.code = ?", P(in->location));
	if (in->below_threshold)
		sql_add(&sql, " AND v.on_hand - v.reserved <= v.threshold");
	if (in->after != NULL) {
		if (!cursor_read(r, in->after, after, 2))
			return r->status;
		sql_add(&sql, " AND (v.variant_id::text, v.location_id::text)"
		    " > (?, ?)", P(after[0]), P(after[1]));
	}
	sql_add(&sql, " ORDER BY v.variant_id::text, v.location_id::text"
	    " LIMIT ?::int", P(in->limit + 1));
	if (!sql_all(r->db, &sql, &level_schema, (void **)&levels, &n))
		return 0;
	if (n > (size_t)in->limit) {
		char variant[UUID_TEXT_SIZE], location[UUID_TEXT_SIZE];
		const struct level *last = &levels[--n - 1];

		next = cursor_make(r, "%s|%s", uuid_text(&last->variant_id,
		    variant), uuid_text(&last->location_id, location));
	}
	return reply_list(r, &level_schema, levels, n, next);
}

struct level_set {
	struct uuid variant_id;
	const char *location;
	int32_t threshold, backorder_limit;
	bool has_threshold, has_backorder_limit;
};

SCHEMA(level_set_input, struct level_set,
	FIELD_UUID(struct level_set, variant_id, .required = true),
	FIELD_TEXT(struct level_set, location, .required = true, .max = 64),
	FIELD_I32(struct level_set, threshold, .max = 1000000,
	    HAS(struct level_set, has_threshold)),
	FIELD_I32(struct level_set, backorder_limit, .max = 1000000,
	    HAS(struct level_set, has_backorder_limit)));

DB_QUERY(configure_level, 4,
	"UPDATE level v SET threshold = coalesce($3::int, v.threshold),"
	" backorder_limit = coalesce($4::int, v.backorder_limit)"
	" FROM location l WHERE l.id = v.location_id AND v.variant_id = $1::uuid"
	" AND l.code = $2"
	" RETURNING v.variant_id, v.location_id, l.code AS location, v.on_hand,"
	" v.reserved, v.on_hand - v.reserved AS available, v.threshold,"
	" v.backorder_limit");

int
level_set(struct request *r)
{
	const struct level_set *in = request_input(r);
	struct level level;

	if (!db_one(r->db, &configure_level, &level_schema, &level,
	    P(in->variant_id), P(in->location),
	    in->has_threshold ? P(in->threshold) : P_NULL,
	    in->has_backorder_limit ? P(in->backorder_limit) : P_NULL))
		return problem(r, PROBLEM_NOT_FOUND);
	event_emit(r, EVENT_LEVEL_CHANGED, level.variant_id, &level_schema, &level);
	return reply(r, 200, &level_schema, &level);
}

struct location {
	struct uuid id;
	const char *code, *name;
	int32_t priority;
};

SCHEMA(location_schema, struct location,
	FIELD_UUID(struct location, id),
	FIELD_TEXT(struct location, code),
	FIELD_TEXT(struct location, name),
	FIELD_I32(struct location, priority));

DB_QUERY(list_locations, 0,
	"SELECT id, code, name, priority FROM location WHERE is_active"
	" ORDER BY priority, code LIMIT 200");

int
location_list(struct request *r)
{
	struct location *locations;
	size_t n;

	if (!db_all(r->db, &list_locations, &location_schema, &locations, &n))
		return 0;
	return reply_list(r, &location_schema, locations, n, NULL);
}
