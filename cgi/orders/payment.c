/* What orders asks payments for, and what it makes of payments' word. */
#include "orders.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "web/call.h"
#include "web/format.h"

#define ATTEMPTS_MAX 20

SCHEMA(order_payment_schema, struct order_payment,
	FIELD_UUID(struct order_payment, id),
	FIELD_UUID(struct order_payment, order_id),
	FIELD_I32(struct order_payment, attempt),
	FIELD_TEXT(struct order_payment, status),
	FIELD_TEXT(struct order_payment, provider),
	FIELD_I64(struct order_payment, captured),
	FIELD_I64(struct order_payment, amount),
	FIELD_JSON(struct order_payment, next_action));

int64_t
order_minutes(const struct request *r, const char *provider)
{
	const struct conf *conf = r->app->conf;

	return str_eq(provider, "bank_transfer") ?
	    conf->order_transfer_days * 1440 : conf->order_payment_minutes;
}

bool
order_methods(struct request *r, const char *country, const char *chosen,
    struct json_object **list)
{
	struct call_answer answer;
	struct json_object *item, *name;

	if (!call(r, GET, arena_printf(r->arena,
	    "/internal/payments/methods?country=%s", country), NULL, &answer))
		return false;
	if (!json_object_object_get_ex(answer.json, "items", list) ||
	    !json_object_is_type(*list, json_type_array)) {
		problem(r, PROBLEM_UNAVAILABLE);
		return false;
	}
	for (size_t i = 0; i < json_object_array_length(*list); i++) {
		item = json_object_array_get_idx(*list, i);
		if (json_object_object_get_ex(item, "provider", &name) &&
		    str_eq(json_object_get_string(name), chosen))
			json_object_object_add(item, "is_chosen",
			    json_object_new_boolean(true));
	}
	return true;
}

bool
order_method_check(struct request *r, const char *country, const char *method)
{
	struct json_object *list;

	if (!order_methods(r, country, method, &list))
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (json_object_object_get_ex(json_object_array_get_idx(list, i),
		    "is_chosen", NULL))
			return true;
	problem_field(r, "payment_method", "choice",
	    field_message(r, "choice", 0, 0));
	problem(r, PROBLEM_INVALID);
	return false;
}

static const char *
path_of(struct request *r, struct uuid id)
{
	char text[UUID_TEXT_SIZE];

	return arena_printf(r->arena, "/internal/payments/orders/%s",
	    uuid_text(&id, text));
}

bool
order_close_payment(struct request *r, struct uuid id)
{
	struct call_answer answer;

	if (!call(r, POST, arena_printf(r->arena, "%s/cancel", path_of(r, id)),
	    json_object_new_object(), &answer))
		return false;
	if (answer.status == 200 || answer.status == 404)
		return true;
	problem(r, PROBLEM_UNAVAILABLE);
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
	if (!call(r, PUT, arena_printf(r->arena, "%s/%d", path_of(r, o->id),
	    o->payment_attempt), body, &answer))
		return false;
	if (answer.status == 200)
		return call_read(r, &answer, &order_payment_schema, payment);
	problem(r, PROBLEM_PROVIDER_FAILED);
	return false;
}

const char *
order_pay_url(const struct order *o)
{
	struct json_object *type, *url;

	return json_object_object_get_ex(o->payment, "type", &type) &&
	    str_eq(json_object_get_string(type), "redirect") &&
	    json_object_object_get_ex(o->payment, "url", &url) ?
	    json_object_get_string(url) : NULL;
}

DB_QUERY(mark_paid, 3,
	"UPDATE shop_order SET payment_status = 'paid', paid_attempt = $2::int,"
	" status = CASE WHEN fulfilment_status = 'fulfilled' THEN 'completed'"
	"  ELSE 'confirmed' END"
	" WHERE id = $1::uuid AND total = $3::bigint"
	" AND payment_status NOT IN ('paid', 'refunded')"
	" AND status IN ('placing', 'awaiting_payment', 'confirmed')");
DB_QUERY(mark_late, 2,
	"UPDATE shop_order SET payment_status = 'paid', paid_attempt = $2::int"
	" WHERE id = $1::uuid AND status IN ('cancelled', 'expired', 'void')"
	" AND (payment_status NOT IN ('paid', 'refunded')"
	"  OR paid_attempt <> $2::int)");
