/*
 * The staff's pages of stock: /admin/stock, a row a variant and location with
 * its name and the days that it lasts, and /admin/stock/{variant_id}; and
 * GET /inventory/stock?at=, what lay there at a time, out of the ledger.
 */
#include "inventory.h"

#include <json-c/json.h>

#include "db/sql.h"
#include "web/json_out.h"

#define SALES_DAYS 28
#define SALES_DAYS_TEXT "28"

struct stock_row {
	struct uuid variant_id, location_id;
	const char *location, *location_name, *sku, *name;
	int32_t on_hand, reserved, available, damaged, incoming, threshold;
	int32_t own_threshold, backorder_limit, sold, days_left;
	bool is_low, has_own, has_days;
};

static SCHEMA(stock_row_schema, struct stock_row,
	FIELD_UUID(struct stock_row, variant_id),
	FIELD_UUID(struct stock_row, location_id),
	FIELD_TEXT(struct stock_row, location),
	FIELD_TEXT(struct stock_row, location_name),
	FIELD_TEXT(struct stock_row, sku),
	FIELD_TEXT(struct stock_row, name),
	FIELD_I32(struct stock_row, on_hand),
	FIELD_I32(struct stock_row, reserved),
	FIELD_I32(struct stock_row, available),
	FIELD_I32(struct stock_row, damaged),
	FIELD_I32(struct stock_row, incoming),
	FIELD_I32(struct stock_row, threshold),
	FIELD_I32(struct stock_row, own_threshold,
	    HAS(struct stock_row, has_own)),
	FIELD_I32(struct stock_row, backorder_limit),
	FIELD_I32(struct stock_row, sold),
	FIELD_I32(struct stock_row, days_left, HAS(struct stock_row, has_days)),
	FIELD_BOOL(struct stock_row, is_low));

struct stock_query {
	const char *q, *location, *after;
	bool low;
};

SCHEMA(stock_page_input, struct stock_query,
	FIELD_TEXT(struct stock_query, q, .max = 100),
	FIELD_TEXT(struct stock_query, location, .max = 64),
	FIELD_BOOL(struct stock_query, low),
	FIELD_TEXT(struct stock_query, after, .max = 300));

#define PAGE_ROWS 50

/* What the last weeks sold says how long the rest lasts. */
static void
forecast(struct stock_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		rows[i].has_own = rows[i].own_threshold >= 0;
		rows[i].has_days = rows[i].sold > 0;
		if (rows[i].has_days && rows[i].available > 0)
			rows[i].days_left = (int32_t)((int64_t)rows[i].available *
			    SALES_DAYS / rows[i].sold);
	}
}

static void
select_rows(struct request *r, struct sql *sql)
{
	sql_start(sql, r->arena,
	    "SELECT v.variant_id, v.location_id, l.code AS location,"
	    " l.name AS location_name, coalesce(i.sku, '') AS sku,"
	    " coalesce(CASE ? WHEN 'en' THEN i.name_en ELSE i.name_es END,"
	    "  v.variant_id::text) AS name, v.on_hand, v.reserved,"
	    " v.on_hand - v.reserved AS available, v.damaged, v.incoming,"
	    " v.threshold, coalesce(v.own_threshold, -1) AS own_threshold,"
	    " v.backorder_limit, v.on_hand - v.reserved <= v.threshold AS is_low,"
	    " coalesce((SELECT -sum(m.delta) FROM movement m"
	    "  WHERE m.variant_id = v.variant_id"
	    "  AND m.location_id = v.location_id"
	    "  AND m.reason IN ('sale', 'cancelled', 'returned')"
	    "  AND m.at > now() - interval '" SALES_DAYS_TEXT " days'), 0)::int"
	    "  AS sold FROM level v JOIN location l ON l.id = v.location_id"
	    " LEFT JOIN variant_info i ON i.variant_id = v.variant_id WHERE true",
	    P(r->lang));
}

static bool
run(struct request *r, struct sql *sql, struct stock_row **rows, size_t *n)
{
	if (!sql_all(r->db, sql, &stock_row_schema, (void **)rows, n))
		return false;
	forecast(*rows, *n);
	return true;
}

