/*
 * GET /cart: the lines at today's prices and stock, and what is wrong with
 * them. It never writes.
 */
#include "cart.h"

#include <json-c/json.h>

#include "base/tax.h"
#include "web/call.h"
#include "web/json_out.h"

static SCHEMA(price_schema, struct price,
	FIELD_UUID(struct price, variant_id),
	FIELD_TEXT(struct price, slug),
	FIELD_TEXT(struct price, name),
	FIELD_TEXT(struct price, sku),
	FIELD_TEXT(struct price, options),
	FIELD_TEXT(struct price, image),
	FIELD_TEXT(struct price, currency),
	FIELD_I64(struct price, unit_gross),
	FIELD_I32(struct price, tax_rate),
	FIELD_BOOL(struct price, is_available));

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
	bool has_available, is_short;
	const char *slug, *name, *sku, *options, *image;
	struct money unit, total, was;	/* was: when put in, if another */
	const char *fault;	/* "not-available", "not-enough" or NULL */
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
	FIELD_MONEY(struct line, was),
	FIELD_I32(struct line, available, HAS(struct line, has_available)),
	FIELD_TEXT(struct line, fault),
	FIELD_BOOL(struct line, is_short,
	    .help = "Fewer are left than are wanted; `available` can be had"));

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
	const char *email;
	bool marketing_consent;
};

SCHEMA(cart_schema, struct cart,
	FIELD_LIST(struct cart, lines, lines_n, &line_schema),
	FIELD_OBJECT(struct cart, totals, &totals_schema),
	FIELD_LIST(struct cart, problems, problems_n, &fault_schema),
	FIELD_I32(struct cart, count),
	FIELD_TEXT(struct cart, email),
	FIELD_BOOL(struct cart, marketing_consent));

struct json_object *
cart_ids_of(const struct cart_line *lines, size_t n)
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

bool
cart_ask_prices(struct request *r, const struct cart_line *lines, size_t n,
    struct prices *prices)
{
	struct call_answer answer;

	return call(r, POST, "/internal/catalog/prices", cart_ids_of(lines, n),
	    &answer) && call_read_list(r, &answer, "items", &price_schema,
	    (void **)&prices->items, &prices->n);
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

const struct price *
cart_price_of(const struct prices *prices, struct uuid variant_id)
{
	return row_of(prices->items, prices->n, sizeof(*prices->items),
	    &variant_id);
}

static void
add_fault(struct cart *cart, struct line *line, const char *code)
{
	line->fault = code;
	cart->problems[cart->problems_n++] = (struct fault){ code,
	    line->variant_id, line->available };
}

/* The line's words and amounts, and its part of the totals. */
static void
price_line(struct cart *cart, struct line *line, const struct price *price,
    int64_t seen)
{
	struct tax_split split = { .tax = 0 };

	line->slug = price->slug;
	line->name = price->name;
	line->sku = price->sku;
	line->options = price->options;
	line->image = price->image;
	line->unit.amount = price->unit_gross;
	snprintf(line->unit.currency, sizeof(line->unit.currency), "%s",
	    price->currency);
	line->total = line->was = line->unit;
	line->was.amount = seen;
	if (seen == 0 || seen == line->unit.amount)
		line->was = (struct money){ .amount = 0 };
	line->total.amount *= line->quantity;
	/* Rounded once per line, as orders do. */
	tax_from_gross(line->total.amount, price->tax_rate, &split);
	cart->totals->subtotal.amount += line->total.amount;
	cart->totals->tax.amount += split.tax;
}

/* NULL: the catalogue, or inventory, does not know it. */
static void
add_line(struct cart *cart, const struct cart_line *from,
    const struct price *price, const struct stock *stock, bool stock_known)
{
	struct line *line = &cart->lines[cart->lines_n++];

	*line = (struct line){ .variant_id = from->variant_id,
	    .quantity = from->quantity, .has_available = stock_known,
	    .available = stock != NULL && stock->available > 0 ?
	    stock->available : 0 };
	cart->count += from->quantity;
	if (price != NULL)
		price_line(cart, line, price, from->seen);
	if (price == NULL || !price->is_available ||
	    (stock_known && line->available == 0)) {
		add_fault(cart, line, "not-available");
	} else if (stock_known && line->available < from->quantity) {
		line->is_short = true;
		add_fault(cart, line, "not-enough");
	}
}

static bool
read_stock(struct request *r, const struct cart_line *lines, size_t n,
    struct stock **stock, size_t *stock_n)
{
	struct header *headers = r->headers;
	struct call_answer answer;

