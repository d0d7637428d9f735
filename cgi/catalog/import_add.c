/*
 * POST /catalog/imports: a CSV file, `?dry_run=true` to see what would become of
 * it, `?columns=sku,price,...` where the file's names are others ("-": a column
 * that does not count). A small file is taken at once, a large one by
 * cron/import_products. GET /catalog/imports/{id}: what became of it.
 */
#include "import.h"

#include <json-c/json.h>

#include "web/json_out.h"
#include "web/params.h"
#include "web/text.h"

#define AT_ONCE (512 * 1024)	/* bytes */

static const char *const import_states[] = { "waiting", "running", "finished",
	"failed", NULL };

struct imported_row {
	int32_t line;
	const char *sku, *result, *field, *message;
};

static SCHEMA(imported_row_schema, struct imported_row,
	FIELD_I32(struct imported_row, line),
	FIELD_TEXT(struct imported_row, sku),
	FIELD_TEXT(struct imported_row, result),
	FIELD_TEXT(struct imported_row, field),
	FIELD_TEXT(struct imported_row, message));

struct imported {
	struct uuid id;
	int state;
	bool is_dry_run;
	int32_t created, updated, unchanged, failed;
	int64_t created_at, finished_at;
	struct imported_row *rows;
	size_t rows_n;
	const char *next;
};

#define IMPORTED_FIELDS \
	FIELD_UUID(struct imported, id), \
	FIELD_ENUM(struct imported, state, import_states), \
	FIELD_BOOL(struct imported, is_dry_run), \
	FIELD_I32(struct imported, created), \
	FIELD_I32(struct imported, updated), \
	FIELD_I32(struct imported, unchanged), \
	FIELD_I32(struct imported, failed), \
	FIELD_TIME(struct imported, created_at), \
	FIELD_TIME(struct imported, finished_at)

SCHEMA(import_list_schema, struct imported, IMPORTED_FIELDS);
SCHEMA(imported_schema, struct imported, IMPORTED_FIELDS,
	FIELD_LIST(struct imported, rows, rows_n, &imported_row_schema,
	    .help = "What became of each row; those that failed come first"),
	FIELD_TEXT(struct imported, next));

struct import_get {
	struct uuid id;
	const char *after;
	int32_t limit;
};

SCHEMA(import_get_input, struct import_get,
	FIELD_UUID(struct import_get, id, .required = true),
	FIELD_TEXT(struct import_get, after, .max = 100),
	FIELD_I32(struct import_get, limit, .min = 1, .max = 1000,
	    .preset = "100"));

struct import_form {
	const char *text, *columns;
	bool dry_run;
};

SCHEMA(import_form_input, struct import_form,
	FIELD_TEXT(struct import_form, text, .required = true,
	    .multiline = true, .max = 60000),
	FIELD_TEXT(struct import_form, columns, .max = 1000, .preset = ""),
	FIELD_BOOL(struct import_form, dry_run));

DB_QUERY(put_import, 5,
	"INSERT INTO import (id, is_dry_run, columns, actor, body)"
	" VALUES ($1::uuid, $2::boolean, $3, $4, decode($5, 'hex'))");
DB_QUERY(find_import, 1,
	"SELECT id, state, is_dry_run, created, updated, unchanged, failed,"
	" created_at, finished_at FROM import WHERE id = $1::uuid");
DB_QUERY(find_rows, 4,
	"SELECT line, sku, result, field, message FROM import_row"
	" WHERE import_id = $1::uuid"
	" AND (result <> 'failed', line) > ($2::boolean, $3::int)"
	" ORDER BY result <> 'failed', line LIMIT $4::int");
DB_QUERY(list_imports, 0,
	"SELECT id, state, is_dry_run, created, updated, unchanged, failed,"
	" created_at, finished_at FROM import ORDER BY id DESC LIMIT 30");

static bool
start(struct request *r, struct uuid id, const char *body, size_t n,
    const char *columns, bool is_dry_run)
{
	if (n == 0) {
		field_fault(r, "text", "required", 0, 0);
		return false;
	}
	if (!step_begin(r) || !db_exec(r->db, &put_import, P(id), P(is_dry_run),
	    P(columns), P(r->actor), P((const char *)hex_encode(r->arena, body, n))) ||
	    !step_end(r))
		return false;
	if (n <= AT_ONCE)
		import_run(r, id, false);
	return !request_failed(r);
}

static const char *
message_of(struct request *r, const char *code)
{
	const char *key = arena_printf(r->arena, "catalog.fault.%s", code);
	const char *text = app_word(r->app, r->lang, key);

	return str_eq(text, key) ? field_message(r, code, 0, 0) : text;
}

static int
answer(struct request *r, int status, struct uuid id, const char *after,
    int32_t limit)
{
	const char *parts[2] = { "0", "0" };
	struct imported im;
	size_t n;

	if (after != NULL && !cursor_read(r, after, parts, 2))
		return r->status;
	if (!db_one(r->db, &find_import, &import_list_schema, &im, P(id)))
		return problem(r, PROBLEM_NOT_FOUND);
	if (!db_all(r->db, &find_rows, &imported_row_schema, &im.rows, &n, P(id),
	    P(parts[0][0] == '1'), P((int)strtol(parts[1], NULL, 10)),
	    P(limit + 1)))
		return 0;
	im.next = NULL;
	if (n > (size_t)limit) {
		const struct imported_row *last = &im.rows[--n - 1];

		im.next = cursor_make(r, "%d|%d", !str_eq(last->result, "failed"),
		    (int)last->line);
	}
	for (size_t i = 0; i < n; i++)
		if (im.rows[i].message != NULL)
			im.rows[i].message = message_of(r, im.rows[i].message);
	im.rows_n = n;
	page_set(r, "is_finished", json_object_new_boolean(im.finished_at != 0));
	return reply(r, status, &imported_schema, &im);
}

int
import_add(struct request *r)
{
	struct uuid id = uuid_new();
	struct params pairs;
	const char *columns, *dry_run;

	if (params_parse(&pairs, r->arena, r->query, strlen(r->query), 10) !=
	    PARAM_GOOD)
		return problem(r, PROBLEM_BAD_REQUEST);
	columns = params_get(&pairs, "columns");
	dry_run = params_get(&pairs, "dry_run");
	if (!start(r, id, r->body, r->body_n, columns != NULL ? columns : "",
	    dry_run != NULL && str_eq(dry_run, "true")))
		return r->status;
	return answer(r, 201, id, NULL, 100);
}

/* The same from a page, where the text is pasted. */
int
import_form(struct request *r)
{
	const struct import_form *in = request_input(r);
	struct uuid id = uuid_new();

	if (!start(r, id, in->text, strlen(in->text), in->columns, in->dry_run))
		return r->status;
	return answer(r, 201, id, NULL, 100);
}

int
import_get(struct request *r)
{
	const struct import_get *in = request_input(r);

	return answer(r, 200, in->id, in->after, in->limit);
}

int
import_list(struct request *r)
{
	struct imported *imports;
	size_t n;

	if (!db_all(r->db, &list_imports, &import_list_schema, &imports, &n))
		return 0;
	return reply_list(r, &import_list_schema, imports, n, NULL);
}
