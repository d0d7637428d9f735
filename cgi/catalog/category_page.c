/* /admin/categories: the tree, and the form of one category. */
#include "edit.h"

#include <json-c/json.h>

#include "base/json.h"

struct node {
	struct uuid id, parent_id;
	const char *name, *path;
	int32_t depth, n;
	bool has_rule;
};

static SCHEMA(node_schema, struct node,
	FIELD_UUID(struct node, id),
	FIELD_UUID(struct node, parent_id),
	FIELD_TEXT(struct node, name),
	FIELD_TEXT(struct node, path),
	FIELD_I32(struct node, depth),
	FIELD_BOOL(struct node, has_rule),
	FIELD_I32(struct node, n));

DB_QUERY(list_tree, 1,
	"SELECT id, parent_id, name, path, depth, has_rule, n"
	" FROM category_tree($1)");
DB_QUERY(list_parents, 1,
	"SELECT '' AS group_name, id::text AS value, path AS name"
	" FROM category_tree($1)");
DB_QUERY(list_tags, 2,
	"SELECT CASE t.facet WHEN 'brand' THEN $2 ELSE coalesce(x.name, t.facet)"
	"  END AS group_name,"
	" t.facet || '=' || t.code AS value, coalesce(y.name, t.code) AS name"
	" FROM tag t LEFT JOIN attribute a ON a.code = t.facet"
	" LEFT JOIN attribute_text x ON x.code = t.facet AND x.lang = $1"
	" LEFT JOIN tag_text y ON y.tag_id = t.id AND y.lang = $1"
	" WHERE t.facet <> 'category' ORDER BY a.position NULLS LAST, t.facet,"
	" t.position, name LIMIT 500");

int
category_table(struct request *r)
{
	struct node *nodes;
	size_t n;

	if (!db_all(r->db, &list_tree, &node_schema, &nodes, &n, P(r->lang)))
		return 0;
	return reply_list(r, &node_schema, nodes, n, NULL);
}

static struct json_object *
form_of(struct request *r, struct json_object *source)
{
	struct json_object *form = json_object_new_object();
	struct json_object *rule = json_member(source, "rule");
	struct json_object *texts = json_member(source, "texts");

	json_add_copy(form, source, "version");
	json_add_copy(form, source, "parent_id");
	json_add_copy(form, source, "position");
	json_add_copy(form, rule, "tags");
	json_add_copy(form, rule, "days");
	json_add_copy(form, rule, "is_reduced");
	json_object_object_add(form, "max_price", json_object_new_string(
	    price_decimal(r, json_member(rule, "max_price"))));
	for (int i = 0; languages[i] != NULL; i++)
		json_add_copy(form, texts, languages[i]);
	return form;
}

static int
show(struct request *r, struct json_object *source)
{
	struct json_object *root = json_object_new_object(), *form, *parent;
	struct choice *rows;
	size_t n;

	form = r->is_form ? json_object_get(r->input_tree) :
	    form_of(r, source);
	json_object_object_add(root, "form", form);
	if (source != NULL) {
		json_add_copy(root, source, "id");
		json_add_copy(root, source, "version");
	}
	reply_json(r, 200, root);
	languages_name(r, form);
	parent = json_object_new_array();
	if (json_member(form, "parent_id") != NULL)
		json_object_array_add(parent,
		    json_object_get(json_member(form, "parent_id")));
	if (db_all(r->db, &list_parents, &choice_schema, &rows, &n, P(r->lang)))
		choices_set(r, "parents", rows, n, parent);
	json_object_put(parent);
	if (db_all(r->db, &list_tags, &choice_schema, &rows, &n, P(r->lang),
	    P(app_word(r->app, r->lang, "catalog.facet.brand"))))
		choices_set(r, "tag_choice", rows, n, json_member(form, "tags"));
	return r->status;
}

int
category_editor(struct request *r)
{
	const struct product_ref *in = request_input(r);
	struct json_object *source = category_source(r, in->id);

	return source == NULL ? r->status : show(r, source);
}

int
category_new(struct request *r)
{
	return show(r, NULL);
}
