/* The table of contents of notifications. */
#include "notifications.h"

const struct route notifications_routes[] = {
	API(GET, "/notifications/deliveries", "notifications.delivery.read",
	    &delivery_list_input, TX_READ, delivery_list,
	    .output = &delivery_schema, .output_list = true,
	    .summary = "Every message with its state, newest first"),
	API(POST, "/notifications/deliveries/{id}/resend",
	    "notifications.delivery.resend", &delivery_resend_input,
	    TX_WRITE | IDEM, delivery_resend, .output = &delivery_schema,
	    .summary = "Send a message once more"),
	PAGE("/admin/messages", "notifications.delivery.read",
	    &delivery_list_input, TX_READ, delivery_list, "admin/messages"),
	FORM(POST, "/admin/messages/{id}/resend", "notifications.delivery.resend",
	    &delivery_resend_input, TX_WRITE | IDEM, delivery_resend,
	    "/admin/messages"),
	ROUTE_END
};

static const struct subscription subscriptions[] = {
	{ EVENT_ORDER_PLACED, on_order },
	{ EVENT_ORDER_PAID, on_order },
	{ EVENT_ORDER_SHIPPED, on_order },
	{ EVENT_ORDER_CANCELLED, on_order },
	{ EVENT_ORDER_EXPIRED, on_order },
	{ EVENT_STOCK_LOW, on_stock_low },
	{ EVENT_USER_REGISTERED, on_user },
	{ EVENT_USER_KNOWN_REGISTERED, on_user },
	{ EVENT_PASSWORD_FORGOTTEN, on_user },
	{ EVENT_PASSWORD_CHANGED, on_user },
	{ .handler = NULL }
};

const struct program notifications_program = {
	.name = "notifications",
	.routes = notifications_routes,
	.subscriptions = subscriptions,
};