static bool
build(struct request *r, const struct stock_query *in, struct sql *sql)
{
	const char *after[2];
	struct uuid variant, location;

	select_rows(r, sql);
	if (in->location != NULL)
		sql_add(sql, " AND l.code = ?", P(in->location));
	if (in->low)
		sql_add(sql, " AND v.on_hand - v.reserved <= v.threshold");
	if (in->q != NULL)
		sql_add(sql, " AND (i.sku LIKE ? || '%' OR i.name_es ILIKE ?"
		    " OR i.name_en ILIKE ?)", P(in->q),
		    P(arena_printf(r->arena, "%%%s%%", in->q)),
		    P(arena_printf(r->arena, "%%%s%%", in->q)));
	if (in->after != NULL) {
		if (!cursor_read(r, in->after, after, 2))
			return false;
		if (!uuid_parse(after[0], &variant) ||
		    !uuid_parse(after[1], &location))
			return cursor_refuse(r);
		sql_add(sql, " AND (v.variant_id, v.location_id)"
		    " > (?::uuid, ?::uuid)", P(variant), P(location));
	}
	sql_add(sql, " ORDER BY v.variant_id, v.location_id LIMIT ?::int",
	    P(PAGE_ROWS + 1));
	return true;
}

/* Asks for names that lack, and whether there were any to ask for. */
static bool
learn(struct request *r, const struct stock_row *rows, size_t n)
{
	struct uuid *ids = arena_new_array(r->arena, struct uuid, n + 1);
	size_t ids_n = 0;

	for (size_t i = 0; i < n; i++)
		if (rows[i].sku[0] == '\0')
			ids[ids_n++] = rows[i].variant_id;
	if (ids_n > 0)
		variants_learn(r, ids, ids_n);
	return ids_n > 0;
}

int
stock_page(struct request *r)
{
	const struct stock_query *in = request_input(r);
	const char *next = NULL;
	struct stock_row *rows;
	char id[UUID_TEXT_SIZE];
	struct uuid found;
	struct sql sql;
	size_t n;

	if (!build(r, in, &sql) || !run(r, &sql, &rows, &n))
		return r->status;
	if (learn(r, rows, n) && (!build(r, in, &sql) ||
	    !run(r, &sql, &rows, &n)))
		return r->status;
	if (n == 0 && in->q != NULL && in->after == NULL &&
	    variant_of_sku(r, in->q, &found)) {	/* nobody knew it by name */
		if (!build(r, in, &sql) || !run(r, &sql, &rows, &n))
			return r->status;
		if (n == 0)	/* it has no level yet */
			return reply_redirect(r, arena_printf(r->arena,
			    "/admin/stock/%s", uuid_text(&found, id)));
	}
	if (n > PAGE_ROWS) {
		char variant[UUID_TEXT_SIZE], location[UUID_TEXT_SIZE];
		const struct stock_row *last = &rows[--n - 1];

		next = cursor_make(r, "%s|%s", uuid_text(&last->variant_id,
		    variant), uuid_text(&last->location_id, location));
	}
	page_set_locations(r);
	page_set(r, "q", json_object_new_string(in->q != NULL ? in->q : ""));
	page_set(r, "low", json_object_new_boolean(in->low));
	return reply_list(r, &stock_row_schema, rows, n, next);
}

struct variant_name {
	const char *sku, *name;
};

static SCHEMA(name_schema, struct variant_name,
	FIELD_TEXT(struct variant_name, sku),
	FIELD_TEXT(struct variant_name, name));

DB_QUERY(find_name, 2,
	"SELECT sku, CASE $2 WHEN 'en' THEN name_en ELSE name_es END AS name"
	" FROM variant_info WHERE variant_id = $1::uuid");

