/*
 * Levels: how they are locked, changed and told; GET /inventory/levels and
 * PATCH /inventory/levels/{variant_id}/{location}.
 */
#include "inventory.h"

#include "db/sql.h"
#include "web/json_out.h"

#include <json-c/json.h>

const char *const movement_reasons[] = { "count", "received", "damaged", "lost",
	"found", "correction", "expected", "scrapped", "returned", "sale",
	"cancelled", "sent", "arrived", NULL };
const char *const manual_reasons[] = { "count", "received", "damaged", "lost",
	"found", "correction", "expected", "scrapped", "returned", NULL };

#define LEVEL_FIELDS \
	FIELD_UUID(struct level, variant_id), \
	FIELD_UUID(struct level, location_id), \
	FIELD_TEXT(struct level, location), \
	FIELD_I32(struct level, on_hand), \
	FIELD_I32(struct level, reserved), \
	FIELD_I32(struct level, available), \
	FIELD_I32(struct level, damaged), \
	FIELD_I32(struct level, incoming), \
	FIELD_I32(struct level, threshold), \
	FIELD_I32(struct level, backorder_limit)

SCHEMA(level_schema, struct level, LEVEL_FIELDS);
SCHEMA(level_row_schema, struct level, LEVEL_FIELDS,
	FIELD_I32(struct level, priority),
	FIELD_BOOL(struct level, is_active));

const struct db_rule stock_rules[] = {
	{ "level_on_hand_not_negative", PROBLEM_NOT_THAT_MANY },
	{ "level_damaged_not_negative", PROBLEM_NOT_THAT_MANY },
	{ "level_incoming_not_negative", PROBLEM_NOT_THAT_MANY },
	{ "transfer_two_places", PROBLEM_CONFLICT },
	{ NULL, PROBLEM_NONE }
};

