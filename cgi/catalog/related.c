/*
 * What staff have put beside a product: what is like it, and what goes well
 * with it. Picks that are not in the shop have no document, and are not shown.
 */
#include "catalog.h"

#include <json-c/json.h>

#include "base/json.h"

#define CART_VARIANTS_MAX 100

SCHEMA(related_schema, struct related,
	FIELD_LIST(struct related, similar, similar_n, &shown_schema),
	FIELD_LIST(struct related, together, together_n, &shown_schema));

DB_QUERY(list_picks, 3,
	"SELECT d.product_id AS id, d.slug, d.name, d.image, d.price, d.currency"
	" FROM related r JOIN product_document d"
	"  ON d.product_id = r.related_id AND d.lang = $1"
	" WHERE r.product_id = $2::uuid AND r.kind = $3"
	" ORDER BY r.position, r.related_id LIMIT 8");
DB_QUERY(list_together, 2,
	"WITH inside AS (SELECT DISTINCT product_id FROM variant WHERE id IN"
	"  (SELECT e::uuid FROM jsonb_array_elements_text($2::jsonb) AS e)),"
	" pick AS (SELECT r.related_id, count(*) AS n, min(r.position) AS position"
	"  FROM inside i JOIN related r"
	"   ON r.product_id = i.product_id AND r.kind = 'together'"
	"  WHERE r.related_id NOT IN (SELECT product_id FROM inside) GROUP BY 1)"
	" SELECT d.product_id AS id, d.slug, d.name, d.image, d.price, d.currency"
	" FROM pick p JOIN product_document d"
	"  ON d.product_id = p.related_id AND d.lang = $1"
	" ORDER BY p.n DESC, p.position, d.product_id LIMIT 4");

bool
related_find(struct request *r, const char *product_id, struct related *found)
{
	return db_all(r->db, &list_picks, &shown_schema, &found->similar,
	    &found->similar_n, P(r->lang), P(product_id), P("similar")) &&
	    db_all(r->db, &list_picks, &shown_schema, &found->together,
	    &found->together_n, P(r->lang), P(product_id), P("together"));
}

/* GET /catalog/products/{id}/related */
int
product_related(struct request *r)
{
	struct json_object *document = product_find(r);
	struct related found;

	if (document == NULL)
		return r->status;
	return related_find(r, json_text(document, "id"), &found) ?
	    reply(r, 200, &related_schema, &found) : 0;
}

struct together {
	const char *variants;
};

SCHEMA(together_input, struct together,
	FIELD_TEXT(struct together, variants, .required = true,
	    .max = CART_VARIANTS_MAX * 37, .help = "Ids, with commas"));

/* GET /catalog/together, and a part of the cart: what these lack. */
int
together(struct request *r)
{
	const struct together *in = request_input(r);
	const char *ids = request_ids(r, "variants", in->variants);
	struct shown *picks;
	size_t n;

	if (ids == NULL)
		return r->status;
	if (!db_all(r->db, &list_together, &shown_schema, &picks, &n, P(r->lang),
	    P(ids)))
		return 0;
	page_set(r, "has_picks", json_object_new_boolean(n > 0));
	return reply_list(r, &shown_schema, picks, n, NULL);
}
