/* Looking for entries: by who, what, about what and when; as JSON or CSV. */
#include "audit.h"

#include <json-c/json.h>

#include "db/sql.h"
#include "web/json_out.h"

#define EXPORT_MAX "10000"
#define EXPORT_BYTES (32 * 1024 * 1024)

struct entry_list {
	const char *actor, *action, *after, *from, *to;
	struct uuid entity;
	int32_t limit;
};

/* A day, or a time of it in UTC: "2026-11-24", "2026-11-24T18:30". */
static bool
is_time(const char *text)
{
	static const char form[] = "0000-00-00T00:00:00.000000Z";
	size_t n = strlen(text);

	if (n < 10 || n >= sizeof(form))
		return false;
	for (size_t i = 0; i < n; i++)
		if (form[i] == '0' ? !isdigit((unsigned char)text[i]) :
		    text[i] != form[i] && text[i] != 'Z')
			return false;
	return true;
}

#define FILTER_FIELDS \
	FIELD_TEXT(struct entry_list, actor, .max = 100), \
	FIELD_TEXT(struct entry_list, action, .max = 100), \
	FIELD_UUID(struct entry_list, entity), \
	FIELD_TEXT(struct entry_list, from, .check = is_time, \
	    .format = "date-time", .help = "a day or a time, UTC"), \
	FIELD_TEXT(struct entry_list, to, .check = is_time, \
	    .format = "date-time", .help = "that day or time included"), \
	FIELD_TEXT(struct entry_list, after, .max = 300)

SCHEMA(entry_list_input, struct entry_list,
	FILTER_FIELDS,
	FIELD_I32(struct entry_list, limit, .min = 1, .max = 100,
	    .preset = "50"));
SCHEMA(entry_export_input, struct entry_list,
	FILTER_FIELDS,
	FIELD_I32(struct entry_list, limit, .min = 1, .max = 10000,
	    .preset = EXPORT_MAX));

/* The entries that are asked for, newest first, and where to go on. */
static bool
find(struct request *r, struct entry **rows, size_t *n, const char **next)
{
	const struct entry_list *in = request_input(r);
	int64_t after;
	struct sql sql;

	sql_start(&sql, r->arena, "SELECT e.sequence, e.source, e.number,"
	    " e.event_id, e.at, e.actor, e.action, e.entity, e.request_id,"
	    " e.sha256, " SHOWN_DETAIL " AS detail FROM entry e"
	    " LEFT JOIN entry_detail d ON d.sequence = e.sequence"
	    " LEFT JOIN entry_private p ON p.sequence = e.sequence WHERE true");
	if (in->actor != NULL)
		sql_add(&sql, " AND e.actor = ?", P(in->actor));
	if (in->action != NULL)
		sql_add(&sql, " AND e.action = ?", P(in->action));
	if (!uuid_is_nil(&in->entity))
		sql_add(&sql, " AND e.entity = ?::uuid", P(in->entity));
	if (in->from != NULL)
		sql_add(&sql, " AND e.at >= ?", P(in->from));
	if (in->to != NULL)	/* "~" is after all that may follow it */
		sql_add(&sql, " AND e.at <= ?", P(arena_printf(r->arena, "%.*s~",
		    (int)strcspn(in->to, "Z"), in->to)));
	if (in->after != NULL) {
		if (!cursor_read_number(r, in->after, &after))
			return false;
		sql_add(&sql, " AND e.sequence < ?::bigint", P(after));
	}
	sql_add(&sql, " ORDER BY e.sequence DESC LIMIT ?::int", P(in->limit + 1));
	if (!sql_all(r->db, &sql, &entry_schema, (void **)rows, n))
		return false;
	*next = NULL;
	if (*n > (size_t)in->limit)
		*next = cursor_make(r, "%" PRId64, (*rows)[--*n - 1].sequence);
	return true;
}

/* What was looked for, to show it in the form again. */
static void
show_filter(struct request *r)
{
	if (r->route->kind == KIND_PAGE && r->input_tree != NULL)
		page_set(r, "form", json_object_get(r->input_tree));
}

int
entry_list(struct request *r)
{
	struct entry *rows;
	const char *next;
	size_t n;

	if (!find(r, &rows, &n, &next))
		return r->status;
	show_filter(r);
	return reply_list(r, &entry_schema, rows, n, next);
}

/* RFC 4180; a spreadsheet takes what begins like a formula for a text. */
static void
put_cell(struct buf *out, const char *text, char end)
{
	buf_putc(out, '"');
	if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL)
		buf_putc(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_putc(out, '"');
		buf_putc(out, *text);
	}
	buf_putc(out, '"');
	buf_putc(out, end);
}

static void
put_entry(struct buf *out, const struct entry *e)
{
	char event_id[UUID_TEXT_SIZE], entity[UUID_TEXT_SIZE];

	buf_printf(out, "%" PRId64 ",%s,%" PRId64 ",%s,", e->sequence, e->source,
	    e->number, uuid_text(&e->event_id, event_id));
	put_cell(out, e->at, ',');
	put_cell(out, e->actor, ',');
	put_cell(out, e->action, ',');
	put_cell(out, uuid_text(&e->entity, entity), ',');
	put_cell(out, e->request_id, ',');
	put_cell(out, e->sha256, ',');
	put_cell(out, e->detail == NULL ? "" : e->detail, '\n');
}

/* GET /audit/export.csv: 10,000 entries at most; Link says where to go on. */
int
entry_export_csv(struct request *r)
{
	struct buf *out = arena_new_of(r->arena, struct buf);
	struct entry *rows;
	const char *next;
	size_t n;

	if (!find(r, &rows, &n, &next))
		return r->status;
	buf_init(out, r->arena, EXPORT_BYTES);
	buf_puts(out, "sequence,source,number,event_id,at,actor,action,entity,"
	    "request_id,sha256,detail\n");
	for (size_t i = 0; i < n; i++)
		put_entry(out, &rows[i]);
	if (next != NULL)
		reply_header(r, "Link", arena_printf(r->arena,
		    "<?after=%s>; rel=\"next\"", next));
	reply_header(r, "Content-Disposition",
	    "attachment; filename=\"audit.csv\"");
	return reply_text(r, 200, "text/csv; charset=utf-8", out);
}

int
entry_export_json(struct request *r)
{
	reply_header(r, "Content-Disposition",
	    "attachment; filename=\"audit.json\"");
	return entry_list(r);
}

/* The same for a page's link: a ready text, no template. */
int
entry_export_page(struct request *r)
{
	struct buf *out = arena_new_of(r->arena, struct buf);

	if (entry_export_json(r) != 200)
		return r->status;
	buf_init(out, r->arena, EXPORT_BYTES);
	buf_puts(out, json_object_to_json_string_ext(r->json,
	    JSON_C_TO_STRING_PLAIN));
	return reply_text(r, 200, "application/json", out);
}
