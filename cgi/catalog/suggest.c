/*
 * GET /catalog/suggest, and the same as a fragment: what may be meant by what
 * has been typed so far. Products whose names have the words, the last one as a
 * beginning, and categories and brands that are called so.
 */
#include "find.h"

#include <json-c/json.h>

#include "web/json_out.h"
#include "web/params.h"

struct suggest {
	const char *q;
};

SCHEMA(suggest_input, struct suggest,
	FIELD_TEXT(struct suggest, q, .required = true, .max = 100));

struct suggested {
	const char *slug, *name, *image;
	struct money price;
};

static SCHEMA(suggested_product, struct suggested,
	FIELD_TEXT(struct suggested, slug),
	FIELD_TEXT(struct suggested, name),
	FIELD_TEXT(struct suggested, image),
	FIELD_MONEY(struct suggested, price));

static SCHEMA(suggested_place, struct suggested,
	FIELD_TEXT(struct suggested, slug),
	FIELD_TEXT(struct suggested, name));

struct suggestions {
	struct suggested *products, *categories, *brands;
	size_t products_n, categories_n, brands_n;
};

SCHEMA(suggestions_schema, struct suggestions,
	FIELD_LIST(struct suggestions, products, products_n, &suggested_product),
	FIELD_LIST(struct suggestions, categories, categories_n,
	    &suggested_place),
	FIELD_LIST(struct suggestions, brands, brands_n, &suggested_place,
	    .help = "The slug is the code of the facet"));

DB_QUERY(make_query, 2,
	"SELECT search_query($1, $2::text[], false)::text");
DB_QUERY(suggest_categories, 2,
	"SELECT t.slug, t.name FROM category_text t"
	" WHERE t.lang = $1 AND ' ' || plain(t.name) LIKE '% ' || $2 || '%'"
	" ORDER BY length(t.name), t.name LIMIT 3");
DB_QUERY(suggest_brands, 2,
	"SELECT t.code AS slug, x.name FROM tag t JOIN tag_text x"
	" ON x.tag_id = t.id AND x.lang = $1 JOIN tag_count k"
	" ON k.within = 0 AND k.tag_id = t.id AND k.n > 0"
	" WHERE t.facet = 'brand' AND '-' || t.code LIKE '%-' || replace($2, ' ', '-')"
	"  || '%' ORDER BY k.n DESC, x.name LIMIT 2");

static bool
find_products(struct request *r, const char *query, struct suggestions *s)
{
	struct sql sql;

	sql_start(&sql, r->arena, "SELECT d.slug, d.name, d.image, d.price,"
	    " d.currency FROM (SELECT slug, name, image, price, currency,"
	    " is_in_stock, product_id, name_words FROM listing WHERE lang = ?"
	    " AND name_words @@ ?::tsquery LIMIT ?::int) AS d"
	    " ORDER BY d.is_in_stock DESC, ts_rank('{0,.3,.5,1}', d.name_words,"
	    " ?::tsquery, 1) DESC, d.product_id DESC LIMIT 6",
	    P(r->lang), P(query), P(FIND_RANKED / 4), P(query));
	return sql_all(r->db, &sql, &suggested_product, (void **)&s->products,
	    &s->products_n);
}

int
suggest(struct request *r)
{
	const struct suggest *in = request_input(r);
	struct suggestions s = { .products = NULL };
	const char *words = find_words(r, in->q), *query = NULL;
	struct buf all;
	char *plain;

	if (words != NULL)
		query = db_text(r->db, &make_query, P(r->lang), P(words));
	if (query != NULL && find_products(r, query, &s)) {
		plain = arena_strndup(r->arena, words + 1, strlen(words) - 2);
		for (char *c = plain; *c != '\0'; c++)
			if (*c == ',')
				*c = ' ';
		db_all(r->db, &suggest_categories, &suggested_place,
		    &s.categories, &s.categories_n, P(r->lang), P(plain));
		db_all(r->db, &suggest_brands, &suggested_place, &s.brands,
		    &s.brands_n, P(r->lang), P(plain));
	}
	buf_init(&all, r->arena, 1000);
	url_encode(&all, in->q);
	page_set(r, "q", json_object_new_string(in->q));
	page_set(r, "q_encoded", json_object_new_string(all.data));
	return reply(r, 200, &suggestions_schema, &s);
}