DB_QUERY(lock_levels, 1,
	"SELECT" LEVEL_COLUMNS " FROM level v"
	" JOIN location l ON l.id = v.location_id WHERE v.variant_id IN"
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

DB_QUERY(find_lapsed, 1,
	"SELECT jsonb_agg(variant_id)::text FROM (SELECT DISTINCT l.variant_id"
	"  FROM hold h JOIN hold_line l ON l.order_id = h.order_id AND l.is_live"
	"  WHERE h.state = 'held' AND h.until <= now() LIMIT $1::int) AS x");

/* A level's threshold is made with it. */
DB_QUERY(make_levels, 2,
	"WITH made AS (INSERT INTO level (variant_id, location_id)"
	"  SELECT e::uuid, $2::uuid FROM jsonb_array_elements_text($1::jsonb) AS e"
	"  ORDER BY 1 ON CONFLICT ON CONSTRAINT level_pkey DO NOTHING"
	"  RETURNING variant_id)"
	" SELECT count(*) FROM made");
DB_QUERY(refresh_thresholds, 1,
	"SELECT threshold_refresh((SELECT array_agg(e::uuid)"
	" FROM jsonb_array_elements_text($1::jsonb) AS e))");

/* Level and ledger in one statement, for any number of changes. */
DB_QUERY(change_levels, 5,
	"WITH change AS (SELECT e.variant_id, e.location_id, e.on_hand,"
	"  e.damaged, e.incoming FROM jsonb_to_recordset($1::jsonb)"
	"   AS e(variant_id uuid, location_id uuid, on_hand int, damaged int,"
	"   incoming int)),"
	" moved AS (UPDATE level v SET on_hand = v.on_hand + c.on_hand,"
	"  damaged = v.damaged + c.damaged, incoming = v.incoming + c.incoming"
	"  FROM change c WHERE v.variant_id = c.variant_id"
	"  AND v.location_id = c.location_id RETURNING v.*),"
	" noted AS (INSERT INTO movement (id, variant_id, location_id, delta,"
	"  damaged, incoming, reason, note, document_id, actor)"
	"  SELECT gen_random_uuid(), c.variant_id, c.location_id, c.on_hand,"
	"  c.damaged, c.incoming, $2, $3, $4::uuid, $5 FROM change c)"
	" SELECT" LEVEL_COLUMNS " FROM moved v"
	" JOIN location l ON l.id = v.location_id"
	" ORDER BY v.variant_id, v.location_id");

DB_QUERY(note_low, 2,
	"INSERT INTO low_stock (variant_id, location_id)"
	" VALUES ($1::uuid, $2::uuid)"
	" ON CONFLICT ON CONSTRAINT low_stock_pkey DO NOTHING");
DB_QUERY(note_recovered, 2,
	"DELETE FROM low_stock WHERE variant_id = $1::uuid"
	" AND location_id = $2::uuid");

/* By variant, then as they are sold from. */
static int
compare_levels(const void *a, const void *b)
{
	const struct level *x = a, *y = b;
	int order = memcmp(&x->variant_id, &y->variant_id, sizeof(struct uuid));

	if (order == 0)
		order = (x->priority > y->priority) - (x->priority < y->priority);
	return order != 0 ? order :
	    memcmp(&x->location_id, &y->location_id, sizeof(struct uuid));
}

void
levels_lock(struct request *r, const char *variant_ids_json,
    struct level **levels, size_t *n)
{
	db_all(r->db, &lock_levels, &level_row_schema, levels, n,
	    P(variant_ids_json));
	if (db_exec(r->db, &reap_holds, P(variant_ids_json)))
		db_all(r->db, &lock_levels, &level_row_schema, levels, n,
		    P(variant_ids_json));
	if (!request_failed(r) && *n > 1)
		qsort(*levels, *n, sizeof(**levels), compare_levels);
}

int64_t
levels_lapse(struct request *r, int limit)
{
	const char *ids = db_text(r->db, &find_lapsed, P(limit));
	struct level *levels;
	size_t n;

	if (ids == NULL || !step_begin(r))
		return 0;
	levels_lock(r, ids, &levels, &n);
	for (size_t i = 0; i < n && !request_failed(r); i++)
		event_emit(r, EVENT_LEVEL_CHANGED, levels[i].variant_id,
		    &level_schema, &levels[i]);
	return step_end(r) ? (int64_t)n : 0;
}

struct level *
level_find(struct level *levels, size_t n, struct uuid variant_id,
    struct uuid location_id)
{
	for (size_t i = 0; i < n; i++)
		if (uuid_equal(&levels[i].variant_id, &variant_id) &&
		    uuid_equal(&levels[i].location_id, &location_id))
			return &levels[i];
	return NULL;
}

void
levels_make(struct request *r, const char *variant_ids_json,
    struct uuid location_id)
{
	if (db_integer(r->db, &make_levels, 0, P(variant_ids_json),
	    P(location_id)) > 0)
		db_exec(r->db, &refresh_thresholds, P(variant_ids_json));
}

static SCHEMA(change_schema, struct change,
	FIELD_UUID(struct change, variant_id),
	FIELD_UUID(struct change, location_id),
	FIELD_I32(struct change, on_hand),
	FIELD_I32(struct change, damaged),
	FIELD_I32(struct change, incoming));

void
levels_change(struct request *r, const struct change *changes, size_t n,
    const char *reason, const char *note, struct uuid document,
    struct level **after, size_t *after_n)
{
	struct json_object *list;
	struct level *levels;
	size_t levels_n;

	if (n == 0)
		return;
	list = json_out_list(&change_schema, changes, n, NULL);
	db_all(r->db, &change_levels, &level_row_schema, &levels, &levels_n,
	    P(json_object_to_json_string(list)), P(reason), P(note), P(document),
	    P(r->actor));
	json_object_put(list);
	if (request_failed(r))
		return;
	for (size_t i = 0; i < levels_n; i++)
		event_emit(r, EVENT_LEVEL_CHANGED, levels[i].variant_id,
		    &level_schema, &levels[i]);
	for (size_t i = 0; i < n; i++) {
		const struct level *v = level_find(levels, levels_n,
		    changes[i].variant_id, changes[i].location_id);

		if (v != NULL && changes[i].on_hand != 0)
			level_tell_if_low(r, v, v->available - changes[i].on_hand);
	}
	if (after != NULL) {
		*after = levels;
		*after_n = levels_n;
	}
}

void
level_tell_if_low(struct request *r, const struct level *after,
    int32_t available_before)
{
	bool was_low = available_before <= after->threshold;
	bool is_low = after->available <= after->threshold;

	if (was_low && !is_low)
		db_exec(r->db, &note_recovered, P(after->variant_id),
		    P(after->location_id));
	if (!was_low && is_low && db_exec(r->db, &note_low,
	    P(after->variant_id), P(after->location_id)))
		low_stock_tell(r, after);
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
	struct uuid last_variant, last_location;
	struct level *levels;
	struct sql sql;
	size_t n;

	sql_start(&sql, r->arena,
	    "SELECT" LEVEL_COLUMNS " FROM level v JOIN location l"
	    " ON l.id = v.location_id WHERE true");
	if (!uuid_is_nil(&in->variant))
		sql_add(&sql, " AND v.variant_id = ?::uuid", P(in->variant));
	if (in->location != NULL)
		sql_add(&sql, " AND l.code = ?", P(in->location));
	if (in->below_threshold)
		sql_add(&sql, " AND v.on_hand - v.reserved <= v.threshold");
	if (in->after != NULL) {
		if (!cursor_read(r, in->after, after, 2) ||
		    ((!uuid_parse(after[0], &last_variant) ||
		    !uuid_parse(after[1], &last_location)) && !cursor_refuse(r)))
			return r->status;
		sql_add(&sql, " AND (v.variant_id, v.location_id)"
		    " > (?::uuid, ?::uuid)", P(last_variant), P(last_location));
	}
	sql_add(&sql, " ORDER BY v.variant_id, v.location_id"
	    " LIMIT ?::int", P(in->limit + 1));
	if (!sql_all(r->db, &sql, &level_row_schema, (void **)&levels, &n))
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
	bool has_threshold, has_backorder_limit, inherits;
};

SCHEMA(level_set_input, struct level_set,
	FIELD_UUID(struct level_set, variant_id, .required = true),
	FIELD_TEXT(struct level_set, location, .required = true, .max = 64),
	FIELD_I32(struct level_set, threshold, .max = 1000000,
	    HAS(struct level_set, has_threshold)),
	FIELD_BOOL(struct level_set, inherits,
	    .help = "The threshold is the category's or the shop's"),
	FIELD_I32(struct level_set, backorder_limit, .max = 1000000,
	    HAS(struct level_set, has_backorder_limit)));

DB_QUERY(configure_level, 5,
	"UPDATE level v SET own_threshold = CASE WHEN $5::boolean THEN NULL"
	"  ELSE coalesce($3::int, v.own_threshold) END,"
	" threshold = coalesce($3::int, v.threshold),"
	" backorder_limit = coalesce($4::int, v.backorder_limit)"
	" FROM location l WHERE l.id = v.location_id AND v.variant_id = $1::uuid"
	" AND l.code = $2");
DB_QUERY(read_level, 2,
	"SELECT" LEVEL_COLUMNS " FROM level v JOIN location l"
	" ON l.id = v.location_id WHERE v.variant_id = $1::uuid AND l.code = $2");

int
level_set(struct request *r)
{
	const struct level_set *in = request_input(r);
	const char *ids = json_array_of(r, &in->variant_id, 1);
	struct level level, before, *levels;
	size_t n;

	levels_lock(r, ids, &levels, &n);
	if (!db_one(r->db, &read_level, &level_row_schema, &before,
	    P(in->variant_id), P(in->location)))
		return problem(r, PROBLEM_NOT_FOUND);
	db_exec(r->db, &configure_level, P(in->variant_id), P(in->location),
	    in->has_threshold ? P(in->threshold) : P_NULL,
	    in->has_backorder_limit ? P(in->backorder_limit) : P_NULL,
	    P(in->inherits));
	db_exec(r->db, &refresh_thresholds, P(ids));
	if (!db_one(r->db, &read_level, &level_row_schema, &level,
	    P(in->variant_id), P(in->location)))
		return 0;
	event_emit(r, EVENT_LEVEL_CHANGED, level.variant_id, &level_schema, &level);
	if (level.threshold != before.threshold)	/* as if it had fallen */
		level_tell_if_low(r, &level,
		    level.available - before.threshold + level.threshold);
	return reply(r, 200, &level_schema, &level);
}
