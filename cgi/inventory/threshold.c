/*
 * GET and PUT /inventory/thresholds: from when on stock is low, for the whole
 * shop (category "") and for categories; a variant's own is its level's.
 */
#include "inventory.h"

struct threshold {
	const char *category;
	int32_t threshold;
};

SCHEMA(threshold_schema, struct threshold,
	FIELD_TEXT(struct threshold, category, .max = 100, .preset = "",
	    .help = "A category's Spanish slug; empty: the whole shop"),
	FIELD_I32(struct threshold, threshold, .required = true, .min = -1,
	    .max = 1000000, .help = "-1: no rule"));

DB_QUERY(list_thresholds, 0,
	"SELECT category, threshold FROM threshold_rule ORDER BY category"
	" LIMIT 1000");
DB_QUERY(put_threshold, 2,
	"INSERT INTO threshold_rule (category, threshold) VALUES ($1, $2::int)"
	" ON CONFLICT ON CONSTRAINT threshold_rule_pkey DO UPDATE"
	" SET threshold = excluded.threshold");
DB_QUERY(drop_threshold, 1, "DELETE FROM threshold_rule WHERE category = $1");
DB_QUERY(refresh_all, 0, "SELECT threshold_refresh(NULL)");

int
threshold_list(struct request *r)
{
	struct threshold *rows;
	size_t n;

	if (!db_all(r->db, &list_thresholds, &threshold_schema, &rows, &n))
		return 0;
	return reply_list(r, &threshold_schema, rows, n, NULL);
}

int
threshold_set(struct request *r)
{
	const struct threshold *in = request_input(r);

	if (in->threshold >= 0)
		db_exec(r->db, &put_threshold, P(in->category),
		    P(in->threshold));
	else
		db_exec(r->db, &drop_threshold, P(in->category));
	db_exec(r->db, &refresh_all);
	event_emit(r, EVENT_THRESHOLD_CHANGED, uuid_new(), &threshold_schema, in);
	return reply(r, 200, &threshold_schema, in);
}
