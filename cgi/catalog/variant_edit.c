/*
 * POST /catalog/products/{id}/variants, PATCH /catalog/variants/{id} and the
 * form of /admin/products/{id}: what can be chosen, and what it costs.
 */
#include "catalog.h"

#include "base/money.h"

#define PRICE_MAX 1000000000	/* so that a line of 9999 pieces fits */

static const char *const tax_classes[] = { "standard", "reduced",
	"super_reduced", NULL };

SCHEMA(option_words_schema, struct option_words,
	FIELD_ENUM(struct option_words, lang, languages, .required = true),
	FIELD_TEXTS(struct option_words, values, values_n, .required = true,
	    .max = 60));

#define NEW_VARIANT_FIELDS \
	FIELD_TEXT(struct new_variant, sku, .max = 64, .required = true), \
	FIELD_MONEY(struct new_variant, price, .required = true), \
	FIELD_ENUM(struct new_variant, tax_class, tax_classes, \
	    .preset = "standard"), \
	FIELD_I32(struct new_variant, weight_g, .max = 1000000, .preset = "0"), \
	FIELD_LIST(struct new_variant, options, options_n, \
	    &option_words_schema, .max = 2)

SCHEMA(new_variant_schema, struct new_variant, NEW_VARIANT_FIELDS);

static SCHEMA(variant_row_schema, struct new_variant,
	FIELD_UUID(struct new_variant, id),
	FIELD_I32(struct new_variant, position),
	NEW_VARIANT_FIELDS);

/* Its id is the product's. */
SCHEMA(variant_add_input, struct new_variant,
	FIELD_UUID(struct new_variant, id, .required = true),
	NEW_VARIANT_FIELDS);

DB_QUERY(put_variants, 2,
	"INSERT INTO variant (id, product_id, sku, tax_class, weight_g, position)"
	" SELECT e.id, $1::uuid, e.sku, e.tax_class, e.weight_g, e.position"
	"  + (SELECT coalesce(max(v.position), 0) FROM variant v"
	"   WHERE v.product_id = $1::uuid)"
	" FROM jsonb_to_recordset($2::jsonb) AS e(id uuid, sku text,"
	"  tax_class text, weight_g int, position int)");
DB_QUERY(put_prices, 1,
	"INSERT INTO price (variant_id, currency, amount)"
	" SELECT e.id, e.price->>'currency', (e.price->>'amount')::bigint"
	" FROM jsonb_to_recordset($1::jsonb) AS e(id uuid, price jsonb)");
DB_QUERY(put_values, 1,
	"INSERT INTO variant_option (variant_id, position, lang, value)"
	" SELECT e.id, w.n, o.lang, w.value"
	" FROM jsonb_to_recordset($1::jsonb) AS e(id uuid, options jsonb),"
	"  jsonb_to_recordset(e.options) AS o(lang text, \"values\" jsonb),"
	"  jsonb_array_elements_text(o.\"values\") WITH ORDINALITY AS w(value, n)");
DB_QUERY(count_options, 1,
	"SELECT count(DISTINCT position) FROM product_option"
	" WHERE product_id = $1::uuid");
DB_QUERY(find_product, 1,
	"SELECT product_id AS id FROM variant WHERE id = $1::uuid AND is_active");
DB_QUERY(set_price, 3,
	"UPDATE price SET amount = $2::bigint WHERE variant_id = $1::uuid"
	" AND currency = $3");

/* One currency for now: the one that every variant has a price in. */
bool
price_is_good(struct request *r, const struct money *price, const char *field)
{
	if (!str_eq(price->currency, "EUR"))
		field_fault(r, field, "currency", 0, 0);
	else if (price->amount < 0 || price->amount > PRICE_MAX)
		field_fault(r, field, "range", 0, PRICE_MAX);
	else
		return true;
	return false;
}

