/*
 * Holds: what an order has been promised. All lines or none; a hold lapses by
 * itself at `until`; paid or shipped, it becomes a sale; undone, it is given
 * back. Every call may come twice.
 */
#include "inventory.h"

#include <json-c/json.h>

#include "web/json_out.h"

#define LINES_MAX 100

enum hold_state { HOLD_HELD, HOLD_RELEASED, HOLD_SOLD, HOLD_SHORT };

static const char *const hold_states[] = {
	"held", "released", "sold", "short", NULL
};

struct hold {
	struct uuid order_id;
	enum hold_state state;
	int64_t until;
	bool is_lapsed;
};

SCHEMA(hold_schema, struct hold,
	FIELD_UUID(struct hold, order_id),
	FIELD_ENUM(struct hold, state, hold_states),
	FIELD_TIME(struct hold, until),
	FIELD_BOOL(struct hold, is_lapsed));

static SCHEMA(line_input, struct stock_line,
	FIELD_UUID(struct stock_line, variant_id, .required = true),
	FIELD_I32(struct stock_line, quantity, .min = 1, .max = 9999,
	    .required = true));

static SCHEMA(line_schema, struct stock_line,
	FIELD_UUID(struct stock_line, variant_id),
	FIELD_UUID(struct stock_line, location_id),
	FIELD_I32(struct stock_line, quantity),
	FIELD_BOOL(struct stock_line, is_live),
	FIELD_I32(struct stock_line, sold),
	FIELD_I32(struct stock_line, available,
	    .help = "Of the level afterwards, with its backorders"));

static SCHEMA(lack_schema, struct stock_line,
	FIELD_UUID(struct stock_line, variant_id),
	FIELD_I32(struct stock_line, quantity),
	FIELD_I32(struct stock_line, available));

struct hold_put {
	struct uuid order_id;
	struct stock_line *lines;
	size_t lines_n;
	int64_t until;
};

SCHEMA(hold_put_input, struct hold_put,
	FIELD_UUID(struct hold_put, order_id, .required = true),
	FIELD_LIST(struct hold_put, lines, lines_n, &line_input,
	    .required = true, .min = 1, .max = LINES_MAX),
	FIELD_TIME(struct hold_put, until, .required = true));

struct hold_id {
	struct uuid order_id;
};

SCHEMA(hold_id_input, struct hold_id,
	FIELD_UUID(struct hold_id, order_id, .required = true));

struct told {
	struct uuid order_id;
	struct stock_line *lines;
	size_t lines_n;
};

static SCHEMA(told_schema, struct told,
	FIELD_UUID(struct told, order_id),
	FIELD_LIST(struct told, lines, lines_n, &line_schema));

DB_QUERY(find_hold, 1,
	"SELECT order_id, state, until,"
	" state = 'held' AND (until <= now() OR EXISTS (SELECT FROM hold_line l"
	"  WHERE l.order_id = hold.order_id AND NOT l.is_live)) AS is_lapsed"
	" FROM hold WHERE order_id = $1::uuid");

DB_QUERY(find_lines, 1,
	"SELECT variant_id, location_id, quantity, is_live, sold FROM hold_line"
	" WHERE order_id = $1::uuid ORDER BY variant_id, location_id");

DB_QUERY(put_hold, 2,
	"INSERT INTO hold (order_id, state, until)"
	" VALUES ($1::uuid, 'held', $2::timestamptz)"
	" ON CONFLICT ON CONSTRAINT hold_pkey DO UPDATE"
	" SET state = 'held', until = excluded.until");

DB_QUERY(drop_lines, 1,
	"WITH gone AS (DELETE FROM hold_line WHERE order_id = $1::uuid"
	"  RETURNING variant_id, location_id, quantity, is_live)"
	" UPDATE level v SET reserved = v.reserved - g.quantity FROM gone g"
	" WHERE g.is_live AND v.variant_id = g.variant_id"
	" AND v.location_id = g.location_id");

DB_QUERY(put_lines, 2,
	"WITH line AS (INSERT INTO hold_line (order_id, variant_id, location_id,"
	"  quantity) SELECT $1::uuid, e.variant_id, e.location_id, e.quantity"
	"  FROM jsonb_to_recordset($2::jsonb)"
	"   AS e(variant_id uuid, location_id uuid, quantity int)"
	"  RETURNING variant_id, location_id, quantity)"
	" UPDATE level v SET reserved = v.reserved + l.quantity FROM line l"
	" WHERE v.variant_id = l.variant_id AND v.location_id = l.location_id");

