/*
 * Facets: what else can be chosen, and how many would be left.
 *
 * The counts of a facet ignore what is chosen in itself (choosing "red" leaves
 * "blue" its count), so each facet with a choice is counted over a set of its
 * own. A category nobody has narrowed has its counts kept; any other set is
 * looked at up to FIND_MOST.
 */
#include "find.h"

#include <json-c/json.h>

#include "web/params.h"

#define VALUES_MAX 30

struct count {
	const char *facet, *code, *name, *facet_name;
	int32_t tag_id, n;
};

static SCHEMA(count_schema, struct count,
	FIELD_TEXT(struct count, facet),
	FIELD_TEXT(struct count, code),
	FIELD_TEXT(struct count, name),
	FIELD_TEXT(struct count, facet_name),
	FIELD_I32(struct count, tag_id),
	FIELD_I32(struct count, n));

const char *
find_url(struct request *r, const struct find *f, const char *facet,
    const char *code)
{
	const struct { const char *name, *value; } plain[] = {
		{ "q", f->q },
		{ "min_price", f->min_price },
		{ "max_price", f->max_price },
		{ "in_stock", f->in_stock ? "true" : NULL },
		{ "reduced", f->reduced ? "true" : NULL },
		{ "sort", f->sort == SORT_DEFAULT ||
		    f->sort == (f->query != NULL ? SORT_RELEVANCE : SORT_NEWEST) ?
		    NULL : find_sorts[f->sort] },
	};
	struct chosen one = { facet, "", NULL };
	bool is_new = facet != NULL && code != NULL;
	struct buf out;

	buf_init(&out, r->arena, 8192);
	for (size_t i = 0; i <= f->chosen_n; i++) {
		const struct chosen *c = i < f->chosen_n ? &f->chosen[i] : &one;
		bool is_it = facet != NULL && str_eq(c->facet, facet), found = false;
		char *codes, *each;
		size_t start = out.len, n = 0;

		if (i == f->chosen_n && !is_new)
			break;
		codes = arena_strdup(r->arena, c->codes);
		buf_printf(&out, "&%s%s=", str_eq(c->facet, "brand") ? "" : "attr.",
		    c->facet);
		while ((each = strsep(&codes, ",")) != NULL) {
			if (each[0] == '\0')
				continue;
			if (is_it && (code == NULL || str_eq(each, code))) {
				found = true;	/* it was chosen: no longer */
				continue;
			}
			buf_puts(&out, n++ > 0 ? "," : "");
			url_encode(&out, each);
		}
		if (is_it && code != NULL && !found) {
			buf_puts(&out, n++ > 0 ? "," : "");
			url_encode(&out, code);
		}
		if (is_it)
			is_new = false;
		if (n == 0)
			buf_truncate(&out, start);
	}
	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		if (plain[i].value == NULL || plain[i].value[0] == '\0' ||
		    (facet != NULL && str_eq(facet, plain[i].name)))
			continue;
		buf_printf(&out, "&%s=", plain[i].name);
		url_encode(&out, plain[i].value);
	}
	if (out.len > 0)
		out.data[0] = '?';
	return out.data;
}

static bool
is_narrowed(const struct find *f, const char *without)
{
	bool is_chosen = without == NULL ? f->chosen_n > 0 : f->chosen_n > 1;

	return is_chosen || f->query != NULL || f->min_price != NULL ||
	    f->max_price != NULL || f->in_stock || f->reduced;
}

/* The counts of one set as rows (of_facet, tag_id, n); tag 0 is all of it. */
static void
add_set(struct request *r, struct sql *sql, const struct find *f,
    const char *facet)
{
	if (!is_narrowed(f, facet)) {
		sql_add(sql, " SELECT ?::text AS of_facet, tag_id, n FROM tag_count"
		    " WHERE within = ?::int AND n > 0", P(facet),
		    P(f->in.name != NULL ? f->in.tag_id : 0));
		return;
	}
	/* unnest() among the columns: as a join it would be memoized. */
	sql_add(sql, " SELECT ?::text, x.tag, count(*)::int FROM ("
	    "SELECT unnest(0 || s.tags) AS tag FROM (SELECT d.tags"
	    " FROM listing d WHERE", P(facet));
	find_conditions(r, sql, f, facet);
	sql_add(sql, " LIMIT ?::int) AS s) AS x GROUP BY 2", P(FIND_MOST + 1));
}

