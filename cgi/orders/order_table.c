/*
 * Lists of orders: one's own, and the table of staff with its filters, orders,
 * keyset pages and its CSV. The state of the table is its address.
 */
#include "orders.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "db/sql.h"
#include "web/params.h"

#define CSV_PAGE 2000
#define CSV_MAX (64 * 1024 * 1024)	/* some 600,000 orders */

struct card {
	struct uuid id;
	const char *number, *name, *email, *fulfilment_status;
	enum order_status status;
	enum paid_status payment_status;
	struct money total;
	int64_t placed_at;
};

SCHEMA(order_card_schema, struct card,
	FIELD_UUID(struct card, id),
	FIELD_TEXT(struct card, number),
	FIELD_TEXT(struct card, name),
	FIELD_TEXT(struct card, email),
	FIELD_ENUM(struct card, status, order_statuses),
	FIELD_ENUM(struct card, payment_status, paid_statuses),
	FIELD_TEXT(struct card, fulfilment_status),
	FIELD_MONEY(struct card, total),
	FIELD_TIME(struct card, placed_at));

static const char *const fulfilments[] = { "unfulfilled", "fulfilled", NULL };

enum order_sort { SORT_NEWEST, SORT_OLDEST, SORT_TOTAL, SORT_TOTAL_DOWN };
static const char *const sorts[] = { "newest", "oldest", "total", "-total",
	NULL };

struct table {
	enum order_status status;
	enum paid_status payment;
	int fulfilment;
	enum order_sort sort;
	const char *q, *from, *to, *after;
	int32_t limit;
	bool has_status, has_payment, has_fulfilment;
};

/* "2026-11-24" */
static bool
is_date(const char *s)
{
	char time[32];
	int64_t us;

	snprintf(time, sizeof(time), "%.10sT00:00:00Z", s);
	return strlen(s) == 10 && clock_parse_rfc3339(time, &us);
}

SCHEMA(order_list_input, struct table,
	FIELD_ENUM(struct table, status, order_statuses,
	    HAS(struct table, has_status)),
	FIELD_ENUM(struct table, payment, paid_statuses,
	    HAS(struct table, has_payment)),
	FIELD_ENUM(struct table, fulfilment, fulfilments,
	    HAS(struct table, has_fulfilment)),
	FIELD_TEXT(struct table, q, .max = 100,
	    .help = "A number, or a part of an address or a name"),
	FIELD_TEXT(struct table, from, .max = 10, .check = is_date,
	    .format = "date"),
	FIELD_TEXT(struct table, to, .max = 10, .check = is_date,
	    .format = "date", .help = "That day too"),
	FIELD_ENUM(struct table, sort, sorts, .preset = "newest"),
	FIELD_TEXT(struct table, after, .max = 300),
	FIELD_I32(struct table, limit, .min = 1, .max = 100, .preset = "20"));

/* "Z100001" or its digits. */
static bool
is_number(const char *q)
{
	q += q[0] == 'Z' || q[0] == 'z';
	return q[0] != '\0' && strlen(q) < 18 &&
	    q[strspn(q, "0123456789")] == '\0';
}

/* What LIKE takes for itself means itself. */
static const char *
like_escape(struct request *r, const char *q)
{
	struct buf out;

	buf_init(&out, r->arena, 1000);
	for (; *q != '\0'; q++) {
		if (strchr("%_\\", *q) != NULL)
			buf_putc(&out, '\\');
		buf_putc(&out, *q);
	}
	return out.data;
}

static void
add_text_filter(struct request *r, struct sql *sql, const char *q)
{
	if (is_number(q))
		sql_add(sql, " AND number = ?", P(arena_printf(r->arena, "Z%s",
		    q + (q[0] == 'Z' || q[0] == 'z'))));
	else
		sql_add(sql, " AND lower(email || ' ' || name) LIKE"
		    " '%' || lower(?) || '%'", P(like_escape(r, q)));
}

/* Ids of a day are found by their time, too: the key of the newest first. */
static void
add_dates(struct sql *sql, const struct table *in)
{
	if (in->from != NULL)
		sql_add(sql, " AND placed_at >= ?::date AND id >= (lpad(to_hex("
		    "(extract(epoch FROM ?::date::timestamptz - interval '1 day')"
		    " * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid",
		    P(in->from), P(in->from));
	if (in->to != NULL)
		sql_add(sql, " AND placed_at < ?::date + 1 AND id < (lpad(to_hex("
		    "(extract(epoch FROM ?::date::timestamptz + interval '2 days')"
		    " * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid",
		    P(in->to), P(in->to));
}

