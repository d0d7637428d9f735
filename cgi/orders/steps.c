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

bool
order_is_cash(const struct order *o)
{
	return str_eq(o->payment_provider, "cash_on_delivery");
}

static bool
is_offline(const struct order *o)
{
	return order_is_cash(o) || str_eq(o->payment_provider, "bank_transfer");
}

static const char *
path_of(struct request *r, const char *format, struct uuid id)
{
	char text[UUID_TEXT_SIZE];

	return arena_printf(r->arena, "/internal/%s/%s", format,
	    uuid_text(&id, text));
}

/* What inventory and cart want to know of the order's lines. */
static struct json_object *
wanted_lines(const struct order *o)
{
	static const char *const names[] = { "variant_id", "quantity" };
	struct json_object *lines = json_object_new_array(), *value;

	for (size_t i = 0; i < json_object_array_length(o->lines); i++) {
		struct json_object *line = json_object_array_get_idx(o->lines, i);
		struct json_object *wanted = json_object_new_object();

		for (size_t k = 0; k < ARRAY_LEN(names); k++) {
			json_object_object_get_ex(line, names[k], &value);
			json_object_object_add(wanted, names[k],
			    json_object_get(value));
		}
		json_object_array_add(lines, wanted);
	}
	return lines;
}

DB_QUERY(void_order, 1,
	"UPDATE shop_order SET status = 'void', key = key || ' void ' || id"
	" WHERE id = $1::uuid AND status = 'placing'");

/* The key is free again: the same request may be made anew. */
static bool
make_void(struct request *r, struct uuid id)
{
	if (!step_begin(r))
		return false;
	if (db_exec(r->db, &void_order, P(id)))
		order_note(r, id, "void", "");
	return step_end(r);
}

/* The hold goes before the row does: what fails here is tried again. */
bool
order_undo(struct request *r, struct uuid id)
{
	struct call_answer answer;

	if (!call(r, DELETE, path_of(r, "inventory/holds", id), NULL, &answer))
		return false;
	if (answer.status != 204) {
		problem(r, PROBLEM_UNAVAILABLE);
		return false;
	}
	return order_close_payment(r, id) && make_void(r, id);
}

/* The lines that lack, with the names that the shopper knows them by. */
static void
tell_lacking(struct request *r, const struct order *o,
    struct json_object *lacking)
{
	for (size_t i = 0; i < json_object_array_length(lacking); i++) {
		struct json_object *lack = json_object_array_get_idx(lacking, i);
		struct json_object *id, *other, *name;

		json_object_object_get_ex(lack, "variant_id", &id);
		for (size_t k = 0; k < json_object_array_length(o->lines); k++) {
			struct json_object *line =
			    json_object_array_get_idx(o->lines, k);

			json_object_object_get_ex(line, "variant_id", &other);
			json_object_object_get_ex(line, "name", &name);
			if (json_object_equal(id, other))
				json_object_object_add(lack, "name",
				    json_object_get(name));
		}
	}
	problem_member(r, "lines", json_object_get(lacking));
}

bool
order_hold(struct request *r, const struct order *o)
{
	struct json_object *body = json_object_new_object(), *lacking;
	struct call_answer answer;
	int64_t until = order_is_cash(o) ?
	    clock_now_us() + CASH_HOLD_DAYS * 86400000000 :
	    o->expires_at + GRACE_MINUTES * 60000000;
	char text[40];

	clock_format_rfc3339(until, text);
	json_object_object_add(body, "lines", wanted_lines(o));
	json_object_object_add(body, "until", json_object_new_string(text));
	if (!call(r, PUT, path_of(r, "inventory/holds", o->id), body, &answer))
		return false;
	if (answer.status == 200)
		return true;
	if (!str_eq(answer.problem, "out-of-stock")) {
		problem(r, PROBLEM_CONFLICT);	/* the finisher has undone it */
		return false;
	}
	if (o->status == ORDER_PLACING && !make_void(r, o->id))
		return false;
	if (json_object_object_get_ex(answer.json, "lines", &lacking) &&
	    json_object_is_type(lacking, json_type_array))
		tell_lacking(r, o, lacking);
	problem(r, PROBLEM_OUT_OF_STOCK);
	return false;
}

DB_QUERY(number_order, 1,
	"UPDATE shop_order SET number = 'Z' || nextval('order_number')"
	" WHERE id = $1::uuid AND status = 'placing' AND number IS NULL");
DB_QUERY(confirm_order, 3,
	"UPDATE shop_order SET status = $2, payment_status = $3"
	" WHERE id = $1::uuid AND status = 'placing'");

/* The stock is there, so it gets a number, which a transfer refers to. */
static bool
give_number(struct request *r, struct order *o)
{
	if (o->number != NULL)
		return true;
	if (!step_begin(r))
		return false;
	db_exec(r->db, &number_order, P(o->id));
	return step_end(r) && order_find(r, o->id, o);
}

/* Step 3: from here on the order exists for its shopper. */
static bool
confirm(struct request *r, struct order *o, struct json_object *instructions)
{
	bool is_cash = order_is_cash(o);

	o->status = is_cash ? ORDER_CONFIRMED : ORDER_AWAITING_PAYMENT;
	o->payment_status = is_cash ? PAID_AUTHORIZED : PAID_PENDING;
	if (!step_begin(r))
		return false;
	if (db_exec(r->db, &confirm_order, P(o->id), P(order_statuses[o->status]),
	    P(paid_statuses[o->payment_status]))) {
		order_note(r, o->id, "placed", "");
		order_tell(r, EVENT_ORDER_PLACED, o, instructions);
	}
	return step_end(r) && order_find(r, o->id, o);
}

/* Offline payments come before the confirmation: its mail says how to pay. */
static bool
place(struct request *r, struct order *o, struct order_payment *payment)
{
	if (!order_hold(r, o) || !give_number(r, o) ||
	    (is_offline(o) && !order_pay(r, o, payment)) ||
	    !confirm(r, o, payment->next_action))
		return false;
	if (o->status != ORDER_VOID)
		return true;
	if (order_undo(r, o->id))	/* the finisher was quicker: after it */
		problem(r, PROBLEM_CONFLICT);
	return false;
}

/* The lines leave the cart, once per order; the order stands without it. */
static void
empty_cart(struct request *r, const struct order *o)
{
	struct json_object *body = json_object_new_object();
	struct call_answer answer;
	char id[UUID_TEXT_SIZE];

	json_object_object_add(body, "lines", wanted_lines(o));
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

	if (o->status == ORDER_PLACING && !place(r, o, &payment))
		return r->status;
	if (o->status == ORDER_AWAITING_PAYMENT || o->status == ORDER_CONFIRMED) {
		empty_cart(r, o);
		if (payment.next_action == NULL && !order_pay(r, o, &payment))
			return r->status;
		o->payment = payment.next_action;
	}
	o->token = order_token(r, o->id);
	return reply(r, 201, &order_schema, o);
}
