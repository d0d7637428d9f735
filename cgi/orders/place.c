/*
 * POST /orders and the checkout page: the cart, priced anew, becomes an order.
 *
 * What the shopper saw is `expected_total`; a total that differs is told, never
 * charged. The row (caller, key) makes the retry find what is there already.
 */
#include "orders.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "base/tax.h"
#include "crypto/token.h"
#include "web/call.h"
#include "web/idem.h"
#include "web/json_out.h"
#include "web/text.h"

#define LINES_MAX 50

struct address {
	const char *name, *line1, *line2, *postcode, *city, *country, *phone;
};

static SCHEMA(address_schema, struct address,
	FIELD_TEXT(struct address, name, .required = true, .max = 100),
	FIELD_TEXT(struct address, line1, .required = true, .max = 200),
	FIELD_TEXT(struct address, line2, .max = 200),
	FIELD_TEXT(struct address, postcode, .required = true, .max = 12),
	FIELD_TEXT(struct address, city, .required = true, .max = 100),
	FIELD_TEXT(struct address, country, .required = true, .min = 2, .max = 2),
	FIELD_TEXT(struct address, phone, .max = 30));

struct order_place {
	const char *email, *shipping_option, *payment_method, *note;
	struct address *shipping_address;
	int64_t expected_total;
};

SCHEMA(order_place_input, struct order_place,
	FIELD_TEXT(struct order_place, email, .required = true, .max = 254,
	    .check = email_is_valid, .format = "email"),
	FIELD_OBJECT(struct order_place, shipping_address, &address_schema,
	    .required = true),
	FIELD_TEXT(struct order_place, shipping_option, .max = 30,
	    .preset = "standard"),
	FIELD_TEXT(struct order_place, payment_method, .required = true,
	    .max = 30),
	FIELD_TEXT(struct order_place, note, .max = 500, .multiline = true,
	    .preset = ""),
	FIELD_I64(struct order_place, expected_total, .required = true,
	    .max = 1000000000000));

struct wanted {
	struct uuid variant_id;
	int32_t quantity;
};

static SCHEMA(wanted_schema, struct wanted,
	FIELD_UUID(struct wanted, variant_id),
	FIELD_I32(struct wanted, quantity));

struct priced {
	struct uuid variant_id;
	const char *sku, *name, *options, *image;
	int64_t unit_gross;
	int32_t tax_rate, weight_g;
};

static SCHEMA(priced_schema, struct priced,
	FIELD_UUID(struct priced, variant_id),
	FIELD_TEXT(struct priced, sku),
	FIELD_TEXT(struct priced, name),
	FIELD_TEXT(struct priced, options),
	FIELD_TEXT(struct priced, image),
	FIELD_I64(struct priced, unit_gross),
	FIELD_I32(struct priced, tax_rate),
	FIELD_I32(struct priced, weight_g));

struct shipping_option {
	const char *code, *name;
	struct money amount;
	bool is_chosen;
};

SCHEMA(shipping_option_schema, struct shipping_option,
	FIELD_TEXT(struct shipping_option, code),
	FIELD_TEXT(struct shipping_option, name),
	FIELD_MONEY(struct shipping_option, amount),
	FIELD_BOOL(struct shipping_option, is_chosen));

/* A cart as it would be ordered now. */
struct quote {
	const char *cart_key;
	struct order_line *lines;
	size_t lines_n;
	struct shipping_option *options;
	size_t options_n;
	struct money subtotal, shipping, tax, total;
	int32_t weight_g;
};

static SCHEMA(quote_schema, struct quote,
	FIELD_MONEY(struct quote, subtotal),
	FIELD_MONEY(struct quote, shipping),
	FIELD_MONEY(struct quote, tax),
	FIELD_MONEY(struct quote, total));

/* As cart does: the customer's, or the hash of the guest's token. */
static const char *
cart_key(struct request *r)
{
	const char *token = request_cookie(r, "zoco_cart");
	char text[UUID_TEXT_SIZE], hash[DIGEST_HEX_SIZE];

	if (r->session != NULL)
		return arena_printf(r->arena, "user:%s",
		    uuid_text(&r->session->user_id, text));
	return token == NULL || token[0] == '\0' ? NULL :
	    arena_strdup(r->arena, token_hash_hex(token, hash));
}

