/*
 * Editing products: what the API and the pages of staff share. Both fill a
 * struct product_edit; product_write() does what it says.
 */
#ifndef ZOCO_CGI_CATALOG_EDIT_H
#define ZOCO_CGI_CATALOG_EDIT_H

#include "catalog.h"

enum product_status { PRODUCT_DRAFT, PRODUCT_ACTIVE, PRODUCT_ARCHIVED };
extern const char *const product_statuses[], *const tax_classes[],
    *const content_units[];
extern const struct schema variant_new_schema;

struct product_text {
	int lang;		/* of `languages` */
	const char *slug, *name, *description, *seo_title, *seo_description;
};

struct new_image;

enum content_unit { CONTENT_G, CONTENT_ML, CONTENT_CM, CONTENT_PIECE };

/* A variant, new or changed: what is not given stays as it is. An amount of 0
 * to compare with, a content of 0, a barcode of "": there is none. */
struct variant_edit {
	struct uuid id;
	int32_t position, weight_g, content;
	const char *sku, *barcode;
	int tax_class;
	enum content_unit content_unit;
	struct money price, compare_at_price;
	bool is_active;
	struct option_words *options;
	size_t options_n;
	bool has_weight_g, has_content, has_tax_class, has_content_unit;
	bool has_price, has_compare_at_price, has_is_active, has_options;
};

/* What is not given (a has_ that is false, NULL, no texts) stays as it is. */
struct product_edit {
	struct uuid id;
	enum product_status status;
	const char *brand;
	struct product_text *texts;
	const char **categories, **attributes, **similar, **together;
	struct option_words *options;
	struct variant_edit *variants;
	struct new_image *images;
	size_t texts_n, categories_n, attributes_n, similar_n, together_n;
	size_t options_n, variants_n, images_n;
	bool has_status, has_categories, has_attributes, has_options;
	bool has_similar, has_together;
	bool is_whole;		/* languages that are not given go */
};

/* Within the transaction; faults of fields are noted. */
void product_write(struct request *, const struct product_edit *);

/* Locks a product whether it is in the shop or not; as product_lock. */
bool product_lock_any(struct request *, struct uuid id, struct product_ref *);

/* Is that the version which a form was made from? If not: stale. */
bool product_is_version(struct request *, const struct product_ref *,
    int32_t version);

/*
 * Writes variants behind those that the product has. False: a field is at
 * fault (noted); each variant has as many values as the product has options.
 * `field` is the name of the list in the input, or NULL for a single one.
 */
bool variants_put(struct request *, struct uuid product_id,
    struct variant_edit *, size_t n, size_t options_n, const char *field);

/* Changes one of a product that is locked. False: it is none of this
 * product's, or a field is at fault (noted). */
bool variant_write(struct request *, struct uuid product_id,
    struct variant_edit *);

/* The options that a product has; each variant has a value for each. */
size_t product_options(struct request *, struct uuid product_id);

/* Eight to fourteen digits, the last of which checks the others (GTIN). */
bool barcode_is_valid(const char *);

/* The whole product as product_source() has it; NULL, and 404: there is none. */
struct json_object *product_source(struct request *, struct uuid id);

/* Stores a new product whose id is set, and answers with it. */
int product_make(struct request *, struct product_edit *);

/* Names or values of options as a form has them, a row each. */
struct option_pair {
	int32_t n;
	const char *es, *en;
};
extern const struct schema option_pair_schema;

void option_pairs_read(struct request *, const struct option_pair *, size_t n,
    struct option_words **, size_t *options_n);

/* What the head of each page of a product says; the caller's. */
struct json_object *product_head(struct request *, struct json_object *source);

/* A category as category_source() has it; NULL, and 404: there is none. */
struct json_object *category_source(struct request *, struct uuid id);

/* Are these tags, as "material=clay"? A fault of `field` for each that is not. */
void tags_check(struct request *, const char *field, const char *const *tags,
    size_t n);

/* Values to choose from on a page, in groups; those in `chosen` are marked. */
struct choice {
	const char *group_name, *value, *name;
};
extern const struct schema choice_schema;

void choices_set(struct request *, const char *name, const struct choice *,
    size_t n, struct json_object *chosen);

/* Each language has a part in a form, and says which it is. */
void languages_name(struct request *, struct json_object *form);

/* "14,50" of {"amount": 1450}, as it is typed; "" of NULL. */
const char *price_decimal(struct request *, struct json_object *price);

/* Texts as a JSON array, as a parameter. */
const char *texts_json(struct request *, const char *const *texts, size_t n);

#endif
