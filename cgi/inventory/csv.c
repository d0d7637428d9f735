/*
 * Levels as a file for spreadsheets (RFC 4180): GET /inventory/levels.csv, and
 * the same file back by POST /inventory/imports. A cell that is empty changes
 * nothing; all rows are booked, or none.
 */
#include "inventory.h"

#include <json-c/json.h>

#include "base/json.h"

#define ROWS_MAX 2000
#define CELLS_MAX 16
#define FILE_MAX (16 * 1024 * 1024)
#define PAGE_ROWS 5000

static const char *const columns[] = { "sku", "location", "on_hand",
	"threshold", "backorder_limit", NULL };
enum column { SKU, LOCATION, ON_HAND, THRESHOLD, BACKORDER, COLUMN_COUNT };

struct exported {
	struct uuid variant_id;
	const char *sku, *name, *location;
	int32_t on_hand, reserved, available, damaged, incoming, threshold;
	int32_t backorder_limit;
};

static SCHEMA(exported_schema, struct exported,
	FIELD_UUID(struct exported, variant_id),
	FIELD_TEXT(struct exported, sku),
	FIELD_TEXT(struct exported, name),
	FIELD_TEXT(struct exported, location),
	FIELD_I32(struct exported, on_hand),
	FIELD_I32(struct exported, reserved),
	FIELD_I32(struct exported, available),
	FIELD_I32(struct exported, damaged),
	FIELD_I32(struct exported, incoming),
	FIELD_I32(struct exported, threshold),
	FIELD_I32(struct exported, backorder_limit));

DB_QUERY(export_levels, 3,
	"SELECT v.variant_id, coalesce(i.sku, v.variant_id::text) AS sku,"
	" CASE $1 WHEN 'en' THEN i.name_en ELSE i.name_es END AS name,"
	" l.code AS location, v.on_hand, v.reserved,"
	" v.on_hand - v.reserved AS available, v.damaged, v.incoming,"
	" v.threshold, v.backorder_limit FROM level v"
	" JOIN location l ON l.id = v.location_id"
	" LEFT JOIN variant_info i ON i.variant_id = v.variant_id"
	" WHERE v.variant_id > coalesce($2::uuid,"
	"  '00000000-0000-0000-0000-000000000000')"
	" ORDER BY v.variant_id, l.code LIMIT $3::int");

/* A spreadsheet would run a cell that begins like a formula. */
static void
put_cell(struct buf *out, const char *text)
{
	bool is_formula = text != NULL && strchr("=+-@\t\r", text[0]) != NULL &&
	    text[0] != '\0';

	buf_puts(out, is_formula ? "\"'" : "\"");
	for (const char *p = text != NULL ? text : ""; *p != '\0'; p++) {
		if (*p == '"')
			buf_putc(out, '"');
		buf_putc(out, *p);
	}
	buf_putc(out, '"');
}

int
levels_export(struct request *r)
{
	struct buf *out = arena_new_of(r->arena, struct buf);
	struct exported *rows;
	struct uuid after = { 0 };
	size_t n;

	buf_init(out, r->arena, FILE_MAX);
	buf_puts(out, "sku,name,location,on_hand,reserved,available,damaged,"
	    "incoming,threshold,backorder_limit\r\n");
	do {
		if (!db_all(r->db, &export_levels, &exported_schema, &rows, &n,
		    P(r->lang), P(after), P(PAGE_ROWS)))
			return 0;
		if (n == PAGE_ROWS)	/* the last variant may go on */
			while (--n > 1 && uuid_equal(&rows[n - 1].variant_id,
			    &rows[n].variant_id))
				;
		for (size_t i = 0; i < n; i++) {
			put_cell(out, rows[i].sku);
			buf_putc(out, ',');
			put_cell(out, rows[i].name);
			buf_putc(out, ',');
			put_cell(out, rows[i].location);
			buf_printf(out, ",%d,%d,%d,%d,%d,%d,%d\r\n", rows[i].on_hand,
			    rows[i].reserved, rows[i].available, rows[i].damaged,
			    rows[i].incoming, rows[i].threshold,
			    rows[i].backorder_limit);
			after = rows[i].variant_id;
		}
	} while (n > 0 && !out->overflow);
	reply_header(r, "Content-Disposition",
	    "attachment; filename=\"stock.csv\"");
	return reply_text(r, 200, "text/csv; charset=utf-8", out);
}

