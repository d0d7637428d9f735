/*
 * What inventory tells of its stock, so that lists know what can be bought. An
 * event says how many are available after it; the newest number counts.
 */
#include "catalog.h"

#include <json-c/json.h>

DB_QUERY(put_stock, 2,
	"INSERT INTO stock (variant_id, location_id, available, number)"
	" SELECT e.variant_id, e.location_id,"
	"  e.available + coalesce(e.backorder_limit, 0), $2::bigint"
	" FROM jsonb_to_recordset($1::jsonb) AS e(variant_id uuid,"
	"  location_id uuid, available int, backorder_limit int)"
	" WHERE e.available IS NOT NULL ORDER BY e.variant_id, e.location_id"
	" ON CONFLICT ON CONSTRAINT stock_pkey DO UPDATE"
	" SET available = excluded.available, number = excluded.number"
	" WHERE stock.number < excluded.number");
DB_QUERY(refresh_stock, 1,
	"SELECT stock_refresh(ARRAY(SELECT e.variant_id"
	" FROM jsonb_to_recordset($1::jsonb) AS e(variant_id uuid)))");

/* A level alone, or the lines of a hold with their levels. */
bool
on_stock(struct request *r, const struct event *event)
{
	struct json_object *lines;
	const char *text;

	if (json_object_object_get_ex(event->data, "lines", &lines))
		text = json_object_to_json_string(lines);
	else
		text = arena_printf(r->arena, "[%s]",
		    json_object_to_json_string(event->data));
	if (db_exec(r->db, &put_stock, P(text), P(event->number)))
		db_exec(r->db, &refresh_stock, P(text));
	return !request_failed(r);
}
