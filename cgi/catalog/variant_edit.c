/*
 * POST /catalog/products/{id}/variants, PATCH /catalog/variants/{id}: what can
 * be chosen, and what it costs.
 */
#include "edit.h"

#define PRICE_MAX 1000000000	/* so that a line of 9999 pieces fits */

const char *const tax_classes[] = { "standard", "reduced", "super_reduced",
	NULL };
const char *const content_units[] = { "g", "ml", "cm", "piece", NULL };

SCHEMA(option_words_schema, struct option_words,
	FIELD_ENUM(struct option_words, lang, languages, .required = true),
	FIELD_TEXTS(struct option_words, values, values_n, .required = true,
	    .max = 60));

/* .check is not asked of what is not there. */
static bool
is_barcode_or_none(const char *s)
{
	return s[0] == '\0' || barcode_is_valid(s);
}

#define FIELDS_OF_BOTH \
	FIELD_TEXT(struct variant_edit, barcode, .max = 14, \
	    .check = is_barcode_or_none, .format = "barcode", \
	    .help = "GTIN, EAN or UPC; empty: none"), \
	FIELD_MONEY(struct variant_edit, compare_at_price, \
	    HAS(struct variant_edit, has_compare_at_price), \
	    .help = "What it cost before; 0: nothing is said of it"), \
	FIELD_I32(struct variant_edit, content, .max = 10000000, \
	    HAS(struct variant_edit, has_content), \
	    .help = "For the price by kilogram, litre or metre; 0: none"), \
	FIELD_ENUM(struct variant_edit, content_unit, content_units, \
	    HAS(struct variant_edit, has_content_unit)), \
	FIELD_LIST(struct variant_edit, options, options_n, \
	    &option_words_schema, .max = 2, \
	    HAS(struct variant_edit, has_options))

#define NEW_FIELDS \
	FIELD_TEXT(struct variant_edit, sku, .max = 64, .required = true), \
	FIELD_MONEY(struct variant_edit, price, .required = true), \
	FIELD_ENUM(struct variant_edit, tax_class, tax_classes, \
	    .preset = "standard"), \
	FIELD_I32(struct variant_edit, weight_g, .max = 1000000, .preset = "0"), \
	FIELDS_OF_BOTH

SCHEMA(variant_new_schema, struct variant_edit, NEW_FIELDS);

static SCHEMA(variant_row_schema, struct variant_edit,
	FIELD_UUID(struct variant_edit, id),
	FIELD_I32(struct variant_edit, position),
	NEW_FIELDS);

/* Its id is the product's. */
SCHEMA(variant_add_input, struct variant_edit,
	FIELD_UUID(struct variant_edit, id, .required = true),
	NEW_FIELDS);

SCHEMA(variant_change_input, struct variant_edit,
	FIELD_UUID(struct variant_edit, id, .required = true),
	FIELD_TEXT(struct variant_edit, sku, .min = 1, .max = 64),
	FIELD_MONEY(struct variant_edit, price,
	    HAS(struct variant_edit, has_price)),
	FIELD_ENUM(struct variant_edit, tax_class, tax_classes,
	    HAS(struct variant_edit, has_tax_class)),
	FIELD_I32(struct variant_edit, weight_g, .max = 1000000,
	    HAS(struct variant_edit, has_weight_g)),
	FIELD_BOOL(struct variant_edit, is_active,
	    HAS(struct variant_edit, has_is_active), .help = "Is it sold?"),
	FIELDS_OF_BOTH);

DB_QUERY(put_variants, 2,
	"INSERT INTO variant (id, product_id, sku, barcode, tax_class, weight_g,"
	"  content, content_unit, position)"
	" SELECT e.id, $1::uuid, e.sku, nullif(e.barcode, ''), e.tax_class,"
	"  e.weight_g, nullif(e.content, 0),"
	"  CASE WHEN e.content > 0 THEN e.content_unit END, e.position"
	"  + (SELECT coalesce(max(v.position), 0) FROM variant v"
	"   WHERE v.product_id = $1::uuid)"
	" FROM jsonb_to_recordset($2::jsonb) AS e(id uuid, sku text, barcode text,"
	"  tax_class text, weight_g int, content int, content_unit text,"
	"  position int)");
DB_QUERY(put_prices, 1,
	"INSERT INTO price (variant_id, currency, amount, compare_at)"
	" SELECT e.id, e.price->>'currency', (e.price->>'amount')::bigint,"
	"  nullif((e.compare_at_price->>'amount')::bigint, 0)"
	" FROM jsonb_to_recordset($1::jsonb) AS e(id uuid, price jsonb,"
	"  compare_at_price jsonb)");
DB_QUERY(drop_values, 1,
	"DELETE FROM variant_option WHERE variant_id = $1::uuid");
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
	"SELECT product_id AS id FROM variant WHERE id = $1::uuid");
DB_QUERY(set_variant, 9,
	"UPDATE variant SET sku = coalesce($3, sku),"
	" barcode = CASE WHEN $4::text IS NULL THEN barcode"
	"  ELSE nullif($4, '') END,"
	" tax_class = coalesce($5, tax_class),"
	" weight_g = coalesce($6::int, weight_g),"
	" is_active = coalesce($7::boolean, is_active),"
	" content = CASE WHEN $8::int IS NULL THEN content"
	"  ELSE nullif($8::int, 0) END,"
	" content_unit = CASE WHEN $8::int = 0 THEN NULL"
	"  ELSE coalesce($9, content_unit) END"
	" WHERE id = $1::uuid AND product_id = $2::uuid");
