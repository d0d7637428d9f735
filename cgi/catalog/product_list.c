/*
 * GET /catalog/products, and the pages that leaf through products: by category,
 * words, values of facets, price, stock. Keyset pages in each order. Words that
 * find nothing are corrected, then taken one by one: what is nearest is shown.
 */
#include "find.h"

#include <json-c/json.h>

#include "web/json_out.h"
#include "web/text.h"

const char *const find_sorts[] = { "default", "relevance", "newest", "price",
	"-price", "name", NULL };

static bool
is_decimal(const char *s)
{
	struct money money;

	return money_parse(s, "EUR", &money) && money.amount >= 0;
}

SCHEMA(product_list_input, struct find,
	FIELD_TEXT(struct find, category, .max = 100),
	FIELD_TEXT(struct find, q, .max = 100),
	FIELD_TEXT(struct find, brand, .max = 300, .help = "Codes, with commas"),
	FIELD_JSON(struct find, attr,
	    .help = "attr.<code>=a,b: one of these values of an attribute"),
	FIELD_TEXT(struct find, min_price, .max = 20, .check = is_decimal,
	    .format = "money", .help = "As 19.99"),
	FIELD_TEXT(struct find, max_price, .max = 20, .check = is_decimal,
	    .format = "money"),
	FIELD_BOOL(struct find, in_stock),
	FIELD_BOOL(struct find, reduced),
	FIELD_ENUM(struct find, sort, find_sorts, .preset = "default",
	    .help = "default: by relevance with words, else the newest first"),
	FIELD_TEXT(struct find, after, .max = 2500),
	FIELD_I32(struct find, limit, .min = 1, .max = 100, .preset = "20"),
	FIELD_BOOL(struct find, facets, .preset = "true",
	    .help = "Total and facets, on the first page"));

struct card {
	struct uuid id;
	const char *slug, *name, *image;
	struct money price, compare_at_price;
	bool is_in_stock, has_compare_at;
	int64_t rank;
};

#define CARD_FIELDS \
	FIELD_UUID(struct card, id), \
	FIELD_TEXT(struct card, slug), \
	FIELD_TEXT(struct card, name), \
	FIELD_TEXT(struct card, image), \
	FIELD_MONEY(struct card, price), \
	FIELD_MONEY(struct card, compare_at_price, \
	    HAS(struct card, has_compare_at)), \
	FIELD_BOOL(struct card, is_in_stock)

SCHEMA(product_card_schema, struct card, CARD_FIELDS);

static SCHEMA(card_row, struct card, CARD_FIELDS,
	FIELD_I64(struct card, rank));

struct facet_value {
	const char *code, *name;
	int32_t n;
	bool is_chosen;
};

static SCHEMA(facet_value_schema, struct facet_value,
	FIELD_TEXT(struct facet_value, code),
	FIELD_TEXT(struct facet_value, name),
	FIELD_I32(struct facet_value, n, .help = "If this were chosen too"),
	FIELD_BOOL(struct facet_value, is_chosen));

struct facet {
	const char *code, *name;
	struct facet_value *values;
	size_t values_n;
};

static SCHEMA(facet_schema, struct facet,
	FIELD_TEXT(struct facet, code, .help = "The parameter that chooses"),
	FIELD_TEXT(struct facet, name),
	FIELD_LIST(struct facet, values, values_n, &facet_value_schema));

/* Only its shape, for the OpenAPI document. */
struct found {
	struct card *items;
	const char *next, *corrected;
	bool is_nearest, has_total, is_more;
	int32_t total;
	struct facet *facets;
	size_t items_n, facets_n;
};

SCHEMA(product_list_schema, struct found,
	FIELD_LIST(struct found, items, items_n, &product_card_schema),
	FIELD_TEXT(struct found, next),
	FIELD_TEXT(struct found, corrected,
	    .help = "The words looked for, where what was typed finds nothing"),
	FIELD_BOOL(struct found, is_nearest, .help = "Some words are missing"),
	FIELD_I32(struct found, total, HAS(struct found, has_total)),
	FIELD_BOOL(struct found, is_more, .help = "There are more than `total`"),
	FIELD_LIST(struct found, facets, facets_n, &facet_schema));

