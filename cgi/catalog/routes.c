/* The table of contents of catalog. */
#include "catalog.h"

#define CACHED .cache_seconds = 3

const struct route catalog_routes[] = {
	API(GET, "/catalog/products", PERM_PUBLIC, &product_list_input, TX_READ,
	    product_list, .output = &product_list_schema,
	    .summary = "Products by category, words, facets; and the facets"),
	API(GET, "/catalog/suggest", PERM_PUBLIC, &suggest_input, TX_READ, suggest,
	    .output = &suggestions_schema,
	    .summary = "What may be meant, while it is being typed"),
	API(GET, "/catalog/products/{id}", PERM_PUBLIC, &product_get_input,
	    TX_READ, product_get, .output = &product_schema,
	    .summary = "A product, by id or slug"),
	API(GET, "/catalog/categories", PERM_PUBLIC, NULL, TX_READ, category_list,
	    .output = &category_schema, .output_list = true,
	    .summary = "The tree of categories"),
	API(POST, "/catalog/products", "catalog.product.write",
	    &product_add_input, TX_WRITE, product_add, .status = 201,
	    .output = &product_schema, .rules = product_rules,
	    .summary = "A new product with its variants"),
	API(PATCH, "/catalog/products/{id}", "catalog.product.write",
	    &product_change_input, TX_WRITE, product_change,
	    .output = &product_schema, .rules = product_rules,
	    .summary = "Other words, brand, categories; needs If-Match"),
	API(DELETE, "/catalog/products/{id}", "catalog.product.write",
	    &product_id_input, TX_WRITE, product_archive, .status = 204,
	    .summary = "Take a product out of the shop; needs If-Match"),
	API(POST, "/catalog/products/{id}/variants", "catalog.product.write",
	    &variant_add_input, TX_WRITE, variant_add, .status = 201,
	    .output = &product_schema, .rules = product_rules,
	    .summary = "A further variant"),
	API(PATCH, "/catalog/variants/{id}", "catalog.product.write",
	    &variant_price_input, TX_WRITE, variant_price,
	    .output = &product_schema,
	    .summary = "A new price; needs If-Match, the product's ETag"),

	API(PUT, "/catalog/products/{id}/images/{n}", "catalog.product.write",
	    &image_at_input, TX_NONE, image_put, .output = &product_schema,
	    .takes_raw_body = true, .summary = "A picture: JPEG, PNG or WebP; "
	    "?alt_es= and ?alt_en= tell what it shows; needs If-Match"),
	API(DELETE, "/catalog/products/{id}/images/{n}",
	    "catalog.product.write", &image_at_input, TX_NONE, image_delete,
	    .output = &product_schema,
	    .summary = "A product without a picture; needs If-Match"),
	API(POST, "/catalog/imports", "catalog.product.import", NULL, TX_NONE,
	    import_add, .status = 201, .output = &imported_schema,
	    .takes_raw_body = true, .summary = "A CSV file of products; "
	    "?dry_run=true only tells, ?columns= names the file's columns"),
	API(GET, "/catalog/imports/{id}", "catalog.product.import",
	    &import_get_input, TX_READ, import_get, .output = &imported_schema,
	    .summary = "What became of an import, and of its rows"),
	API(GET, "/catalog/export.csv", "catalog.product.export", NULL, TX_READ,
	    export_csv, .summary = "All products as the rows of an import"),

	INTERNAL(POST, "/internal/catalog/variants", "inventory",
	    &variant_words_input, TX_READ, variant_words),
	INTERNAL(POST, "/internal/catalog/prices",
	    "orders cart notifications recommendations", &prices_input, TX_READ,
	    prices),

	FRAGMENT("/fragments/catalog/suggest", PERM_PUBLIC, &suggest_input,
	    TX_READ, suggest, "fragments/suggest"),
	PAGE("/", PERM_PUBLIC, NULL, TX_READ, home, "home", CACHED),
	PAGE("/c/{category}", PERM_PUBLIC, &product_list_input, TX_READ,
	    product_list, "list", .also = { { "categories", category_list } },
	    CACHED),
	PAGE("/search", PERM_PUBLIC, &product_list_input, TX_READ, product_list,
	    "list", .also = { { "categories", category_list } }, CACHED),
	PAGE("/p/{id}", PERM_PUBLIC, &product_get_input, TX_READ, product_page,
	    "product", CACHED),
	PAGE("/admin/products", "catalog.product.read", &product_list_input,
	    TX_READ, product_list, "admin/products"),
	PAGE("/admin/imports", "catalog.product.import", NULL, TX_READ,
	    import_list, "admin/imports"),
	FORM(POST, "/admin/imports", "catalog.product.import",
	    &import_form_input, TX_NONE, import_form, "/admin/imports",
	    .next = "/admin/imports/{id}"),
	PAGE("/admin/imports/{id}", "catalog.product.import", &import_get_input,
	    TX_READ, import_get, "admin/import"),
	PAGE("/admin/products/{id}", "catalog.product.read", &product_get_input,
	    TX_READ, product_admin, "admin/product"),
	FORM(POST, "/admin/products/{id}", "catalog.product.write",
	    &price_form_input, TX_WRITE, price_form, "/admin/products/{id}",
	    .next = "/admin/products/{id}"),
	ROUTE_END
};

static const struct subscription subscriptions[] = {
	{ EVENT_LEVEL_CHANGED, on_stock },
	{ EVENT_HOLD_PLACED, on_stock },
	{ EVENT_HOLD_RELEASED, on_stock },
	{ EVENT_HOLD_SOLD, on_stock },
	{ EVENT_STOCK_SHORT, on_stock },
	{ .handler = NULL }
};

const struct program catalog_program = {
	.name = "catalog",
	.routes = catalog_routes,
	.subscriptions = subscriptions,
	.stores_bodies = true,
};
