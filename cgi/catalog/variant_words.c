/*
 * POST /internal/catalog/variants: what variants are called, and where they
 * belong; by id, by article number, or all of them in order.
 */
#include "catalog.h"

#include <json-c/json.h>

#include "db/sql.h"

#define VARIANTS_MAX 200

struct variant_words {
	const char **variant_ids, **skus;
	size_t variant_ids_n, skus_n;
	struct uuid after;
};

SCHEMA(variant_words_input, struct variant_words,
	FIELD_TEXTS(struct variant_words, variant_ids, variant_ids_n,
	    .max = VARIANTS_MAX),
	FIELD_TEXTS(struct variant_words, skus, skus_n, .max = VARIANTS_MAX),
	FIELD_UUID(struct variant_words, after));

struct described {
	struct uuid variant_id, product_id;
	const char *sku, *name_es, *name_en, *categories;
};

static SCHEMA(described_schema, struct described,
	FIELD_UUID(struct described, variant_id),
	FIELD_UUID(struct described, product_id),
	FIELD_TEXT(struct described, sku),
	FIELD_TEXT(struct described, name_es),
	FIELD_TEXT(struct described, name_en),
	FIELD_TEXT(struct described, categories));

static const char *
json_of(struct request *r, const char *const *texts, size_t n)
{
	struct json_object *list = json_object_new_array();
	const char *text;

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, json_object_new_string(texts[i]));
	text = arena_strdup(r->arena, json_object_to_json_string(list));
	json_object_put(list);
	return text;
}

int
variant_words(struct request *r)
{
	const struct variant_words *in = request_input(r);
	struct described *rows;
	struct sql sql;
	size_t n;

	sql_start(&sql, r->arena,
	    "SELECT v.id AS variant_id, v.product_id, v.sku,"
	    " concat_ws(', ', coalesce(es.name, en.name),"
	    "  (SELECT string_agg(o.value, ' / ' ORDER BY o.position)"
	    "   FROM variant_option o WHERE o.variant_id = v.id AND o.lang = 'es'))"
	    "  AS name_es,"
	    " concat_ws(', ', coalesce(en.name, es.name),"
	    "  (SELECT string_agg(o.value, ' / ' ORDER BY o.position)"
	    "   FROM variant_option o WHERE o.variant_id = v.id AND o.lang = 'en'))"
	    "  AS name_en,"
	    " coalesce((SELECT string_agg(c.slug, ' ') FROM product_category p"
	    "  JOIN category_text c ON c.category_id = p.category_id"
	    "   AND c.lang = 'es' WHERE p.product_id = v.product_id), '')"
	    "  AS categories FROM variant v"
	    " LEFT JOIN product_text es ON es.product_id = v.product_id"
	    "  AND es.lang = 'es'"
	    " LEFT JOIN product_text en ON en.product_id = v.product_id"
	    "  AND en.lang = 'en' WHERE true");
	if (in->variant_ids_n > 0)
		sql_add(&sql, " AND v.id IN (SELECT e::uuid"
		    " FROM jsonb_array_elements_text(?::jsonb) AS e)",
		    P(json_of(r, in->variant_ids, in->variant_ids_n)));
	if (in->skus_n > 0)
		sql_add(&sql, " AND v.sku IN (SELECT e"
		    " FROM jsonb_array_elements_text(?::jsonb) AS e)",
		    P(json_of(r, in->skus, in->skus_n)));
	if (!uuid_is_nil(&in->after))
		sql_add(&sql, " AND v.id > ?::uuid", P(in->after));
	sql_add(&sql, " ORDER BY v.id LIMIT ?::int", P(VARIANTS_MAX));
	if (!sql_all(r->db, &sql, &described_schema, (void **)&rows, &n))
		return 0;
	return reply_list(r, &described_schema, rows, n, NULL);
}
