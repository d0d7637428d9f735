/*
 * Taking in CSV: in batches, each whole in a transaction of its own. A batch
 * that breaks a promise of the schema is halved until the row is found that
 * does; it is told, and the others are taken. So a broken row never stops the
 * file, and never leaves half of itself.
 */
#include "import.h"

#include <json-c/json.h>

#include "base/json.h"
#include "base/log.h"
#include "csv.h"
#include "web/json_out.h"
#include "web/text.h"

#define BATCH 250
#define SLICE (256 * 1024)

const char *const product_columns[] = { "sku", "product", "status", "brand",
	"categories", "name_es", "description_es", "slug_en", "name_en",
	"description_en", "options_es", "options_en", "attributes", "images",
	"price", "compare_at", "tax_class", "weight_g", NULL };

struct import {
	struct request *r;
	struct uuid id;
	struct csv csv;
	struct arena *arena;	/* of this import; r's is of a batch */
	int64_t offset;
	bool is_dry_run;
	const char *columns;	/* "sku,price", or "": the first line says */
	int at[COLUMN_COUNT];	/* the file's column of each of ours, or -1 */
	struct json_object *rows;	/* of this batch */
};

struct import_row {
	int32_t line;
	const char *sku, *result, *field, *message;
};

static SCHEMA(import_row_schema, struct import_row,
	FIELD_I32(struct import_row, line),
	FIELD_TEXT(struct import_row, sku),
	FIELD_TEXT(struct import_row, result),
	FIELD_TEXT(struct import_row, field),
	FIELD_TEXT(struct import_row, message));

struct import_start {
	bool is_dry_run;
	const char *columns;
};

static SCHEMA(import_start_schema, struct import_start,
	FIELD_BOOL(struct import_start, is_dry_run),
	FIELD_TEXT(struct import_start, columns));

DB_QUERY(start_import, 1,
	"UPDATE import SET state = 'running' WHERE id = $1::uuid"
	" AND state IN ('waiting', 'running') RETURNING is_dry_run, columns");
DB_QUERY(last_line, 1,
	"SELECT max(line) FROM import_row WHERE import_id = $1::uuid");
DB_QUERY(read_slice, 3,
	"SELECT encode(substring(body FROM $2::int FOR $3::int), 'hex')"
	" FROM import WHERE id = $1::uuid");
DB_QUERY(more_time, 0, "SELECT set_config('statement_timeout', '60s', true)");
DB_QUERY(take_rows, 1,
	"SELECT line, sku, result, field, message FROM take_rows($1::jsonb)");
DB_QUERY(note_rows, 2,
	"WITH given AS (SELECT e.line, e.sku, e.result, e.field, e.message"
	"  FROM jsonb_to_recordset($2::jsonb) AS e(line int, sku text, result text,"
	"  field text, message text)), made AS (INSERT INTO import_row (import_id,"
	"  line, sku, result, field, message) SELECT $1::uuid, line, sku, result,"
	"  field, message FROM given RETURNING result)"
	" UPDATE import i SET created = i.created + n.created,"
	" updated = i.updated + n.updated, unchanged = i.unchanged + n.unchanged,"
	" failed = i.failed + n.failed FROM (SELECT"
	"  count(*) FILTER (WHERE result = 'created') AS created,"
	"  count(*) FILTER (WHERE result = 'updated') AS updated,"
	"  count(*) FILTER (WHERE result = 'unchanged') AS unchanged,"
	"  count(*) FILTER (WHERE result = 'failed') AS failed FROM made) AS n"
	" WHERE i.id = $1::uuid");
DB_QUERY(end_import, 2,
	"UPDATE import SET state = $2, finished_at = now(), body = ''"
	" WHERE id = $1::uuid");
DB_QUERY(find_waiting, 0,
	"SELECT id FROM import WHERE state IN ('waiting', 'running')"
	" ORDER BY id LIMIT 1");

static SCHEMA(id_schema, struct product_ref,
	FIELD_UUID(struct product_ref, id));