/*
 * All sets in one statement, with names; of a chosen facet only what its own
 * set says. Categories are those below the present one.
 */
static bool
count_all(struct request *r, const struct find *f, struct count **counts,
    size_t *n)
{
	struct buf chosen;
	struct sql sql;

	buf_init(&chosen, r->arena, 4000);
	for (size_t i = 0; i < f->chosen_n; i++)
		buf_printf(&chosen, "%s\"%s\"", i > 0 ? "," : "",
		    f->chosen[i].facet);
	sql_start(&sql, r->arena, "WITH counted (of_facet, tag_id, n) AS (");
	add_set(r, &sql, f, NULL);
	for (size_t i = 0; i < f->chosen_n; i++) {
		sql_add(&sql, " UNION ALL");
		add_set(r, &sql, f, f->chosen[i].facet);
	}
	sql_add(&sql, ") SELECT facet, code, name, facet_name, tag_id, n"
	    " FROM (SELECT '' AS facet, '' AS code, '' AS name,"
	    " '' AS facet_name, 0 AS tag_id, k.n, 0 AS a, 0 AS b FROM counted k"
	    " WHERE k.tag_id = 0 AND k.of_facet IS NULL"
	    " UNION ALL SELECT 'category', t.slug, t.name, '', k.tag_id, k.n, 1,"
	    "  c.position FROM counted k JOIN category c"
	    "  ON c.tags[cardinality(c.tags)] = k.tag_id"
	    "  JOIN category_text t ON t.category_id = c.id AND t.lang = ?"
	    "  WHERE k.of_facet IS NULL AND c.parent_id IS NOT DISTINCT FROM ?::uuid"
	    " UNION ALL (SELECT t.facet, t.code, coalesce(x.name, t.code),"
	    "  coalesce(a.name, ''), k.tag_id, k.n, 2 + coalesce(b.position, 1000),"
	    "  row_number() OVER (PARTITION BY t.facet ORDER BY k.n DESC, t.id)::int"
	    "  FROM counted k JOIN tag t ON t.id = k.tag_id"
	    "  LEFT JOIN tag_text x ON x.tag_id = t.id AND x.lang = ?"
	    "  LEFT JOIN attribute b ON b.code = t.facet"
	    "  LEFT JOIN attribute_text a ON a.code = t.facet AND a.lang = ?"
	    "  WHERE t.facet <> 'category' AND coalesce(b.is_filter, true) AND"
	    "  CASE WHEN t.facet = ANY (?::text[]) THEN k.of_facet = t.facet"
	    "   ELSE k.of_facet IS NULL END)) AS x"
	    " ORDER BY a, facet, b LIMIT 400", P(r->lang),
	    P(f->in.id), P(r->lang), P(r->lang),
	    P(arena_printf(r->arena, "{%s}", chosen.data)));
	return sql_all(r->db, &sql, &count_schema, (void **)counts, n);
}

static bool
is_chosen(const struct find *f, const struct count *c)
{
	for (size_t i = 0; i < f->chosen_n; i++) {
		char id[16];
		const char *at = f->chosen[i].ids;

		if (!str_eq(f->chosen[i].facet, c->facet))
			continue;
		snprintf(id, sizeof(id), "%d", (int)c->tag_id);
		while ((at = strstr(at, id)) != NULL) {
			char after = at[strlen(id)];

			if ((at[-1] == '{' || at[-1] == ',') &&
			    (after == ',' || after == '}'))
				return true;
			at++;
		}
	}
	return false;
}

