/*
 * catalog: what is sold, in words, pictures and prices.
 *
 * Shoppers read from product_document, one stored row per product and
 * language. Whoever changes a product begins with product_lock() and ends with
 * product_written(), which writes those rows anew in the same transaction.
 */
#ifndef ZOCO_CGI_CATALOG_H
#define ZOCO_CGI_CATALOG_H

#include "web/app.h"

extern const struct program catalog_program;
extern const struct route catalog_routes[];

/* The row of a product that is being changed, locked until COMMIT. */
struct product_ref {
	struct uuid id;
	int32_t version;
};
extern const struct schema product_ref_schema;

/* A name for each option of a product, or a value for each of a variant. */
struct option_words {
	int lang;		/* of `languages` */
	const char **values;
	size_t values_n;
};
extern const struct schema option_words_schema;

/* A product as a picture with its price, among others. */
struct shown {
	struct uuid id;
	const char *slug, *name, *image;
	struct money price;
};
extern const struct schema shown_schema;

struct related {
	struct shown *similar, *together;
	size_t similar_n, together_n;
};

/* What staff have put beside a product, eight of each. */
bool related_find(struct request *, const char *product_id, struct related *);

/*
 * The stored document of the product that the path names by id or slug; NULL
 * and the problem.
 */
struct json_object *product_find(struct request *);

/* Sets what a product's page says beside its decorated document. */
bool product_window(struct request *, struct json_object *document);

/*
 * Locks a product that is in the shop. False: there is none (the problem is
 * set).
 */
bool product_lock(struct request *, struct uuid id, struct product_ref *);

/* Does If-Match name this version? If not, the problem is set: 428, 412. */
bool product_is_matched(struct request *, const struct product_ref *);

/*
 * The end of a change: the next version, the read model, the event with `data`;
 * answers with the product and its ETag.
 */
int product_written(struct request *, int status, struct uuid id,
    const struct schema *, const void *data);

/* Answers with a product as it is stored, in the request's language. */
int product_reply(struct request *, int status, struct uuid id);

/* A list of structs, as a parameter for jsonb_to_recordset. */
const char *list_text(struct request *, const struct schema *,
    const void *items, size_t n);

/* Answers with a field's fault, by its code; min and max stand in its words. */
void field_fault(struct request *, const char *field, const char *code,
    int64_t min, int64_t max);

/* Is it a price that we can ask? Else the fault is noted. */
bool price_is_good(struct request *, const struct money *, const char *field);

extern const struct schema product_list_input, product_list_schema,
    product_card_schema, suggest_input, suggestions_schema,
    product_get_input, product_schema, category_schema, prices_input,
    variant_words_input, imported_schema, import_list_schema,
    image_at_input, part_input, sale_add_input, sale_drop_input,
    synonym_add_input, synonym_id_input, synonym_schema,
    import_get_input, import_form_input,
    product_add_input, product_change_input, product_id_input,
    variant_add_input, variant_change_input, product_source_schema,
    product_form_input, product_new_input, product_page_input,
    variant_form_input, variant_new_form_input, variants_page_input,
    variant_page_input, images_input, images_form_input, unlisted_input,
    attribute_put_input, attribute_code_input, attribute_source_schema,
    attribute_schema, attribute_form_input, attribute_new_form_input,
    category_add_input, category_change_input, category_source_schema,
    category_form_input, category_new_form_input, synonym_form_input,
    unlisted_schema, related_schema, together_input,
    image_file_input;
extern const struct db_rule product_rules[], sale_rules[], category_rules[],
    attribute_rules[];

int home(struct request *);
int product_list(struct request *);
int suggest(struct request *);
int product_get(struct request *);
int product_page(struct request *);
int product_related(struct request *);
int together(struct request *);
int product_add(struct request *);
int product_change(struct request *);
int product_archive(struct request *);
int variant_add(struct request *);
int variant_change(struct request *);
int product_source_get(struct request *);
int product_editor(struct request *);
int product_form(struct request *);
int product_new(struct request *);
int product_new_form(struct request *);
int unlisted(struct request *);
int variants_page(struct request *);
int variant_editor(struct request *);
int variant_form(struct request *);
int variant_new(struct request *);
int variant_new_form(struct request *);
int images_arrange(struct request *);
int images_page(struct request *);
int images_form(struct request *);
int category_list(struct request *);
int prices(struct request *);
int attribute_list(struct request *);
int attribute_get(struct request *);
int attribute_put(struct request *);
int attribute_drop(struct request *);
int attribute_editor(struct request *);
int attribute_new(struct request *);
int attribute_form(struct request *);
int category_get(struct request *);
int category_add(struct request *);
int category_change(struct request *);
int category_drop(struct request *);
int category_table(struct request *);
int category_editor(struct request *);
int category_new(struct request *);
int category_form(struct request *);
int category_new_form(struct request *);
int synonym_form(struct request *);
int synonym_add(struct request *);
int synonym_list(struct request *);
int synonym_drop(struct request *);
int sale_add(struct request *);
int sale_drop(struct request *);

/* For the job: refreshes up to `most` products whose sales began or ended. */
int64_t change_prices(struct request *, int most);
/* The same for those that wait because a category has changed. */
int64_t refresh_due(struct request *, int most);

int robots(struct request *);
int sitemap(struct request *);
int sitemap_part(struct request *);
int product_feed(struct request *);
int image_put(struct request *);
int image_put_form(struct request *);
int image_delete(struct request *);
int import_add(struct request *);
int import_form(struct request *);
int import_get(struct request *);
int import_list(struct request *);
int export_csv(struct request *);
bool on_stock(struct request *, const struct event *const *, size_t n);
int variant_words(struct request *);

#endif