static bool
read_cart(struct request *r, const char *key, struct wanted **wanted, size_t *n)
{
	struct json_object *body = json_object_new_object();
	struct call_answer answer;

	json_object_object_add(body, "cart_key", json_object_new_string(key));
	return call(r, POST, "/internal/cart/read", body, &answer) &&
	    call_read_list(r, &answer, "lines", &wanted_schema, (void **)wanted, n);
}

static bool
read_prices(struct request *r, const struct wanted *wanted, size_t n,
    const char *country, struct priced **priced, size_t *priced_n, int *rate)
{
	struct json_object *body = json_object_new_object();
	struct json_object *ids = json_object_new_array(), *value;
	struct call_answer answer;
	char text[UUID_TEXT_SIZE];

	for (size_t i = 0; i < n; i++)
		json_object_array_add(ids, json_object_new_string(
		    uuid_text(&wanted[i].variant_id, text)));
	json_object_object_add(body, "variant_ids", ids);
	json_object_object_add(body, "country", json_object_new_string(country));
	if (!call(r, POST, "/internal/catalog/prices", body, &answer) ||
	    !call_read_list(r, &answer, "items", &priced_schema, (void **)priced,
	    priced_n))
		return false;
	*rate = json_object_object_get_ex(answer.json, "shipping_tax_rate",
	    &value) ? json_object_get_int(value) : 0;
	return true;
}

static bool
add_line(struct request *r, struct quote *q, const struct wanted *wanted,
    const struct priced *priced, size_t n)
{
	struct order_line *line = &q->lines[q->lines_n];
	struct tax_split split;

	for (size_t i = 0; i < n; i++) {
		if (!uuid_equal(&priced[i].variant_id, &wanted->variant_id))
			continue;
		*line = (struct order_line){ .variant_id = wanted->variant_id,
		    .position = (int32_t)++q->lines_n, .sku = priced[i].sku,
		    .name = priced[i].name, .options = priced[i].options,
		    .quantity = wanted->quantity, .unit = priced[i].unit_gross,
		    .total = priced[i].unit_gross * wanted->quantity,
		    .tax_rate = priced[i].tax_rate };
		if (!tax_from_gross(line->total, line->tax_rate, &split))
			break;
		line->tax = split.tax;
		q->subtotal.amount += line->total;
		q->tax.amount += line->tax;
		q->weight_g += priced[i].weight_g * wanted->quantity;
		return true;
	}
	problem_member(r, "variant_id", json_object_new_string(
	    uuid_text(&wanted->variant_id, arena_alloc(r->arena, UUID_TEXT_SIZE))));
	problem(r, PROBLEM_OUT_OF_STOCK);
	return false;
}

DB_QUERY(find_options, 4,
	"SELECT DISTINCT ON (s.code) s.code,"
	" CASE WHEN $2 = 'en' THEN s.name_en ELSE s.name_es END AS name,"
	" CASE WHEN s.free_over <= $3::bigint THEN 0 ELSE s.amount END AS amount,"
	" 'EUR' AS currency"
	" FROM shipping_rate s JOIN shipping_zone z ON z.name = s.zone"
	" WHERE $1 = ANY (z.countries) AND s.up_to_g >= $4::int"
	" ORDER BY s.code DESC, s.up_to_g LIMIT 20");

static bool
choose_shipping(struct request *r, struct quote *q, const char *country,
    const char *code, int rate)
{
	struct tax_split split;
	struct shipping_option *chosen = NULL;

	if (!db_all(r->db, &find_options, &shipping_option_schema, &q->options,
	    &q->options_n, P(country), P(r->lang), P(q->subtotal.amount),
	    P(q->weight_g)))
		return false;
	for (size_t i = 0; i < q->options_n; i++)
		if (str_eq(q->options[i].code, code))
			chosen = &q->options[i];
	if (chosen == NULL) {
		const char *field = q->options_n == 0 ?
		    "shipping_address.country" : "shipping_option";

		problem_field(r, field, "choice", field_message(r, "choice", 0, 0));
		problem(r, PROBLEM_INVALID);
		return false;
	}
	chosen->is_chosen = true;
	q->shipping.amount = chosen->amount.amount;
	if (tax_from_gross(q->shipping.amount, rate, &split))
		q->tax.amount += split.tax;
	return true;
}

/* The cart at today's prices with its delivery. False: see r. */
static bool
quote_make(struct request *r, const char *country, const char *option,
    struct quote *q)
{
	static const char eur[] = "EUR";
	struct wanted *wanted;
	struct priced *priced;
	size_t n = 0, priced_n;
	int rate;

