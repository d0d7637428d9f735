/*
 * GET /catalog/products/{id}: one product by id or slug, from its stored
 * document: one indexed read.
 */
#include "catalog.h"

#include <json-c/json.h>

#include "web/format.h"

struct product_get {
	const char *id;
};

SCHEMA(product_get_input, struct product_get,
	FIELD_TEXT(struct product_get, id, .required = true, .max = 200));

/* Only its shape, for the OpenAPI document; the row is `document`. */
struct product {
	struct uuid id;
	const char *slug, *name, *description, *brand;
	struct json_object *categories, *images, *options, *variants;
	struct money price;
};

SCHEMA(product_schema, struct product,
	FIELD_UUID(struct product, id),
	FIELD_TEXT(struct product, slug),
	FIELD_TEXT(struct product, name),
	FIELD_TEXT(struct product, description),
	FIELD_TEXT(struct product, brand),
	FIELD_JSON(struct product, categories),
	FIELD_JSON(struct product, images),
	FIELD_JSON(struct product, options),
	FIELD_JSON(struct product, variants),
	FIELD_MONEY(struct product, price));

struct stored {
	struct json_object *document;
};

static SCHEMA(stored_schema, struct stored,
	FIELD_JSON(struct stored, document));

DB_QUERY(find_by_slug, 2,
	"SELECT document FROM product_document WHERE lang = $1 AND slug = $2");
DB_QUERY(find_by_id, 2,
	"SELECT document FROM product_document WHERE lang = $1"
	" AND product_id = $2::uuid");

static struct json_object *
find(struct request *r, const char *id_or_slug)
{
	struct stored stored;
	struct uuid id;
	bool found = uuid_parse(id_or_slug, &id) ?
	    db_one(r->db, &find_by_id, &stored_schema, &stored, P(r->lang), P(id)) :
	    db_one(r->db, &find_by_slug, &stored_schema, &stored, P(r->lang),
	    P(id_or_slug));

	return found ? stored.document : NULL;
}

int
product_get(struct request *r)
{
	const struct product_get *in = request_input(r);
	struct json_object *document = find(r, in->id);

	if (document == NULL)
		return problem(r, PROBLEM_NOT_FOUND);
	return reply_json(r, 200, json_object_get(document));
}

/* {"amount", "currency"} gets the text that people read. */
static void
add_price_text(struct request *r, struct json_object *owner)
{
	struct json_object *price, *value;
	struct money money = { .amount = 0 };
	char text[FORMAT_SIZE];

	if (!json_object_object_get_ex(owner, "price", &price))
		return;
	json_object_object_get_ex(price, "amount", &value);
	money.amount = json_object_get_int64(value);
	json_object_object_get_ex(price, "currency", &value);
	snprintf(money.currency, sizeof(money.currency), "%s",
	    json_object_get_string(value));
	format_money(&money, r->lang, text, sizeof(text));
	json_object_object_add(price, "text", json_object_new_string(text));
}

static struct json_object *
join(struct request *r, struct json_object *list, const char *between)
{
	struct buf out;

	buf_init(&out, r->arena, 4000);
	for (size_t i = 0; i < json_object_array_length(list); i++)
		buf_printf(&out, "%s%s", i > 0 ? between : "",
		    json_object_get_string(json_object_array_get_idx(list, i)));
	return json_object_new_string(out.data);
}

/* The page's product: prices as texts, the first variant chosen, all ids. */
int
product_page(struct request *r)
{
	const struct product_get *in = request_input(r);
	struct json_object *document = find(r, in->id), *variants, *ids;
	size_t n;

	if (document == NULL)
		return problem(r, PROBLEM_NOT_FOUND);
	add_price_text(r, document);
	json_object_object_get_ex(document, "variants", &variants);
	n = json_object_array_length(variants);
	ids = json_object_new_array();
	for (size_t i = 0; i < n; i++) {
		struct json_object *variant = json_object_array_get_idx(variants, i);
		struct json_object *options, *id;

		add_price_text(r, variant);
		json_object_object_get_ex(variant, "options", &options);
		json_object_object_add(variant, "label", join(r, options, " / "));
		json_object_object_add(variant, "is_first",
		    json_object_new_boolean(i == 0));
		json_object_object_get_ex(variant, "id", &id);
		json_object_array_add(ids, json_object_get(id));
	}
	json_object_object_add(document, "variant_ids", join(r, ids, ","));
	json_object_put(ids);
	json_object_object_add(document, "has_choice",
	    json_object_new_boolean(n > 1));
	return reply_json(r, 200, json_object_get(document));
}
