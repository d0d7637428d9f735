/* The table of contents of inventory. */
#include "inventory.h"

const struct route inventory_routes[] = {
	API(GET, "/inventory/availability", PERM_PUBLIC, &availability_input,
	    TX_READ, availability_list, .output = &public_availability_schema,
	    .output_list = true, .summary = "What can be bought now"),
	API(GET, "/inventory/levels", "inventory.level.read", &level_list_input,
	    TX_READ, level_list, .output = &level_schema, .output_list = true,
	    .summary = "Stock per variant and location"),
	API(PATCH, "/inventory/levels/{variant_id}/{location}",
	    "inventory.level.configure", &level_set_input, TX_WRITE, level_set,
	    .output = &level_schema, .summary = "Threshold and backorder limit"),
	API(POST, "/inventory/adjustments", "inventory.level.adjust",
	    &adjustment_add_input, TX_WRITE | IDEM, adjustment_add,
	    .output = &level_schema, .status = 201, .rules = adjustment_add_rules,
	    .summary = "Change what lies on the shelf, and say why"),
	API(GET, "/inventory/movements", "inventory.movement.read",
	    &movement_list_input, TX_READ, movement_list,
	    .output = &movement_schema, .output_list = true,
	    .summary = "The ledger, newest first"),
	API(GET, "/inventory/locations", "inventory.location.read", NULL, TX_READ,
	    location_list, .output = &location_schema, .output_list = true,
	    .summary = "Where stock lies"),

	INTERNAL(POST, "/internal/inventory/availability", "orders cart catalog",
	    &variants_input, TX_READ, availability_internal),
	INTERNAL(PUT, "/internal/inventory/holds/{order_id}", "orders",
	    &hold_put_input, TX_WRITE, hold_put),
	INTERNAL(GET, "/internal/inventory/holds/{order_id}", "orders",
	    &hold_id_input, TX_READ, hold_get),
	INTERNAL(DELETE, "/internal/inventory/holds/{order_id}", "orders",
	    &hold_id_input, TX_WRITE, hold_delete),

	FRAGMENT("/fragments/inventory/availability", PERM_PUBLIC,
	    &availability_input, TX_READ, availability_list,
	    "fragments/availability"),
	PAGE("/admin/stock", "inventory.level.read", &level_list_input, TX_READ,
	    level_list, "admin/stock"),
	FORM(POST, "/admin/stock", "inventory.level.adjust",
	    &adjustment_add_input, TX_WRITE | IDEM, adjustment_add,
	    "/admin/stock", .rules = adjustment_add_rules),
	ROUTE_END
};

static const struct subscription subscriptions[] = {
	{ EVENT_ORDER_PAID, on_order_paid },
	{ EVENT_ORDER_SHIPPED, on_order_paid },
	{ EVENT_ORDER_CANCELLED, on_order_undone },
	{ EVENT_ORDER_EXPIRED, on_order_undone },
	{ .handler = NULL }
};

const struct program inventory_program = {
	.name = "inventory",
	.routes = inventory_routes,
	.subscriptions = subscriptions,
};