	memset(q, 0, sizeof(*q));
	memcpy(q->subtotal.currency, eur, sizeof(eur));
	memcpy(q->shipping.currency, eur, sizeof(eur));
	memcpy(q->tax.currency, eur, sizeof(eur));
	memcpy(q->total.currency, eur, sizeof(eur));
	q->cart_key = cart_key(r);
	if (q->cart_key != NULL && !read_cart(r, q->cart_key, &wanted, &n))
		return false;
	if (n == 0) {
		problem(r, PROBLEM_CART_EMPTY);
		return false;
	}
	if (!read_prices(r, wanted, n, country, &priced, &priced_n, &rate))
		return false;
	q->lines = arena_new_array(r->arena, struct order_line, n);
	for (size_t i = 0; i < n; i++)
		if (!add_line(r, q, &wanted[i], priced, priced_n))
			return false;
	if (!choose_shipping(r, q, country, option, rate))
		return false;
	q->total.amount = q->subtotal.amount + q->shipping.amount;
	return true;
}

static bool
method_is_offered(struct request *r, const char *country, const char *method,
    struct json_object **list)
{
	struct call_answer answer;

	*list = NULL;
	if (!call(r, GET, arena_printf(r->arena,
	    "/internal/payments/methods?country=%s", country), NULL, &answer) ||
	    !json_object_object_get_ex(answer.json, "items", list))
		return false;
	for (size_t i = 0; i < json_object_array_length(*list); i++) {
		struct json_object *name;

		json_object_object_get_ex(json_object_array_get_idx(*list, i),
		    "provider", &name);
		if (method != NULL && str_eq(json_object_get_string(name), method))
			return true;
	}
	if (method == NULL)
		return true;
	problem_field(r, "payment_method", "choice",
	    field_message(r, "choice", 0, 0));
	problem(r, PROBLEM_INVALID);
	return false;
}

struct shipping_query {
	const char *country, *postcode;
};

SCHEMA(shipping_options_input, struct shipping_query,
	FIELD_TEXT(struct shipping_query, country, .min = 2, .max = 2,
	    .preset = "ES"),
	FIELD_TEXT(struct shipping_query, postcode, .max = 12));

int
shipping_option_list(struct request *r)
{
	const struct shipping_query *in = request_input(r);
	struct quote q;

	if (!quote_make(r, in->country, "standard", &q))
		return r->status;
	return reply_list(r, &shipping_option_schema, q.options, q.options_n, NULL);
}

DB_QUERY(find_by_key, 2,
	"SELECT id FROM shop_order WHERE caller = $1 AND key = $2");

DB_QUERY(put_order, 20,
	"WITH made AS (INSERT INTO shop_order (id, caller, key, cart_key, user_id,"
	"  email, name, lang, payment_provider, shipping_option, shipping_address,"
	"  note, currency, subtotal, shipping, tax, total, expires_at)"
	"  VALUES ($1::uuid, $2, $3, $4, $5::uuid, $6, $7, $8, $9, $10, $11::jsonb,"
	"  $12, $13, $14::bigint, $15::bigint, $16::bigint, $17::bigint,"
	"  now() + $18::bigint * interval '1 minute')"
	"  ON CONFLICT ON CONSTRAINT shop_order_caller_key DO NOTHING RETURNING id)"
	" INSERT INTO order_line (order_id, position, variant_id, sku, name,"
	"  options, quantity, unit, total, tax_rate, tax)"
	" SELECT made.id, e.position, e.variant_id, e.sku, e.name, e.options,"
	"  e.quantity, e.unit, e.total, e.tax_rate, e.tax"
	" FROM made, jsonb_to_recordset($19::jsonb) AS e(position int,"
	"  variant_id uuid, sku text, name text, options text, quantity int,"
	"  unit bigint, total bigint, tax_rate int, tax bigint)"
	" WHERE $20::text IS NOT NULL");