static void
check_values(struct request *r, const struct new_variant *variant,
    size_t options_n, const char *prefix)
{
	int64_t n = (int64_t)options_n;

	if (variant->options_n == 0 && options_n > 0)
		field_fault(r, arena_printf(r->arena, "%soptions", prefix),
		    "required", 0, 0);
	for (size_t i = 0; i < variant->options_n; i++)
		if (variant->options[i].values_n != options_n)
			field_fault(r, arena_printf(r->arena,
			    "%soptions.%zu.values", prefix, i), "elements", n, n);
}

bool
variants_put(struct request *r, struct uuid product_id,
    struct new_variant *variants, size_t n, size_t options_n, const char *field)
{
	const char *list;

	for (size_t i = 0; i < n; i++) {
		const char *prefix = field == NULL ? "" :
		    arena_printf(r->arena, "%s.%zu.", field, i);

		variants[i].id = uuid_new();
		variants[i].position = (int32_t)i + 1;
		check_values(r, &variants[i], options_n, prefix);
		price_is_good(r, &variants[i].price,
		    arena_printf(r->arena, "%sprice", prefix));
	}
	if (problem_has_fields(r))
		return false;
	list = list_text(r, &variant_row_schema, variants, n);
	db_exec(r->db, &put_variants, P(product_id), P(list));
	db_exec(r->db, &put_prices, P(list));
	db_exec(r->db, &put_values, P(list));
	return true;
}

int
variant_add(struct request *r)
{
	const struct new_variant *in = request_input(r);
	struct new_variant variant = *in;
	struct product_ref product;
	size_t options_n;

	if (!product_lock(r, in->id, &product))
		return r->status;
	options_n = (size_t)db_integer(r->db, &count_options, 0, P(product.id));
	variants_put(r, product.id, &variant, 1, options_n, NULL);
	return product_written(r, 201, product.id, &variant_row_schema, &variant);
}

struct variant_price {
	struct uuid id;
	struct money price;
};

SCHEMA(variant_price_input, struct variant_price,
	FIELD_UUID(struct variant_price, id, .required = true),
	FIELD_MONEY(struct variant_price, price, .required = true));

static int
change_price(struct request *r, const struct variant_price *in,
    struct uuid product_id)
{
	db_exec(r->db, &set_price, P(in->id), P(in->price.amount),
	    P(in->price.currency));
	return product_written(r, 200, product_id, &variant_price_input, in);
}

int
variant_price(struct request *r)
{
	const struct variant_price *in = request_input(r);
	struct product_ref product;

	if (!price_is_good(r, &in->price, "price"))
		return r->status;
	if (!db_one(r->db, &find_product, &product_ref_schema, &product, P(in->id)))
		return problem(r, PROBLEM_NOT_FOUND);
	if (!product_lock(r, product.id, &product) ||
	    !product_is_matched(r, &product))
		return r->status;
	return change_price(r, in, product.id);
}

struct price_form {
	struct uuid id, variant_id;
	int32_t version;
	const char *price;
};

SCHEMA(price_form_input, struct price_form,
	FIELD_UUID(struct price_form, id, .required = true),
	FIELD_UUID(struct price_form, variant_id, .required = true),
	FIELD_I32(struct price_form, version, .required = true),
	FIELD_TEXT(struct price_form, price, .required = true, .max = 30));

/* The same from the page: "14,50", and the version that the page showed. */
int
price_form(struct request *r)
{
	const struct price_form *in = request_input(r);
	struct variant_price change = { .id = in->variant_id };
	struct product_ref product, owner;

	if (!money_parse(in->price, "EUR", &change.price)) {
		field_fault(r, "price", "money", 0, 0);
		return r->status;
	}
	if (!price_is_good(r, &change.price, "price") ||
	    !product_lock(r, in->id, &product))
		return r->status;
	if (product.version != in->version)
		return problem(r, PROBLEM_STALE);
	if (!db_one(r->db, &find_product, &product_ref_schema, &owner,
	    P(in->variant_id)) || !uuid_equal(&owner.id, &product.id))
		return problem(r, PROBLEM_NOT_FOUND);
	return change_price(r, &change, product.id);
}
