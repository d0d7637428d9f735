/*
 * POST /internal/catalog/prices: what variants cost somebody in a country, with
 * their words; asked by cart and orders, so that they cannot disagree.
 */
#include "catalog.h"

#include <json-c/json.h>

#include "base/tax.h"
#include "web/json_out.h"

struct prices {
	const char **variant_ids, *country;
	size_t variant_ids_n;
};

SCHEMA(prices_input, struct prices,
	FIELD_TEXTS(struct prices, variant_ids, variant_ids_n, .required = true,
	    .max = 200),
	FIELD_TEXT(struct prices, country, .min = 2, .max = 2, .preset = "ES"));

struct priced {
	struct uuid variant_id, product_id;
	const char *slug, *name, *sku, *options, *image, *currency, *tax_class;
	int64_t unit_gross, unit_net, unit_tax;
	int32_t tax_rate, weight_g;
	bool is_available;
};

static SCHEMA(priced_schema, struct priced,
	FIELD_UUID(struct priced, variant_id),
	FIELD_UUID(struct priced, product_id),
	FIELD_TEXT(struct priced, slug),
	FIELD_TEXT(struct priced, name),
	FIELD_TEXT(struct priced, sku),
	FIELD_TEXT(struct priced, options),
	FIELD_TEXT(struct priced, image),
	FIELD_I64(struct priced, unit_gross),
	FIELD_TEXT(struct priced, currency),
	FIELD_TEXT(struct priced, tax_class),
	FIELD_I32(struct priced, tax_rate),
	FIELD_I32(struct priced, weight_g),
	FIELD_BOOL(struct priced, is_available),
	FIELD_I64(struct priced, unit_net),
	FIELD_I64(struct priced, unit_tax));

DB_QUERY(find_prices, 3,
	"SELECT v.id AS variant_id, v.product_id, d.slug, d.name, v.sku,"
	" coalesce((SELECT string_agg(o.value, ' / ' ORDER BY o.position)"
	"  FROM (SELECT DISTINCT ON (x.position) x.position, x.value"
	"   FROM variant_option x WHERE x.variant_id = v.id"
	"   ORDER BY x.position, x.lang = $2 DESC, x.lang = 'es' DESC) AS o), '')"
	"  AS options, d.image, p.amount AS unit_gross, p.currency, v.tax_class,"
	" coalesce(t.rate, 0) AS tax_rate, v.weight_g, v.is_active AS is_available"
	" FROM variant v JOIN price_now p ON p.variant_id = v.id AND p.currency = 'EUR'"
	" JOIN product_document d ON d.product_id = v.product_id AND d.lang = $2"
	" LEFT JOIN tax_rate t ON t.country = $3 AND t.tax_class = v.tax_class"
	" WHERE v.is_active AND v.id IN"
	"  (SELECT e::uuid FROM jsonb_array_elements_text($1::jsonb) AS e)");

DB_QUERY(find_rate, 1,
	"SELECT rate FROM tax_rate WHERE country = $1 AND tax_class = 'standard'");

/* The ids as a JSON array; what is no id cannot be a variant. */
static const char *
ids_json(struct request *r, const struct prices *in)
{
	struct buf out;
	struct uuid id;
	char text[UUID_TEXT_SIZE];

	buf_init(&out, r->arena, 16 * 1024);
	buf_putc(&out, '[');
	for (size_t i = 0; i < in->variant_ids_n; i++)
		if (uuid_parse(in->variant_ids[i], &id))
			buf_printf(&out, "%s\"%s\"", out.len > 1 ? "," : "",
			    uuid_text(&id, text));
	buf_putc(&out, ']');
	return out.data;
}

int
prices(struct request *r)
{
	const struct prices *in = request_input(r);
	struct json_object *answer;
	struct priced *items;
	int64_t rate;
	size_t n;

	if (!db_all(r->db, &find_prices, &priced_schema, &items, &n,
	    P(ids_json(r, in)), P(r->lang), P(in->country)))
		return 0;
	rate = db_integer(r->db, &find_rate, 0, P(in->country));
	for (size_t i = 0; i < n; i++) {
		struct tax_split split;

		if (!tax_from_gross(items[i].unit_gross, items[i].tax_rate, &split))
			return problem(r, PROBLEM_DEFECT);
		items[i].unit_net = split.net;
		items[i].unit_tax = split.tax;
	}
	answer = json_object_new_object();
	json_object_object_add(answer, "items",
	    json_out_list(&priced_schema, items, n, NULL));
	json_object_object_add(answer, "shipping_tax_rate",
	    json_object_new_int64(rate));
	json_object_object_add(answer, "prices_include_tax",
	    json_object_new_boolean(true));
	return reply_json(r, 200, answer);
}