DB_QUERY(find_paid_attempt, 1,
	"SELECT paid_attempt FROM shop_order WHERE id = $1::uuid");
DB_QUERY(mark_failed, 2,
	"UPDATE shop_order SET payment_status = 'failed' WHERE id = $1::uuid"
	" AND status = 'awaiting_payment' AND payment_status = 'pending'"
	" AND payment_attempt = $2::int");
DB_QUERY(mark_authorized, 2,
	"UPDATE shop_order SET payment_status = 'authorized', status = 'confirmed'"
	" WHERE id = $1::uuid AND status = 'awaiting_payment'"
	" AND payment_status IN ('pending', 'failed')"
	" AND payment_attempt = $2::int");
DB_QUERY(mark_refunded, 2,
	"UPDATE shop_order SET payment_status = 'refunded' WHERE id = $1::uuid"
	" AND payment_status <> 'refunded'"
	" AND coalesce(paid_attempt, $2::int) = $2::int");

/* Money that fits no open order is put before people, once each. */
static void
note_unasked(struct request *r, const struct order *o, int32_t attempt,
    int64_t captured)
{
	struct money money = o->total;
	char text[FORMAT_SIZE];
	bool is_twice = o->payment_status == PAID_PAID ||
	    o->payment_status == PAID_REFUNDED;

	if (is_twice &&
	    db_integer(r->db, &find_paid_attempt, attempt, P(o->id)) == attempt)
		return;		/* the same word again */
	money.amount = captured;
	format_money(&money, o->lang, text, sizeof(text));
	if (order_note_once(r, o->id, is_twice ? "paid_twice" : "paid_other",
	    arena_printf(r->arena, "%s (%d)", text, attempt)))
		order_tell(r, EVENT_ORDER_CHANGED, o, NULL);
}

