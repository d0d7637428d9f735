/*
 * The steps of a checkout after its row is there (ARCHITECTURE.md 7). Each
 * commits by itself and may come twice.
 */
#include "orders.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "web/call.h"

#define CASH_HOLD_DAYS 30
#define GRACE_MINUTES 10

SCHEMA(order_payment_schema, struct order_payment,
	FIELD_UUID(struct order_payment, id),
	FIELD_UUID(struct order_payment, order_id),
	FIELD_I32(struct order_payment, attempt),
	FIELD_TEXT(struct order_payment, status),
	FIELD_TEXT(struct order_payment, provider),
	FIELD_I64(struct order_payment, captured),
	FIELD_I64(struct order_payment, amount),
	FIELD_JSON(struct order_payment, next_action));

static const char *
path_of(struct request *r, const char *format, struct uuid id)
{
	char text[UUID_TEXT_SIZE];

	uuid_text(&id, text);
	return arena_printf(r->arena, "/internal/%s/%s", format, text);
}

static bool
is_cash(const struct order *o)
{
	return str_eq(o->payment_provider, "cash_on_delivery");
}

static bool
is_offline(const struct order *o)
{
	return is_cash(o) || str_eq(o->payment_provider, "bank_transfer");
}

static struct json_object *
hold_body(struct request *r, const struct order *o)
{
	struct json_object *body = json_object_new_object();
	struct json_object *lines = json_object_new_array();
	int64_t until = is_cash(o) ? clock_now_us() + CASH_HOLD_DAYS * 86400000000 :
	    o->expires_at + GRACE_MINUTES * 60000000;
	char text[40];

	(void)r;
	for (size_t i = 0; i < json_object_array_length(o->lines); i++) {
		struct json_object *line = json_object_array_get_idx(o->lines, i);
		struct json_object *wanted = json_object_new_object(), *value;

		json_object_object_get_ex(line, "variant_id", &value);
		json_object_object_add(wanted, "variant_id", json_object_get(value));
		json_object_object_get_ex(line, "quantity", &value);
		json_object_object_add(wanted, "quantity", json_object_get(value));
		json_object_array_add(lines, wanted);
	}
	clock_format_rfc3339(until, text);
	json_object_object_add(body, "lines", lines);
	json_object_object_add(body, "until", json_object_new_string(text));
	return body;
}

DB_QUERY(void_order, 1,
	"UPDATE shop_order SET status = 'void', key = key || ' void ' || id"
	" WHERE id = $1::uuid AND status = 'placing'");

bool
order_void(struct request *r, struct uuid id)
{
	if (!step_begin(r))
		return false;
	db_exec(r->db, &void_order, P(id));
	order_note(r, id, "void", "");
	return step_end(r);
}

bool
order_hold(struct request *r, const struct order *o)
{
	struct call_answer answer;
	struct json_object *lines;

	if (!call(r, PUT, path_of(r, "inventory/holds", o->id), hold_body(r, o),
	    &answer))
		return false;
	if (answer.status == 200)
		return true;
	if (!order_void(r, o->id))
		return false;
	if (json_object_object_get_ex(answer.json, "lines", &lines))
		problem_member(r, "lines", json_object_get(lines));
	problem(r, PROBLEM_OUT_OF_STOCK);
	return false;
}

bool
order_pay(struct request *r, const struct order *o, struct order_payment *payment)
{
	struct json_object *body = json_object_new_object();
	struct call_answer answer;
	char id[UUID_TEXT_SIZE];

	json_object_object_add(body, "provider",
	    json_object_new_string(o->payment_provider));
	json_object_object_add(body, "amount",
	    json_object_new_int64(o->total.amount));
	json_object_object_add(body, "currency",
	    json_object_new_string(o->total.currency));
	json_object_object_add(body, "order_number",
	    json_object_new_string(o->number));
	json_object_object_add(body, "return_path", json_object_new_string(
	    arena_printf(r->arena, "/orders/%s", uuid_text(&o->id, id))));
	json_object_object_add(body, "lang", json_object_new_string(o->lang));
	if (!call(r, PUT, arena_printf(r->arena, "%s/%d",
	    path_of(r, "payments/orders", o->id), o->payment_attempt), body,
	    &answer))
		return false;
	if (answer.status == 200)
		return call_read(r, &answer, &order_payment_schema, payment);
	problem(r, PROBLEM_PROVIDER_FAILED);
	return false;
}

DB_QUERY(confirm_order, 3,
	"UPDATE shop_order SET status = $2, payment_status = $3"
	" WHERE id = $1::uuid AND status = 'placing'");

/* Step 3: from here on the order exists for its shopper. */
bool
order_confirm(struct request *r, struct order *o,
    struct json_object *instructions)
{
	enum order_status status =
	    is_cash(o) ? ORDER_CONFIRMED : ORDER_AWAITING_PAYMENT;

	if (!step_begin(r))
		return false;
	if (db_exec(r->db, &confirm_order, P(o->id), P(order_statuses[status]),
	    P(is_cash(o) ? "authorized" : "pending"))) {
		order_note(r, o->id, "placed", "");
		o->status = status;
		o->payment_status = is_cash(o) ? PAID_AUTHORIZED : PAID_PENDING;
		order_tell(r, EVENT_ORDER_PLACED, o, instructions);
	}
	return step_end(r) && order_find(r, o->id, o);
}