struct uuid
import_waiting(struct request *r)
{
	struct product_ref row = { .version = 0 };

	db_one(r->db, &find_waiting, &id_schema, &row);
	return row.id;
}

static ssize_t
read_body(void *context, char *out, size_t n)
{
	struct import *im = context;
	size_t got = 0;
	const char *hex = db_text(im->r->db, &read_slice, P(im->id),
	    P(im->offset + 1), P(n < SLICE ? n : SLICE));
	unsigned char *bytes = hex == NULL ? NULL :
	    hex_decode(im->r->arena, hex, &got);

	if (bytes == NULL)
		return -1;
	memcpy(out, bytes, got);
	im->offset += (int64_t)got;
	return (ssize_t)got;
}

/* A word for a fault that only the schema has found. */
static const char *
fault_of(const char *constraint, const char **field)
{
	static const struct { const char *constraint, *field, *code; } known[] = {
		{ "variant_sku_key", "sku", "twice" },
		{ "product_text_slug_key", "product", "twice" },
		{ "product_document_slug_key", "product", "twice" },
		{ "price_compare_at", "compare_at", "range" },
		{ "product_option_pkey", "options_es", "twice" },
		{ "variant_option_pkey", "options_es", "twice" },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_eq(known[i].constraint, constraint)) {
			*field = known[i].field;
			return known[i].code;
		}
	*field = "";
	return "format";
}

static bool
note(struct import *im, const struct import_row *rows, size_t n)
{
	struct request *r = im->r;

	return db_exec(r->db, &note_rows, P(im->id),
	    P(list_text(r, &import_row_schema, rows, n)));
}

/* Rows [from, to) of the batch. */
static const char *
part_text(struct import *im, size_t from, size_t to)
{
	struct buf out;

	buf_init(&out, im->r->arena, 64 * 1024 * 1024);
	buf_putc(&out, '[');
	for (size_t i = from; i < to; i++) {
		buf_puts(&out, i > from ? "," : "");
		buf_puts(&out, json_object_to_json_string_ext(
		    json_object_array_get_idx(im->rows, i),
		    JSON_C_TO_STRING_PLAIN));
	}
	buf_putc(&out, ']');
	return out.data;
}

static void
tell(struct import *im, const struct import_row *rows, size_t n)
{
	struct json_object *data = json_object_new_object();
	struct json_object *skus = json_object_new_array();
	char id[UUID_TEXT_SIZE];

	for (size_t i = 0; i < n; i++)
		if (str_eq(rows[i].result, "created") ||
		    str_eq(rows[i].result, "updated"))
			json_object_array_add(skus, json_object_new_string(rows[i].sku));
	json_object_object_add(data, "import_id",
	    json_object_new_string(uuid_text(&im->id, id)));
	json_object_object_add(data, "skus", skus);
	if (json_object_array_length(skus) > 0)
		event_emit_json(im->r, EVENT_PRODUCTS_IMPORTED, im->id, data);
	else
		json_object_put(data);
}

/* False: the import cannot go on (the database is away). */
static bool
take(struct import *im, size_t from, size_t to)
{
	struct request *r = im->r;
	struct import_row *rows, one;
	struct json_object *row;
	size_t n;

	if (from == to)
		return true;
	if (!step_begin(r))
		return false;
	db_exec(r->db, &more_time);
	if (db_all(r->db, &take_rows, &import_row_schema, &rows, &n,
	    P(part_text(im, from, to)))) {
		if (im->is_dry_run) {
			step_undo(r);
			if (!step_begin(r))
				return false;
		} else {
			tell(im, rows, n);
		}
		return note(im, rows, n) && step_end(r);
	}
	if (db_failure(r->db) == DB_LOST || db_failure(r->db) == DB_TIMEOUT)
		return false;
	row = json_object_array_get_idx(im->rows, from);
	one = (struct import_row){ .result = "failed",
	    .line = json_object_get_int(json_object_object_get(row, "line")),
	    .sku = json_object_get_string(json_object_object_get(row, "sku")) };
	one.message = fault_of(arena_strdup(r->arena, db_constraint(r->db)),
	    &one.field);
	log_info("import.row", "%s %s", db_error(r->db), db_constraint(r->db));
	step_undo(r);
	db_start(r->db, r->arena);
	if (to - from > 1)
		return take(im, from, from + (to - from) / 2) &&
		    take(im, from + (to - from) / 2, to);
	return step_begin(r) && note(im, &one, 1) && step_end(r);
}

