/* The table of contents of payments. */
#include "payments.h"

const struct route payments_routes[] = {
	API(GET, "/payments/methods", PERM_PUBLIC, &methods_input, TX_READ,
	    method_list, .output = &method_schema, .output_list = true,
	    .summary = "Ways to pay"),
	API(GET, "/payments", "payments.payment.read", &payment_list_input,
	    TX_READ, payment_list, .output = &payment_schema, .output_list = true,
	    .summary = "Payments, newest first"),
	API(GET, "/payments/{id}", "payments.payment.read", &payment_id_input,
	    TX_READ, payment_get, .output = &payment_schema,
	    .summary = "One payment"),
	API(POST, "/payments/{id}/capture", "payments.payment.capture",
	    &capture_input, TX_WRITE | IDEM, payment_capture,
	    .output = &payment_schema, .summary = "The money is here"),
	API(POST, "/payments/{id}/cancel", "payments.payment.capture",
	    &payment_id_input, TX_WRITE | IDEM, payment_cancel,
	    .output = &payment_schema, .summary = "Give up a payment not captured"),
	API(POST, "/payments/{id}/refunds", "payments.payment.refund",
	    &refund_input, TX_WRITE | IDEM, payment_refund,
	    .output = &payment_schema, .status = 201, .is_fresh = true,
	    .summary = "Give money back, never more than was captured"),
	API(POST, "/payments/webhooks/{provider}", PERM_PUBLIC, &webhook_input,
	    TX_NONE, webhook, .status = 204, .is_for_machines = true,
	    .takes_raw_body = true, .summary = "A provider's signed word"),

	INTERNAL(GET, "/internal/payments/methods", "orders", &methods_input,
	    TX_READ, method_list),
	INTERNAL(PUT, "/internal/payments/orders/{order_id}/{attempt}", "orders",
	    &payment_put_input, TX_NONE, payment_put),
	INTERNAL(GET, "/internal/payments/orders/{order_id}", "orders",
	    &order_id_input, TX_NONE, payment_of_order),
	INTERNAL(POST, "/internal/payments/orders/{order_id}/cancel", "orders",
	    &order_id_input, TX_WRITE, payment_cancel_order),

	PAGE("/admin/payments", "payments.payment.read", &payment_list_input,
	    TX_READ, payment_list, "admin/payments"),
	FORM(POST, "/admin/payments/{id}/capture", "payments.payment.capture",
	    &capture_input, TX_WRITE | IDEM, payment_capture, "/admin/payments"),
	PAGE("/pay/{session}", PERM_PUBLIC, &card_page_input, TX_READ,
	    card_page, "card"),
	FORM(POST, "/pay/{session}", PERM_PUBLIC, &card_pay_input, TX_WRITE,
	    card_pay, "/pay/{session}"),
	ROUTE_END
};

static const struct subscription subscriptions[] = {
	{ EVENT_ORDER_CANCELLED, on_order_undone },
	{ EVENT_ORDER_EXPIRED, on_order_undone },
	{ .handler = NULL }
};

const struct program payments_program = {
	.name = "payments",
	.routes = payments_routes,
	.subscriptions = subscriptions,
};