static struct json_object *
value_of(struct request *r, const struct find *f, const struct count *c)
{
	struct json_object *value = json_object_new_object();
	const char *href;

	json_object_object_add(value, "code", json_object_new_string(c->code));
	json_object_object_add(value, "name", json_object_new_string(c->name));
	json_object_object_add(value, "n", json_object_new_int(c->n));
	json_object_object_add(value, "is_chosen",
	    json_object_new_boolean(is_chosen(f, c)));
	if (r->route->kind != KIND_PAGE)
		return value;
	href = str_eq(c->facet, "category") ? arena_printf(r->arena, "/%s/c/%s%s",
	    r->lang, c->code, find_url(r, f, NULL, NULL)) :
	    arena_printf(r->arena, "/%s%s%s", r->lang, r->local_path,
	    find_url(r, f, c->facet, c->code));
	json_object_object_add(value, "href", json_object_new_string(href));
	json_object_object_add(value, "is_many",
	    json_object_new_boolean(c->n > FIND_MOST));
	return value;
}

/* The only value of its facet: a page does not offer what changes nothing. */
static bool
is_no_choice(const struct find *f, const struct count *counts, size_t n,
    size_t i)
{
	return (i == 0 || !str_eq(counts[i - 1].facet, counts[i].facet)) &&
	    (i + 1 == n || !str_eq(counts[i + 1].facet, counts[i].facet)) &&
	    !is_chosen(f, &counts[i]);
}

static const char *
facet_title(struct request *r, const struct count *c)
{
	if (c->facet_name[0] != '\0')
		return c->facet_name;
	return app_word(r->app, r->lang, arena_printf(r->arena,
	    "catalog.facet.%s", c->facet));
}

static void
add_facets(struct request *r, const struct find *f, const struct count *counts,
    size_t n, struct json_object *facets)
{
	struct json_object *values = NULL;
	const char *facet = "";

	for (size_t i = 0; i < n; i++) {
		const struct count *c = &counts[i];

		if (c->tag_id == 0 || (r->route->kind == KIND_PAGE &&
		    is_no_choice(f, counts, n, i)))
			continue;
		if (!str_eq(c->facet, facet)) {
			struct json_object *one = json_object_new_object();
			bool is_ours = str_eq(c->facet, "brand") ||
			    str_eq(c->facet, "category");

			facet = c->facet;
			values = json_object_new_array();
			json_object_object_add(one, "code", json_object_new_string(
			    is_ours ? facet :
			    arena_printf(r->arena, "attr.%s", facet)));
			json_object_object_add(one, "name",
			    json_object_new_string(facet_title(r, c)));
			json_object_object_add(one, "values", values);
			json_object_array_add(facets, one);
		}
		if (json_object_array_length(values) < VALUES_MAX ||
		    is_chosen(f, c))
			json_object_array_add(values, value_of(r, f, c));
	}
}

void
find_facets(struct request *r, const struct find *f, struct json_object *answer)
{
	struct json_object *facets = NULL;
	struct count *counts;
	bool is_asked = f->facets && f->after == NULL;
	int32_t total = 0;
	size_t n;

	if (is_asked && !(f->q != NULL && f->query == NULL)) {
		if (!count_all(r, f, &counts, &n))
			return;
		facets = json_object_new_array();
		for (size_t i = 0; i < n; i++)
			if (counts[i].tag_id == 0)
				total = counts[i].n;
		add_facets(r, f, counts, n, facets);
	} else if (is_asked) {
		facets = json_object_new_array();
	}
	json_object_object_add(answer, "total", !is_asked ? NULL :
	    json_object_new_int(is_narrowed(f, NULL) && total > FIND_MOST ?
	    FIND_MOST : total));
	json_object_object_add(answer, "is_more", json_object_new_boolean(
	    is_narrowed(f, NULL) && total > FIND_MOST));
	json_object_object_add(answer, "facets", facets);
}