DB_QUERY(set_price, 3,
	"UPDATE price SET amount = coalesce($2::bigint, amount),"
	" compare_at = CASE WHEN $3::bigint IS NULL THEN compare_at"
	"  ELSE nullif($3::bigint, 0) END"
	" WHERE variant_id = $1::uuid AND currency = 'EUR'");
DB_QUERY(count_active, 1,
	"SELECT count(*) FROM variant WHERE product_id = $1::uuid AND is_active");

bool
barcode_is_valid(const char *s)
{
	size_t n = strspn(s, "0123456789");
	int sum = 0;

	if (s[n] != '\0' || (n != 8 && n != 12 && n != 13 && n != 14))
		return false;
	for (size_t i = 0; i < n; i++)
		sum += (s[i] - '0') * ((n - i) % 2 == 0 ? 3 : 1);
	return sum % 10 == 0;
}

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

size_t
product_options(struct request *r, struct uuid product_id)
{
	return (size_t)db_integer(r->db, &count_options, 0, P(product_id));
}

static void
check_values(struct request *r, const struct variant_edit *variant,
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

static void
check_prices(struct request *r, const struct variant_edit *v, bool has_price,
    const char *prefix)
{
	const char *field = arena_printf(r->arena, "%scompare_at_price", prefix);
	const struct money *before = &v->compare_at_price;

	if (has_price)
		price_is_good(r, &v->price,
		    arena_printf(r->arena, "%sprice", prefix));
	if (v->has_compare_at_price && price_is_good(r, before, field) &&
	    has_price && before->amount > 0 && before->amount <= v->price.amount)
		field_fault(r, field, "range", v->price.amount + 1, PRICE_MAX);
	if (v->content > 0 && !v->has_content_unit)
		field_fault(r, arena_printf(r->arena, "%scontent_unit", prefix),
		    "required", 0, 0);
}

bool
variants_put(struct request *r, struct uuid product_id,
    struct variant_edit *variants, size_t n, size_t options_n, const char *field)
{
	const char *list;

	for (size_t i = 0; i < n; i++) {
		const char *prefix = field == NULL ? "" :
		    arena_printf(r->arena, "%s.%zu.", field, i);

		variants[i].id = uuid_new();
		variants[i].position = (int32_t)i + 1;
		check_values(r, &variants[i], options_n, prefix);
		check_prices(r, &variants[i], true, prefix);
	}
	if (problem_has_fields(r))
		return false;
	list = list_text(r, &variant_row_schema, variants, n);
	db_exec(r->db, &put_variants, P(product_id), P(list));
	db_exec(r->db, &put_prices, P(list));
	db_exec(r->db, &put_values, P(list));
	return true;
}

bool
variant_write(struct request *r, struct uuid product_id, struct variant_edit *v)
{
	check_prices(r, v, v->has_price, "");
	if (v->has_options)
		check_values(r, v, product_options(r, product_id), "");
	if (problem_has_fields(r))
		return false;
	if (!db_exec(r->db, &set_variant, P(v->id), P(product_id), P(v->sku),
	    P(v->barcode), v->has_tax_class ? P(tax_classes[v->tax_class]) :
	    P_NULL, v->has_weight_g ? P(v->weight_g) : P_NULL,
	    v->has_is_active ? P(v->is_active) : P_NULL,
	    v->has_content ? P(v->content) : P_NULL, v->has_content_unit ?
	    P(content_units[v->content_unit]) : P_NULL)) {
		problem(r, PROBLEM_NOT_FOUND);
		return false;
	}
	if (v->has_price || v->has_compare_at_price)
		db_exec(r->db, &set_price, P(v->id),
		    v->has_price ? P(v->price.amount) : P_NULL,
		    v->has_compare_at_price ? P(v->compare_at_price.amount) :
		    P_NULL);
	if (v->has_options) {
		db_exec(r->db, &drop_values, P(v->id));
		db_exec(r->db, &put_values,
		    P(list_text(r, &variant_row_schema, v, 1)));
	}
	if (v->has_is_active && !v->is_active &&
	    db_integer(r->db, &count_active, 1, P(product_id)) == 0)
		field_fault(r, "is_active", "last-variant", 0, 0);
	return !problem_has_fields(r);
}

int
variant_add(struct request *r)
{
	struct variant_edit variant = *(struct variant_edit *)r->input;
	struct product_ref product;

	if (!product_lock(r, variant.id, &product))
		return r->status;
	variants_put(r, product.id, &variant, 1, product_options(r, product.id),
	    NULL);
	return product_written(r, 201, product.id, &variant_row_schema, &variant);
}

int
variant_change(struct request *r)
{
	struct variant_edit *in = r->input;
	struct product_ref product;

	if (!db_one(r->db, &find_product, &product_ref_schema, &product, P(in->id)))
		return problem(r, PROBLEM_NOT_FOUND);
	if (!product_lock(r, product.id, &product) ||
	    !product_is_matched(r, &product) ||
	    !variant_write(r, product.id, in))
		return r->status;
	return product_written(r, 200, product.id, &variant_change_input, in);
}