DB_QUERY(find_category, 2,
	"SELECT c.id, c.parent_id, t.slug, t.name, t.description,"
	" c.tags[cardinality(c.tags)] AS tag_id FROM category_text x"
	" JOIN category c ON c.id = x.category_id"
	" JOIN category_text t ON t.category_id = c.id AND t.lang = $1"
	" WHERE x.slug = $2 OR x.category_id::text = $2"
	" ORDER BY x.lang = $1 DESC LIMIT 1");
DB_QUERY(find_chosen, 1,
	"SELECT e.facet, e.codes, '{' || coalesce(string_agg(t.id::text, ','),"
	" '0') || '}' AS ids FROM jsonb_each_text($1::jsonb) AS e(facet, codes)"
	" LEFT JOIN tag t ON t.facet = e.facet"
	"  AND t.code = ANY (string_to_array(e.codes, ','))"
	" GROUP BY e.facet, e.codes ORDER BY e.facet LIMIT 12");
DB_QUERY(make_query, 3,
	"SELECT search_query($1, $2::text[], $3::boolean)::text");
DB_QUERY(correct_words, 2,
	"SELECT array_to_string(corrected($1, $2::text[]), ' ')");

static SCHEMA(category_row, struct category,
	FIELD_UUID(struct category, id),
	FIELD_UUID(struct category, parent_id),
	FIELD_TEXT(struct category, slug),
	FIELD_TEXT(struct category, name),
	FIELD_TEXT(struct category, description),
	FIELD_I32(struct category, tag_id));

static SCHEMA(chosen_schema, struct chosen,
	FIELD_TEXT(struct chosen, facet),
	FIELD_TEXT(struct chosen, codes),
	FIELD_TEXT(struct chosen, ids));

const char *
find_words(struct request *r, const char *text)
{
	char *words = slug_make(r->arena, text);
	struct buf out;

	buf_init(&out, r->arena, 1000);
	for (char *c = words; *c != '\0'; c++)
		if (*c == '-')
			*c = ',';
	buf_printf(&out, "{%s}", words);
	return words[0] != '\0' ? out.data : NULL;
}

/* The values that were chosen, by their ids; unknown ones find nothing. */
static bool
read_chosen(struct request *r, struct find *f)
{
	struct json_object *all = json_object_new_object();
	struct json_object_iter i;
	struct chosen *rows;
	const char *text;

	if (f->attr != NULL && json_object_is_type(f->attr, json_type_object))
		json_object_object_foreachC(f->attr, i)
			if (json_object_is_type(i.val, json_type_string))
				json_object_object_add(all, i.key,
				    json_object_get(i.val));
	if (f->brand != NULL)
		json_object_object_add(all, "brand",
		    json_object_new_string(f->brand));
	text = arena_strdup(r->arena, json_object_to_json_string(all));
	json_object_put(all);
	if (str_eq(text, "{ }"))
		return true;
	if (!db_all(r->db, &find_chosen, &chosen_schema, &rows, &f->chosen_n,
	    P(text)))
		return false;
	memcpy(f->chosen, rows, f->chosen_n * sizeof(*rows));
	return true;
}

static int64_t
cents(const char *decimal)
{
	struct money money = { .amount = 0 };

	money_parse(decimal, "EUR", &money);
	return money.amount;
}

void
find_conditions(struct request *r, struct sql *sql, const struct find *f,
    const char *without)
{
	sql_add(sql, " d.lang = ?", P(r->lang));
	if (f->in.name != NULL)
		sql_add(sql, " AND d.tags @> ARRAY[?::int]", P(f->in.tag_id));
	for (size_t i = 0; i < f->chosen_n; i++)
		if (without == NULL || !str_eq(f->chosen[i].facet, without))
			sql_add(sql, " AND d.tags && ?::int[]", P(f->chosen[i].ids));
	if (f->min_price != NULL)
		sql_add(sql, " AND d.price >= ?::bigint", P(cents(f->min_price)));
	if (f->max_price != NULL)
		sql_add(sql, " AND d.price <= ?::bigint", P(cents(f->max_price)));
	if (f->in_stock)
		sql_add(sql, " AND d.is_in_stock");
	if (f->reduced)
		sql_add(sql, " AND d.compare_at IS NOT NULL");
	if (f->query != NULL)
		sql_add(sql, " AND d.words @@ ?::tsquery", P(f->query));
}

/* Where the last page ended: in the order's own key, then by id. */
struct position {
	const char *key;	/* the rank, price or name; "" for the newest */
	struct uuid id;
};

