/*
 * What changes a cart: items in, up, down and out; whom to remind; all away.
 */
#include "cart.h"

#include "web/text.h"

SCHEMA(item_add_input, struct cart_line,
	FIELD_UUID(struct cart_line, variant_id, .required = true),
	FIELD_I32(struct cart_line, quantity, .min = 1,
	    .max = CART_QUANTITY_MAX, .preset = "1"));
SCHEMA(item_set_input, struct cart_line,
	FIELD_UUID(struct cart_line, variant_id, .required = true),
	FIELD_I32(struct cart_line, quantity, .min = 1,
	    .max = CART_QUANTITY_MAX, .required = true));
SCHEMA(item_id_input, struct cart_line,
	FIELD_UUID(struct cart_line, variant_id, .required = true));

SCHEMA(contact_input, struct contact,
	FIELD_TEXT(struct contact, email, .max = 254, .check = email_is_valid,
	    .format = "email"),
	FIELD_BOOL(struct contact, marketing_consent,
	    HAS(struct contact, has_consent)));

/* A form goes on to the page of the cart, which asks for itself. */
static int
answer(struct request *r, const char *key, int status,
    const struct prices *asked)
{
	return r->route->kind == KIND_PAGE ? reply_empty(r, 204) :
	    cart_show(r, key, status, asked);
}

/* Today's prices of the cart as it will be with this line. */
static bool
prices_with(struct request *r, const struct cart_line *line,
    struct prices *prices)
{
	struct cart_content content;
	struct cart_line *lines;

	if (!cart_read(r, &content))
		return false;
	lines = arena_new_array(r->arena, struct cart_line, content.n + 1);
	if (content.n > 0)
		memcpy(lines, content.lines, content.n * sizeof(*lines));
	lines[content.n] = *line;
	return cart_ask_prices(r, lines, content.n +
	    (cart_line_of(&content, line->variant_id) == NULL), prices);
}

int
item_add(struct request *r)
{
	struct cart_line line = *(const struct cart_line *)request_input(r);
	const struct price *price;
	struct prices prices;
	const char *key;

	if (!prices_with(r, &line, &prices))
		return r->status;
	price = cart_price_of(&prices, line.variant_id);
	if (price == NULL || !price->is_available) {
		problem_field(r, "variant_id", "choice",
		    field_message(r, "choice", 0, 0));
		return problem(r, PROBLEM_INVALID);
	}
	line.seen = price->unit_gross;
	if ((key = cart_key(r, true)) == NULL ||
	    !cart_store_of(key)->change(r, key, CART_ADD, &line))
		return r->status;
	return answer(r, key, 201, &prices);
}

/* The key of a cart that should be there; NULL with the problem. */
static const char *
key_of_cart(struct request *r)
{
	const char *key = cart_key(r, false);

	if (key == NULL && !request_failed(r))
		problem(r, PROBLEM_NOT_FOUND);
	return key;
}

int
item_set(struct request *r)
{
	const char *key = key_of_cart(r);

	if (key == NULL || !cart_store_of(key)->change(r, key, CART_SET,
	    request_input(r)))
		return r->status;
	return answer(r, key, 200, NULL);
}

/* A page is told what went, to offer it once more. */
int
item_delete(struct request *r)
{
	const struct cart_line *in = request_input(r), *line;
	const char *key = key_of_cart(r);
	struct cart_content content = { .n = 0 };
	char id[UUID_TEXT_SIZE];

	if (key == NULL || !cart_store_of(key)->read(r, key, &content) ||
	    !cart_store_of(key)->change(r, key, CART_SET, in))
		return r->status;
	line = cart_line_of(&content, in->variant_id);
	if (r->route->kind != KIND_PAGE || line == NULL)
		return answer(r, key, 200, NULL);
	return reply_redirect(r, arena_printf(r->arena,
	    "/cart?removed=%s&quantity=%" PRId32,
	    uuid_text(&line->variant_id, id), line->quantity));
}

int
cart_set(struct request *r)
{
	const struct contact *in = request_input(r);
	const char *key = key_of_cart(r);

	if (key == NULL || ((in->email != NULL || in->has_consent) &&
	    !cart_store_of(key)->set_contact(r, key, in)))
		return r->status;
	return answer(r, key, 200, NULL);
}

int
cart_delete(struct request *r)
{
	const char *key = cart_key(r, false);

	if (request_failed(r) ||
	    (key != NULL && !cart_store_of(key)->clear(r, key)))
		return r->status;
	return reply_empty(r, 204);
}
