/*
 * POST /catalog/products, DELETE /catalog/products/{id} and PATCH
 * /catalog/variants/{id}. Each writes the read model in its own transaction.
 */
#include "catalog.h"

#include <json-c/json.h>

#include "web/json_out.h"
#include "web/text.h"

struct product_text {
	const char *lang, *slug, *name, *description;
};

static SCHEMA(product_text_schema, struct product_text,
	FIELD_TEXT(struct product_text, lang, .min = 2, .max = 2, .required = true),
	FIELD_TEXT(struct product_text, slug, .max = 100, .required = true,
	    .check = slug_is_valid, .format = "slug"),
	FIELD_TEXT(struct product_text, name, .max = 200, .required = true),
	FIELD_TEXT(struct product_text, description, .max = 5000,
	    .multiline = true, .preset = ""));

struct new_variant {
	struct uuid id;
	const char *sku, *tax_class;
	struct money price;
	int64_t amount;
	int32_t weight_g, position;
};

static const struct field variant_fields[] = {
	FIELD_TEXT(struct new_variant, sku, .max = 64, .required = true),
	FIELD_MONEY(struct new_variant, price, .required = true),
	FIELD_TEXT(struct new_variant, tax_class, .max = 30,
	    .preset = "standard"),
	FIELD_I32(struct new_variant, weight_g, .max = 1000000, .preset = "0"),
	{ .name = NULL }
};
static const struct schema new_variant_schema = {
	"new_variant", sizeof(struct new_variant), variant_fields
};

static SCHEMA(variant_row_schema, struct new_variant,
	FIELD_UUID(struct new_variant, id),
	FIELD_TEXT(struct new_variant, sku),
	FIELD_TEXT(struct new_variant, tax_class),
	FIELD_I64(struct new_variant, amount),
	FIELD_I32(struct new_variant, weight_g),
	FIELD_I32(struct new_variant, position));

struct product_add {
	const char *brand;
	struct product_text *texts;
	struct new_variant *variants;
	size_t texts_n, variants_n;
};

SCHEMA(product_add_input, struct product_add,
	FIELD_TEXT(struct product_add, brand, .max = 100, .preset = ""),
	FIELD_LIST(struct product_add, texts, texts_n, &product_text_schema,
	    .required = true, .min = 1, .max = 2),
	FIELD_LIST(struct product_add, variants, variants_n, &new_variant_schema,
	    .required = true, .min = 1, .max = 100));

struct product_made {
	struct uuid id;
};

SCHEMA(product_made_schema, struct product_made,
	FIELD_UUID(struct product_made, id));

const struct db_rule product_rules[] = {
	{ "variant_sku_key", PROBLEM_ALREADY_EXISTS },
	{ "product_text_slug_key", PROBLEM_ALREADY_EXISTS },
	{ "product_text_pkey", PROBLEM_INVALID },
	{ "price_amount_not_negative", PROBLEM_INVALID },
	{ NULL, PROBLEM_NONE }
};

DB_QUERY(put_product, 2,
	"INSERT INTO product (id, brand) VALUES ($1::uuid, $2)");
DB_QUERY(put_texts, 2,
	"INSERT INTO product_text (product_id, lang, slug, name, description)"
	" SELECT $1::uuid, e.lang, e.slug, e.name, e.description"
	" FROM jsonb_to_recordset($2::jsonb)"
	"  AS e(lang text, slug text, name text, description text)");
DB_QUERY(put_variants, 2,
	"WITH made AS (SELECT e.id, e.sku, e.tax_class, e.amount, e.weight_g,"
	"  e.position FROM jsonb_to_recordset($2::jsonb) AS e(id uuid, sku text,"
	"  tax_class text, amount bigint, weight_g int, position int)),"
	" rows AS (INSERT INTO variant (id, product_id, sku, tax_class, weight_g,"
	"  position) SELECT id, $1::uuid, sku, tax_class, weight_g, position"
	"  FROM made RETURNING id)"
	" INSERT INTO price (variant_id, currency, amount)"
	" SELECT id, 'EUR', amount FROM made");
DB_QUERY(refresh, 1, "SELECT product_document_refresh($1::uuid)");
DB_QUERY(archive, 1,
	"UPDATE product SET status = 'archived' WHERE id = $1::uuid");
DB_QUERY(set_price, 2,
	"UPDATE price p SET amount = $2::bigint FROM variant v"
	" WHERE v.id = p.variant_id AND p.variant_id = $1::uuid"
	" AND p.currency = 'EUR' RETURNING v.product_id AS id");

bool
product_refresh(struct request *r, struct uuid product_id)
{
	return db_exec(r->db, &refresh, P(product_id));
}

static const char *
list_text(struct request *r, const struct schema *schema, const void *items,
    size_t n)
{
	struct json_object *list = json_out_list(schema, items, n, NULL);
	const char *text = arena_strdup(r->arena,
	    json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN));

	json_object_put(list);
	return text;
}

int
product_add(struct request *r)
{
	struct product_add *in = r->input;
	struct product_made made = { uuid_new() };

	for (size_t i = 0; i < in->variants_n; i++) {
		in->variants[i].id = uuid_new();
		in->variants[i].amount = in->variants[i].price.amount;
		in->variants[i].position = (int32_t)i;
	}
	db_exec(r->db, &put_product, P(made.id), P(in->brand));
	db_exec(r->db, &put_texts, P(made.id),
	    P(list_text(r, &product_text_schema, in->texts, in->texts_n)));
	db_exec(r->db, &put_variants, P(made.id),
	    P(list_text(r, &variant_row_schema, in->variants, in->variants_n)));
	product_refresh(r, made.id);
	event_emit(r, EVENT_PRODUCT_CHANGED, made.id, &product_made_schema, &made);
	return reply(r, 201, &product_made_schema, &made);
}

SCHEMA(product_id_input, struct product_made,
	FIELD_UUID(struct product_made, id, .required = true));

int
product_archive(struct request *r)
{
	const struct product_made *in = request_input(r);

	if (!db_exec(r->db, &archive, P(in->id)))
		return problem(r, PROBLEM_NOT_FOUND);
	product_refresh(r, in->id);
	event_emit(r, EVENT_PRODUCT_CHANGED, in->id, &product_made_schema, in);
	return reply_empty(r, 204);
}

struct variant_price {
	struct uuid id;
	struct money price;
};

SCHEMA(variant_price_input, struct variant_price,
	FIELD_UUID(struct variant_price, id, .required = true),
	FIELD_MONEY(struct variant_price, price, .required = true));

int
variant_price(struct request *r)
{
	const struct variant_price *in = request_input(r);
	struct product_made product;

	if (!db_one(r->db, &set_price, &product_made_schema, &product, P(in->id),
	    P(in->price.amount)))
		return problem(r, PROBLEM_NOT_FOUND);
	product_refresh(r, product.id);
	event_emit(r, EVENT_PRODUCT_CHANGED, product.id, &variant_price_input, in);
	return reply_empty(r, 204);
}
