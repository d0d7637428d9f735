/* What happens to an order later: lists, cancel, ship, pay once more, expire. */
#include "orders.h"

#include <json-c/json.h>

#include "db/sql.h"
#include "web/call.h"

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

static int
list(struct request *r, bool all)
{
	const struct order_list *in = request_input(r);
	const char *after[1], *next = NULL;
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
		if (!cursor_read(r, in->after, after, 1))
			return r->status;
		if (!uuid_parse(after[0], &id))
			return problem(r, PROBLEM_INVALID);
		sql_add(&sql, " AND id < ?::uuid", P(id));
	}
	sql_add(&sql, " ORDER BY id DESC LIMIT ?::int", P(in->limit + 1));
	if (!sql_all(r->db, &sql, &order_card_schema, (void **)&rows, &n))
		return 0;
	if (n > (size_t)in->limit) {
		char text[UUID_TEXT_SIZE];

		next = cursor_make(r, "%s", uuid_text(&rows[--n - 1].id, text));
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

struct own_id {
	struct uuid id;
	const char *token;
};

int
order_cancel(struct request *r)
{
	const struct own_id *in = request_input(r);
	struct order o;

	if (!order_find_own(r, in->id, in->token, &o))
		return r->status;
	if (!order_end(r, in->id, ORDER_CANCELLED))
		return problem(r, PROBLEM_NOT_CANCELLABLE);
	order_find(r, in->id, &o);
	return reply(r, 200, &order_schema, &o);
}

struct ship {
	struct uuid id;
	const char *tracking;
};

SCHEMA(ship_input, struct ship,
	FIELD_UUID(struct ship, id, .required = true),
	FIELD_TEXT(struct ship, tracking, .max = 100, .preset = ""));

DB_QUERY(ship_order, 2,
	"UPDATE shop_order SET fulfilment_status = 'fulfilled', tracking = $2,"
	" status = CASE WHEN payment_status = 'paid' THEN 'completed'"
	"  ELSE status END"
	" WHERE id = $1::uuid AND status = 'confirmed'"
	" AND fulfilment_status = 'unfulfilled'");

int
order_ship(struct request *r)
{
	const struct ship *in = request_input(r);
	struct order o;

	if (!order_find(r, in->id, &o))
		return problem(r, PROBLEM_NOT_FOUND);
	if (!db_exec(r->db, &ship_order, P(in->id), P(in->tracking)))
		return problem(r, PROBLEM_NOT_SHIPPABLE);
	order_note(r, in->id, "shipped", in->tracking);
	order_find(r, in->id, &o);
	order_tell(r, EVENT_ORDER_SHIPPED, &o, NULL);
	return reply(r, 201, &order_schema, &o);
}

struct pay_again {
	struct uuid id;
	const char *token, *payment_method;
};

SCHEMA(pay_again_input, struct pay_again,
	FIELD_UUID(struct pay_again, id, .required = true),
	FIELD_TEXT(struct pay_again, token, .max = 100),
	FIELD_TEXT(struct pay_again, payment_method, .max = 30,
	    .preset = "demo_card"));

DB_QUERY(next_attempt, 2,
	"UPDATE shop_order SET payment_attempt = payment_attempt + 1,"
	" payment_status = 'pending', payment_provider = $2 WHERE id = $1::uuid"
	" AND status = 'awaiting_payment' AND payment_status = 'failed'");

/* The same order and number; a new attempt once the last one has failed. */
int
order_pay_again(struct request *r)
{
	const struct pay_again *in = request_input(r);
	struct order_payment payment;
	struct order o;

	if (!order_find_own(r, in->id, in->token, &o) || !order_refresh(r, &o))
		return r->status;
	if (!step_begin(r))
		return 0;
	if (db_exec(r->db, &next_attempt, P(in->id), P(in->payment_method)))
		order_note(r, in->id, "payment_started", "");
	if (!step_end(r) || !order_find(r, in->id, &o))
		return 0;
	if (o.status != ORDER_AWAITING_PAYMENT)
		return problem(r, PROBLEM_CONFLICT);
	if (!order_pay(r, &o, &payment))
		return r->status;
	o.payment = payment.next_action;
	o.token = order_token(r, o.id);
	return reply(r, 200, &order_schema, &o);
}

int
order_pay_again_form(struct request *r)
{
	const struct pay_again *in = request_input(r);
	struct json_object *payment, *url;
	char id[UUID_TEXT_SIZE];

	if (order_pay_again(r) >= 300 || r->json == NULL)
		return r->status;
	if (json_object_object_get_ex(r->json, "payment", &payment) &&
	    payment != NULL && json_object_object_get_ex(payment, "url", &url) &&
	    url != NULL) {
		r->location = json_object_get_string(url);
		r->status = 303;
		return 303;
	}
	return reply_redirect(r, arena_printf(r->arena, "/orders/%s",
	    uuid_text(&in->id, id)));
}
