/* Products out of CSV, and into it: what import.c and export.c share. */
#ifndef ZOCO_CGI_CATALOG_IMPORT_H
#define ZOCO_CGI_CATALOG_IMPORT_H

#include "catalog.h"

enum product_column {
	COLUMN_SKU, COLUMN_PRODUCT, COLUMN_STATUS, COLUMN_BRAND,
	COLUMN_CATEGORIES, COLUMN_NAME_ES, COLUMN_DESCRIPTION_ES, COLUMN_SLUG_EN,
	COLUMN_NAME_EN, COLUMN_DESCRIPTION_EN, COLUMN_OPTIONS_ES,
	COLUMN_OPTIONS_EN, COLUMN_ATTRIBUTES, COLUMN_IMAGES, COLUMN_PRICE,
	COLUMN_COMPARE_AT, COLUMN_TAX_CLASS, COLUMN_WEIGHT_G, COLUMN_COUNT
};
extern const char *const product_columns[];	/* ended by NULL */

/* Takes an import that waits to its end, in steps of its own. `is_alone`: the
 * arena is emptied after each, for nobody waits for an answer. */
void import_run(struct request *, struct uuid id, bool is_alone);

/* The oldest import that waits, or was left in the middle; nil: none. */
struct uuid import_waiting(struct request *);

#endif
