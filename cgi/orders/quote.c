/* The cart at today's prices, with its delivery: what an order would be. */
#include "orders.h"

#include <json-c/json.h>

#include "base/tax.h"
#include "crypto/token.h"
#include "web/call.h"

struct wanted {
	struct uuid variant_id;
	int32_t quantity;
};

static SCHEMA(wanted_schema, struct wanted,
	FIELD_UUID(struct wanted, variant_id),
	FIELD_I32(struct wanted, quantity));

struct priced {
	struct uuid variant_id;
	const char *sku, *name, *options;
	int64_t unit_gross;
	int32_t tax_rate, weight_g;
	bool is_available;
};

static SCHEMA(priced_schema, struct priced,
	FIELD_UUID(struct priced, variant_id),
	FIELD_TEXT(struct priced, sku),
	FIELD_TEXT(struct priced, name),
	FIELD_TEXT(struct priced, options),
	FIELD_I64(struct priced, unit_gross),
	FIELD_I32(struct priced, tax_rate),
	FIELD_I32(struct priced, weight_g),
	FIELD_BOOL(struct priced, is_available));

SCHEMA(shipping_option_schema, struct shipping_option,
	FIELD_TEXT(struct shipping_option, code),
	FIELD_TEXT(struct shipping_option, name),
	FIELD_MONEY(struct shipping_option, amount),
	FIELD_BOOL(struct shipping_option, is_chosen));

SCHEMA(quote_schema, struct quote,
	FIELD_MONEY(struct quote, subtotal),
	FIELD_MONEY(struct quote, shipping),
	FIELD_MONEY(struct quote, tax),
	FIELD_MONEY(struct quote, total));

const char *
order_cart_key(struct request *r)
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

static const struct priced *
price_of(const struct priced *priced, size_t n, struct uuid variant_id)
{
	for (size_t i = 0; i < n; i++)
		if (uuid_equal(&priced[i].variant_id, &variant_id))
			return &priced[i];
	return NULL;
}

/* Rounded once per line; false: no such amount. */
static bool
add_line(struct quote *q, const struct wanted *wanted,
    const struct priced *priced)
{
	struct order_line *line = &q->lines[q->lines_n];
	struct tax_split split;

	*line = (struct order_line){ .variant_id = wanted->variant_id,
	    .position = (int32_t)++q->lines_n, .sku = priced->sku,
	    .name = priced->name, .options = priced->options,
	    .quantity = wanted->quantity, .unit = priced->unit_gross,
	    .total = priced->unit_gross * wanted->quantity,
	    .tax_rate = priced->tax_rate };
	if (!tax_from_gross(line->total, line->tax_rate, &split))
		return false;
	line->tax = split.tax;
	q->subtotal.amount += line->total;
	q->tax.amount += line->tax;
	q->weight_g += priced->weight_g * wanted->quantity;
	return true;
}

/* A line that catalog no longer sells, told as inventory tells what it lacks. */
static void
add_gone(struct json_object *gone, const struct wanted *wanted)
{
	struct json_object *line = json_object_new_object();
	char text[UUID_TEXT_SIZE];

	json_object_object_add(line, "variant_id",
	    json_object_new_string(uuid_text(&wanted->variant_id, text)));
	json_object_object_add(line, "quantity",
	    json_object_new_int(wanted->quantity));
	json_object_object_add(line, "available", json_object_new_int(0));
	json_object_array_add(gone, line);
}

static bool
add_lines(struct request *r, struct quote *q, const struct wanted *wanted,
    size_t n, const struct priced *priced, size_t priced_n)
{
	struct json_object *gone = json_object_new_array();

	q->lines = arena_new_array(r->arena, struct order_line, n);
	for (size_t i = 0; i < n; i++) {
		const struct priced *price =
		    price_of(priced, priced_n, wanted[i].variant_id);

		if (price == NULL || !price->is_available ||
		    !add_line(q, &wanted[i], price))
			add_gone(gone, &wanted[i]);
	}
	if (json_object_array_length(gone) == 0) {
		json_object_put(gone);
		return true;
	}
	problem_member(r, "lines", gone);
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
	if (code == NULL)
		return true;
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

bool
quote_make(struct request *r, const char *country, const char *option,
    struct quote *q)
{
	static const struct money none = { .currency = "EUR" };
	struct wanted *wanted;
	struct priced *priced;
	size_t n = 0, priced_n;
	int rate;

	*q = (struct quote){ .subtotal = none, .shipping = none, .tax = none,
	    .total = none, .cart_key = order_cart_key(r) };
	if (q->cart_key != NULL && !read_cart(r, q->cart_key, &wanted, &n))
		return false;
	if (n == 0) {
		problem(r, PROBLEM_CART_EMPTY);
		return false;
	}
	if (!read_prices(r, wanted, n, country, &priced, &priced_n, &rate) ||
	    !add_lines(r, q, wanted, n, priced, priced_n) ||
	    !choose_shipping(r, q, country, option, rate))
		return false;
	q->total.amount = q->subtotal.amount + q->shipping.amount;
	return true;
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

	if (!quote_make(r, in->country, NULL, &q))
		return r->status;
	return reply_list(r, &shipping_option_schema, q.options, q.options_n, NULL);
}
