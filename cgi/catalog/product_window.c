/*
 * What a product's page says beside its document: the choice of a variant, what
 * lies near it, what search engines read.
 */
#include "catalog.h"

#include <json-c/json.h>

#include "base/json.h"
#include "base/money.h"
#include "web/json_out.h"
#include "web/params.h"

SCHEMA(shown_schema, struct shown,
	FIELD_UUID(struct shown, id),
	FIELD_TEXT(struct shown, slug),
	FIELD_TEXT(struct shown, name),
	FIELD_TEXT(struct shown, image),
	FIELD_MONEY(struct shown, price));

static const char *
value_of(struct json_object *variant, size_t option)
{
	struct json_object *value =
	    json_object_array_get_idx(json_member(variant, "options"), option);

	return value != NULL ? json_object_get_string(value) : "";
}

/* The place of a text in a list, where it is put if it lacks. */
static size_t
place_of(struct json_object *list, const char *text)
{
	size_t n = json_object_array_length(list);

	for (size_t i = 0; i < n; i++)
		if (str_eq(json_object_get_string(
		    json_object_array_get_idx(list, i)), text))
			return i;
	json_object_array_add(list, json_object_new_string(text));
	return n;
}

/* The different values of an option, in the order of the variants. */
static struct json_object *
values_of(struct json_object *variants, size_t option)
{
	struct json_object *values = json_object_new_array();

	for (size_t i = 0; i < json_object_array_length(variants); i++)
		place_of(values, value_of(json_object_array_get_idx(variants, i),
		    option));
	return values;
}

static struct json_object *
pick_of(struct json_object *variant, const char *row, const char *label,
    size_t picture)
{
	struct json_object *pick = json_object_new_object();

	json_object_object_add(pick, "id",
	    json_object_get(json_member(variant, "id")));
	json_object_object_add(pick, "is_first",
	    json_object_get(json_member(variant, "is_first")));
	json_object_object_add(pick, "amount",
	    json_object_get(json_member(variant, "price")));
	json_add_text(pick, "label", label);
	json_add_text(pick, "row", row);
	if (picture > 0)
		json_object_object_add(pick, "picture",
		    json_object_new_int64((int64_t)picture));
	return pick;
}

/* A pair of values that is not made: it is shown, and cannot be chosen. */
static struct json_object *
no_pick(const char *label)
{
	struct json_object *pick = json_object_new_object();

	json_add_text(pick, "label", label);
	json_object_object_add(pick, "is_missing", json_object_new_boolean(true));
	return pick;
}

static struct json_object *
find_pair(struct json_object *variants, const char *first, const char *second)
{
	for (size_t i = 0; i < json_object_array_length(variants); i++) {
		struct json_object *variant = json_object_array_get_idx(variants, i);

		if (str_eq(value_of(variant, 0), first) &&
		    str_eq(value_of(variant, 1), second))
			return variant;
	}
	return NULL;
}

/* A row for each value of the first option, with all values of the second. */
static struct json_object *
matrix(struct json_object *variants, struct json_object *first, bool pictures)
{
	struct json_object *second = values_of(variants, 1);
	struct json_object *rows = json_object_new_array();

	for (size_t i = 0; i < json_object_array_length(first); i++) {
		const char *name = json_object_get_string(
		    json_object_array_get_idx(first, i));
		struct json_object *row = json_object_new_object();
		struct json_object *picks = json_object_new_array();

		for (size_t k = 0; k < json_object_array_length(second); k++) {
			const char *label = json_object_get_string(
			    json_object_array_get_idx(second, k));
			struct json_object *variant =
			    find_pair(variants, name, label);

			json_object_array_add(picks, variant == NULL ?
			    no_pick(label) :
			    pick_of(variant, name, label, pictures ? i + 1 : 0));
		}
		json_add_text(row, "label", name);
		json_object_object_add(row, "picks", picks);
		json_object_array_add(rows, row);
	}
	json_object_put(second);
	return rows;
}

static struct json_object *
one_row(struct json_object *variants, struct json_object *first, bool pictures)
{
	struct json_object *rows = json_object_new_array();
	struct json_object *row = json_object_new_object();
	struct json_object *picks = json_object_new_array();

	for (size_t i = 0; i < json_object_array_length(variants); i++) {
		struct json_object *variant = json_object_array_get_idx(variants, i);
		const char *label = json_text(variant, "label");

		json_object_array_add(picks, pick_of(variant, "",
		    label[0] != '\0' ? label : json_text(variant, "sku"), pictures ?
		    place_of(first, value_of(variant, 0)) + 1 : 0));
	}
	json_object_object_add(row, "picks", picks);
	json_object_array_add(rows, row);
	return rows;
}

/*
 * The choice as rows of picks. Where there are as many pictures as values of
 * the first option, each picture is of its value.
 */
static void
set_rows(struct request *r, struct json_object *document)
{
	struct json_object *variants = json_member(document, "variants");
	struct json_object *first = values_of(variants, 0);
	size_t n = json_object_array_length(first);
	bool pictures = n > 1 &&
	    n == json_object_array_length(json_member(document, "images"));

	page_set(r, "rows",
	    json_object_array_length(json_member(document, "options")) == 2 ?
	    matrix(variants, first, pictures) : one_row(variants, first, pictures));
	json_object_put(first);
}

