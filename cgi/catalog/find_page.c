/* What a page of found products says beside them: its links, above all. */
#include "find.h"

#include <json-c/json.h>

static struct json_object *
link_new(struct request *r, const char *name, const char *url, bool is_chosen)
{
	struct json_object *link = json_object_new_object();

	json_object_object_add(link, "name", json_object_new_string(name));
	json_object_object_add(link, "href", json_object_new_string(
	    arena_printf(r->arena, "/%s%s%s", r->lang, r->local_path, url)));
	json_object_object_add(link, "is_chosen",
	    json_object_new_boolean(is_chosen));
	return link;
}

static const char *
word(struct request *r, const char *key)
{
	return app_word(r->app, r->lang, arena_printf(r->arena, "catalog.%s", key));
}

static struct json_object *
sorts(struct request *r, const struct find *f)
{
	struct json_object *list = json_object_new_array();

	for (int i = SORT_RELEVANCE; find_sorts[i] != NULL; i++) {
		struct find other = *f;

		other.sort = (enum find_sort)i;
		if (i == SORT_RELEVANCE && f->query == NULL)
			continue;
		json_object_array_add(list, link_new(r, word(r,
		    arena_printf(r->arena, "sort.%s", find_sorts[i])),
		    find_url(r, &other, NULL, NULL), (int)f->sort == i));
	}
	return list;
}

/* The chosen values of the facets, and the other filters, each to be undone. */
static struct json_object *
chosen(struct request *r, const struct find *f, struct json_object *facets)
{
	struct json_object *list = json_object_new_array(), *values, *v;

	for (size_t i = 0; i < json_object_array_length(facets); i++) {
		values = json_object_object_get(
		    json_object_array_get_idx(facets, i), "values");
		for (size_t k = 0; k < json_object_array_length(values); k++) {
			v = json_object_array_get_idx(values, k);
			if (json_object_get_boolean(
			    json_object_object_get(v, "is_chosen")))
				json_object_array_add(list, json_object_get(v));
		}
	}
	if (f->min_price != NULL)
		json_object_array_add(list, link_new(r, arena_printf(r->arena,
		    "≥ %s €", f->min_price), find_url(r, f, "min_price", NULL), true));
	if (f->max_price != NULL)
		json_object_array_add(list, link_new(r, arena_printf(r->arena,
		    "≤ %s €", f->max_price), find_url(r, f, "max_price", NULL), true));
	if (f->in_stock)
		json_object_array_add(list, link_new(r, word(r, "in_stock"),
		    find_url(r, f, "in_stock", NULL), true));
	if (f->reduced)
		json_object_array_add(list, link_new(r, word(r, "reduced"),
		    find_url(r, f, "reduced", NULL), true));
	return list;
}

static void
keep(struct json_object *list, const char *name, const char *value)
{
	struct json_object *pair;

	if (value == NULL || value[0] == '\0')
		return;
	pair = json_object_new_object();
	json_object_object_add(pair, "name", json_object_new_string(name));
	json_object_object_add(pair, "value", json_object_new_string(value));
	json_object_array_add(list, pair);
}

/* What the form of prices hands on. */
static struct json_object *
kept(struct request *r, const struct find *f)
{
	struct json_object *list = json_object_new_array();

	keep(list, "q", f->q);
	for (size_t i = 0; i < f->chosen_n; i++)
		keep(list, str_eq(f->chosen[i].facet, "brand") ? "brand" :
		    arena_printf(r->arena, "attr.%s", f->chosen[i].facet),
		    f->chosen[i].codes);
	if (f->sort != SORT_NEWEST && f->sort != SORT_RELEVANCE)
		keep(list, "sort", find_sorts[f->sort]);
	return list;
}

void
find_page(struct request *r, const struct find *f, const char *next)
{
	const char *url = find_url(r, f, NULL, NULL);
	struct find bare = { .q = f->q, .query = f->query };
	struct json_object *facets = json_object_object_get(r->json, "facets");
	bool is_filtered = f->chosen_n > 0 || f->min_price != NULL ||
	    f->max_price != NULL || f->in_stock || f->reduced;

	page_set(r, "q", json_object_new_string(f->q != NULL ? f->q : ""));
	if (f->in.name != NULL) {
		page_set(r, "category_name", json_object_new_string(f->in.name));
		page_set(r, "category_text",
		    json_object_new_string(f->in.description));
	}
	if (next != NULL)
		page_set(r, "more", json_object_new_string(arena_printf(r->arena,
		    "%s%cafter=%s", url, url[0] == '\0' ? '?' : '&', next)));
	page_set(r, "is_filtered", json_object_new_boolean(is_filtered));
	page_set(r, "clear", json_object_new_string(arena_printf(r->arena,
	    "/%s%s%s", r->lang, r->local_path, find_url(r, &bare, NULL, NULL))));
	if (facets == NULL)
		return;
	page_set(r, "has_filters", json_object_new_boolean(is_filtered ||
	    json_object_array_length(facets) > 0));
	page_set(r, "sorts", sorts(r, f));
	page_set(r, "chosen", chosen(r, f, facets));
	page_set(r, "kept", kept(r, f));
	page_set(r, "min_price", json_object_new_string(f->min_price != NULL ?
	    f->min_price : ""));
	page_set(r, "max_price", json_object_new_string(f->max_price != NULL ?
	    f->max_price : ""));
	page_set(r, "in_stock", json_object_new_boolean(f->in_stock));
	page_set(r, "reduced", json_object_new_boolean(f->reduced));
	page_set(r, "total_text", json_object_new_string(arena_printf(r->arena,
	    "%d%s", json_object_get_int(json_object_object_get(r->json, "total")),
	    json_object_get_boolean(json_object_object_get(r->json, "is_more")) ?
	    "+" : "")));
}
