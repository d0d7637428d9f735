/* The table of contents of cart. */
#include "cart.h"

const struct route cart_routes[] = {
	API(GET, "/cart", PERM_PUBLIC, NULL, TX_NONE, cart_get,
	    .output = &cart_schema, .own = OWN_CART,
	    .summary = "The cart at live prices, with its problems"),
	API(PATCH, "/cart", PERM_PUBLIC, &contact_input, TX_NONE, cart_set,
	    .output = &cart_schema, .own = OWN_CART,
	    .summary = "Where a reminder may go"),
	API(DELETE, "/cart", PERM_PUBLIC, NULL, TX_NONE, cart_delete,
	    .own = OWN_CART, .status = 204, .summary = "Empty the cart"),
	API(POST, "/cart/items", PERM_PUBLIC, &item_add_input, TX_NONE, item_add,
	    .output = &cart_schema, .own = OWN_CART, .status = 201,
	    .summary = "Put something in"),
	API(PATCH, "/cart/items/{variant_id}", PERM_PUBLIC, &item_set_input,
	    TX_NONE, item_set, .output = &cart_schema, .own = OWN_CART,
	    .summary = "Another quantity"),
	API(DELETE, "/cart/items/{variant_id}", PERM_PUBLIC, &item_id_input,
	    TX_NONE, item_delete, .output = &cart_schema, .own = OWN_CART,
	    .summary = "Take something out"),

	INTERNAL(POST, "/internal/cart/read", "orders notifications",
	    &cart_key_input, TX_NONE, cart_internal_read),
	INTERNAL(POST, "/internal/cart/again", "orders", &again_input, TX_NONE,
	    cart_internal_again),
	INTERNAL(POST, "/internal/cart/ordered", "orders", &ordered_input,
	    TX_WRITE, cart_ordered),

	PAGE("/cart", PERM_PUBLIC, &cart_page_input, TX_NONE, cart_page, "cart"),
	FORM(POST, "/cart", PERM_PUBLIC, &contact_input, TX_NONE, cart_set,
	    "/cart"),
	FORM(POST, "/cart/items", PERM_PUBLIC, &item_add_input, TX_NONE, item_add,
	    "/cart"),
	FORM(POST, "/cart/items/{variant_id}", PERM_PUBLIC, &item_set_input,
	    TX_NONE, item_set, "/cart"),
	FORM(DELETE, "/cart/items/{variant_id}", PERM_PUBLIC, &item_id_input,
	    TX_NONE, item_delete, "/cart"),
	FRAGMENT("/fragments/cart/summary", PERM_PUBLIC, NULL, TX_NONE,
	    cart_summary, "fragments/summary"),
	ROUTE_END
};

static const struct subscription subscriptions[] = {
	{ EVENT_ORDER_CANCELLED, on_order_undone },
	{ EVENT_ORDER_EXPIRED, on_order_undone },
	{ EVENT_USER_SIGNED_IN, on_signed_in },
	{ EVENT_UNSUBSCRIBED, on_unsubscribed },
	{ .handler = NULL }
};

const struct program cart_program = {
	.name = "cart",
	.person = &cart_person,
	.routes = cart_routes,
	.subscriptions = subscriptions,
};
