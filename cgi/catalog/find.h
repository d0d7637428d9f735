/*
 * Finding products: what was asked for, and the parts of its answer.
 *
 * Everything reads `listing`, a narrow row per product and language. A search
 * that would touch more rows than FIND_MOST looks at that many and says so.
 */
#ifndef ZOCO_CGI_CATALOG_FIND_H
#define ZOCO_CGI_CATALOG_FIND_H

#include "catalog.h"
#include "db/sql.h"

#define FIND_MOST 10000		/* counted; beyond it stands "10,000+" */
#define FIND_RANKED 1000	/* sorted by relevance */
#define FIND_FACETS_MAX 12	/* facets with chosen values */

enum find_sort { SORT_DEFAULT, SORT_RELEVANCE, SORT_NEWEST, SORT_PRICE,
	SORT_PRICE_DOWN, SORT_NAME };
extern const char *const find_sorts[];

struct category {
	struct uuid id, parent_id;
	const char *slug, *name, *description;
	int32_t tag_id, n;	/* n: products in it and below */
};

/* The chosen values of a facet: one of them must be there. */
struct chosen {
	const char *facet;
	const char *codes;	/* "red,blue" */
	const char *ids;	/* "{4,7}" */
};

struct find {
	const char *category, *q, *brand, *min_price, *max_price, *after;
	struct json_object *attr;
	bool in_stock, reduced, facets;
	enum find_sort sort;
	int32_t limit;

	/* What became of it. */
	struct category in;	/* in.name NULL: the whole shop */
	const char *query;	/* a tsquery, or NULL */
	const char *corrected;	/* the words that were looked for instead */
	bool is_nearest;	/* not all words: any of them */
	struct chosen chosen[FIND_FACETS_MAX];
	size_t chosen_n;
};

/*
 * The conditions after WHERE for what was asked, on `listing d`; without those
 * of one facet (NULL: with all).
 */
void find_conditions(struct request *, struct sql *, const struct find *,
    const char *without);

/* The total and the facets with their counts as members of `answer`, null where
 * they were not asked for; on a page with the links that choose values. */
void find_facets(struct request *, const struct find *,
    struct json_object *answer);

/* Whatever a page needs of it; `next` is the cursor of more. */
void find_page(struct request *, const struct find *, const char *next);

/* "?q=taza&brand=faro": the page of this search. With a facet and a code, that
 * value is chosen, or no longer; other members may be NULL. */
const char *find_url(struct request *, const struct find *, const char *facet,
    const char *code);

/* The words of a text that people typed, as a PostgreSQL array; NULL: none. */
const char *find_words(struct request *, const char *text);

#endif