/* The file's own names, or those that were given in their place. */
static bool
read_header(struct import *im)
{
	char *cells[CSV_CELLS_MAX], *names = arena_strdup(im->arena, im->columns);
	size_t n = 0;

	if (im->columns[0] != '\0')
		while (n < CSV_CELLS_MAX &&
		    (cells[n] = strsep(&names, ",")) != NULL)
			n++;
	else if (csv_next(&im->csv, cells, &n) != CSV_ROW)
		return false;
	for (int c = 0; c < COLUMN_COUNT; c++) {
		im->at[c] = -1;
		for (size_t i = 0; i < n; i++)
			if (strcasecmp(cells[i], product_columns[c]) == 0)
				im->at[c] = (int)i;
	}
	return im->at[COLUMN_SKU] >= 0;
}

static void
put_text(struct json_object *row, const char *name, const char *text)
{
	json_object_object_add(row, name, json_object_new_string(text));
}

/* A cell into the row; the code of what is wrong with it, or NULL. */
static const char *
read_cell(struct json_object *row, enum product_column c, const char *cell)
{
	static const size_t most[COLUMN_COUNT] = { 64, SLUG_MAX, 10, 100, 4000, 200,
		5000, SLUG_MAX, 200, 5000, 300, 300, 2000, 5000, 20, 20, 20, 9 };
	struct money money = { .amount = 0 };

	if (!utf8_valid(cell, strlen(cell)) || !text_is_printable_lines(cell))
		return "characters";
	if (utf8_length(cell) > most[c])
		return "too-long";
	switch (c) {
	case COLUMN_SKU:
		if (cell[0] == '\0')
			return "required";
		break;
	case COLUMN_PRODUCT:
	case COLUMN_SLUG_EN:
		if (cell[0] == '\0')
			return NULL;
		if (!slug_is_valid(cell))
			return "slug";
		break;
	case COLUMN_STATUS:
		if (cell[0] == '\0')
			return NULL;
		if (!str_eq(cell, "active") && !str_eq(cell, "archived") &&
		    !str_eq(cell, "draft"))
			return "choice";
		break;
	case COLUMN_TAX_CLASS:
		if (cell[0] == '\0')
			return NULL;
		if (!str_eq(cell, "standard") && !str_eq(cell, "reduced") &&
		    !str_eq(cell, "super_reduced"))
			return "choice";
		break;
	case COLUMN_PRICE:
	case COLUMN_COMPARE_AT:
		if (cell[0] == '\0' && c == COLUMN_PRICE)
			return NULL;
		if (cell[0] != '\0' && (!money_parse(cell, "EUR", &money) ||
		    money.amount < 0 || money.amount > 1000000000))
			return "money";
		json_object_object_add(row, product_columns[c],
		    json_object_new_int64(money.amount));
		return NULL;
	case COLUMN_WEIGHT_G:
		if (cell[0] == '\0')
			return NULL;
		if (cell[strspn(cell, "0123456789")] != '\0')
			return "integer";
		json_object_object_add(row, product_columns[c],
		    json_object_new_int64(strtoll(cell, NULL, 10)));
		return NULL;
	default:
		break;
	}
	put_text(row, product_columns[c], cell);
	return NULL;
}