DB_QUERY(set_hold_state, 2,
	"UPDATE hold SET state = $2 WHERE order_id = $1::uuid");

/* One statement each way for all lines of an order: level, line and ledger. */
DB_QUERY(sell_lines, 3,
	"WITH taken AS (SELECT e.variant_id, e.location_id, e.sold, l.quantity,"
	"  l.is_live FROM jsonb_to_recordset($2::jsonb)"
	"   AS e(variant_id uuid, location_id uuid, sold int, id uuid)"
	"  JOIN hold_line l ON l.order_id = $1::uuid"
	"   AND l.variant_id = e.variant_id AND l.location_id = e.location_id),"
	" level_moved AS (UPDATE level v SET on_hand = v.on_hand - t.sold,"
	"  reserved = v.reserved - CASE WHEN t.is_live THEN t.quantity ELSE 0 END"
	"  FROM taken t WHERE v.variant_id = t.variant_id"
	"  AND v.location_id = t.location_id RETURNING v.variant_id),"
	" line_moved AS (UPDATE hold_line l SET sold = t.sold, is_live = false"
	"  FROM taken t WHERE l.order_id = $1::uuid"
	"  AND l.variant_id = t.variant_id AND l.location_id = t.location_id"
	"  RETURNING l.variant_id)"
	" INSERT INTO movement (id, variant_id, location_id, delta, reason,"
	"  order_id, actor) SELECT gen_random_uuid(), t.variant_id, t.location_id,"
	"  -t.sold, 'sale', $1::uuid, $3 FROM taken t WHERE t.sold > 0");

DB_QUERY(put_back, 2,
	"WITH line AS (SELECT variant_id, location_id, quantity, is_live, sold"
	"  FROM hold_line WHERE order_id = $1::uuid),"
	" level_moved AS (UPDATE level v SET on_hand = v.on_hand + l.sold,"
	"  reserved = v.reserved - CASE WHEN l.is_live THEN l.quantity ELSE 0 END"
	"  FROM line l WHERE v.variant_id = l.variant_id"
	"  AND v.location_id = l.location_id RETURNING v.variant_id),"
	" line_moved AS (UPDATE hold_line SET sold = 0, is_live = false"
	"  WHERE order_id = $1::uuid RETURNING variant_id)"
	" INSERT INTO movement (id, variant_id, location_id, delta, reason,"
	"  order_id, actor) SELECT gen_random_uuid(), l.variant_id, l.location_id,"
	"  l.sold, 'cancelled', $1::uuid, $2 FROM line l WHERE l.sold > 0");

/* The lines' variants as a JSON array, for levels_lock(). */
static const char *
variants_of(struct request *r, const struct stock_line *lines, size_t n)
{
	struct buf out;
	char text[UUID_TEXT_SIZE];

	buf_init(&out, r->arena, 2 * LINES_MAX * 40);
	buf_putc(&out, '[');
	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s\"%s\"", i > 0 ? "," : "",
		    uuid_text(&lines[i].variant_id, text));
	buf_putc(&out, ']');
	return out.data;
}

static int
compare_lines(const void *a, const void *b)
{
	return memcmp(&((const struct stock_line *)a)->variant_id,
	    &((const struct stock_line *)b)->variant_id, sizeof(struct uuid));
}

/* Two lines of one variant are one: availability is tested on the sum. */
static size_t
merge_lines(struct stock_line *lines, size_t n)
{
	size_t kept = 0;

	qsort(lines, n, sizeof(*lines), compare_lines);
	for (size_t i = 1; i < n; i++)
		if (uuid_equal(&lines[kept].variant_id, &lines[i].variant_id))
			lines[kept].quantity += lines[i].quantity;
		else
			lines[++kept] = lines[i];
	return kept + 1;
}

