/*
 * GET /cart: the lines at today's prices and stock, and what is wrong with
 * them. It never writes.
 */
#include "cart.h"

#include <json-c/json.h>

#include "web/call.h"
#include "web/json_out.h"

struct priced {
	struct uuid variant_id;
	const char *slug, *name, *sku, *options, *image, *currency;
	int64_t unit_gross, unit_tax;
	bool is_available;
};

static SCHEMA(priced_schema, struct priced,
	FIELD_UUID(struct priced, variant_id),
	FIELD_TEXT(struct priced, slug),
	FIELD_TEXT(struct priced, name),
	FIELD_TEXT(struct priced, sku),
	FIELD_TEXT(struct priced, options),
	FIELD_TEXT(struct priced, image),
	FIELD_TEXT(struct priced, currency),
	FIELD_I64(struct priced, unit_gross),
	FIELD_I64(struct priced, unit_tax),
	FIELD_BOOL(struct priced, is_available));

struct stock {
	struct uuid variant_id;
	int32_t available;
};

static SCHEMA(stock_schema, struct stock,
	FIELD_UUID(struct stock, variant_id),
	FIELD_I32(struct stock, available));

struct line {
	struct uuid variant_id;
	int32_t quantity, available;
	bool has_available;
	const char *slug, *name, *sku, *options, *image;
	struct money unit, total;
	const char *problem;	/* "not-available", "not-enough" or NULL */
};

static SCHEMA(line_schema, struct line,
	FIELD_UUID(struct line, variant_id),
	FIELD_I32(struct line, quantity),
	FIELD_TEXT(struct line, slug),
	FIELD_TEXT(struct line, name),
	FIELD_TEXT(struct line, sku),
	FIELD_TEXT(struct line, options),
	FIELD_TEXT(struct line, image),
	FIELD_MONEY(struct line, unit),
	FIELD_MONEY(struct line, total),
	FIELD_I32(struct line, available, HAS(struct line, has_available)),
	FIELD_TEXT(struct line, problem));

struct fault {
	const char *code;
	struct uuid variant_id;
	int32_t available;
};

static SCHEMA(fault_schema, struct fault,
	FIELD_TEXT(struct fault, code),
	FIELD_UUID(struct fault, variant_id),
	FIELD_I32(struct fault, available));

struct totals {
	struct money subtotal, tax;
};

static SCHEMA(totals_schema, struct totals,
	FIELD_MONEY(struct totals, subtotal),
	FIELD_MONEY(struct totals, tax));

struct cart {
	struct line *lines;
	size_t lines_n;
	struct totals *totals;
	struct fault *problems;
	size_t problems_n;
	int32_t count;
};

SCHEMA(cart_schema, struct cart,
	FIELD_LIST(struct cart, lines, lines_n, &line_schema),
	FIELD_OBJECT(struct cart, totals, &totals_schema),
	FIELD_LIST(struct cart, problems, problems_n, &fault_schema),
	FIELD_I32(struct cart, count));

static struct json_object *
ids_of(const struct cart_line *lines, size_t n)
{
	struct json_object *body = json_object_new_object();
	struct json_object *ids = json_object_new_array();
	char id[UUID_TEXT_SIZE];

	for (size_t i = 0; i < n; i++)
		json_object_array_add(ids, json_object_new_string(
		    uuid_text(&lines[i].variant_id, id)));
	json_object_object_add(body, "variant_ids", ids);
	return body;
}

/* The row of a variant in an array whose structs begin with its id. */
static const void *
row_of(const void *rows, size_t n, size_t size, const struct uuid *id)
{
	for (size_t i = 0; i < n; i++) {
		const char *row = (const char *)rows + i * size;

		if (memcmp(row, id, sizeof(*id)) == 0)
			return row;
	}
	return NULL;
}

static void
add_fault(struct cart *cart, struct line *line, const char *code)
{
	line->problem = code;
	cart->problems[cart->problems_n++] = (struct fault){ code,
	    line->variant_id, line->available };
}

static void
add_line(struct cart *cart, const struct cart_line *from,
    const struct priced *price, const struct stock *stock, bool stock_known)
{
	struct line *line = &cart->lines[cart->lines_n++];

	*line = (struct line){ .variant_id = from->variant_id,
	    .quantity = from->quantity, .has_available = stock_known,
	    .available = stock != NULL && stock->available > 0 ?
	    stock->available : 0 };
	cart->count += from->quantity;
	if (price == NULL) {
		add_fault(cart, line, "not-available");
		return;
	}
	line->slug = price->slug;
	line->name = price->name;
	line->sku = price->sku;
	line->options = price->options;
	line->image = price->image;
	line->unit.amount = price->unit_gross;
	line->total.amount = price->unit_gross * from->quantity;
	snprintf(line->unit.currency, sizeof(line->unit.currency), "%s",
	    price->currency);
	line->total = (struct money){ line->total.amount, "" };
	memcpy(line->total.currency, line->unit.currency,
	    sizeof(line->total.currency));
	cart->totals->subtotal.amount += line->total.amount;
	cart->totals->tax.amount += price->unit_tax * from->quantity;
	if (stock_known && line->available < from->quantity)
		add_fault(cart, line, line->available == 0 ? "not-available" :
		    "not-enough");
}

