/*
 * What changes a cart: items in, up, down and out; whom to remind; all away.
 */
#include "cart.h"

#include <json-c/json.h>

#include "web/call.h"
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

struct sold {
	int64_t unit_gross;
	bool is_available;
};

static SCHEMA(sold_schema, struct sold,
	FIELD_I64(struct sold, unit_gross),
	FIELD_BOOL(struct sold, is_available));

/* Is it for sale at all, and for how much? Sets the problem when it is not. */
static bool
is_sold(struct request *r, struct uuid variant_id, int64_t *price)
{
	struct json_object *body = json_object_new_object();
	struct json_object *ids = json_object_new_array();
	struct call_answer answer;
	char id[UUID_TEXT_SIZE];
	struct sold *sold;
	size_t n;

	json_object_array_add(ids, json_object_new_string(
	    uuid_text(&variant_id, id)));
	json_object_object_add(body, "variant_ids", ids);
	if (!call(r, POST, "/internal/catalog/prices", body, &answer) ||
	    !call_read_list(r, &answer, "items", &sold_schema, (void **)&sold, &n))
		return false;
	if (n == 1 && sold->is_available) {
		*price = sold->unit_gross;
		return true;
	}
	problem_field(r, "variant_id", "choice", field_message(r, "choice", 0, 0));
	problem(r, PROBLEM_INVALID);
	return false;
}

/* A form goes on to the page of the cart, which asks for itself. */
static int
answer(struct request *r, const char *key, int status)
{
	return r->route->kind == KIND_PAGE ? reply_empty(r, 204) :
	    cart_show(r, key, status);
}

int
item_add(struct request *r)
{
	struct cart_line line = *(const struct cart_line *)request_input(r);
	const char *key;

	if (!is_sold(r, line.variant_id, &line.seen) ||
	    (key = cart_key(r, true)) == NULL ||
	    !cart_store_of(key)->change(r, key, CART_ADD, &line))
		return r->status;
	return answer(r, key, 201);
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
	return answer(r, key, 200);
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
		return answer(r, key, 200);
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
	return cart_show(r, key, 200);
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
