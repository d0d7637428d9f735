/* The table of contents of orders. */
#include "orders.h"

static const struct limit checkout_limit = {
	"checkout", offsetof(struct conf, limit_checkout_address), 60
};

static const struct limit lookup_limit = {
	"order_lookup", offsetof(struct conf, limit_login_address), 900
};

const struct route orders_routes[] = {
	API(GET, "/orders/shipping-options", PERM_PUBLIC, &shipping_options_input,
	    TX_NONE, shipping_option_list, .output = &shipping_option_schema,
	    .output_list = true, .own = OWN_CART,
	    .summary = "Ways of delivery of the present cart"),
	API(POST, "/orders", PERM_PUBLIC, &order_place_input,
	    TX_NONE | IDEM | RESUMES, order_place, .output = &order_schema,
	    .status = 201, .own = OWN_CART, .limit = &checkout_limit,
	    .summary = "Checkout: the cart becomes an order"),
	API(GET, "/orders", PERM_SIGNED_IN, &order_list_input, TX_READ,
	    order_list, .output = &order_card_schema, .output_list = true,
	    .own = OWN_SESSION, .summary = "My orders; staff see all"),
	API(GET, "/orders/{id}", PERM_PUBLIC, &order_get_input, TX_NONE,
	    order_get, .output = &order_schema, .own = OWN_ORDER,
	    .summary = "One order with its lines and timeline"),
	API(POST, "/orders/{id}/cancel", PERM_PUBLIC, &order_get_input,
	    TX_WRITE | IDEM, order_cancel, .output = &order_schema,
	    .own = OWN_ORDER, .summary = "Cancel before it is shipped"),
	API(POST, "/orders/{id}/payments", PERM_PUBLIC, &pay_again_input,
	    TX_NONE | IDEM | RESUMES, order_pay_again, .output = &order_schema,
	    .own = OWN_ORDER, .summary = "Pay once more after a failure"),
	API(POST, "/orders/{id}/shipments", "orders.order.fulfil", &ship_input,
	    TX_WRITE | IDEM, order_ship, .output = &order_schema, .status = 201,
	    .summary = "The parcel has left"),

	API(POST, "/orders/{id}/withdrawal", PERM_PUBLIC, &withdrawal_input,
	    TX_WRITE | IDEM, order_withdraw, .output = &order_schema,
	    .status = 201, .own = OWN_ORDER,
	    .summary = "Withdraw from the purchase, without a reason"),

	PAGE("/checkout", PERM_PUBLIC, &checkout_page_input, TX_NONE,
	    checkout_page, "checkout"),
	FORM(POST, "/checkout", PERM_PUBLIC, &order_place_input,
	    TX_NONE | IDEM | RESUMES, checkout_form, "/checkout",
	    .limit = &checkout_limit),
	FORM(POST, "/checkout/totals", PERM_PUBLIC, &order_draft_input, TX_NONE,
	    checkout_totals, "/checkout", .template = "checkout"),
	PAGE("/orders", PERM_PUBLIC, NULL, TX_READ, page_show, "lookup"),
	FORM(POST, "/orders", PERM_PUBLIC, &lookup_input, TX_READ, order_lookup,
	    "/orders", .limit = &lookup_limit),
	PAGE("/withdrawal", PERM_PUBLIC, NULL, TX_READ, page_show, "withdrawal"),
	FORM(POST, "/withdrawal/review", PERM_PUBLIC, &withdrawal_form_input,
	    TX_READ, withdrawal_review, "/withdrawal",
	    .template = "withdrawal_review", .limit = &lookup_limit),
	FORM(POST, "/withdrawal", PERM_PUBLIC, &withdrawal_form_input, TX_WRITE,
	    withdrawal_form, "/withdrawal", .next = "/withdrawal/received",
	    .limit = &lookup_limit),
	PAGE("/withdrawal/received", PERM_PUBLIC, NULL, TX_READ, page_show,
	    "withdrawal_received"),
	PAGE("/orders/{id}", PERM_PUBLIC, &order_get_input, TX_NONE, order_page,
	    "order"),
	FORM(POST, "/orders/{id}/cancel", PERM_PUBLIC, &order_get_input,
	    TX_WRITE | IDEM, order_cancel, "/orders/{id}",
	    .next = "/orders/{id}"),
	FORM(POST, "/orders/{id}/pay", PERM_PUBLIC, &pay_again_input,
	    TX_NONE | IDEM | RESUMES, order_pay_again_form, "/orders/{id}"),
	PAGE("/account/orders", PERM_SIGNED_IN, &order_list_input, TX_READ,
	    order_list_own, "account_orders"),
	PAGE("/admin/orders", "orders.order.read", &order_list_input, TX_READ,
	    order_list, "admin/orders"),
	PAGE("/admin/orders/{id}", "orders.order.read", &order_get_input, TX_NONE,
	    order_get, "admin/order"),
	FORM(POST, "/admin/orders/{id}/ship", "orders.order.fulfil", &ship_input,
	    TX_WRITE | IDEM, order_ship, "/admin/orders/{id}",
	    .next = "/admin/orders/{id}"),
	FORM(POST, "/admin/orders/{id}/cancel", "orders.order.cancel",
	    &order_get_input, TX_WRITE | IDEM, order_cancel, "/admin/orders/{id}",
	    .next = "/admin/orders/{id}"),
	FRAGMENT("/fragments/orders/desk", "orders.order.read", NULL, TX_READ,
	    desk, "fragments/desk"),
	ROUTE_END
};

static const struct subscription subscriptions[] = {
	{ EVENT_PAYMENT_CAPTURED, on_captured },
	{ EVENT_PAYMENT_FAILED, on_failed },
	{ EVENT_PAYMENT_CANCELLED, on_failed },
	{ EVENT_PAYMENT_AUTHORIZED, on_authorized },
	{ EVENT_PAYMENT_REFUNDED, on_refunded },
	{ EVENT_STOCK_SHORT, on_stock_short },
	{ .handler = NULL }
};

const struct program orders_program = {
	.name = "orders",
	.person = &orders_person,
	.routes = orders_routes,
	.subscriptions = subscriptions,
};