/* A row of the file into the batch, or among those that failed. */
static void
read_row(struct import *im, char *cells[], size_t n, struct import_row *failed,
    size_t *failed_n)
{
	struct json_object *row = json_object_new_object(), *name = NULL;
	struct import_row fault = { .line = im->csv.line, .sku = "",
	    .result = "failed" };
	struct uuid product_id = uuid_new(), variant_id = uuid_new();
	char text[UUID_TEXT_SIZE];

	json_object_object_add(row, "line", json_object_new_int(im->csv.line));
	put_text(row, "new_product_id", uuid_text(&product_id, text));
	put_text(row, "new_variant_id", uuid_text(&variant_id, text));
	for (int c = 0; c < COLUMN_COUNT && fault.message == NULL; c++) {
		const char *cell = im->at[c] < 0 ? NULL :
		    (size_t)im->at[c] < n ? cells[im->at[c]] : "";

		if (cell == NULL)
			continue;
		fault.field = product_columns[c];
		fault.message = read_cell(row, (enum product_column)c, cell);
		if (c == COLUMN_SKU && utf8_valid(cell, strlen(cell)))
			fault.sku = arena_strndup(im->r->arena, cell, 64);
	}
	if (fault.message != NULL) {
		failed[(*failed_n)++] = fault;
		json_object_put(row);
		return;
	}
	if (json_object_object_get_ex(row, "name_es", &name))
		put_text(row, "default_slug", slug_make(im->r->arena,
		    arena_printf(im->r->arena, "%.60s %s",
		    json_object_get_string(name), fault.sku)));
	json_object_array_add(im->rows, row);
}

/* The next rows; false when there are none, or the file cannot be read on. */
static bool
take_batch(struct import *im, int32_t after_line, bool *is_over)
{
	struct import_row failed[BATCH];
	char *cells[CSV_CELLS_MAX];
	enum csv_result got = CSV_ROW;
	size_t n, failed_n = 0;
	bool good;

	im->rows = json_object_new_array();
	json_keep(im->r->arena, im->rows);
	while (json_object_array_length(im->rows) + failed_n < BATCH &&
	    (got = csv_next(&im->csv, cells, &n)) == CSV_ROW)
		if (im->csv.line > after_line)
			read_row(im, cells, n, failed, &failed_n);
	if (got == CSV_UNCLOSED || got == CSV_TOO_LONG)
		failed[failed_n++] = (struct import_row){ .line = im->csv.line,
		    .sku = "", .result = "failed", .field = "",
		    .message = got == CSV_UNCLOSED ? "quote" : "too-long" };
	*is_over = got != CSV_ROW;
	good = got != CSV_LOST &&
	    take(im, 0, json_object_array_length(im->rows)) && (failed_n == 0 ||
	    (step_begin(im->r) && note(im, failed, failed_n) && step_end(im->r)));
	return good;
}

/* What a batch has left in memory goes, where nobody waits for an answer. */
static void
rest(struct request *r)
{
	r->events = NULL;
	arena_reset(r->arena);
	db_start(r->db, r->arena);
}

void
import_run(struct request *r, struct uuid id, bool is_alone)
{
	struct import im = { .r = r, .id = id, .arena = arena_new() };
	struct import_start start;
	int32_t after_line;
	bool is_over = false, good = true, found;

	if (!step_begin(r))
		return;
	found = db_one(r->db, &start_import, &import_start_schema, &start, P(id));
	after_line = (int32_t)db_integer(r->db, &last_line, 0, P(id));
	im.is_dry_run = start.is_dry_run;
	im.columns = found ? arena_strdup(im.arena, start.columns) : "";
	if (!step_end(r) || !found) {
		arena_free(im.arena);
		return;
	}
	csv_init(&im.csv, im.arena, read_body, &im);
	if (read_header(&im))
		while (good && !is_over) {
			good = take_batch(&im, after_line, &is_over);
			if (is_alone)
				rest(r);
		}
	else
		good = step_begin(r) && note(&im, &(struct import_row){ .line = 1,
		    .sku = "", .result = "failed", .field = "sku",
		    .message = "required" }, 1) && step_end(r);
	arena_free(im.arena);
	if (!good && (db_failure(r->db) == DB_LOST ||
	    db_failure(r->db) == DB_TIMEOUT))
		return;		/* it is taken up again from where it is */
	if (!good)
		db_start(r->db, r->arena);
	if (step_begin(r) && db_exec(r->db, &end_import, P(id),
	    P(good ? "finished" : "failed")))
		step_end(r);
}
