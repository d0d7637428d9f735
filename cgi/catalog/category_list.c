/* GET /catalog/categories: the tree, with how many products each holds. */
#include "find.h"

SCHEMA(category_schema, struct category,
	FIELD_UUID(struct category, id),
	FIELD_UUID(struct category, parent_id),
	FIELD_TEXT(struct category, slug),
	FIELD_TEXT(struct category, name),
	FIELD_TEXT(struct category, description),
	FIELD_I32(struct category, n, .help = "Products in it and below"));

DB_QUERY(list_categories, 1,
	"SELECT c.id, c.parent_id, t.slug, t.name, t.description,"
	" coalesce(k.n, 0) AS n FROM category c"
	" JOIN category_text t ON t.category_id = c.id AND t.lang = $1"
	" LEFT JOIN tag_count k ON k.within = 0"
	"  AND k.tag_id = c.tags[cardinality(c.tags)]"
	" ORDER BY c.position, t.name LIMIT 500");

int
category_list(struct request *r)
{
	struct category *categories;
	size_t n;

	if (!db_all(r->db, &list_categories, &category_schema, &categories, &n,
	    P(r->lang)))
		return 0;
	return reply_list(r, &category_schema, categories, n, NULL);
}