	if (call(r, POST, "/internal/inventory/availability", cart_ids_of(lines, n),
	    &answer) && call_read_list(r, &answer, "items", &stock_schema,
	    (void **)stock, stock_n))
		return true;
	call_forgive(r);	/* checkout will know */
	r->headers = headers;
	return false;
}

/* Those that were asked, unless another line has come in meanwhile. */
static bool
prices_of(struct request *r, const struct cart_content *content,
    const struct prices *asked, struct prices *prices)
{
	size_t i = 0;

	while (asked != NULL && i < content->n &&
	    cart_price_of(asked, content->lines[i].variant_id) != NULL)
		i++;
	if (i < content->n)
		return cart_ask_prices(r, content->lines, content->n, prices);
	if (asked != NULL)
		*prices = *asked;
	return true;
}

static bool
fill(struct request *r, struct cart *cart, const struct cart_content *content,
    const struct prices *asked)
{
	const struct cart_line *lines = content->lines;
	struct prices prices = { .n = 0 };
	struct stock *stock = NULL;
	size_t stock_n = 0;
	bool stock_known;

	if (content->n == 0)
		return true;
	if (!prices_of(r, content, asked, &prices))
		return false;
	stock_known = read_stock(r, lines, content->n, &stock, &stock_n);
	for (size_t i = 0; i < content->n; i++)
		add_line(cart, &lines[i],
		    cart_price_of(&prices, lines[i].variant_id),
		    row_of(stock, stock_n, sizeof(*stock),
		    &lines[i].variant_id), stock_known);
	return true;
}

/* "id,id": for the part of the page that tells what goes well with them. */
static void
set_variant_ids(struct request *r, const struct cart_content *content)
{
	struct buf ids;
	char id[UUID_TEXT_SIZE];

	buf_init(&ids, r->arena, CART_LINES_MAX * UUID_TEXT_SIZE + 1);
	for (size_t i = 0; i < content->n && i < CART_LINES_MAX; i++)
		buf_printf(&ids, "%s%s", i > 0 ? "," : "",
		    uuid_text(&content->lines[i].variant_id, id));
	page_set(r, "variant_ids", json_object_new_string(ids.data));
}

int
cart_show(struct request *r, const char *key, int status,
    const struct prices *asked)
{
	struct cart cart = { .lines = NULL };
	struct cart_content content = { .n = 0 };

	if (!(key != NULL ? cart_store_of(key)->read(r, key, &content) :
	    cart_read(r, &content)))
		return r->status;
	cart.lines = arena_new_array(r->arena, struct line, content.n + 1);
	cart.problems = arena_new_array(r->arena, struct fault, content.n + 1);
	cart.totals = arena_new_of(r->arena, struct totals);
	cart.email = content.email;
	cart.marketing_consent = content.marketing_consent;
	memcpy(cart.totals->subtotal.currency, "EUR", 4);
	memcpy(cart.totals->tax.currency, "EUR", 4);
	if (!fill(r, &cart, &content, asked))
		return r->status;
	page_set(r, "has_lines", json_object_new_boolean(content.n > 0));
	set_variant_ids(r, &content);
	page_set(r, "is_blocked", json_object_new_boolean(cart.problems_n > 0));
	return reply(r, status, &cart_schema, &cart);
}

int
cart_get(struct request *r)
{
	return cart_show(r, NULL, 200, NULL);
}

/* The page, which may offer to take back that a line was removed. */
struct removed {
	struct uuid removed;
	int32_t quantity;
};

SCHEMA(cart_page_input, struct removed,
	FIELD_UUID(struct removed, removed),
	FIELD_I32(struct removed, quantity, .min = 1, .max = CART_QUANTITY_MAX,
	    .preset = "1"));

/* Its name, unless it is in the cart again or no longer sold. */
static void
offer_back(struct request *r, const struct removed *in)
{
	const struct cart_line line = { .variant_id = in->removed };
	struct cart_content content = { .n = 0 };
	struct prices prices;
	struct json_object *offer;

	if (!cart_read(r, &content) || !cart_ask_prices(r, &line, 1, &prices)) {
		call_forgive(r);	/* the page stands without */
		return;
	}
	if (prices.n == 0 || cart_line_of(&content, in->removed) != NULL)
		return;
	offer = json_out(&price_schema, prices.items, r->lang, JSON_ALL);
	json_object_object_add(offer, "quantity",
	    json_object_new_int(in->quantity));
	page_set(r, "removed", offer);
}

int
cart_page(struct request *r)
{
	const struct removed *in = request_input(r);
	int status = cart_show(r, NULL, 200, NULL);

	if (status == 200 && !uuid_is_nil(&in->removed))
		offer_back(r, in);
	return status;
}

/* The number beside the cart's link: no prices, no calls. */
int
cart_summary(struct request *r)
{
	struct json_object *answer;
	struct cart_content content;
	int32_t count = 0;

	if (!cart_read(r, &content))
		return r->status;
	for (size_t i = 0; i < content.n; i++)
		count += content.lines[i].quantity;
	answer = json_object_new_object();
	json_object_object_add(answer, "count", json_object_new_int(count));
	json_object_object_add(answer, "has_items",
	    json_object_new_boolean(count > 0));
	return reply_json(r, 200, answer);
}
