/*
 * Transfers: sent, the goods leave one location and are incoming at the other;
 * received, they lie there. What never arrives is lost when the transfer is
 * closed.
 */
#include "inventory.h"

#include <json-c/json.h>

#include "db/sql.h"
#include "web/json_out.h"

#define LINES_MAX 100
#define NOTHING ((struct uuid){ 0 })

struct transfer_line {
	const char *variant;		/* as a person names it */
	struct uuid variant_id;
	const char *sku, *name;
	int32_t quantity, received;
};

struct transfer {
	struct uuid id, from_id, to_id;
	const char *from, *to, *state, *note, *text;
	int64_t sent_at, received_at;
	struct transfer_line *lines;
	size_t lines_n;
	bool is_closed;
};

static SCHEMA(line_input, struct transfer_line,
	FIELD_TEXT(struct transfer_line, variant, .required = true, .max = 100,
	    .help = "An id or an article number"),
	FIELD_I32(struct transfer_line, quantity, .required = true, .min = 1,
	    .max = 1000000));

SCHEMA(transfer_add_input, struct transfer,
	FIELD_TEXT(struct transfer, from, .required = true, .max = 64),
	FIELD_TEXT(struct transfer, to, .required = true, .max = 64),
	FIELD_TEXT(struct transfer, note, .max = 500, .preset = ""),
	FIELD_LIST(struct transfer, lines, lines_n, &line_input,
	    .required = true, .min = 1, .max = LINES_MAX));

SCHEMA(transfer_form_input, struct transfer,
	FIELD_TEXT(struct transfer, from, .required = true, .max = 64),
	FIELD_TEXT(struct transfer, to, .required = true, .max = 64),
	FIELD_TEXT(struct transfer, note, .max = 500, .preset = ""),
	FIELD_TEXT(struct transfer, text, .required = true, .multiline = true,
	    .max = 10000));

SCHEMA(transfer_receive_input, struct transfer,
	FIELD_UUID(struct transfer, id, .required = true),
	FIELD_LIST(struct transfer, lines, lines_n, &line_input,
	    .max = LINES_MAX, .help = "Absent: all that is on its way"),
	FIELD_BOOL(struct transfer, is_closed,
	    .help = "What has not arrived by now is lost"));

SCHEMA(transfer_id_input, struct transfer,
	FIELD_UUID(struct transfer, id, .required = true));

static SCHEMA(line_schema, struct transfer_line,
	FIELD_UUID(struct transfer_line, variant_id),
	FIELD_TEXT(struct transfer_line, sku),
	FIELD_TEXT(struct transfer_line, name),
	FIELD_I32(struct transfer_line, quantity),
	FIELD_I32(struct transfer_line, received));

#define TRANSFER_FIELDS \
	FIELD_UUID(struct transfer, id), \
	FIELD_TEXT(struct transfer, from), \
	FIELD_TEXT(struct transfer, to), \
	FIELD_TEXT(struct transfer, state), \
	FIELD_TEXT(struct transfer, note), \
	FIELD_TIME(struct transfer, sent_at), \
	FIELD_TIME(struct transfer, received_at)

SCHEMA(transfer_schema, struct transfer, TRANSFER_FIELDS,
	FIELD_LIST(struct transfer, lines, lines_n, &line_schema));
static SCHEMA(row_schema, struct transfer, TRANSFER_FIELDS,
	FIELD_UUID(struct transfer, from_id),
	FIELD_UUID(struct transfer, to_id));

DB_QUERY(put_transfer, 4,
	"INSERT INTO transfer (id, from_id, to_id, note)"
	" VALUES ($1::uuid, $2::uuid, $3::uuid, $4)");
DB_QUERY(put_lines, 2,
	"INSERT INTO transfer_line (transfer_id, variant_id, quantity)"
	" SELECT $1::uuid, e.variant_id, sum(e.quantity) FROM"
	" jsonb_to_recordset($2::jsonb) AS e(variant_id uuid, quantity int)"
	" GROUP BY e.variant_id");
DB_QUERY(lock_transfer, 1,
	"SELECT t.id, f.code AS from, d.code AS to, t.state, t.note, t.sent_at,"
	" t.received_at, t.from_id, t.to_id FROM transfer t"
	" JOIN location f ON f.id = t.from_id JOIN location d ON d.id = t.to_id"
	" WHERE t.id = $1::uuid FOR UPDATE OF t");
DB_QUERY(find_lines, 2,
	"SELECT l.variant_id, i.sku, CASE $2 WHEN 'en' THEN i.name_en"
	"  ELSE i.name_es END AS name, l.quantity, l.received"
	" FROM transfer_line l LEFT JOIN variant_info i"
	"  ON i.variant_id = l.variant_id WHERE l.transfer_id = $1::uuid"
	" ORDER BY i.sku, l.variant_id");
DB_QUERY(receive_lines, 2,
	"UPDATE transfer_line l SET received = l.received + e.quantity FROM"
	" jsonb_to_recordset($2::jsonb) AS e(variant_id uuid, quantity int)"
	" WHERE l.transfer_id = $1::uuid AND l.variant_id = e.variant_id");