/* Takes up to `wanted` of a level for its line; what is still wanted. */
static int32_t
take(struct level *v, int32_t wanted, int32_t most, struct stock_line *taken,
    size_t *taken_n)
{
	int32_t n = wanted < most ? wanted : most;
	size_t i = 0;

	while (i < *taken_n && !(uuid_equal(&taken[i].variant_id, &v->variant_id) &&
	    uuid_equal(&taken[i].location_id, &v->location_id)))
		i++;
	if (i == *taken_n)
		taken[(*taken_n)++] = (struct stock_line){
		    .variant_id = v->variant_id, .location_id = v->location_id };
	taken[i].quantity += n;
	v->available -= n;
	return wanted - n;
}

/*
 * Spreads the wanted lines over the locked levels: what lies there first, in
 * the order of the locations' priorities, then what may be sold on backorder.
 * Fills `taken` (a row per variant and location) and, where it does not reach,
 * `lacking`.
 */
static void
allocate(const struct hold_put *in, struct level *levels, size_t levels_n,
    struct stock_line *taken, size_t *taken_n,
    struct stock_line *lacking, size_t *lacking_n)
{
	for (size_t i = 0; i < in->lines_n; i++) {
		const struct stock_line *want = &in->lines[i];
		int32_t left = want->quantity;

		for (int pass = 0; pass < 2; pass++)
			for (size_t k = 0; k < levels_n && left > 0; k++) {
				struct level *v = &levels[k];
				int32_t most = v->available +
				    (pass == 1 ? v->backorder_limit : 0);

				if (v->is_active && most > 0 && uuid_equal(
				    &v->variant_id, &want->variant_id))
					left = take(v, left, most, taken, taken_n);
			}
		if (left > 0)
			lacking[(*lacking_n)++] = (struct stock_line){
			    .variant_id = want->variant_id,
			    .quantity = want->quantity,
			    .available = want->quantity - left };
	}
}

static const char *
lines_json(struct request *r, const struct schema *schema,
    const struct stock_line *lines, size_t n)
{
	struct json_object *list = json_out_list(schema, lines, n, NULL);
	const char *text = arena_strdup(r->arena,
	    json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN));

	json_object_put(list);
	return text;
}

static int
answer_hold(struct request *r, struct uuid order_id)
{
	struct hold hold;

	if (!db_one(r->db, &find_hold, &hold_schema, &hold, P(order_id)))
		return problem(r, PROBLEM_NOT_FOUND);
	return reply(r, 200, &hold_schema, &hold);
}

int
hold_put(struct request *r)
{
	struct hold_put *in = r->input;
	struct hold hold;
	struct level *levels;
	struct stock_line *taken, *lacking;
	size_t levels_n, taken_n = 0, lacking_n = 0;

	in->lines_n = merge_lines(in->lines, in->lines_n);
	levels_lock(r, variants_of(r, in->lines, in->lines_n), &levels, &levels_n);
	if (db_one(r->db, &find_hold, &hold_schema, &hold, P(in->order_id)) &&
	    !hold.is_lapsed) {
		if (hold.state == HOLD_RELEASED)
			return problem(r, PROBLEM_CONFLICT);
		if (hold.state == HOLD_HELD)
			db_exec(r->db, &put_hold, P(in->order_id), P_TIME(in->until));
		return answer_hold(r, in->order_id);
	}
	db_exec(r->db, &drop_lines, P(in->order_id));	/* of one that lapsed */
	taken = arena_new_array(r->arena, struct stock_line, levels_n + 1);
	lacking = arena_new_array(r->arena, struct stock_line, in->lines_n);
	allocate(in, levels, levels_n, taken, &taken_n, lacking, &lacking_n);
	if (lacking_n > 0) {
		problem_member(r, "lines",
		    json_out_list(&lack_schema, lacking, lacking_n, NULL));
		return problem(r, PROBLEM_OUT_OF_STOCK);
	}
	db_exec(r->db, &put_hold, P(in->order_id), P_TIME(in->until));
	db_exec(r->db, &put_lines, P(in->order_id),
	    P(lines_json(r, &line_schema, taken, taken_n)));
	for (size_t i = 0; i < taken_n; i++) {
		const struct level *v = level_find(levels, levels_n,
		    taken[i].variant_id, taken[i].location_id);

		taken[i].available = v->available + v->backorder_limit;
		level_tell_if_low(r, v, v->available + taken[i].quantity);
	}
	event_emit(r, EVENT_HOLD_PLACED, in->order_id, &told_schema,
	    &(struct told){ in->order_id, taken, taken_n });
	return answer_hold(r, in->order_id);
}

