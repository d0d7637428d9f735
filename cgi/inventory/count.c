/*
 * Stock counts: opened for a location, filled line by line while the shop goes
 * on selling, and closed: then what was counted corrects the books. Each line
 * keeps what the books said when it was counted, so a sale between counting
 * and closing does not count twice.
 */
#include "inventory.h"

struct count_line {
	struct uuid id, variant_id;
	const char *variant, *sku, *name;
	int32_t counted, on_hand, difference;
};

struct count {
	struct uuid id, location_id;
	const char *location, *state, *note;
	int64_t opened_at, closed_at;
	struct count_line *lines;
	size_t lines_n;
};

SCHEMA(count_add_input, struct count,
	FIELD_TEXT(struct count, location, .max = 64, .preset = "main"),
	FIELD_TEXT(struct count, note, .max = 500, .preset = ""));

SCHEMA(count_id_input, struct count,
	FIELD_UUID(struct count, id, .required = true));

SCHEMA(count_line_input, struct count_line,
	FIELD_UUID(struct count_line, id, .required = true),
	FIELD_TEXT(struct count_line, variant, .required = true, .max = 100,
	    .help = "An id or an article number"),
	FIELD_I32(struct count_line, counted, .required = true, .max = 1000000));

static SCHEMA(line_schema, struct count_line,
	FIELD_UUID(struct count_line, variant_id),
	FIELD_TEXT(struct count_line, sku),
	FIELD_TEXT(struct count_line, name),
	FIELD_I32(struct count_line, counted),
	FIELD_I32(struct count_line, on_hand),
	FIELD_I32(struct count_line, difference));

#define COUNT_FIELDS \
	FIELD_UUID(struct count, id), \
	FIELD_TEXT(struct count, location), \
	FIELD_TEXT(struct count, state), \
	FIELD_TEXT(struct count, note), \
	FIELD_TIME(struct count, opened_at), \
	FIELD_TIME(struct count, closed_at)

SCHEMA(count_schema, struct count, COUNT_FIELDS,
	FIELD_LIST(struct count, lines, lines_n, &line_schema));
static SCHEMA(row_schema, struct count, COUNT_FIELDS,
	FIELD_UUID(struct count, location_id));

#define COUNT_COLUMNS \
	"SELECT c.id, l.code AS location, c.state, c.note, c.opened_at," \
	" c.closed_at, c.location_id FROM stock_count c" \
	" JOIN location l ON l.id = c.location_id"

DB_QUERY(open_count, 3,
	"INSERT INTO stock_count (id, location_id, note)"
	" VALUES ($1::uuid, $2::uuid, $3)");
DB_QUERY(lock_count, 1,
	COUNT_COLUMNS " WHERE c.id = $1::uuid FOR UPDATE OF c");
DB_QUERY(list_counts, 0, COUNT_COLUMNS " ORDER BY c.id DESC LIMIT 50");
DB_QUERY(find_lines, 2,
	"SELECT l.variant_id, i.sku, CASE $2 WHEN 'en' THEN i.name_en"
	"  ELSE i.name_es END AS name, l.counted, l.on_hand,"
	" l.counted - l.on_hand AS difference FROM stock_count_line l"
	" LEFT JOIN variant_info i ON i.variant_id = l.variant_id"
	" WHERE l.count_id = $1::uuid ORDER BY i.sku, l.variant_id");
DB_QUERY(put_line, 4,
	"INSERT INTO stock_count_line (count_id, variant_id, counted, on_hand)"
	" SELECT $1::uuid, $2::uuid, $3::int, coalesce((SELECT on_hand FROM level"
	"  WHERE variant_id = $2::uuid AND location_id = $4::uuid), 0)"
	" ON CONFLICT ON CONSTRAINT stock_count_line_pkey DO UPDATE"
	" SET counted = excluded.counted, on_hand = excluded.on_hand");
DB_QUERY(close_count, 1,
	"UPDATE stock_count SET state = 'closed', closed_at = now()"
	" WHERE id = $1::uuid");

static int
answer(struct request *r, int status, struct count *c)
{
	if (!db_one(r->db, &lock_count, &row_schema, c, P(c->id)))
		return problem(r, PROBLEM_NOT_FOUND);
	if (!db_all(r->db, &find_lines, &line_schema, &c->lines, &c->lines_n,
	    P(c->id), P(r->lang)))
		return 0;
	return reply(r, status, &count_schema, c);
}

/* The open count, locked; false and the problem. */
static bool
lock_open(struct request *r, struct uuid id, struct count *c)
{
	if (!db_one(r->db, &lock_count, &row_schema, c, P(id)))
		problem(r, PROBLEM_NOT_FOUND);
	else if (!str_eq(c->state, "open"))
		problem(r, PROBLEM_CONFLICT);
	else
		return true;
	return false;
}

int
count_add(struct request *r)
{
	const struct count *in = request_input(r);
	struct count c = { .id = uuid_new() };

	if (!location_find(r, in->location, "location", &c.location_id))
		return r->status;
	db_exec(r->db, &open_count, P(c.id), P(c.location_id), P(in->note));
	if (answer(r, 201, &c) == 201)
		event_emit(r, EVENT_COUNT_OPENED, c.id, &count_schema, &c);
	return r->status;
}

int
count_get(struct request *r)
{
	const struct count *in = request_input(r);
	struct count c = { .id = in->id };

	return answer(r, 200, &c);
}

int
count_list(struct request *r)
{
	struct count *rows;
	size_t n;

	if (!db_all(r->db, &list_counts, &row_schema, &rows, &n))
		return 0;
	page_set_locations(r);
	return reply_list(r, &count_schema, rows, n, NULL);
}

int
count_line_put(struct request *r)
{
	const struct count_line *in = request_input(r);
	struct uuid variant_id;
	struct count c;

	if (!variant_named(r, in->variant, "variant", &variant_id) ||
	    !step_begin(r) || !lock_open(r, in->id, &c))
		return r->status;
	db_exec(r->db, &put_line, P(c.id), P(variant_id), P(in->counted),
	    P(c.location_id));
	answer(r, 200, &c);
	return step_end(r) ? r->status : 0;
}

int
count_close(struct request *r)
{
	const struct count *in = request_input(r);
	struct level *levels;
	struct change *changes;
	struct uuid *ids;
	size_t n, changes_n = 0;
	const char *list;
	struct count c;

	if (!lock_open(r, in->id, &c) || !db_all(r->db, &find_lines,
	    &line_schema, &c.lines, &c.lines_n, P(c.id),
	    P(r->lang)))
		return r->status;
	ids = arena_new_array(r->arena, struct uuid, c.lines_n + 1);
	changes = arena_new_array(r->arena, struct change, c.lines_n + 1);
	for (size_t i = 0; i < c.lines_n; i++) {
		ids[i] = c.lines[i].variant_id;
		if (c.lines[i].difference != 0)
			changes[changes_n++] = (struct change){ ids[i],
			    c.location_id, c.lines[i].difference, 0, 0 };
	}
	list = json_array_of(r, ids, c.lines_n);
	levels_make(r, list, c.location_id);
	levels_lock(r, list, &levels, &n);
	levels_change(r, changes, changes_n, "count", c.note, c.id, NULL, NULL);
	db_exec(r->db, &close_count, P(c.id));
	if (answer(r, 200, &c) == 200)
		event_emit(r, EVENT_COUNT_CLOSED, c.id, &count_schema, &c);
	return r->status;
}