static void
start(struct request *r, struct sql *sql, const struct table *in, bool all)
{
	sql_start(sql, r->arena, "SELECT id, number, name, email, status,"
	    " payment_status, fulfilment_status, total, placed_at, currency"
	    " FROM shop_order WHERE status NOT IN ('placing', 'void')");
	if (!all)
		sql_add(sql, " AND user_id = ?::uuid", P(r->session->user_id));
	if (in->has_status)
		sql_add(sql, " AND status = ?", P(order_statuses[in->status]));
	if (in->has_payment)
		sql_add(sql, " AND payment_status = ?",
		    P(paid_statuses[in->payment]));
	if (in->has_fulfilment && in->fulfilment == 0)	/* as its index has it */
		sql_add(sql, " AND fulfilment_status = 'unfulfilled'");
	else if (in->has_fulfilment)
		sql_add(sql, " AND fulfilment_status = 'fulfilled'");
	if (in->q != NULL)
		add_text_filter(r, sql, in->q);
	add_dates(sql, in);
}

struct position {
	int64_t total;
	struct uuid id;
};

static void
add_order(struct sql *sql, enum order_sort sort, const struct position *after)
{
	switch (sort) {
	case SORT_NEWEST:
		if (after != NULL)
			sql_add(sql, " AND id < ?::uuid", P(after->id));
		sql_add(sql, " ORDER BY id DESC");
		break;
	case SORT_OLDEST:
		if (after != NULL)
			sql_add(sql, " AND id > ?::uuid", P(after->id));
		sql_add(sql, " ORDER BY id");
		break;
	case SORT_TOTAL:
		if (after != NULL)
			sql_add(sql, " AND (total, id) > (?::bigint, ?::uuid)",
			    P(after->total), P(after->id));
		sql_add(sql, " ORDER BY total, id");
		break;
	case SORT_TOTAL_DOWN:
		if (after != NULL)
			sql_add(sql, " AND (total, id) < (?::bigint, ?::uuid)",
			    P(after->total), P(after->id));
		sql_add(sql, " ORDER BY total DESC, id DESC");
		break;
	}
}

/* The cursor holds both, whatever the order. */
static bool
read_after(struct request *r, const char *after, struct position *at)
{
	const char *parts[2];
	char *end;

	if (!cursor_read(r, after, parts, 2))
		return false;
	errno = 0;
	at->total = strtoll(parts[0], &end, 10);
	if (errno != 0 || *end != '\0' || end == parts[0] ||
	    !uuid_parse(parts[1], &at->id))
		return cursor_refuse(r);
	return true;
}

static int
list(struct request *r, bool all)
{
	const struct table *in = request_input(r);
	const char *next = NULL;
	struct position at;
	struct card *rows;
	struct sql sql;
	size_t n;
	char id[UUID_TEXT_SIZE];

	if (in->after != NULL && !read_after(r, in->after, &at))
		return r->status;
	start(r, &sql, in, all);
	add_order(&sql, in->sort, in->after != NULL ? &at : NULL);
	sql_add(&sql, " LIMIT ?::int", P(in->limit + 1));
	if (!sql_all(r->db, &sql, &order_card_schema, (void **)&rows, &n))
		return 0;
	if (n > (size_t)in->limit) {
		n--;
		next = cursor_make(r, "%" PRId64 "|%s", rows[n - 1].total.amount,
		    uuid_text(&rows[n - 1].id, id));
	}
	return reply_list(r, &order_card_schema, rows, n, next);
}

int
order_list(struct request *r)
{
	return list(r, session_may(r->session, "orders.order.read"));
}

int
order_list_own(struct request *r)
{
	return list(r, false);
}

static void
add_pair(struct buf *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(out, "%s%s=", out->len > 0 ? "&" : "", name);
	url_encode(out, value);
}

/* The filters as a query, and the order of the rows if it is given. */
static const char *
query_of(struct request *r, const struct table *in, const char *sort)
{
	struct buf out;

	buf_init(&out, r->arena, 4000);
	add_pair(&out, "status",
	    in->has_status ? order_statuses[in->status] : NULL);
	add_pair(&out, "payment",
	    in->has_payment ? paid_statuses[in->payment] : NULL);
	add_pair(&out, "fulfilment",
	    in->has_fulfilment ? fulfilments[in->fulfilment] : NULL);
	add_pair(&out, "q", in->q);
	add_pair(&out, "from", in->from);
	add_pair(&out, "to", in->to);
	add_pair(&out, "sort", sort);
	return out.data;
}

static void
set_text(struct request *r, const char *name, const char *text)
{
	page_set(r, name, json_object_new_string(text));
}

