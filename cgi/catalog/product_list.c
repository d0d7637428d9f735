/*
 * GET /catalog/products: what a shopper leafs through. Keyset pages in each
 * order; a query looks for all its words, the last one as a beginning.
 */
#include "catalog.h"

#include <json-c/json.h>

#include "db/sql.h"
#include "web/text.h"

enum sort { SORT_NEWEST, SORT_PRICE, SORT_PRICE_DOWN, SORT_NAME };

static const char *const sorts[] = { "newest", "price", "-price", "name", NULL };

struct product_list {
	const char *category, *q, *after;
	enum sort sort;
	int32_t limit;
};

SCHEMA(product_list_input, struct product_list,
	FIELD_TEXT(struct product_list, category, .max = 100),
	FIELD_TEXT(struct product_list, q, .max = 100),
	FIELD_ENUM(struct product_list, sort, sorts, .preset = "newest"),
	FIELD_TEXT(struct product_list, after, .max = 400),
	FIELD_I32(struct product_list, limit, .min = 1, .max = 100,
	    .preset = "20"));

struct card {
	struct uuid id;
	const char *slug, *name, *image;
	struct money price;
};

SCHEMA(product_card_schema, struct card,
	FIELD_UUID(struct card, id),
	FIELD_TEXT(struct card, slug),
	FIELD_TEXT(struct card, name),
	FIELD_TEXT(struct card, image),
	FIELD_MONEY(struct card, price));

/* "Taza azúl" -> "taza & azul:*"; NULL when there is no word in it. */
static const char *
query_of(struct request *r, const char *q)
{
	char *words = slug_make(r->arena, q), *word;
	struct buf out;

	buf_init(&out, r->arena, 1000);
	while ((word = strsep(&words, "-")) != NULL)
		if (word[0] != '\0')
			buf_printf(&out, "%s%s:*", out.len > 0 ? " & " : "", word);
	return out.len > 0 ? out.data : NULL;
}

static bool
add_order(struct request *r, struct sql *sql, const struct product_list *in)
{
	const char *at[2];
	struct uuid id;

	if (in->after != NULL) {
		if (!cursor_read(r, in->after, at, 2))
			return false;
		if (!uuid_parse(at[1], &id) || ((in->sort == SORT_PRICE ||
		    in->sort == SORT_PRICE_DOWN) && strspn(at[0], "0123456789") !=
		    strlen(at[0])) || strlen(at[0]) > 200) {
			problem_field(r, "after", "cursor",
			    field_message(r, "cursor", 0, 0));
			problem(r, PROBLEM_INVALID);
			return false;
		}
	}
	switch (in->sort) {
	case SORT_PRICE:
		if (in->after != NULL)
			sql_add(sql, " AND (d.price, d.product_id)"
			    " > (?::bigint, ?::uuid)", P(at[0]), P(id));
		sql_add(sql, " ORDER BY d.price, d.product_id");
		break;
	case SORT_PRICE_DOWN:
		if (in->after != NULL)
			sql_add(sql, " AND (d.price, d.product_id)"
			    " < (?::bigint, ?::uuid)", P(at[0]), P(id));
		sql_add(sql, " ORDER BY d.price DESC, d.product_id DESC");
		break;
	case SORT_NAME:
		if (in->after != NULL)
			sql_add(sql, " AND (d.name, d.product_id) > (?, ?::uuid)",
			    P(at[0]), P(id));
		sql_add(sql, " ORDER BY d.name, d.product_id");
		break;
	case SORT_NEWEST:
		if (in->after != NULL)
			sql_add(sql, " AND d.product_id < ?::uuid", P(id));
		sql_add(sql, " ORDER BY d.product_id DESC");
		break;
	}
	sql_add(sql, " LIMIT ?::int", P(in->limit + 1));
	return true;
}

static const char *
cursor_after(struct request *r, const struct card *card, enum sort sort)
{
	char id[UUID_TEXT_SIZE];

	uuid_text(&card->id, id);
	if (sort == SORT_PRICE || sort == SORT_PRICE_DOWN)
		return cursor_make(r, "%" PRId64 "|%s", card->price.amount, id);
	return cursor_make(r, "%s|%s", sort == SORT_NAME ? card->name : "", id);
}

/* What a page says beside its items: the category's name, the words. */
static void
set_page(struct request *r, const struct product_list *in)
{
	page_set(r, "q", json_object_new_string(in->q != NULL ? in->q : ""));
	page_set(r, "category",
	    json_object_new_string(in->category != NULL ? in->category : ""));
	page_set(r, "sort", json_object_new_string(sorts[in->sort]));
}

DB_QUERY(find_category, 2,
	"SELECT name FROM category_text WHERE lang = $1 AND slug = $2");

int
product_list(struct request *r)
{
	const struct product_list *in = request_input(r);
	const char *query = in->q != NULL ? query_of(r, in->q) : NULL;
	const char *next = NULL, *name = NULL;
	struct card *cards;
	struct sql sql;
	size_t n;

	if (in->category != NULL && (name = db_text(r->db, &find_category,
	    P(r->lang), P(in->category))) == NULL)
		return problem(r, PROBLEM_NOT_FOUND);
	sql_start(&sql, r->arena, "SELECT d.product_id AS id, d.slug, d.name,"
	    " d.image, d.price, d.currency FROM product_document d"
	    " WHERE d.lang = ?", P(r->lang));
	if (in->category != NULL)
		sql_add(&sql, " AND d.product_id IN (SELECT pc.product_id"
		    " FROM product_category pc JOIN category c"
		    " ON c.id = pc.category_id JOIN category_text t"
		    " ON t.category_id IN (c.id, c.parent_id)"
		    " WHERE t.lang = ? AND t.slug = ?)", P(r->lang),
		    P(in->category));
	if (query != NULL)
		sql_add(&sql, " AND d.search @@ to_tsquery('simple', ?)", P(query));
	if (!add_order(r, &sql, in))
		return r->status;
	if (!sql_all(r->db, &sql, &product_card_schema, (void **)&cards, &n))
		return 0;
	if (n > (size_t)in->limit)
		next = cursor_after(r, &cards[--n - 1], in->sort);
	set_page(r, in);
	if (name != NULL)
		page_set(r, "category_name", json_object_new_string(name));
	return reply_list(r, &product_card_schema, cards, n, next);
}

struct category {
	struct uuid id, parent_id;
	const char *slug, *name;
};

SCHEMA(category_schema, struct category,
	FIELD_UUID(struct category, id),
	FIELD_UUID(struct category, parent_id),
	FIELD_TEXT(struct category, slug),
	FIELD_TEXT(struct category, name));

DB_QUERY(list_categories, 1,
	"SELECT c.id, c.parent_id, t.slug, t.name FROM category c"
	" JOIN category_text t ON t.category_id = c.id AND t.lang = $1"
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
