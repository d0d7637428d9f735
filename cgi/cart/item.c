/*
 * What changes a cart: items in, up, down and out; whom to remind; all away.
 */
#include "cart.h"

#include <json-c/json.h>

#include "web/call.h"
#include "web/text.h"

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

SCHEMA(contact_input, struct contact,
	FIELD_TEXT(struct contact, email, .max = 254, .check = email_is_valid,
	    .format = "email"),
	FIELD_BOOL(struct contact, marketing_consent,
	    HAS(struct contact, has_consent)));

struct sold {
	struct uuid variant_id;
	bool is_available;
};

static SCHEMA(sold_schema, struct sold,
	FIELD_UUID(struct sold, variant_id),
	FIELD_BOOL(struct sold, is_available));

/* Is it for sale at all? Sets the problem when it is not. */
static bool
is_sold(struct request *r, struct uuid variant_id)
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
	if (n == 1 && sold->is_available)
		return true;
	problem_field(r, "variant_id", "choice", field_message(r, "choice", 0, 0));
	problem(r, PROBLEM_INVALID);
	return false;
}

/* A form goes on to the page of the cart, which asks for itself. */
static int
answer(struct request *r, int status)
{
	return r->route->kind == KIND_PAGE ? reply_empty(r, 204) :
	    cart_show(r, status);
}

int
item_add(struct request *r)
{
	const struct item *in = request_input(r);
	const char *key;

	if (!is_sold(r, in->variant_id) || (key = cart_key(r, true)) == NULL ||
	    !cart_store_of(key)->change(r, key, in->variant_id, CART_ADD,
	    in->quantity))
		return r->status;
	return answer(r, 201);
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
	const struct item *in = request_input(r);
	const char *key = key_of_cart(r);

	if (key == NULL || !cart_store_of(key)->change(r, key, in->variant_id,
	    CART_SET, in->quantity))
		return r->status;
	return answer(r, 200);
}

int
item_delete(struct request *r)
{
	const struct item *in = request_input(r);
	const char *key = key_of_cart(r);

	if (key == NULL || !cart_store_of(key)->change(r, key, in->variant_id,
	    CART_SET, 0))
		return r->status;
	return answer(r, 200);
}

int
cart_set(struct request *r)
{
	const struct contact *in = request_input(r);
	const char *key = key_of_cart(r);

	if (key == NULL || ((in->email != NULL || in->has_consent) &&
	    !cart_store_of(key)->set_contact(r, key, in)))
		return r->status;
	return cart_show(r, 200);
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