int
level_page(struct request *r)
{
	const struct movement_list *in = request_input(r);
	struct variant_name name = { "", "" };
	struct json_object *answer;
	struct stock_row *rows;
	char id[UUID_TEXT_SIZE];
	struct sql sql;
	size_t n;

	variants_learn(r, &in->variant, 1);
	select_rows(r, &sql);
	sql_add(&sql, " AND v.variant_id = ?::uuid", P(in->variant));
	if (in->location != NULL)
		sql_add(&sql, " AND l.code = ?", P(in->location));
	sql_add(&sql, " ORDER BY l.priority, l.code LIMIT 200");
	if (!run(r, &sql, &rows, &n))
		return 0;
	if (!db_one(r->db, &find_name, &name_schema, &name, P(in->variant),
	    P(r->lang))) {
		if (n == 0)
			return problem(r, PROBLEM_NOT_FOUND);
		name = (struct variant_name){ "", uuid_text(&in->variant, id) };
	}
	page_set_locations(r);
	answer = json_object_new_object();
	json_object_object_add(answer, "variant_id",
	    json_object_new_string(uuid_text(&in->variant, id)));
	json_object_object_add(answer, "sku", json_object_new_string(name.sku));
	json_object_object_add(answer, "name", json_object_new_string(name.name));
	json_object_object_add(answer, "levels",
	    json_out_list(&stock_row_schema, rows, n, r->lang));
	return reply_json(r, 200, answer);
}

struct stock_at {
	int64_t at;
	struct uuid variant, variant_id;
	const char *after, *location;
	int32_t limit, on_hand, damaged, incoming;
};

SCHEMA(stock_at_input, struct stock_at,
	FIELD_TIME(struct stock_at, at, .required = true),
	FIELD_UUID(struct stock_at, variant),
	FIELD_TEXT(struct stock_at, location, .max = 64),
	FIELD_TEXT(struct stock_at, after, .max = 300),
	FIELD_I32(struct stock_at, limit, .min = 1, .max = 100,
	    .preset = "50"));

SCHEMA(stock_at_schema, struct stock_at,
	FIELD_UUID(struct stock_at, variant_id),
	FIELD_TEXT(struct stock_at, location),
	FIELD_I32(struct stock_at, on_hand),
	FIELD_I32(struct stock_at, damaged),
	FIELD_I32(struct stock_at, incoming));

/* Today's numbers less what the ledger has booked since. */
int
stock_at(struct request *r)
{
	const struct stock_at *in = request_input(r);
	const char *after[2], *next = NULL;
	struct stock_at *rows;
	struct uuid variant;
	struct sql sql;
	size_t n;

	sql_start(&sql, r->arena,
	    "SELECT v.variant_id, l.code AS location,"
	    " (v.on_hand - m.on_hand)::int AS on_hand,"
	    " (v.damaged - m.damaged)::int AS damaged,"
	    " (v.incoming - m.incoming)::int AS incoming"
	    " FROM level v JOIN location l ON l.id = v.location_id"
	    " CROSS JOIN LATERAL (SELECT coalesce(sum(delta), 0) AS on_hand,"
	    "  coalesce(sum(damaged), 0) AS damaged,"
	    "  coalesce(sum(incoming), 0) AS incoming FROM movement x"
	    "  WHERE x.variant_id = v.variant_id"
	    "  AND x.location_id = v.location_id AND x.at > ?::timestamptz) AS m"
	    " WHERE true", P_TIME(in->at));
	if (!uuid_is_nil(&in->variant))
		sql_add(&sql, " AND v.variant_id = ?::uuid", P(in->variant));
	if (in->location != NULL)
		sql_add(&sql, " AND l.code = ?", P(in->location));
	if (in->after != NULL) {
		if (!cursor_read(r, in->after, after, 2) ||
		    (!uuid_parse(after[0], &variant) && !cursor_refuse(r)))
			return r->status;
		sql_add(&sql, " AND (v.variant_id, l.code) > (?::uuid, ?)",
		    P(variant), P(after[1]));
	}
	sql_add(&sql, " ORDER BY v.variant_id, l.code LIMIT ?::int",
	    P(in->limit + 1));
	if (!sql_all(r->db, &sql, &stock_at_schema, (void **)&rows, &n))
		return 0;
	if (n > (size_t)in->limit) {
		char text[UUID_TEXT_SIZE];
		const struct stock_at *last = &rows[--n - 1];

		next = cursor_make(r, "%s|%s", uuid_text(&last->variant_id, text),
		    last->location);
	}
	return reply_list(r, &stock_at_schema, rows, n, next);
}