static bool
read_position(struct request *r, const struct find *f, struct position *at)
{
	const char *parts[2];
	size_t n;

	if (!cursor_read(r, f->after, parts, 2))
		return false;
	at->key = parts[0];
	if (f->sort == SORT_NAME) {	/* in hex: it may hold any character */
		at->key = (const char *)hex_decode(r->arena, parts[0], &n);
		if (at->key != NULL && (strlen(at->key) != n ||
		    !utf8_valid(at->key, n)))
			at->key = NULL;
	} else if (parts[0][strspn(parts[0], "0123456789")] != '\0' ||
	    strlen(parts[0]) > 18 ||
	    (parts[0][0] == '\0') != (f->sort == SORT_NEWEST)) {
		at->key = NULL;
	}
	if (at->key != NULL && uuid_parse(parts[1], &at->id))
		return true;
	field_fault(r, "after", "cursor", 0, 0);
	return false;
}

static const char *
cursor_after(struct request *r, const struct card *card, enum find_sort sort)
{
	char id[UUID_TEXT_SIZE];

	uuid_text(&card->id, id);
	if (sort == SORT_RELEVANCE)
		return cursor_make(r, "%" PRId64 "|%s", card->rank, id);
	if (sort == SORT_PRICE || sort == SORT_PRICE_DOWN)
		return cursor_make(r, "%" PRId64 "|%s", card->price.amount, id);
	return cursor_make(r, "%s|%s", sort == SORT_NEWEST ? "" :
	    hex_encode(r->arena, card->name, strlen(card->name)), id);
}

#define CARD_COLUMNS "SELECT d.product_id AS id, d.slug, d.name, d.image," \
	" d.price, d.compare_at AS compare_at_price, d.currency, d.is_in_stock"

static void
add_order(struct sql *sql, const struct find *f, const struct position *at)
{
	switch (f->sort) {
	case SORT_PRICE:
		if (at->key != NULL)
			sql_add(sql, " AND (d.price, d.product_id)"
			    " > (?::bigint, ?::uuid)", P(at->key), P(at->id));
		sql_add(sql, " ORDER BY d.price, d.product_id");
		break;
	case SORT_PRICE_DOWN:
		if (at->key != NULL)
			sql_add(sql, " AND (d.price, d.product_id)"
			    " < (?::bigint, ?::uuid)", P(at->key), P(at->id));
		sql_add(sql, " ORDER BY d.price DESC, d.product_id DESC");
		break;
	case SORT_NAME:
		if (at->key != NULL)
			sql_add(sql, " AND (d.name, d.product_id) > (?, ?::uuid)",
			    P(at->key), P(at->id));
		sql_add(sql, " ORDER BY d.name, d.product_id");
		break;
	case SORT_RELEVANCE:
	case SORT_NEWEST:
	case SORT_DEFAULT:
		if (at->key != NULL)
			sql_add(sql, " AND d.product_id < ?::uuid", P(at->id));
		sql_add(sql, " ORDER BY d.product_id DESC");
		break;
	}
}

/*
 * By relevance: those with the words in their names before those with them
 * elsewhere, what can be bought before what cannot. The second part is read
 * only where the first has not given enough.
 */
static void
rank_listing(struct request *r, struct sql *sql, const struct find *f,
    const struct position *at)
{
	sql_start(sql, r->arena, "SELECT d.id, d.slug, d.name, d.image, d.price,"
	    " d.compare_at_price, d.currency, d.is_in_stock, d.rank FROM (("
	    CARD_COLUMNS ", 2000000 + d.is_in_stock::int * 1000000"
	    " + (ts_rank('{0,.3,.5,1}', d.name_words, ?::tsquery, 1) * 999999)::bigint"
	    " AS rank FROM listing d WHERE d.name_words @@ ?::tsquery AND",
	    P(f->query), P(f->query));
	find_conditions(r, sql, f, NULL);
	sql_add(sql, " LIMIT ?::int) UNION ALL (" CARD_COLUMNS
	    ", d.is_in_stock::int * 1000000 AS rank FROM listing d"
	    " WHERE NOT d.name_words @@ ?::tsquery AND", P(FIND_RANKED),
	    P(f->query));
	find_conditions(r, sql, f, NULL);
	sql_add(sql, " LIMIT ?::int) LIMIT ?::int) AS d WHERE true",
	    P(FIND_RANKED), P(FIND_RANKED));
	if (at->key != NULL)
		sql_add(sql, " AND (d.rank, d.id) < (?::bigint, ?::uuid)",
		    P(at->key), P(at->id));
	sql_add(sql, " ORDER BY d.rank DESC, d.id DESC");
}

