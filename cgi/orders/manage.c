/* What happens to an order later: the end of it, its parcel. */
#include "orders.h"

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

bool
order_send(struct request *r, struct uuid id, const char *carrier,
    const char *tracking, struct order *o)
{
	if (!db_exec(r->db, &ship_order, P(id)))
		return false;
	db_exec(r->db, &put_shipment, P(uuid_new()), P(id), P(carrier),
	    P(tracking), P(r->actor));
	order_note(r, id, "shipped", arena_printf(r->arena, "%s%s%s", carrier,
	    carrier[0] != '\0' ? " " : "", tracking));
	order_find(r, id, o);
	order_tell(r, EVENT_ORDER_SHIPPED, o, NULL);
	return !request_failed(r);
}

int
order_ship(struct request *r)
{
	const struct ship *in = request_input(r);
	struct order o;

	if (!order_find(r, in->id, &o))
		return problem(r, PROBLEM_NOT_FOUND);
	if (!order_send(r, in->id, in->carrier, in->tracking, &o))
		return problem(r, PROBLEM_NOT_SHIPPABLE);
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
