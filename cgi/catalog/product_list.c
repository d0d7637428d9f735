/*
 * GET /catalog/products: what a shopper leafs through. Keyset pages in each
 * order; a query looks for all its words, the last one as a beginning.
 */
#include "catalog.h"

#include <json-c/json.h>

#include "db/sql.h"
#include "web/params.h"
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
	FIELD_TEXT(struct product_list, after, .max = 2500),
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

/* Where the last page ended: in the order's own key, then by id. */
struct position {
	const char *key;	/* the price or the name */
	struct uuid id;
};

static bool
read_position(struct request *r, const struct product_list *in,
    struct position *at)
{
	const char *parts[2];
	size_t n;

	if (!cursor_read(r, in->after, parts, 2))
		return false;
	at->key = parts[0];
	if (in->sort == SORT_NAME) {	/* in hex: it may hold any character */
		at->key = (const char *)hex_decode(r->arena, parts[0], &n);
		if (at->key != NULL && (strlen(at->key) != n ||
		    !utf8_valid(at->key, n)))
			at->key = NULL;
	} else if (parts[0][strspn(parts[0], "0123456789")] != '\0' ||
	    strlen(parts[0]) > 18 ||
	    (parts[0][0] == '\0') != (in->sort == SORT_NEWEST)) {
		at->key = NULL;
	}
	if (at->key != NULL && uuid_parse(parts[1], &at->id))
		return true;
	field_fault(r, "after", "cursor", 0, 0);
	return false;
}

static const char *
cursor_after(struct request *r, const struct card *card, enum sort sort)
{
	char id[UUID_TEXT_SIZE];

	uuid_text(&card->id, id);
	if (sort == SORT_PRICE || sort == SORT_PRICE_DOWN)
		return cursor_make(r, "%" PRId64 "|%s", card->price.amount, id);
	return cursor_make(r, "%s|%s", sort == SORT_NEWEST ? "" :
	    hex_encode(r->arena, card->name, strlen(card->name)), id);
}

static bool
add_order(struct request *r, struct sql *sql, const struct product_list *in)
{
	struct position at = { .key = NULL };

	if (in->after != NULL && !read_position(r, in, &at))
		return false;
	switch (in->sort) {
	case SORT_PRICE:
		if (at.key != NULL)
			sql_add(sql, " AND (d.price, d.product_id)"
			    " > (?::bigint, ?::uuid)", P(at.key), P(at.id));
		sql_add(sql, " ORDER BY d.price, d.product_id");
		break;
	case SORT_PRICE_DOWN:
		if (at.key != NULL)
			sql_add(sql, " AND (d.price, d.product_id)"
			    " < (?::bigint, ?::uuid)", P(at.key), P(at.id));
		sql_add(sql, " ORDER BY d.price DESC, d.product_id DESC");
		break;
	case SORT_NAME:
		if (at.key != NULL)
			sql_add(sql, " AND (d.name, d.product_id) > (?, ?::uuid)",
			    P(at.key), P(at.id));
		sql_add(sql, " ORDER BY d.name, d.product_id");
		break;
	case SORT_NEWEST:
		if (at.key != NULL)
			sql_add(sql, " AND d.product_id < ?::uuid", P(at.id));
		sql_add(sql, " ORDER BY d.product_id DESC");
		break;
	}
	sql_add(sql, " LIMIT ?::int", P(in->limit + 1));
	return true;
}

/* What a page says beside its items: the words, and where more of it is. */
static void
set_page(struct request *r, const struct product_list *in, const char *next)
{
	const char *q = in->q != NULL ? in->q : "";
	struct buf more;

	page_set(r, "q", json_object_new_string(q));
	if (next == NULL)
		return;
	buf_init(&more, r->arena, 8192);
	buf_puts(&more, "?q=");
	url_encode(&more, q);
	buf_printf(&more, "&sort=%s&after=%s", sorts[in->sort], next);
	page_set(r, "more", json_object_new_string(more.data));
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

DB_QUERY(find_category, 2,
	"SELECT t.category_id AS id, t.slug, t.name FROM category_text x"
	" JOIN category_text t ON t.category_id = x.category_id AND t.lang = $1"
	" WHERE x.slug = $2 OR x.category_id::text = $2"
	" ORDER BY x.lang = $1 DESC LIMIT 1");

static bool
is_page_of(struct request *r, const char *slug)
{
	return r->route->kind == KIND_PAGE && str_starts(r->local_path, "/c/") &&
	    !str_eq(r->local_path + 3, slug);
}

int
product_list(struct request *r)
{
	const struct product_list *in = request_input(r);
	const char *query = in->q != NULL ? query_of(r, in->q) : NULL;
	const char *next = NULL;
	struct category category = { .name = NULL };
	struct card *cards;
	struct sql sql;
	size_t n;

	if (in->category != NULL && !db_one(r->db, &find_category,
	    &category_schema, &category, P(r->lang), P(in->category)))
		return problem(r, PROBLEM_NOT_FOUND);
	if (category.name != NULL && is_page_of(r, category.slug))
		return reply_redirect(r,
		    arena_printf(r->arena, "/c/%s", category.slug));
	sql_start(&sql, r->arena, "SELECT d.product_id AS id, d.slug, d.name,"
	    " d.image, d.price, d.currency FROM product_document d"
	    " WHERE d.lang = ?", P(r->lang));
	if (category.name != NULL)
		sql_add(&sql, " AND d.product_id IN (WITH RECURSIVE tree AS"
		    " (SELECT ?::uuid AS id UNION SELECT c.id FROM category c"
		    "  JOIN tree ON c.parent_id = tree.id)"
		    " SELECT pc.product_id FROM product_category pc"
		    " JOIN tree ON tree.id = pc.category_id)", P(category.id));
	if (query != NULL)
		sql_add(&sql, " AND d.search @@ to_tsquery('simple', ?)", P(query));
	else if (in->q != NULL)
		sql_add(&sql, " AND false");	/* no word in it finds nothing */
	if (!add_order(r, &sql, in))
		return r->status;
	if (!sql_all(r->db, &sql, &product_card_schema, (void **)&cards, &n))
		return 0;
	if (n > (size_t)in->limit)
		next = cursor_after(r, &cards[--n - 1], in->sort);
	set_page(r, in, next);
	if (category.name != NULL)
		page_set(r, "category_name",
		    json_object_new_string(category.name));
	return reply_list(r, &product_card_schema, cards, n, next);
}

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
