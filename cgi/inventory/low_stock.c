/*
 * Low stock: one event at the crossing, told again only after the level has
 * recovered; and once a day a digest of what is low.
 */
#include "inventory.h"

#define DIGEST_MAX 100

struct low {
	struct uuid variant_id, location_id;
	const char *location, *sku, *name_es, *name_en;
	int32_t available, threshold;
};

static SCHEMA(low_schema, struct low,
	FIELD_UUID(struct low, variant_id),
	FIELD_UUID(struct low, location_id),
	FIELD_TEXT(struct low, location),
	FIELD_TEXT(struct low, sku),
	FIELD_TEXT(struct low, name_es),
	FIELD_TEXT(struct low, name_en),
	FIELD_I32(struct low, available),
	FIELD_I32(struct low, threshold));

#define LOW_COLUMNS \
	" v.variant_id, v.location_id, l.code AS location," \
	" coalesce(i.sku, '') AS sku," \
	" coalesce(i.name_es, v.variant_id::text) AS name_es," \
	" coalesce(i.name_en, v.variant_id::text) AS name_en," \
	" v.on_hand - v.reserved AS available, v.threshold"

DB_QUERY(describe, 2,
	"SELECT" LOW_COLUMNS " FROM level v"
	" JOIN location l ON l.id = v.location_id"
	" LEFT JOIN variant_info i ON i.variant_id = v.variant_id"
	" WHERE v.variant_id = $1::uuid AND v.location_id = $2::uuid");

DB_QUERY(catch_missed, 1,
	"WITH missed AS (SELECT v.variant_id, v.location_id FROM level v"
	"  WHERE v.on_hand - v.reserved <= v.threshold AND v.threshold > 0"
	"  AND NOT EXISTS (SELECT FROM low_stock s"
	"   WHERE s.variant_id = v.variant_id AND s.location_id = v.location_id)"
	"  LIMIT $1::int), noted AS (INSERT INTO low_stock"
	"  (variant_id, location_id) SELECT variant_id, location_id FROM missed"
	"  ON CONFLICT ON CONSTRAINT low_stock_pkey DO NOTHING"
	"  RETURNING variant_id, location_id)"
	" SELECT" LOW_COLUMNS " FROM noted n JOIN level v"
	"  ON v.variant_id = n.variant_id AND v.location_id = n.location_id"
	" JOIN location l ON l.id = v.location_id"
	" LEFT JOIN variant_info i ON i.variant_id = v.variant_id");

DB_QUERY(forget_recovered, 0,
	"DELETE FROM low_stock s USING level v WHERE v.variant_id = s.variant_id"
	" AND v.location_id = s.location_id"
	" AND v.on_hand - v.reserved > v.threshold");

DB_QUERY(take_day, 1,
	"INSERT INTO low_stock_digest (day)"
	" SELECT (now() AT TIME ZONE $1)::date"
	" WHERE extract(hour FROM now() AT TIME ZONE $1) >= 7"
	" ON CONFLICT ON CONSTRAINT low_stock_digest_pkey DO NOTHING");
DB_QUERY(list_low, 1,
	"SELECT" LOW_COLUMNS " FROM low_stock s JOIN level v"
	"  ON v.variant_id = s.variant_id AND v.location_id = s.location_id"
	" JOIN location l ON l.id = v.location_id"
	" LEFT JOIN variant_info i ON i.variant_id = v.variant_id"
	" WHERE v.on_hand - v.reserved <= v.threshold"
	" ORDER BY v.on_hand - v.reserved, v.variant_id LIMIT $1::int");
DB_QUERY(count_low, 0, "SELECT count(*) FROM low_stock");

void
low_stock_tell(struct request *r, const struct level *v)
{
	struct low low;

	if (!db_one(r->db, &describe, &low_schema, &low, P(v->variant_id),
	    P(v->location_id)))
		return;
	low.available = v->available;	/* as it is once this has happened */
	event_emit(r, EVENT_STOCK_LOW, v->variant_id, &low_schema, &low);
}

int64_t
low_stock_catch_up(struct request *r, int limit)
{
	int64_t recovered;
	struct low *rows;
	size_t n;

	if (!step_begin(r))
		return 0;
	db_exec(r->db, &forget_recovered);
	recovered = db_touched(r->db);
	if (!db_all(r->db, &catch_missed, &low_schema, &rows, &n, P(limit)))
		return 0;
	for (size_t i = 0; i < n; i++)
		event_emit(r, EVENT_STOCK_LOW, rows[i].variant_id, &low_schema,
		    &rows[i]);
	return step_end(r) ? recovered + (int64_t)n : 0;
}

struct digest {
	struct low *levels;
	size_t levels_n;
	int64_t total;
};

static SCHEMA(digest_schema, struct digest,
	FIELD_LIST(struct digest, levels, levels_n, &low_schema),
	FIELD_I64(struct digest, total));

bool
low_stock_digest(struct request *r)
{
	struct digest digest;
	bool is_due;

	if (!step_begin(r))
		return false;
	is_due = db_exec(r->db, &take_day, P(r->app->conf->time_zone));
	if (is_due && db_all(r->db, &list_low, &low_schema, &digest.levels,
	    &digest.levels_n, P(DIGEST_MAX)) && digest.levels_n > 0) {
		digest.total = db_integer(r->db, &count_low, 0);
		event_emit(r, EVENT_STOCK_LOW_DIGEST, uuid_new(), &digest_schema,
		    &digest);
	}
	return step_end(r) && is_due;
}