DB_QUERY(end_transfer, 1,
	"UPDATE transfer SET state = 'received', received_at = now()"
	" WHERE id = $1::uuid");

static const char *
lines_json(struct request *r, const struct transfer_line *lines, size_t n)
{
	struct json_object *list = json_out_list(&line_schema, lines, n, NULL);
	const char *text = arena_strdup(r->arena,
	    json_object_to_json_string(list));

	json_object_put(list);
	return text;
}

static bool
name_lines(struct request *r, struct transfer_line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!variant_named(r, lines[i].variant, arena_printf(r->arena,
		    "lines.%zu.variant", i), &lines[i].variant_id))
			return false;
	return true;
}

static const char *
ids_of(struct request *r, const struct transfer_line *lines, size_t n)
{
	struct uuid *ids = arena_new_array(r->arena, struct uuid, n + 1);

	for (size_t i = 0; i < n; i++)
		ids[i] = lines[i].variant_id;
	return json_array_of(r, ids, n);
}

/* Books all lines at one end; what is nothing is left out. */
static void
book(struct request *r, const struct transfer_line *lines, size_t n,
    struct uuid location, int on_hand, int incoming, const char *reason,
    const struct transfer *t)
{
	struct change *changes = arena_new_array(r->arena, struct change, n + 1);
	size_t changes_n = 0;

	for (size_t i = 0; i < n; i++)
		if (lines[i].quantity > 0)
			changes[changes_n++] = (struct change){
			    lines[i].variant_id, location,
			    on_hand * lines[i].quantity, 0,
			    incoming * lines[i].quantity };
	levels_change(r, changes, changes_n, reason, t->note, t->id, NULL, NULL);
}

static int
answer(struct request *r, int status, struct transfer *t)
{
	if (!db_one(r->db, &lock_transfer, &row_schema, t, P(t->id)))
		return problem(r, PROBLEM_NOT_FOUND);
	if (!db_all(r->db, &find_lines, &line_schema, &t->lines, &t->lines_n,
	    P(t->id), P(r->lang)))
		return 0;
	return reply(r, status, &transfer_schema, t);
}

static int
compare(const void *a, const void *b)
{
	return memcmp(&((const struct transfer_line *)a)->variant_id,
	    &((const struct transfer_line *)b)->variant_id, sizeof(struct uuid));
}

/* One line a variant: the database would refuse to book a level twice. */
static size_t
merge(struct transfer_line *lines, size_t n)
{
	size_t kept = 0;

	qsort(lines, n, sizeof(*lines), compare);
	for (size_t i = 1; i < n; i++)
		if (compare(&lines[kept], &lines[i]) == 0)
			lines[kept].quantity += lines[i].quantity;
		else
			lines[++kept] = lines[i];
	return kept + 1;
}

static int
send(struct request *r, const struct transfer *in)
{
	struct transfer t = { .id = uuid_new(), .note = in->note };
	struct level *levels;
	size_t levels_n, n;
	const char *ids;

	if (!name_lines(r, in->lines, in->lines_n) ||
	    !location_find(r, in->from, "from", &t.from_id) ||
	    !location_find(r, in->to, "to", &t.to_id))
		return r->status;
	n = merge(in->lines, in->lines_n);
	ids = ids_of(r, in->lines, n);
	if (!step_begin(r))
		return 0;
	levels_make(r, ids, t.to_id);
	levels_lock(r, ids, &levels, &levels_n);
	db_exec(r->db, &put_transfer, P(t.id), P(t.from_id), P(t.to_id),
	    P(t.note));
	db_exec(r->db, &put_lines, P(t.id), P(lines_json(r, in->lines, n)));
	for (size_t i = 0; i < n && !request_failed(r); i++) {
		const struct level *v = level_find(levels, levels_n,
		    in->lines[i].variant_id, t.from_id);

		/* what is promised to somebody stays */
		if (v == NULL || v->available < in->lines[i].quantity)
			return problem(r, PROBLEM_NOT_THAT_MANY);
	}
	book(r, in->lines, n, t.from_id, -1, 0, "sent", &t);
	book(r, in->lines, n, t.to_id, 0, 1, "sent", &t);
	if (answer(r, 201, &t) == 201)
		event_emit(r, EVENT_TRANSFER_SENT, t.id, &transfer_schema, &t);
	return step_end(r) ? r->status : 0;
}

int
transfer_add(struct request *r)
{
	return send(r, request_input(r));
}

/* The form's lines: "ARTICLE QUANTITY", one below the other. */
int
transfer_form(struct request *r)
{
	struct transfer *in = r->input;
	char *text = arena_strdup(r->arena, in->text), *line;

	in->lines = arena_new_array(r->arena, struct transfer_line, LINES_MAX);
	while ((line = strsep(&text, "\n")) != NULL) {
		struct transfer_line *to = &in->lines[in->lines_n];
		char *sku, *rest, *end;
		long quantity = 1;

		line += strspn(line, " \t");
		if (*line == '\0')
			continue;
		sku = strsep(&line, " \t;,");
		rest = line == NULL ? NULL : line + strspn(line, " \t;,");
		if (rest != NULL && *rest != '\0') {
			quantity = strtol(rest, &end, 10);
			if (*end != '\0' || quantity < 1 || quantity > 1000000)
				quantity = 0;
		}
		if (quantity == 0 || in->lines_n == LINES_MAX) {
			problem_field(r, "text", "format",
			    field_message(r, "format", 0, 0));
			return problem(r, PROBLEM_INVALID);
		}
		to->variant = sku;
		to->quantity = (int32_t)quantity;
		if (!variant_named(r, sku, "text", &to->variant_id))
			return r->status;
		in->lines_n++;
	}
	return in->lines_n > 0 ? send(r, in) : problem(r, PROBLEM_INVALID);
}