static bool
fill(struct request *r, struct cart *cart, const struct cart_line *lines,
    size_t n)
{
	struct call_answer prices, availability;
	struct priced *priced;
	struct stock *stock = NULL;
	size_t priced_n, stock_n = 0;
	bool stock_known;

	if (!call(r, POST, "/internal/catalog/prices", ids_of(lines, n), &prices) ||
	    !call_read_list(r, &prices, "items", &priced_schema,
	    (void **)&priced, &priced_n))
		return false;
	stock_known = call(r, POST, "/internal/inventory/availability",
	    ids_of(lines, n), &availability) &&
	    call_read_list(r, &availability, "items", &stock_schema,
	    (void **)&stock, &stock_n);
	if (!stock_known)
		call_forgive(r);	/* checkout will know */
	for (size_t i = 0; i < n; i++)
		add_line(cart, &lines[i], row_of(priced, priced_n, sizeof(*priced),
		    &lines[i].variant_id), row_of(stock, stock_n, sizeof(*stock),
		    &lines[i].variant_id), stock_known);
	return true;
}

static int
show(struct request *r, int status, const char *key)
{
	struct cart cart = { .lines = NULL };
	struct cart_line *lines;
	struct header *cookie = r->headers;
	size_t n;

	if (!cart_read(r, key, &lines, &n))
		return r->status;
	cart.lines = arena_new_array(r->arena, struct line, n + 1);
	cart.problems = arena_new_array(r->arena, struct fault, n + 1);
	cart.totals = arena_new_of(r->arena, struct totals);
	memcpy(cart.totals->subtotal.currency, "EUR", 4);
	memcpy(cart.totals->tax.currency, "EUR", 4);
	if (n > 0 && !fill(r, &cart, lines, n))
		return r->status;
	if (r->headers == NULL)
		r->headers = cookie;
	page_set(r, "has_lines", json_object_new_boolean(n > 0));
	return reply(r, status, &cart_schema, &cart);
}

int
cart_get(struct request *r)
{
	return show(r, 200, cart_key(r, false));
}

int
cart_delete(struct request *r)
{
	const char *key = cart_key(r, false);

	if (key != NULL && !cart_clear(r, key))
		return r->status;
	return reply_empty(r, 204);
}

struct item {
	struct uuid variant_id;
	int32_t quantity;
};

SCHEMA(item_add_input, struct item,
	FIELD_UUID(struct item, variant_id, .required = true),
	FIELD_I32(struct item, quantity, .min = 1, .max = CART_QUANTITY_MAX,
	    .preset = "1"));
SCHEMA(item_set_input, struct item,
	FIELD_UUID(struct item, variant_id, .required = true),
	FIELD_I32(struct item, quantity, .min = 1, .max = CART_QUANTITY_MAX,
	    .required = true));
SCHEMA(item_id_input, struct item,
	FIELD_UUID(struct item, variant_id, .required = true));

/* Is it for sale at all? Sets the problem when it is not. */
static bool
is_sold(struct request *r, const struct item *in)
{
	struct cart_line line = { in->variant_id, 1 };
	struct call_answer answer;
	struct priced *priced;
	size_t n;

	if (!call(r, POST, "/internal/catalog/prices", ids_of(&line, 1), &answer) ||
	    !call_read_list(r, &answer, "items", &priced_schema,
	    (void **)&priced, &n))
		return false;
	if (n == 1)
		return true;
	problem_field(r, "variant_id", "choice", field_message(r, "choice", 0, 0));
	problem(r, PROBLEM_INVALID);
	return false;
}

int
item_add(struct request *r)
{
	const struct item *in = request_input(r);
	const char *key;

	if (!is_sold(r, in))
		return r->status;
	key = cart_key(r, true);
	if (!cart_change(r, key, in->variant_id, CART_ADD, in->quantity))
		return r->status;
	return r->route->kind == KIND_PAGE ? reply_empty(r, 204) :
	    show(r, 201, key);
}

static int
change(struct request *r, int32_t quantity)
{
	const struct item *in = request_input(r);
	const char *key = cart_key(r, false);

	if (key == NULL)
		return problem(r, PROBLEM_NOT_FOUND);
	if (!cart_change(r, key, in->variant_id, CART_SET, quantity))
		return r->status;
	return r->route->kind == KIND_PAGE ? reply_empty(r, 204) :
	    show(r, 200, key);
}

int
item_set(struct request *r)
{
	return change(r, ((const struct item *)request_input(r))->quantity);
}

int
item_delete(struct request *r)
{
	return change(r, 0);
}

/* The number beside the cart's link: no prices, no calls. */
int
cart_summary(struct request *r)
{
	struct json_object *answer;
	struct cart_line *lines;
	int32_t count = 0;
	size_t n;

	if (!cart_read(r, cart_key(r, false), &lines, &n))
		return r->status;
	for (size_t i = 0; i < n; i++)
		count += lines[i].quantity;
	answer = json_object_new_object();
	json_object_object_add(answer, "count", json_object_new_int(count));
	json_object_object_add(answer, "has_items",
	    json_object_new_boolean(count > 0));
	return reply_json(r, 200, answer);
}