/* The lines leave the cart; should that fail now, they are there twice. */
static void
empty_cart(struct request *r, const struct order *o)
{
	struct json_object *body = hold_body(r, o);
	struct call_answer answer;
	char id[UUID_TEXT_SIZE];

	json_object_object_del(body, "until");
	json_object_object_add(body, "cart_key",
	    json_object_new_string(o->cart_key));
	json_object_object_add(body, "order_id",
	    json_object_new_string(uuid_text(&o->id, id)));
	if (!call(r, POST, "/internal/cart/ordered", body, &answer))
		call_forgive(r);
}

int
order_go_on(struct request *r, struct order *o)
{
	struct order_payment payment = { .next_action = NULL };
	bool pays_first = is_offline(o);	/* the mail tells how to pay */

	if (o->status == ORDER_PLACING) {
		if (!order_hold(r, o) || (pays_first && !order_pay(r, o, &payment)) ||
		    !order_confirm(r, o, payment.next_action))
			return r->status;
		empty_cart(r, o);
	}
	if (o->status == ORDER_AWAITING_PAYMENT || o->status == ORDER_CONFIRMED) {
		if (payment.next_action == NULL && !order_pay(r, o, &payment))
			return r->status;
		o->payment = payment.next_action;
	}
	o->token = order_token(r, o->id);
	return reply(r, 201, &order_schema, o);
}

DB_QUERY(mark_paid, 2,
	"UPDATE shop_order SET payment_status = 'paid', status = CASE"
	"  WHEN fulfilment_status = 'fulfilled' THEN 'completed'"
	"  ELSE 'confirmed' END"
	" WHERE id = $1::uuid AND status IN ('placing', 'awaiting_payment',"
	"  'confirmed') AND payment_status <> 'paid' AND total = $2::bigint");
DB_QUERY(mark_late, 1,
	"UPDATE shop_order SET payment_status = 'paid' WHERE id = $1::uuid"
	" AND status IN ('cancelled', 'expired', 'void')"
	" AND payment_status NOT IN ('paid', 'refunded')");
DB_QUERY(mark_failed, 2,
	"UPDATE shop_order SET payment_status = 'failed' WHERE id = $1::uuid"
	" AND status = 'awaiting_payment' AND payment_status = 'pending'"
	" AND payment_attempt = $2::int");
DB_QUERY(mark_authorized, 1,
	"UPDATE shop_order SET payment_status = 'authorized' WHERE id = $1::uuid"
	" AND payment_status = 'pending'");
DB_QUERY(mark_refunded, 1,
	"UPDATE shop_order SET payment_status = 'refunded' WHERE id = $1::uuid"
	" AND payment_status <> 'refunded'");

bool
order_mark_paid(struct request *r, struct uuid id, int64_t amount)
{
	struct order o;

	if (db_exec(r->db, &mark_paid, P(id), P(amount))) {
		order_note(r, id, "paid", "");
		if (order_find(r, id, &o))
			order_tell(r, EVENT_ORDER_PAID, &o, NULL);
	} else if (db_exec(r->db, &mark_late, P(id))) {
		/* Too late: the goods are free again, so the money goes back. */
		order_note(r, id, "paid_late", "");
		if (order_find(r, id, &o))
			order_tell(r, EVENT_ORDER_CANCELLED, &o, NULL);
	}
	return !request_failed(r);
}

bool
order_mark_failed(struct request *r, struct uuid id, int32_t attempt)
{
	struct order o;

	if (db_exec(r->db, &mark_failed, P(id), P(attempt)) &&
	    order_find(r, id, &o)) {
		order_note(r, id, "payment_failed", "");
		order_tell(r, EVENT_ORDER_CHANGED, &o, NULL);
	}
	return !request_failed(r);
}

bool
order_mark_authorized(struct request *r, struct uuid id)
{
	db_exec(r->db, &mark_authorized, P(id));
	return !request_failed(r);
}

bool
order_refresh(struct request *r, struct order *o)
{
	struct order_payment payment;
	struct call_answer answer;

	if (o->status != ORDER_AWAITING_PAYMENT)
		return true;
	if (!call(r, GET, path_of(r, "payments/orders", o->id), NULL, &answer) ||
	    answer.status != 200 ||
	    !call_read(r, &answer, &order_payment_schema, &payment)) {
		call_forgive(r);	/* the page stands without it */
		return true;
	}
	o->payment = payment.next_action;
	if (!str_eq(payment.status, "captured") && !str_eq(payment.status, "failed"))
		return true;
	if (!step_begin(r))
		return false;
	if (str_eq(payment.status, "captured"))
		order_mark_paid(r, o->id, payment.captured);
	else
		order_mark_failed(r, o->id, payment.attempt);
	return step_end(r) && order_find(r, o->id, o);
}

static int64_t
number_of(const struct event *event, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(event->data, name, &value) ?
	    json_object_get_int64(value) : 0;
}

bool
on_captured(struct request *r, const struct event *event)
{
	return order_mark_paid(r, event->subject, number_of(event, "captured"));
}

bool
on_failed(struct request *r, const struct event *event)
{
	return order_mark_failed(r, event->subject,
	    (int32_t)number_of(event, "attempt"));
}

bool
on_authorized(struct request *r, const struct event *event)
{
	return order_mark_authorized(r, event->subject);
}

bool
on_refunded(struct request *r, const struct event *event)
{
	if (number_of(event, "refunded") == number_of(event, "captured") &&
	    db_exec(r->db, &mark_refunded, P(event->subject)))
		order_note(r, event->subject, "refunded", "");
	return !request_failed(r);
}