/* What arrives of each line; false: more than is on its way. */
static bool
arrivals(const struct transfer *in, const struct transfer *t,
    struct transfer_line *arrived)
{
	for (size_t i = 0; i < t->lines_n; i++) {
		arrived[i] = t->lines[i];
		arrived[i].quantity -= t->lines[i].received;
		if (in->lines_n > 0 || in->is_closed)
			arrived[i].quantity = 0;
	}
	for (size_t k = 0; k < in->lines_n; k++) {
		size_t i = 0;

		while (i < t->lines_n && !uuid_equal(&t->lines[i].variant_id,
		    &in->lines[k].variant_id))
			i++;
		if (i == t->lines_n)
			return false;
		arrived[i].quantity += in->lines[k].quantity;
		if (arrived[i].quantity >
		    t->lines[i].quantity - t->lines[i].received)
			return false;
	}
	return true;
}

int
transfer_receive(struct request *r)
{
	const struct transfer *in = request_input(r);
	struct transfer t = { .id = in->id };
	struct transfer_line *arrived;
	struct level *levels;
	size_t levels_n;
	int32_t open = 0;

	if (!name_lines(r, in->lines, in->lines_n) || !step_begin(r))
		return r->status;
	if (!db_one(r->db, &lock_transfer, &row_schema, &t, P(in->id)))
		return problem(r, PROBLEM_NOT_FOUND);
	if (str_eq(t.state, "received"))
		return problem(r, PROBLEM_CONFLICT);
	db_all(r->db, &find_lines, &line_schema, &t.lines, &t.lines_n, P(t.id),
	    P(r->lang));
	if (request_failed(r))
		return 0;
	arrived = arena_new_array(r->arena, struct transfer_line, t.lines_n + 1);
	if (!arrivals(in, &t, arrived))
		return problem(r, PROBLEM_NOT_THAT_MANY);
	levels_lock(r, ids_of(r, t.lines, t.lines_n), &levels, &levels_n);
	book(r, arrived, t.lines_n, t.to_id, 1, -1, "arrived", &t);
	db_exec(r->db, &receive_lines, P(t.id),
	    P(lines_json(r, arrived, t.lines_n)));
	for (size_t i = 0; i < t.lines_n; i++) {
		arrived[i].quantity = t.lines[i].quantity -
		    t.lines[i].received - arrived[i].quantity;
		open += arrived[i].quantity;
	}
	if (open > 0 && in->is_closed)
		book(r, arrived, t.lines_n, t.to_id, 0, -1, "lost", &t);
	if (open == 0 || in->is_closed)
		db_exec(r->db, &end_transfer, P(t.id));
	if (answer(r, 200, &t) == 200)
		event_emit(r, EVENT_TRANSFER_RECEIVED, t.id, &transfer_schema, &t);
	return step_end(r) ? r->status : 0;
}

int
transfer_get(struct request *r)
{
	const struct transfer *in = request_input(r);
	struct transfer t = { .id = in->id };

	return answer(r, 200, &t);
}

struct transfer_list {
	const char *after;
	int32_t limit;
};

SCHEMA(transfer_list_input, struct transfer_list,
	FIELD_TEXT(struct transfer_list, after, .max = 300),
	FIELD_I32(struct transfer_list, limit, .min = 1, .max = 100,
	    .preset = "50"));

int
transfer_list(struct request *r)
{
	const struct transfer_list *in = request_input(r);
	const char *next = NULL;
	struct transfer *rows;
	struct uuid id;
	struct sql sql;
	size_t n;

	sql_start(&sql, r->arena,
	    "SELECT t.id, f.code AS from, d.code AS to, t.state, t.note,"
	    " t.sent_at, t.received_at, t.from_id, t.to_id FROM transfer t"
	    " JOIN location f ON f.id = t.from_id"
	    " JOIN location d ON d.id = t.to_id WHERE true");
	if (in->after != NULL) {
		if (!cursor_read_id(r, in->after, &id))
			return r->status;
		sql_add(&sql, " AND t.id < ?::uuid", P(id));
	}
	sql_add(&sql, " ORDER BY t.id DESC LIMIT ?::int", P(in->limit + 1));
	if (!sql_all(r->db, &sql, &row_schema, (void **)&rows, &n))
		return 0;
	if (n > (size_t)in->limit)
		next = cursor_make_id(r, rows[--n - 1].id);
	page_set_locations(r);
	return reply_list(r, &transfer_schema, rows, n, next);
}