int
hold_get(struct request *r)
{
	const struct hold_id *in = request_input(r);

	return answer_hold(r, in->order_id);
}

int
hold_delete(struct request *r)
{
	const struct hold_id *in = request_input(r);

	hold_release(r, in->order_id);
	return reply_empty(r, 204);
}

/* The hold and its lines, with their levels locked; false: no such hold. */
static bool
lock_hold(struct request *r, struct uuid order_id, struct hold *hold,
    struct stock_line **lines, size_t *n, struct level **levels,
    size_t *levels_n)
{
	if (!db_all(r->db, &find_lines, &line_schema, lines, n, P(order_id)))
		return false;
	levels_lock(r, variants_of(r, *lines, *n), levels, levels_n);
	/* again: what was read before the lock may have changed */
	return db_all(r->db, &find_lines, &line_schema, lines, n, P(order_id)) &&
	    db_one(r->db, &find_hold, &hold_schema, hold, P(order_id));
}

static SCHEMA(sale_schema, struct stock_line,
	FIELD_UUID(struct stock_line, variant_id),
	FIELD_UUID(struct stock_line, location_id),
	FIELD_I32(struct stock_line, sold));

/* What a hold still promises is taken; of a lapsed line, what nobody else was
 * promised meanwhile. What then lacks is told, never refused: it is paid. */
bool
hold_sell(struct request *r, struct uuid order_id)
{
	struct hold hold;
	struct stock_line *lines;
	struct level *levels;
	size_t n, levels_n;
	bool is_short = false;

	if (!lock_hold(r, order_id, &hold, &lines, &n, &levels, &levels_n))
		return !request_failed(r);
	if (hold.state != HOLD_HELD)
		return true;
	for (size_t i = 0; i < n; i++) {
		const struct level *v = level_find(levels, levels_n,
		    lines[i].variant_id, lines[i].location_id);
		int32_t most = lines[i].is_live ? v->on_hand : v->available;

		if (most < 0)
			most = 0;
		lines[i].sold = lines[i].quantity < most ? lines[i].quantity : most;
		is_short |= lines[i].sold < lines[i].quantity;
		lines[i].available = v->available + v->backorder_limit -
		    lines[i].sold + (lines[i].is_live ? lines[i].quantity : 0);
	}
	db_exec(r->db, &sell_lines, P(order_id),
	    P(lines_json(r, &sale_schema, lines, n)), P(r->actor));
	db_exec(r->db, &set_hold_state, P(order_id),
	    P(is_short ? "short" : "sold"));
	event_emit(r, is_short ? EVENT_STOCK_SHORT : EVENT_HOLD_SOLD, order_id,
	    &told_schema, &(struct told){ order_id, lines, n });
	return !request_failed(r);
}

bool
hold_release(struct request *r, struct uuid order_id)
{
	struct hold hold;
	struct stock_line *lines;
	struct level *levels;
	size_t n, levels_n;

	if (!lock_hold(r, order_id, &hold, &lines, &n, &levels, &levels_n))
		return !request_failed(r);
	if (hold.state == HOLD_RELEASED)
		return true;
	db_exec(r->db, &put_back, P(order_id), P(r->actor));
	for (size_t i = 0; i < n; i++) {
		struct level *v = level_find(levels, levels_n,
		    lines[i].variant_id, lines[i].location_id);

		if (v == NULL)
			continue;
		v->available += lines[i].sold +
		    (lines[i].is_live ? lines[i].quantity : 0);
		lines[i].available = v->available + v->backorder_limit;
		level_tell_if_low(r, v, v->available - lines[i].sold -
		    (lines[i].is_live ? lines[i].quantity : 0));
	}
	db_exec(r->db, &set_hold_state, P(order_id), P("released"));
	event_emit(r, EVENT_HOLD_RELEASED, order_id, &told_schema,
	    &(struct told){ order_id, lines, n });
	return !request_failed(r);
}

bool
on_order_paid(struct request *r, const struct event *event)
{
	return hold_sell(r, event->subject);
}

bool
on_order_undone(struct request *r, const struct event *event)
{
	return hold_release(r, event->subject);
}