struct csv {
	const char *text;
};

SCHEMA(csv_input, struct csv,
	FIELD_TEXT(struct csv, text, .required = true, .multiline = true,
	    .max = 60000, .help = "Lines of a CSV file; columns sku, location,"
	    " on_hand, threshold, backorder_limit"));

struct csv_result {
	int32_t rows, changed;
};

SCHEMA(csv_result_schema, struct csv_result,
	FIELD_I32(struct csv_result, rows),
	FIELD_I32(struct csv_result, changed));

/* A record's cells, unquoted in place; the start of the next, or NULL. */
static char *
read_record(char *p, char *cells[], size_t *n)
{
	*n = 0;
	for (;;) {
		char *to = p, *cell = p;
		bool is_quoted = *p == '"';

		if (is_quoted)
			for (p++; *p != '\0' && (*p != '"' || p[1] == '"'); p++) {
				p += *p == '"';
				*to++ = *p;
			}
		p += is_quoted && *p == '"';
		while (*p != '\0' && *p != ',' && *p != ';' && *p != '\n')
			*to++ = *p++;
		if (*n < CELLS_MAX)
			cells[(*n)++] = cell;
		if (*p != ',' && *p != ';') {
			bool is_last = *p == '\0' || p[1] == '\0';

			*to = '\0';
			cells[*n - 1][strcspn(cells[*n - 1], "\r")] = '\0';
			return is_last ? NULL : p + 1;
		}
		p++;
		*to = '\0';
	}
}

static bool
fault(struct request *r, int line, const char *column)
{
	problem_field(r, arena_printf(r->arena, "text.%d.%s", line, column),
	    "format", field_message(r, "format", 0, 0));
	problem_detail(r, PROBLEM_INVALID, "%d: %s", line, column);
	return false;
}

/* A record as JSON; a bad number or unknown article is a fault. */
static bool
read_row(struct request *r, char *cells[], size_t n, const int at[], int line,
    struct json_object *row)
{
	struct uuid id;
	char text[UUID_TEXT_SIZE];

	for (int c = 0; c < COLUMN_COUNT; c++) {
		const char *cell = at[c] >= 0 && (size_t)at[c] < n ?
		    cells[at[c]] : "";
		char *end;
		long number;

		if (c == SKU) {
			if (!variant_named(r, cell, "text", &id))
				return fault(r, line, columns[c]);
			json_object_object_add(row, "variant_id",
			    json_object_new_string(uuid_text(&id, text)));
		} else if (c == LOCATION) {
			json_object_object_add(row, "location",
			    json_object_new_string(*cell != '\0' ? cell : "main"));
		} else if (*cell != '\0') {
			number = strtol(cell, &end, 10);
			if (*end != '\0' || number < 0 || number > 1000000)
				return fault(r, line, columns[c]);
			json_object_object_add(row, columns[c],
			    json_object_new_int64(number));
		}
	}
	return true;
}

/* The file's rows as a JSON array; NULL and the problem. */
static struct json_object *
read_file(struct request *r, char *text)
{
	struct json_object *rows = json_object_new_array();
	char *cells[CELLS_MAX];
	int at[COLUMN_COUNT], line = 1;
	size_t n;

	json_keep(r->arena, rows);
	text = read_record(text, cells, &n);
	for (int c = 0; c < COLUMN_COUNT; c++) {
		at[c] = -1;
		for (size_t i = 0; i < n; i++)
			if (str_eq(cells[i], columns[c]))
				at[c] = (int)i;
	}
	if (at[SKU] < 0)
		return fault(r, line, columns[SKU]) ? rows : NULL;
	while (text != NULL) {
		struct json_object *row = json_object_new_object();

		line++;
		text = read_record(text, cells, &n);
		json_object_array_add(rows, row);
		if (n == 1 && cells[0][0] == '\0')
			json_object_array_del_idx(rows,
			    json_object_array_length(rows) - 1, 1);
		else if (!read_row(r, cells, n, at, line, row))
			return NULL;
		if (line > ROWS_MAX)
			return fault(r, line, columns[SKU]) ? rows : NULL;
	}
	return rows;
}

