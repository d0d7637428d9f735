/*
 * POST /orders: the cart, priced anew, becomes an order.
 *
 * What the shopper saw is `expected_total`; a total that differs is told, never
 * charged. The row (caller, key) makes the retry find what is there already.
 */
#include "orders.h"

#include <json-c/json.h>

#include "web/idem.h"
#include "web/json_out.h"
#include "web/text.h"

SCHEMA(address_schema, struct address,
	ADDRESS_FIELDS(struct address, true, NULL));
static SCHEMA(draft_address_schema, struct address,
	ADDRESS_FIELDS(struct address, false, "ES"));

struct order_place {
	const char *email, *shipping_option, *payment_method, *note;
	struct address *shipping_address, *billing_address;
	int64_t expected_total;
};

#define PLACE_FIELDS(is_required, address) \
	FIELD_TEXT(struct order_place, email, .required = is_required, \
	    .max = 254, .check = is_required ? email_is_valid : NULL, \
	    .format = "email"), \
	FIELD_OBJECT(struct order_place, shipping_address, address, \
	    .required = is_required), \
	FIELD_OBJECT(struct order_place, billing_address, address), \
	FIELD_TEXT(struct order_place, shipping_option, .max = 30, \
	    .preset = "standard"), \
	FIELD_TEXT(struct order_place, payment_method, .required = is_required, \
	    .max = 30), \
	FIELD_TEXT(struct order_place, note, .max = 500, .multiline = true, \
	    .preset = ""), \
	FIELD_I64(struct order_place, expected_total, .required = is_required, \
	    .max = 1000000000000)

SCHEMA(order_place_input, struct order_place,
	PLACE_FIELDS(true, &address_schema));
/* A form that is not finished: only the totals are asked. */
SCHEMA(order_draft_input, struct order_place,
	PLACE_FIELDS(false, &draft_address_schema));

DB_QUERY(find_by_key, 2,
	"SELECT id FROM shop_order WHERE caller = $1 AND key = $2");

DB_QUERY(put_order, 20,
	"WITH made AS (INSERT INTO shop_order (id, number, caller, key, cart_key,"
	"  user_id, email, name, lang, payment_provider, shipping_option,"
	"  shipping_address, billing_address, note, currency, subtotal, shipping,"
	"  tax, total, expires_at)"
	"  VALUES ($1::uuid, NULL, $2, $3, $4, $5::uuid, $6, $7, $8, $9, $10,"
	"  $11::jsonb, $12::jsonb, $13, $14, $15::bigint, $16::bigint,"
	"  $17::bigint, $18::bigint, now() + $19::bigint * interval '1 minute')"
	"  ON CONFLICT ON CONSTRAINT shop_order_caller_key DO NOTHING RETURNING id)"
	" INSERT INTO order_line (order_id, position, variant_id, sku, name,"
	"  options, quantity, unit, total, tax_rate, tax)"
	" SELECT made.id, e.position, e.variant_id, e.sku, e.name, e.options,"
	"  e.quantity, e.unit, e.total, e.tax_rate, e.tax"
	" FROM made, jsonb_to_recordset($20::jsonb) AS e(position int,"
	"  variant_id uuid, sku text, name text, options text, quantity int,"
	"  unit bigint, total bigint, tax_rate int, tax bigint)");

static const char *
json_text(struct request *r, struct json_object *json)
{
	const char *text = arena_strdup(r->arena,
	    json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN));

	json_object_put(json);
	return text;
}

const char *
order_address_text(struct request *r, const struct address *address)
{
	return address == NULL ? NULL : json_text(r,
	    json_out(&address_schema, address, NULL, JSON_ALL));
}

struct only_id {
	struct uuid id;
};

static SCHEMA(only_id_schema, struct only_id,
	FIELD_UUID(struct only_id, id));

static bool
find_by_caller(struct request *r, struct order *order)
{
	struct only_id found;

	return db_one(r->db, &find_by_key, &only_id_schema, &found,
	    P(idem_caller(r)), P(r->idempotency_key)) &&
	    order_find(r, found.id, order);
}

/* Step 1: the row, with everything frozen. False: see r. */
static bool
make_row(struct request *r, const struct quote *q, struct order *order)
{
	const struct order_place *in = request_input(r);
	const struct address *to = in->shipping_address;
	struct uuid nobody = { .bytes = { 0 } };

	if (!step_begin(r))
		return false;
	db_exec(r->db, &put_order, P(uuid_new()), P(idem_caller(r)),
	    P(r->idempotency_key), P(q->cart_key),
	    P(r->session != NULL ? r->session->user_id : nobody), P(in->email),
	    P(to->name), P(r->lang), P(in->payment_method),
	    P(in->shipping_option), P(order_address_text(r, to)),
	    P(order_address_text(r, in->billing_address)), P(in->note),
	    P(q->total.currency), P(q->subtotal.amount), P(q->shipping.amount),
	    P(q->tax.amount), P(q->total.amount),
	    P(order_minutes(r, in->payment_method)),
	    P(json_text(r, json_out_list(&order_line_schema, q->lines, q->lines_n,
	    NULL))));
	draft_drop(r, q->cart_key);
	return step_end(r) && find_by_caller(r, order);
}

int
order_place(struct request *r)
{
	const struct order_place *in = request_input(r);
	const char *country = in->shipping_address->country;
	struct order order;
	struct quote q;

	if (find_by_caller(r, &order))
		return order_go_on(r, &order);
	if (request_failed(r))
		return r->status;
	if (!quote_make(r, country, in->shipping_option, &q) &&
	    r->problem == PROBLEM_CART_EMPTY && find_by_caller(r, &order)) {
		r->problem = PROBLEM_NONE;	/* sent twice: the first had it */
		return order_go_on(r, &order);
	}
	if (r->problem != PROBLEM_NONE || request_failed(r) ||
	    !order_method_check(r, country, in->payment_method))
		return r->status;
	if (q.total.amount != in->expected_total) {
		problem_member(r, "totals",
		    json_out(&quote_schema, &q, NULL, JSON_ALL));
		return problem(r, PROBLEM_TOTAL_CHANGED);
	}
	if (!make_row(r, &q, &order))
		return r->status;
	return order_go_on(r, &order);
}
