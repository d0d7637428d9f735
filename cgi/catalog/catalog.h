/*
 * catalog: what is sold, in words, pictures and prices.
 *
 * Shoppers read from product_document, one stored row per product and
 * language; whoever changes a product calls product_refresh() in the same
 * transaction.
 */
#ifndef ZOCO_CGI_CATALOG_H
#define ZOCO_CGI_CATALOG_H

#include "web/app.h"

extern const struct program catalog_program;
extern const struct route catalog_routes[];

/* Writes the read model of a product anew. */
bool product_refresh(struct request *, struct uuid product_id);

extern const struct schema product_list_input, product_card_schema,
    product_get_input, product_schema, category_schema, prices_input,
    product_add_input, product_id_input, variant_price_input, product_made_schema;
extern const struct db_rule product_rules[];

int product_list(struct request *);
int product_get(struct request *);
int product_page(struct request *);
int product_add(struct request *);
int product_archive(struct request *);
int variant_price(struct request *);
int category_list(struct request *);
int prices(struct request *);

#endif
