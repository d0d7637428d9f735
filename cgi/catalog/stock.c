/*
 * What inventory tells of its stock, so that lists know what can be bought. An
 * event says how many are available after it; the newest number counts.
 */
#include "catalog.h"

#include <json-c/json.h>

DB_QUERY(put_stock, 1,
	"INSERT INTO stock (variant_id, location_id, available, number)"
	" SELECT DISTINCT ON (e.variant_id, e.location_id) e.variant_id,"
	"  e.location_id, e.available + coalesce(e.backorder_limit, 0), t.number"
	" FROM jsonb_to_recordset($1::jsonb) AS t(number bigint, lines jsonb),"
	"  jsonb_to_recordset(t.lines) AS e(variant_id uuid, location_id uuid,"
	"   available int, backorder_limit int)"
	" WHERE e.available IS NOT NULL"
	" ORDER BY e.variant_id, e.location_id, t.number DESC"
	" ON CONFLICT ON CONSTRAINT stock_pkey DO UPDATE"
	" SET available = excluded.available, number = excluded.number"
	" WHERE stock.number < excluded.number");
DB_QUERY(refresh_stock, 1,
	"SELECT stock_refresh(ARRAY(SELECT e.variant_id"
	" FROM jsonb_to_recordset($1::jsonb) AS t(lines jsonb),"
	"  jsonb_to_recordset(t.lines) AS e(variant_id uuid)))");

/* A level alone, or the lines of a hold with their levels; of many events. */
bool
on_stock(struct request *r, const struct event *const *events, size_t n)
{
	struct json_object *told = json_object_new_array(), *row, *lines;
	const char *text;

	for (size_t i = 0; i < n; i++) {
		if (json_object_object_get_ex(events[i]->data, "lines", &lines)) {
			lines = json_object_get(lines);
		} else {
			lines = json_object_new_array();
			json_object_array_add(lines, json_object_get(events[i]->data));
		}
		row = json_object_new_object();
		json_object_object_add(row, "number",
		    json_object_new_int64(events[i]->number));
		json_object_object_add(row, "lines", lines);
		json_object_array_add(told, row);
	}
	text = arena_strdup(r->arena, json_object_to_json_string_ext(told,
	    JSON_C_TO_STRING_PLAIN));
	json_object_put(told);
	if (db_exec(r->db, &put_stock, P(text)))
		db_exec(r->db, &refresh_stock, P(text));
	return !request_failed(r);
}
