/*
 * GET /catalog/products/{id}: one product by id or slug, from its stored
 * document: one indexed read. Its pages are the same document with texts. A
 * slug of another language leads to the product in this one.
 */
#include "edit.h"

#include <json-c/json.h>

#include "base/json.h"
#include "web/format.h"

struct product_get {
	const char *id;
};

SCHEMA(product_get_input, struct product_get,
	FIELD_TEXT(struct product_get, id, .required = true, .max = 200));

/* Only its shape, for the OpenAPI document; the row is `document`. */
struct product {
	struct uuid id;
	int32_t version;
	const char *slug, *name, *description, *brand;
	const char *seo_title, *seo_description;
	struct json_object *categories, *images, *options, *attributes, *variants;
	struct money price;
};

SCHEMA(product_schema, struct product,
	FIELD_UUID(struct product, id),
	FIELD_I32(struct product, version, .help = "As in the ETag"),
	FIELD_TEXT(struct product, slug),
	FIELD_TEXT(struct product, name),
	FIELD_TEXT(struct product, description),
	FIELD_TEXT(struct product, seo_title),
	FIELD_TEXT(struct product, seo_description),
	FIELD_TEXT(struct product, brand),
	FIELD_JSON(struct product, categories),
	FIELD_JSON(struct product, images),
	FIELD_JSON(struct product, options),
	FIELD_JSON(struct product, attributes),
	FIELD_JSON(struct product, variants),
	FIELD_MONEY(struct product, price));

/* Likewise. */
struct source {
	struct uuid id;
	int32_t version;
	const char *status, *brand;
	struct json_object *texts, *categories, *attributes, *options, *variants;
	struct json_object *images, *similar, *together;
};

SCHEMA(product_source_schema, struct source,
	FIELD_UUID(struct source, id),
	FIELD_I32(struct source, version),
	FIELD_TEXT(struct source, status),
	FIELD_TEXT(struct source, brand),
	FIELD_JSON(struct source, texts, .help = "By language"),
	FIELD_JSON(struct source, categories),
	FIELD_JSON(struct source, attributes),
	FIELD_JSON(struct source, options, .help = "Names by language"),
	FIELD_JSON(struct source, variants),
	FIELD_JSON(struct source, images),
	FIELD_JSON(struct source, similar),
	FIELD_JSON(struct source, together));

DB_QUERY(find_by_slug, 2,
	"SELECT document FROM product_document WHERE lang = $1 AND slug = $2");
DB_QUERY(find_by_id, 2,
	"SELECT document FROM product_document WHERE lang = $1"
	" AND product_id = $2::uuid");

DB_QUERY(find_made, 2,
	"SELECT document FROM documents_made(ARRAY[$2::uuid]) WHERE lang = $1");
DB_QUERY(find_source, 1, "SELECT product_source($1::uuid) AS document");

DB_QUERY(find_by_other_slug, 2,
	"SELECT document FROM product_document WHERE lang = $1 AND product_id ="
	" coalesce((SELECT product_id FROM product_document WHERE slug = $2"
	"  AND lang IN ('es', 'en') LIMIT 1), (SELECT product_id FROM old_slug"
	"  WHERE slug = $2 AND lang IN ('es', 'en') ORDER BY lang = $1 DESC LIMIT 1))");

struct json_object *
product_find(struct request *r)
{
	const struct product_get *in = request_input(r);
	const char *name = in->id;
	struct json_object *document;
	struct uuid id;

	if (uuid_parse(name, &id)) {
		document = db_json(r->db, &find_by_id, P(r->lang), P(id));
	} else {
		document = db_json(r->db, &find_by_slug, P(r->lang), P(name));
		if (document == NULL)
			document = db_json(r->db, &find_by_other_slug,
			    P(r->lang), P(name));
	}
	if (document == NULL)
		problem(r, PROBLEM_NOT_FOUND);
	return document;
}

static int
answer(struct request *r, int status, struct json_object *document)
{
	reply_header(r, "ETag", arena_printf(r->arena, "\"%s\"",
	    json_text(document, "version")));
	return reply_json(r, status, json_object_get(document));
}

int
product_get(struct request *r)
{
	struct json_object *document = product_find(r);

	return document == NULL ? r->status : answer(r, 200, document);
}

/* What is not in the shop has no document that is stored. */
int
product_reply(struct request *r, int status, struct uuid id)
{
	struct json_object *document =
	    db_json(r->db, &find_by_id, P(r->lang), P(id));

	if (document == NULL)
		document = db_json(r->db, &find_made, P(r->lang), P(id));
	if (document != NULL)
		return answer(r, status, document);
	return request_failed(r) ? 0 : problem(r, PROBLEM_NOT_FOUND);
}

struct json_object *
product_source(struct request *r, struct uuid id)
{
	struct json_object *source = db_json(r->db, &find_source, P(id));

	if (source == NULL && !request_failed(r))
		problem(r, PROBLEM_NOT_FOUND);
	return source;
}

int
product_source_get(struct request *r)
{
	const struct product_ref *in = request_input(r);
	struct json_object *source = product_source(r, in->id);

	return source == NULL ? r->status : answer(r, 200, source);
}

/* {"amount", "currency"} gets the text that people read, and edit. */
static void
add_price_text(struct request *r, struct json_object *owner)
{
	struct json_object *price;
	struct money money = { .amount = 0 };
	char text[FORMAT_SIZE], decimal[MONEY_TEXT_SIZE], *point;

	if (!json_object_object_get_ex(owner, "price", &price))
		return;
	money.amount =
	    json_object_get_int64(json_object_object_get(price, "amount"));
	snprintf(money.currency, sizeof(money.currency), "%s",
	    json_text(price, "currency"));
	format_money(&money, r->lang, text, sizeof(text));
	json_object_object_add(price, "text", json_object_new_string(text));
	money_decimal(&money, decimal);
	if (str_eq(r->lang, "es") && (point = strchr(decimal, '.')) != NULL)
		*point = ',';
	json_object_object_add(price, "decimal", json_object_new_string(decimal));
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

/* What the pages say beside the document: prices as texts, a variant's label. */
static void
decorate(struct request *r, struct json_object *document)
{
	struct json_object *variants = json_object_object_get(document, "variants");
	struct json_object *ids = json_object_new_array();
	size_t n = json_object_array_length(variants);

	add_price_text(r, document);
	for (size_t i = 0; i < n; i++) {
		struct json_object *variant = json_object_array_get_idx(variants, i);

		add_price_text(r, variant);
		json_object_object_add(variant, "label", join(r,
		    json_object_object_get(variant, "options"), " / "));
		json_object_object_add(variant, "is_first",
		    json_object_new_boolean(i == 0));
		json_object_array_add(ids,
		    json_object_get(json_object_object_get(variant, "id")));
	}
	json_object_object_add(document, "product_id",	/* a variant has an id too */
	    json_object_new_string(json_text(document, "id")));
	json_object_object_add(document, "variant_ids", join(r, ids, ","));
	json_object_object_add(document, "has_choice",
	    json_object_new_boolean(n > 1));
	json_object_put(ids);
}

int
product_page(struct request *r)
{
	const struct product_get *in = request_input(r);
	struct json_object *document = product_find(r);

	if (document == NULL)
		return r->status;
	if (!str_eq(in->id, json_text(document, "slug")))
		return reply_redirect(r, arena_printf(r->arena, "/p/%s",
		    json_text(document, "slug")));
	decorate(r, document);
	return !product_window(r, document) ? 0 :
	    reply_json(r, 200, json_object_get(document));
}
