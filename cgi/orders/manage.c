/* What happens to an order later: lists, the end of it, its parcel. */
#include "orders.h"

#include <json-c/json.h>

#include "db/sql.h"

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

struct order_list {
	int status;
	bool has_status;
	const char *after;
	int32_t limit;
};

SCHEMA(order_list_input, struct order_list,
	FIELD_ENUM(struct order_list, status, order_statuses,
	    HAS(struct order_list, has_status)),
	FIELD_TEXT(struct order_list, after, .max = 300),
	FIELD_I32(struct order_list, limit, .min = 1, .max = 100,
	    .preset = "20"));

/* Which filter of the page is on, and its name for the way on. */
static void
set_status(struct request *r, const char *status)
{
	struct json_object *is = json_object_new_object();

	json_object_object_add(is, status, json_object_new_boolean(true));
	page_set(r, "status_is", is);
	page_set(r, "status_filter", json_object_new_string(status));
}

static int
list(struct request *r, bool all)
{
	const struct order_list *in = request_input(r);
	const char *next = NULL;
	struct card *rows;
	struct uuid id;
	struct sql sql;
	size_t n;

	sql_start(&sql, r->arena, "SELECT id, number, name, email, status,"
	    " payment_status, fulfilment_status, total, placed_at, currency"
	    " FROM shop_order WHERE status NOT IN ('placing', 'void')");
	if (!all)
		sql_add(&sql, " AND user_id = ?::uuid", P(r->session->user_id));
	if (in->has_status)
		sql_add(&sql, " AND status = ?", P(order_statuses[in->status]));
	if (in->after != NULL) {
		if (!cursor_read_id(r, in->after, &id))
			return r->status;
		sql_add(&sql, " AND id < ?::uuid", P(id));
	}
	if (in->has_status && r->route->kind == KIND_PAGE)
		set_status(r, order_statuses[in->status]);
	sql_add(&sql, " ORDER BY id DESC LIMIT ?::int", P(in->limit + 1));
	if (!sql_all(r->db, &sql, &order_card_schema, (void **)&rows, &n))
		return 0;
	if (n > (size_t)in->limit)
		next = cursor_make_id(r, rows[--n - 1].id);
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

DB_QUERY(cancel_order, 1,
	"UPDATE shop_order SET status = 'cancelled' WHERE id = $1::uuid"
	" AND status IN ('awaiting_payment', 'confirmed')"
	" AND fulfilment_status = 'unfulfilled'");
DB_QUERY(expire_order, 1,
	"UPDATE shop_order SET status = 'expired' WHERE id = $1::uuid"
	" AND status = 'awaiting_payment' AND payment_status <> 'paid'");

bool
order_end(struct request *r, struct uuid id, enum order_status status)
{
	bool is_expiry = status == ORDER_EXPIRED;
	struct order o;

	if (!db_exec(r->db, is_expiry ? &expire_order : &cancel_order, P(id)) ||
	    !order_find(r, id, &o))
		return false;
	order_note(r, id, is_expiry ? "expired" : "cancelled", "");
	order_tell(r, is_expiry ? EVENT_ORDER_EXPIRED : EVENT_ORDER_CANCELLED, &o,
	    NULL);
	return !request_failed(r);
}

int
order_cancel(struct request *r)
{
	const struct order_get *in = request_input(r);
	struct order o;

	if (!order_find_own(r, in->id, in->token, "orders.order.cancel", &o))
		return r->status;
	if (!order_end(r, in->id, ORDER_CANCELLED))
		return problem(r, PROBLEM_NOT_CANCELLABLE);
	order_find(r, in->id, &o);
	return reply(r, 200, &order_schema, &o);
}

struct ship {
	struct uuid id;
	const char *carrier, *tracking;
};

SCHEMA(ship_input, struct ship,
	FIELD_UUID(struct ship, id, .required = true),
	FIELD_TEXT(struct ship, carrier, .max = 60, .preset = ""),
	FIELD_TEXT(struct ship, tracking, .max = 100, .preset = ""));

DB_QUERY(ship_order, 1,
	"UPDATE shop_order SET fulfilment_status = 'fulfilled',"
	" status = CASE WHEN payment_status = 'paid' THEN 'completed'"
	"  ELSE status END"
	" WHERE id = $1::uuid AND status = 'confirmed'"
	" AND payment_status IN ('paid', 'authorized')"
	" AND fulfilment_status = 'unfulfilled'");
DB_QUERY(put_shipment, 5,
	"INSERT INTO shipment (id, order_id, carrier, tracking, actor)"
	" VALUES ($1::uuid, $2::uuid, $3, $4, $5)");

int
order_ship(struct request *r)
{
	const struct ship *in = request_input(r);
	struct order o;

	if (!order_find(r, in->id, &o))
		return problem(r, PROBLEM_NOT_FOUND);
	if (!db_exec(r->db, &ship_order, P(in->id)))
		return problem(r, PROBLEM_NOT_SHIPPABLE);
	db_exec(r->db, &put_shipment, P(uuid_new()), P(in->id), P(in->carrier),
	    P(in->tracking), P(r->actor));
	order_note(r, in->id, "shipped", arena_printf(r->arena, "%s%s%s",
	    in->carrier, in->carrier[0] != '\0' ? " " : "", in->tracking));
	order_find(r, in->id, &o);
	order_tell(r, EVENT_ORDER_SHIPPED, &o, NULL);
	return reply(r, 201, &order_schema, &o);
}

/* Sold, but not there: staff read it on the order. */
bool
on_stock_short(struct request *r, const struct event *event)
{
	struct order o;

	if (order_find(r, event->subject, &o))
		order_note_once(r, o.id, "stock_short", "");
	return !request_failed(r);
}