/* What the fragment of inventory calls the variants. */
static void
set_stock_labels(struct request *r, struct json_object *document)
{
	struct json_object *variants = json_member(document, "variants");
	struct buf labels;

	buf_init(&labels, r->arena, 16384);
	for (size_t i = 0; i < json_object_array_length(variants); i++) {
		buf_puts(&labels, i > 0 ? "%7C" : "");
		url_encode(&labels, json_text(json_object_array_get_idx(variants, i),
		    "label"));
	}
	page_set(r, "stock_labels", json_object_new_string(labels.data));
}

static struct json_object *
offer_of(struct json_object *variant, const char *url)
{
	struct json_object *price = json_member(variant, "price");
	struct json_object *offer = json_object_new_object();
	struct money money = { .amount =
	    json_object_get_int64(json_member(price, "amount")) };
	char decimal[MONEY_TEXT_SIZE];

	snprintf(money.currency, sizeof(money.currency), "%s",
	    json_text(price, "currency"));
	json_add_text(offer, "@type", "Offer");
	json_add_text(offer, "sku", json_text(variant, "sku"));
	json_add_text(offer, "url", url);
	json_add_text(offer, "priceCurrency", money.currency);
	money_decimal(&money, decimal);
	json_add_text(offer, "price", decimal);
	return offer;
}

/* schema.org's Product, for a script element of JSON-LD. */
static void
set_linked_data(struct request *r, struct json_object *document)
{
	const char *base = r->app->conf->base_url;
	struct json_object *product = json_object_new_object();
	struct json_object *pictures = json_object_new_array();
	struct json_object *offers = json_object_new_array();
	struct json_object *brand = json_object_new_object();
	struct json_object *images = json_member(document, "images");
	struct json_object *variants = json_member(document, "variants");
	const char *url = arena_printf(r->arena, "%s/%s/p/%s", base, r->lang,
	    json_text(document, "slug"));

	for (size_t i = 0; i < json_object_array_length(images); i++)
		json_object_array_add(pictures, json_object_new_string(
		    arena_printf(r->arena, "%s%s", base, json_text(
		    json_object_array_get_idx(images, i), "src"))));
	for (size_t i = 0; i < json_object_array_length(variants); i++)
		json_object_array_add(offers,
		    offer_of(json_object_array_get_idx(variants, i), url));
	json_add_text(product, "@context", "https://schema.org");
	json_add_text(product, "@type", "Product");
	json_add_text(product, "name", json_text(document, "name"));
	json_add_text(product, "description", json_text(document, "description"));
	json_add_text(brand, "@type", "Brand");
	json_add_text(brand, "name", json_text(document, "brand"));
	json_object_object_add(product, "brand", brand);
	json_object_object_add(product, "image", pictures);
	json_object_object_add(product, "offers", offers);
	page_set(r, "linked_data", product);
}

DB_QUERY(list_near, 2,
	"SELECT d.product_id AS id, d.slug, d.name, d.image, d.price, d.currency"
	" FROM ((SELECT product_id FROM product_category WHERE category_id = (SELECT"
	"   category_id FROM product_category WHERE product_id = $2::uuid"
	"   ORDER BY category_id LIMIT 1) AND product_id > $2::uuid"
	"   ORDER BY product_id LIMIT 6)"
	"  UNION ALL (SELECT product_id FROM product_category WHERE category_id ="
	"   (SELECT category_id FROM product_category WHERE product_id = $2::uuid"
	"   ORDER BY category_id LIMIT 1) AND product_id < $2::uuid"
	"   ORDER BY product_id LIMIT 6)) AS near"
	" JOIN product_document d ON d.product_id = near.product_id AND d.lang = $1"
	" LIMIT 4");
DB_QUERY(find_other_slug, 2,
	"SELECT slug FROM product_document WHERE lang = $1 AND product_id = $2::uuid");

static void
set_shown(struct request *r, const char *name, const struct shown *rows,
    size_t n)
{
	page_set(r, arena_printf(r->arena, "has_%s", name),
	    json_object_new_boolean(n > 0));
	page_set(r, name, json_out_list(&shown_schema, rows, n, r->lang));
}

/* Staff's picks; where there is none that is like it, what lies near it. */
static bool
set_picks(struct request *r, const char *id)
{
	struct related related;
	struct shown *near = NULL;
	size_t n = 0;

	if (!related_find(r, id, &related) || (related.similar_n == 0 &&
	    !db_all(r->db, &list_near, &shown_schema, &near, &n, P(r->lang), P(id))))
		return false;
	set_shown(r, "together", related.together, related.together_n);
	set_shown(r, "similar", related.similar, related.similar_n);
	set_shown(r, "near", near, n);
	return true;
}

/* The variants already have labels and texts. */
bool
product_window(struct request *r, struct json_object *document)
{
	const char *id = json_text(document, "product_id"), *slug;

	set_rows(r, document);
	set_stock_labels(r, document);
	set_linked_data(r, document);
	slug = db_text(r->db, &find_other_slug,
	    P(str_eq(r->lang, "es") ? "en" : "es"), P(id));
	page_set(r, "other_slug", json_object_new_string(slug != NULL ? slug : id));
	return set_picks(r, id);
}