/* Words of an enum as options of a select, but those that are of no order. */
static void
set_options(struct request *r, const char *name, const char *const *words,
    const char *prefix, int chosen)
{
	struct json_object *list = json_object_new_array();

	for (int i = 0; words[i] != NULL; i++) {
		struct json_object *option = json_object_new_object();

		if (words == order_statuses &&
		    (i == ORDER_PLACING || i == ORDER_VOID)) {
			json_object_put(option);
			continue;
		}
		json_object_object_add(option, "value",
		    json_object_new_string(words[i]));
		json_object_object_add(option, "label",
		    json_object_new_string(app_word(r->app, r->lang,
		    arena_printf(r->arena, "orders.%s.%s", prefix, words[i]))));
		json_object_object_add(option, "is_chosen",
		    json_object_new_boolean(i == chosen));
		json_object_array_add(list, option);
	}
	page_set(r, name, list);
}

/* The head of a column that sorts: its link, and how it is sorted now. */
static void
set_sort(struct request *r, const struct table *in, const char *column,
    enum order_sort first, enum order_sort second)
{
	struct json_object *head = json_object_new_object();
	enum order_sort other = in->sort == first ? second : first;

	json_object_object_add(head, "query", json_object_new_string(
	    query_of(r, in, sorts[other])));
	if (in->sort == first || in->sort == second)
		json_object_object_add(head, "direction", json_object_new_string(
		    in->sort == SORT_OLDEST || in->sort == SORT_TOTAL ?
		    "ascending" : "descending"));
	page_set(r, column, head);
}

int
order_table(struct request *r)
{
	const struct table *in = request_input(r);
	const char *query = query_of(r, in, sorts[in->sort]);

	set_options(r, "statuses", order_statuses, "status",
	    in->has_status ? (int)in->status : -1);
	set_options(r, "payments", paid_statuses, "paid",
	    in->has_payment ? (int)in->payment : -1);
	set_options(r, "fulfilments", fulfilments, "fulfilment",
	    in->has_fulfilment ? in->fulfilment : -1);
	set_options(r, "sorts", sorts, "sort", (int)in->sort);
	set_sort(r, in, "by_time", SORT_NEWEST, SORT_OLDEST);
	set_sort(r, in, "by_total", SORT_TOTAL_DOWN, SORT_TOTAL);
	set_text(r, "query", query);
	set_text(r, "q", in->q != NULL ? in->q : "");
	set_text(r, "from", in->from != NULL ? in->from : "");
	set_text(r, "to", in->to != NULL ? in->to : "");
	page_set(r, "is_filtered", json_object_new_boolean(
	    query_of(r, in, NULL)[0] != '\0'));
	page_set(r, "is_first", json_object_new_boolean(in->after == NULL));
	views_set(r, query);
	return list(r, true);
}

/* A cell; what a spreadsheet would take for a formula is text. */
static void
put_cell(struct buf *out, const char *text)
{
	bool is_formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;

	buf_puts(out, is_formula ? "\"'" : "\"");
	for (; *text != '\0'; text++)
		buf_puts(out, *text == '"' ? "\"\"" :
		    (const char[]){ *text, '\0' });
	buf_putc(out, '"');
}

static void
put_row(struct buf *out, const struct card *card)
{
	const char *const cells[] = { card->number, order_statuses[card->status],
		paid_statuses[card->payment_status], card->fulfilment_status,
		card->name, card->email };
	char time[40], total[MONEY_TEXT_SIZE];

	clock_format_rfc3339(card->placed_at, time);
	buf_puts(out, time);
	for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
		buf_putc(out, ',');
		put_cell(out, cells[i]);
	}
	buf_printf(out, ",%s,%s\r\n", money_decimal(&card->total, total),
	    card->total.currency);
}

/* All that the filters let through, read by keyset pages. */
int
order_csv(struct request *r)
{
	struct table *in = r->input;
	struct buf *out = arena_new_of(r->arena, struct buf);
	struct position at;
	struct card *rows;
	size_t n = CSV_PAGE;

	buf_init(out, r->arena, CSV_MAX);
	buf_puts(out, "placed_at,number,status,payment_status,"
	    "fulfilment_status,name,email,total,currency\r\n");
	for (bool is_first = true; n == CSV_PAGE; is_first = false) {
		struct sql sql;

		start(r, &sql, in, true);
		add_order(&sql, in->sort, is_first ? NULL : &at);
		sql_add(&sql, " LIMIT ?::int", P(CSV_PAGE));
		if (!sql_all(r->db, &sql, &order_card_schema, (void **)&rows, &n))
			return 0;
		for (size_t i = 0; i < n; i++)
			put_row(out, &rows[i]);
		if (n > 0)
			at = (struct position){ rows[n - 1].total.amount,
			    rows[n - 1].id };
		if (out->overflow)
			return problem(r, PROBLEM_TOO_LARGE);
	}
	reply_header(r, "Content-Disposition",
	    "attachment; filename=\"orders.csv\"");
	return reply_text(r, 200, "text/csv; charset=utf-8", out);
}