#define ROW_SHAPE " jsonb_to_recordset($1::jsonb) AS e(variant_id uuid," \
	" location text, on_hand int, threshold int, backorder_limit int)"

DB_QUERY(unknown_location, 1,
	"SELECT min(e.location) FROM" ROW_SHAPE
	" LEFT JOIN location l ON l.code = e.location WHERE l.id IS NULL");
DB_QUERY(make_levels, 1,
	"INSERT INTO level (variant_id, location_id)"
	" SELECT DISTINCT e.variant_id, l.id FROM" ROW_SHAPE
	" JOIN location l ON l.code = e.location ORDER BY 1, 2"
	" ON CONFLICT ON CONSTRAINT level_pkey DO NOTHING");
DB_QUERY(list_ids, 1,
	"SELECT jsonb_agg(DISTINCT e.variant_id)::text FROM" ROW_SHAPE);
DB_QUERY(find_changes, 1,
	"SELECT DISTINCT ON (v.variant_id, v.location_id) v.variant_id,"
	" v.location_id, e.on_hand - v.on_hand AS on_hand FROM" ROW_SHAPE
	" JOIN location l ON l.code = e.location JOIN level v"
	"  ON v.variant_id = e.variant_id AND v.location_id = l.id"
	" WHERE e.on_hand <> v.on_hand ORDER BY v.variant_id, v.location_id");
DB_QUERY(configure, 1,
	"UPDATE level v SET own_threshold = coalesce(e.threshold,"
	"  v.own_threshold), backorder_limit = coalesce(e.backorder_limit,"
	"  v.backorder_limit) FROM" ROW_SHAPE " JOIN location l"
	"  ON l.code = e.location WHERE v.variant_id = e.variant_id"
	" AND v.location_id = l.id AND (e.threshold <> v.threshold"
	"  OR e.backorder_limit <> v.backorder_limit)");
DB_QUERY(refresh_thresholds, 1,
	"SELECT threshold_refresh((SELECT array_agg(e::uuid)"
	" FROM jsonb_array_elements_text($1::jsonb) AS e))");

static SCHEMA(change_schema, struct change,
	FIELD_UUID(struct change, variant_id),
	FIELD_UUID(struct change, location_id),
	FIELD_I32(struct change, on_hand));

int
levels_import(struct request *r)
{
	const struct csv *in = request_input(r);
	struct json_object *rows = read_file(r, arena_strdup(r->arena, in->text));
	struct csv_result result;
	struct change *changes;
	struct level *levels;
	const char *text, *ids, *location;
	size_t n;

	if (rows == NULL)
		return r->status;
	text = json_object_to_json_string(rows);
	if (!step_begin(r))
		return 0;
	if ((location = db_text(r->db, &unknown_location, P(text))) != NULL) {
		fault(r, 0, location);
		return r->status;
	}
	db_exec(r->db, &make_levels, P(text));
	ids = db_text(r->db, &list_ids, P(text));
	if (ids != NULL) {
		levels_lock(r, ids, &levels, &n);
		db_exec(r->db, &configure, P(text));
		db_exec(r->db, &refresh_thresholds, P(ids));
	}
	if (!db_all(r->db, &find_changes, &change_schema, &changes, &n, P(text)))
		return 0;
	levels_change(r, changes, n, "count", "CSV", (struct uuid){ 0 }, NULL,
	    NULL);
	result = (struct csv_result){
	    (int32_t)json_object_array_length(rows), (int32_t)n };
	page_set(r, "result", json_object_new_boolean(true));
	reply(r, 200, &csv_result_schema, &result);
	return step_end(r) ? r->status : 0;
}