static bool
list(struct request *r, const struct find *f, struct card **cards, size_t *n)
{
	struct position at = { .key = NULL };
	struct sql sql;

	if (f->after != NULL && !read_position(r, f, &at))
		return false;
	if (f->sort == SORT_RELEVANCE) {
		rank_listing(r, &sql, f, &at);
	} else {
		sql_start(&sql, r->arena, CARD_COLUMNS " FROM listing d WHERE");
		find_conditions(r, &sql, f, NULL);
		add_order(&sql, f, &at);
	}
	sql_add(&sql, " LIMIT ?::int", P(f->limit + 1));
	return sql_all(r->db, &sql, &card_row, (void **)cards, n);
}

/* Words that find nothing: the nearest ones that some name has, then any. */
static bool
list_nearest(struct request *r, struct find *f, const char *words,
    struct card **cards, size_t *n)
{
	const char *other = db_text(r->db, &correct_words, P(r->lang), P(words));
	const char *other_words = other != NULL ? find_words(r, other) : NULL;

	if (other_words != NULL && !str_eq(other_words, words)) {
		f->query = db_text(r->db, &make_query, P(r->lang),
		    P(other_words), P(false));
		if (f->query != NULL && list(r, f, cards, n) && *n > 0) {
			f->corrected = other;
			return true;
		}
	}
	for (int i = 0; i < 2 && *n == 0; i++) {
		if (i == 1)
			words = other_words;
		f->query = words == NULL ? NULL : db_text(r->db, &make_query,
		    P(r->lang), P(words), P(true));
		if (f->query == NULL || !list(r, f, cards, n))
			return false;
	}
	f->is_nearest = *n > 0;
	return true;
}

static bool
is_page_of(struct request *r, const char *slug)
{
	return r->route->kind == KIND_PAGE && str_starts(r->local_path, "/c/") &&
	    !str_eq(r->local_path + 3, slug);
}

static bool
search(struct request *r, struct find *f, struct card **cards, size_t *n)
{
	const char *words = f->q != NULL ? find_words(r, f->q) : NULL;

	*n = 0;
	if (f->q != NULL && words == NULL)
		return true;	/* no word in it finds nothing */
	if (words != NULL)
		f->query = db_text(r->db, &make_query, P(r->lang), P(words),
		    P(false));
	if (f->sort == SORT_DEFAULT)
		f->sort = words != NULL ? SORT_RELEVANCE : SORT_NEWEST;
	if (f->sort == SORT_RELEVANCE && words == NULL)
		f->sort = SORT_NEWEST;
	if ((words == NULL || f->query != NULL) && !list(r, f, cards, n))
		return false;
	if (words != NULL && *n == 0 && f->after == NULL)
		list_nearest(r, f, words, cards, n);
	return !request_failed(r);
}

static struct json_object *
text_or_null(const char *text)
{
	return text == NULL ? NULL : json_object_new_string(text);
}

int
product_list(struct request *r)
{
	struct find *f = r->input;
	const char *next = NULL;
	struct json_object *answer;
	struct card *cards = NULL;
	size_t n;

	if (f->category != NULL && !db_one(r->db, &find_category,
	    &category_row, &f->in, P(r->lang), P(f->category)))
		return problem(r, PROBLEM_NOT_FOUND);
	if (f->in.name != NULL && is_page_of(r, f->in.slug))
		return reply_redirect(r,
		    arena_printf(r->arena, "/c/%s", f->in.slug));
	if (!read_chosen(r, f) || !search(r, f, &cards, &n))
		return r->status;
	if (n > (size_t)f->limit)
		next = cursor_after(r, &cards[--n - 1], f->sort);
	reply_list(r, &product_card_schema, cards, n, next);
	answer = r->json;
	json_object_object_add(answer, "corrected", text_or_null(f->corrected));
	json_object_object_add(answer, "is_nearest",
	    json_object_new_boolean(f->is_nearest));
	find_facets(r, f, answer);
	if (r->route->kind == KIND_PAGE)
		find_page(r, f, next);
	return r->status;
}