bool
order_mark_paid(struct request *r, struct uuid id, int32_t attempt,
    int64_t captured)
{
	bool is_in_time = db_exec(r->db, &mark_paid, P(id), P(attempt),
	    P(captured));
	bool is_late = !is_in_time &&
	    db_exec(r->db, &mark_late, P(id), P(attempt));
	struct order o;

	if (!order_find(r, id, &o))
		return !request_failed(r);	/* none of our orders */
	if (is_in_time) {
		order_note(r, id, "paid", "");
		order_tell(r, EVENT_ORDER_PAID, &o, NULL);
	} else if (is_late) {
		/* Too late: the goods are free again, so the money goes back. */
		order_note(r, id, "paid_late", "");
		order_tell(r, EVENT_ORDER_CANCELLED, &o, NULL);
	} else {
		note_unasked(r, &o, attempt, captured);
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

/* A promise as good as money (cash at the door): the parcel may leave. */
bool
order_mark_authorized(struct request *r, struct uuid id, int32_t attempt)
{
	struct order o;

	if (db_exec(r->db, &mark_authorized, P(id), P(attempt)) &&
	    order_find(r, id, &o)) {
		order_note(r, id, "authorized", "");
		order_tell(r, EVENT_ORDER_CHANGED, &o, NULL);
	}
	return !request_failed(r);
}

/* A payment that was given up may be tried again like one that failed. */
static bool
apply(struct request *r, struct order *o, const struct order_payment *payment)
{
	bool is_captured = str_eq(payment->status, "captured");
	bool is_authorized = str_eq(payment->status, "authorized");

	o->payment = payment->next_action;
	if (str_eq(payment->status, "pending"))
		return true;
	if (!step_begin(r))
		return false;
	if (is_captured)
		order_mark_paid(r, o->id, payment->attempt, payment->captured);
	else if (is_authorized)
		order_mark_authorized(r, o->id, payment->attempt);
	else
		order_mark_failed(r, o->id, payment->attempt);
	return step_end(r) && order_find(r, o->id, o);
}

bool
order_ask(struct request *r, struct order *o)
{
	struct order_payment payment;
	struct call_answer answer;

	if (o->status != ORDER_AWAITING_PAYMENT)
		return true;
	if (!call(r, GET, path_of(r, o->id), NULL, &answer))
		return false;
	if (answer.status == 404)
		return true;		/* step 4 is still to come */
	return call_read(r, &answer, &order_payment_schema, &payment) &&
	    apply(r, o, &payment);
}

bool
order_refresh(struct request *r, struct order *o)
{
	if (!order_ask(r, o) && !request_failed(r))
		call_forgive(r);
	return !request_failed(r);
}

struct pay_again {
	struct uuid id;
	const char *token, *payment_method;
};

SCHEMA(pay_again_input, struct pay_again,
	FIELD_UUID(struct pay_again, id, .required = true),
	FIELD_TEXT(struct pay_again, token, .max = 100),
	FIELD_TEXT(struct pay_again, payment_method, .required = true,
	    .max = 30));

DB_QUERY(next_attempt, 5,
	"UPDATE shop_order SET payment_attempt = payment_attempt + 1,"
	" payment_status = 'pending', payment_provider = $2,"
	" expires_at = $3::timestamptz WHERE id = $1::uuid"
	" AND status = 'awaiting_payment' AND payment_status = 'failed'"
	" AND payment_attempt = $4::int AND payment_attempt < $5::int");

/* The goods are held for as long as the new attempt may take, then it starts. */
static bool
start_attempt(struct request *r, const char *method, struct order *o)
{
	int64_t until = clock_now_us() + order_minutes(r, method) * 60000000;
	struct json_object *country;

	json_object_object_get_ex(o->shipping_address, "country", &country);
	if (!order_method_check(r, json_object_get_string(country), method))
		return false;
	o->payment_provider = method;
	if (o->expires_at < until)
		o->expires_at = until;
	if (!order_hold(r, o) || !step_begin(r))
		return false;
	if (db_exec(r->db, &next_attempt, P(o->id), P(method),
	    P_TIME(o->expires_at), P(o->payment_attempt), P(ATTEMPTS_MAX)))
		order_note(r, o->id, "payment_started", "");
	return step_end(r) && order_find(r, o->id, o);
}

/* The same order and number; a new attempt once the last one has failed. */
int
order_pay_again(struct request *r)
{
	const struct pay_again *in = request_input(r);
	struct order_payment payment;
	struct order o;

	if (!order_find_own(r, in->id, in->token, NULL, &o) ||
	    !order_refresh(r, &o))
		return r->status;
	if (o.payment_status == PAID_FAILED && !r->replayed &&
	    o.status == ORDER_AWAITING_PAYMENT &&
	    !start_attempt(r, in->payment_method, &o))
		return r->status;
	if (o.payment_status == PAID_PENDING &&
	    o.status == ORDER_AWAITING_PAYMENT &&
	    str_eq(o.payment_provider, in->payment_method)) {
		if (!order_pay(r, &o, &payment) || !apply(r, &o, &payment))
			return r->status;
	} else if (!r->replayed) {
		return problem(r, PROBLEM_CONFLICT);
	}
	o.token = order_token(r, o.id);
	return reply(r, 200, &order_schema, &o);
}

int
order_pay_again_form(struct request *r)
{
	const struct pay_again *in = request_input(r);
	struct order o = { .payment = NULL };
	char id[UUID_TEXT_SIZE];

	if (order_pay_again(r) >= 300 || r->json == NULL)
		return r->status;
	json_object_object_get_ex(r->json, "payment", &o.payment);
	if ((r->location = order_pay_url(&o)) != NULL)
		return r->status = 303;
	return reply_redirect(r, arena_printf(r->arena, "/orders/%s",
	    uuid_text(&in->id, id)));
}

static int64_t
number_of(const struct event *event, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(event->data, name, &value) ?
	    json_object_get_int64(value) : 0;
}

static int32_t
attempt_of(const struct event *event)
{
	return (int32_t)number_of(event, "attempt");
}

bool
on_captured(struct request *r, const struct event *event)
{
	return order_mark_paid(r, event->subject, attempt_of(event),
	    number_of(event, "captured"));
}

bool
on_failed(struct request *r, const struct event *event)
{
	return order_mark_failed(r, event->subject, attempt_of(event));
}

bool
on_authorized(struct request *r, const struct event *event)
{
	return order_mark_authorized(r, event->subject, attempt_of(event));
}

bool
on_refunded(struct request *r, const struct event *event)
{
	if (number_of(event, "refunded") == number_of(event, "captured") &&
	    db_exec(r->db, &mark_refunded, P(event->subject),
	    P(attempt_of(event))))
		order_note(r, event->subject, "refunded", "");
	return !request_failed(r);
}