static const char *
json_text(struct request *r, struct json_object *json)
{
	const char *text = arena_strdup(r->arena,
	    json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN));

	json_object_put(json);
	return text;
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
	const struct conf *conf = r->app->conf;
	int64_t minutes = str_eq(in->payment_method, "bank_transfer") ?
	    conf->order_transfer_days * 1440 : conf->order_payment_minutes;
	struct uuid nobody = { .bytes = { 0 } };

	if (!step_begin(r))
		return false;
	db_exec(r->db, &put_order, P(uuid_new()), P(idem_caller(r)),
	    P(r->idempotency_key), P(q->cart_key),
	    P(r->session != NULL ? r->session->user_id : nobody), P(in->email),
	    P(in->shipping_address->name), P(r->lang), P(in->payment_method),
	    P(in->shipping_option), P(json_text(r, json_out(&address_schema,
	    in->shipping_address, NULL, JSON_ALL))), P(in->note), P("EUR"),
	    P(q->subtotal.amount), P(q->shipping.amount), P(q->tax.amount),
	    P(q->total.amount), P(minutes), P(json_text(r, json_out_list(
	    &order_line_schema, q->lines, q->lines_n, NULL))), P(""));
	return step_end(r) && find_by_caller(r, order);
}

int
order_place(struct request *r)
{
	const struct order_place *in = request_input(r);
	struct json_object *methods;
	struct order order;
	struct quote q;

	if (find_by_caller(r, &order))
		return order_go_on(r, &order);
	if (request_failed(r) ||
	    !quote_make(r, in->shipping_address->country, in->shipping_option, &q) ||
	    !method_is_offered(r, in->shipping_address->country,
	    in->payment_method, &methods))
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

struct checkout_page {
	const char *country, *shipping_option;
};

SCHEMA(checkout_page_input, struct checkout_page,
	FIELD_TEXT(struct checkout_page, country, .min = 2, .max = 2,
	    .preset = "ES"),
	FIELD_TEXT(struct checkout_page, shipping_option, .max = 30,
	    .preset = "standard"));

static const char *
typed(struct request *r, const char *object, const char *name,
    const char *otherwise)
{
	struct json_object *tree = r->input_tree, *value;

	if (tree == NULL || (object != NULL &&
	    !json_object_object_get_ex(tree, object, &tree)) ||
	    !json_object_object_get_ex(tree, name, &value))
		return otherwise;
	return json_object_get_string(value);
}

int
checkout_page(struct request *r)
{
	const struct checkout_page *in = request_input(r);
	const char *country = typed(r, "shipping_address", "country", in->country);
	const char *option = typed(r, NULL, "shipping_option", in->shipping_option);
	struct json_object *methods, *choice = json_object_new_object();
	struct quote q;

	json_object_object_add(choice, country, json_object_new_boolean(true));
	page_set(r, "country_is", choice);
	if (!quote_make(r, country, option, &q)) {
		if (r->problem == PROBLEM_CART_EMPTY) {
			r->problem = PROBLEM_NONE;
			return reply_redirect(r, "/cart");
		}
		if (r->problem != PROBLEM_INVALID ||
		    (str_eq(option, "standard") && str_eq(country, "ES")))
			return r->status;
		r->problem = PROBLEM_NONE;	/* no such way there: the standard */
		r->field_errors = NULL;
		if (!quote_make(r, country, "standard", &q))
			return r->status;
	}
	if (!method_is_offered(r, country, NULL, &methods))
		return r->status;
	page_set(r, "methods", json_object_get(methods));
	page_set(r, "options", json_out_list(&shipping_option_schema, q.options,
	    q.options_n, r->lang));
	page_set(r, "expected_total", json_object_new_int64(q.total.amount));
	page_set(r, "lines", json_out_list(&order_line_schema, q.lines, q.lines_n,
	    r->lang));
	return reply(r, 200, &quote_schema, &q);
}

/* After the order: to the provider's page, or to the order's own. */
int
checkout_form(struct request *r)
{
	struct json_object *payment, *value;
	const char *id, *token;

	if (order_place(r) >= 300 || r->json == NULL)
		return r->status;
	json_object_object_get_ex(r->json, "id", &value);
	id = json_object_get_string(value);
	json_object_object_get_ex(r->json, "token", &value);
	token = json_object_get_string(value);
	reply_cookie(r, arena_printf(r->arena, "zoco_order_%.8s", id + 28), token,
	    30 * 86400, "/");
	if (json_object_object_get_ex(r->json, "payment", &payment) &&
	    payment != NULL && json_object_object_get_ex(payment, "url", &value) &&
	    value != NULL) {
		r->location = json_object_get_string(value);
		r->status = 303;
		return 303;
	}
	return reply_redirect(r, arena_printf(r->arena, "/orders/%s", id));
}
