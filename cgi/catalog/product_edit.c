/*
 * POST /catalog/products, PATCH and DELETE /catalog/products/{id}. DELETE takes
 * a product out of the shop and keeps it, for orders know its variants.
 */
#include "edit.h"

#include <json-c/json.h>

#include "web/json_out.h"
#include "web/text.h"

const char *const product_statuses[] = { "draft", "active", "archived", NULL };

static SCHEMA(product_text_schema, struct product_text,
	FIELD_ENUM(struct product_text, lang, languages, .required = true),
	FIELD_TEXT(struct product_text, slug, .max = SLUG_MAX, .required = true,
	    .check = slug_is_valid, .format = "slug"),
	FIELD_TEXT(struct product_text, name, .max = 200, .required = true),
	FIELD_TEXT(struct product_text, description, .max = 5000,
	    .multiline = true, .preset = ""),
	FIELD_TEXT(struct product_text, seo_title, .max = 120, .preset = ""),
	FIELD_TEXT(struct product_text, seo_description, .max = 320,
	    .preset = ""));

struct image_text {
	int lang;
	const char *alt;
};

static SCHEMA(image_text_schema, struct image_text,
	FIELD_ENUM(struct image_text, lang, languages, .required = true),
	FIELD_TEXT(struct image_text, alt, .max = 300, .required = true));

struct new_image {
	const char *src;
	struct image_text *texts;
	size_t texts_n;
};

/* A file of ours: "/media/..." or "/static/...", no way out of it. */
static bool
is_image_path(const char *s)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";

	return (str_starts(s, "/media/") || str_starts(s, "/static/")) &&
	    s[strspn(s, allowed)] == '\0' && strstr(s, "..") == NULL;
}

static SCHEMA(new_image_schema, struct new_image,
	FIELD_TEXT(struct new_image, src, .max = 200, .required = true,
	    .check = is_image_path),
	FIELD_LIST(struct new_image, texts, texts_n, &image_text_schema,
	    .max = 2));

#define PARTS_OF_BOTH \
	FIELD_TEXTS(struct product_edit, categories, categories_n, .max = 100, \
	    HAS(struct product_edit, has_categories), \
	    .help = "Ids, or slugs in the request's language"), \
	FIELD_TEXTS(struct product_edit, attributes, attributes_n, .max = 200, \
	    HAS(struct product_edit, has_attributes), \
	    .help = "As in a CSV file: material=clay"), \
	FIELD_LIST(struct product_edit, options, options_n, \
	    &option_words_schema, .max = 2, \
	    HAS(struct product_edit, has_options))

SCHEMA(product_add_input, struct product_edit,
	FIELD_ENUM(struct product_edit, status, product_statuses,
	    .preset = "active", HAS(struct product_edit, has_status)),
	FIELD_TEXT(struct product_edit, brand, .max = 100, .preset = ""),
	FIELD_LIST(struct product_edit, texts, texts_n, &product_text_schema,
	    .required = true, .min = 1, .max = 2),
	PARTS_OF_BOTH,
	FIELD_LIST(struct product_edit, variants, variants_n,
	    &variant_new_schema, .required = true, .min = 1, .max = 100),
	FIELD_LIST(struct product_edit, images, images_n, &new_image_schema,
	    .max = 20));

SCHEMA(product_change_input, struct product_edit,
	FIELD_UUID(struct product_edit, id, .required = true),
	FIELD_ENUM(struct product_edit, status, product_statuses,
	    HAS(struct product_edit, has_status)),
	FIELD_TEXT(struct product_edit, brand, .max = 100),
	FIELD_LIST(struct product_edit, texts, texts_n, &product_text_schema,
	    .max = 2),
	PARTS_OF_BOTH,
	FIELD_TEXTS(struct product_edit, similar, similar_n, .max = 100,
	    HAS(struct product_edit, has_similar),
	    .help = "Shown beside it: ids, slugs or SKUs, in their order"),
	FIELD_TEXTS(struct product_edit, together, together_n, .max = 100,
	    HAS(struct product_edit, has_together),
	    .help = "Bought with it: ids, slugs or SKUs, in their order"));

struct unknown {
	int32_t position;	/* in the list, from 0 */
};

static SCHEMA(unknown_schema, struct unknown,
	FIELD_I32(struct unknown, position));

SCHEMA(product_id_input, struct product_ref,
	FIELD_UUID(struct product_ref, id, .required = true));

SCHEMA(product_ref_schema, struct product_ref,
	FIELD_UUID(struct product_ref, id),
	FIELD_I32(struct product_ref, version));

const struct db_rule product_rules[] = {
	{ "variant_sku_key", PROBLEM_ALREADY_EXISTS },
	{ "variant_barcode_key", PROBLEM_ALREADY_EXISTS },
	{ "price_compare_at", PROBLEM_INVALID },
	{ "variant_content", PROBLEM_INVALID },
	{ "product_text_slug_key", PROBLEM_ALREADY_EXISTS },
	{ "product_document_slug_key", PROBLEM_ALREADY_EXISTS },
	{ "product_text_pkey", PROBLEM_INVALID },	/* a language twice */
	{ "product_option_pkey", PROBLEM_INVALID },
	{ "variant_option_pkey", PROBLEM_INVALID },
	{ "image_text_pkey", PROBLEM_INVALID },
	{ NULL, PROBLEM_NONE }
};

DB_QUERY(put_product, 3,
	"INSERT INTO product (id, brand, status) VALUES ($1::uuid, $2, $3)");
DB_QUERY(drop_texts, 3,
	"DELETE FROM product_text WHERE product_id = $1::uuid AND ($3::boolean OR"
	" lang IN (SELECT e.lang FROM jsonb_to_recordset($2::jsonb)"
	"  AS e(lang text)))");
DB_QUERY(put_texts, 2,
	"INSERT INTO product_text (product_id, lang, slug, name, description,"
	"  seo_title, seo_description)"
	" SELECT $1::uuid, e.lang, e.slug, e.name, e.description, e.seo_title,"
	"  e.seo_description FROM jsonb_to_recordset($2::jsonb) AS e(lang text,"
	"  slug text, name text, description text, seo_title text,"
	"  seo_description text)");
DB_QUERY(drop_options, 1,
	"DELETE FROM product_option WHERE product_id = $1::uuid");
DB_QUERY(drop_values_beyond, 2,
	"DELETE FROM variant_option o USING variant v WHERE v.id = o.variant_id"
	" AND v.product_id = $1::uuid AND o.position > $2::int");
DB_QUERY(put_options, 2,
	"INSERT INTO product_option (product_id, position, lang, name)"
	" SELECT $1::uuid, w.n, e.lang, w.name"
	" FROM jsonb_to_recordset($2::jsonb) AS e(lang text, \"values\" jsonb),"
	"  jsonb_array_elements_text(e.\"values\") WITH ORDINALITY AS w(name, n)");
DB_QUERY(put_images, 2,
	"WITH given AS (SELECT i.n, i.image->>'src' AS src,"
	"  i.image->'texts' AS texts"
	"  FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS i(image, n)),"
	" made AS (INSERT INTO image (product_id, position, src)"
	"  SELECT $1::uuid, n, src FROM given)"
	" INSERT INTO image_text (product_id, position, lang, alt)"
	" SELECT $1::uuid, g.n, t.lang, t.alt FROM given g,"
	"  jsonb_to_recordset(g.texts) AS t(lang text, alt text)");
DB_QUERY(find_unknown_categories, 2,
	"SELECT e.n::int - 1 AS position FROM jsonb_array_elements_text($1::jsonb)"
	"  WITH ORDINALITY AS e(name, n)"
	" WHERE NOT EXISTS (SELECT FROM category_text t WHERE t.lang = $2"
	"  AND e.name IN (t.slug, t.category_id::text)) ORDER BY e.n");
DB_QUERY(drop_categories, 1,
	"DELETE FROM product_category WHERE product_id = $1::uuid");
DB_QUERY(put_categories, 3,
	"INSERT INTO product_category (product_id, category_id)"
	" SELECT DISTINCT $1::uuid, t.category_id"
	" FROM jsonb_array_elements_text($2::jsonb) AS e(name)"
	" JOIN category_text t ON t.lang = $3"
	"  AND e.name IN (t.slug, t.category_id::text)");
DB_QUERY(find_unknown_tags, 1,
	"SELECT e.n::int - 1 AS position FROM jsonb_array_elements_text($1::jsonb)"
	"  WITH ORDINALITY AS e(name, n)"
	" WHERE NOT EXISTS (SELECT FROM tag t"
	"  WHERE t.facet = split_part(e.name, '=', 1) AND t.facet <> 'category'"
	"  AND t.code = split_part(e.name, '=', 2)) ORDER BY e.n");
DB_QUERY(drop_attributes, 1,
	"DELETE FROM product_attribute WHERE product_id = $1::uuid");
DB_QUERY(put_attributes, 2,
	"INSERT INTO product_attribute (product_id, tag_id)"
	" SELECT DISTINCT $1::uuid, t.id"
	" FROM jsonb_array_elements_text($2::jsonb) AS e(name)"
	" JOIN tag t ON t.facet = split_part(e.name, '=', 1)"
	"  AND t.code = split_part(e.name, '=', 2)");
DB_QUERY(find_unknown_products, 2,
	"SELECT e.n::int - 1 AS position FROM jsonb_array_elements_text($2::jsonb)"
	"  WITH ORDINALITY AS e(name, n)"
	" WHERE coalesce(product_named(e.name), $1::uuid) = $1::uuid"
	" ORDER BY e.n");
DB_QUERY(drop_related, 2,
	"DELETE FROM related WHERE product_id = $1::uuid AND kind = $2");
DB_QUERY(put_related, 3,
	"INSERT INTO related (product_id, kind, related_id, position)"
	" SELECT $1::uuid, $2, product_named(e.name), min(e.n)"
	" FROM jsonb_array_elements_text($3::jsonb) WITH ORDINALITY AS e(name, n)"
	" GROUP BY product_named(e.name)");
DB_QUERY(lock_product, 1,
	"SELECT id, version FROM product WHERE id = $1::uuid"
	" AND status <> 'archived' FOR UPDATE");
DB_QUERY(lock_any, 1,
	"SELECT id, version FROM product WHERE id = $1::uuid FOR UPDATE");
DB_QUERY(set_status, 2,
	"UPDATE product SET status = $2 WHERE id = $1::uuid");
/* What a draft would have cost was never asked. */
DB_QUERY(forget_draft_prices, 1,
	"DELETE FROM price_history h USING variant v, product p"
	" WHERE h.variant_id = v.id AND v.product_id = p.id"
	" AND p.id = $1::uuid AND p.status = 'draft'");
DB_QUERY(set_brand, 2,
	"UPDATE product SET brand = $2 WHERE id = $1::uuid");
DB_QUERY(next_version, 1,
	"UPDATE product SET version = version + 1 WHERE id = $1::uuid");
DB_QUERY(refresh, 1, "SELECT product_document_refresh($1::uuid)");

const char *
list_text(struct request *r, const struct schema *schema, const void *items,
    size_t n)
{
	struct json_object *list = json_out_list(schema, items, n, NULL);
	const char *text = arena_strdup(r->arena,
	    json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN));

	json_object_put(list);
	return text;
}

void
field_fault(struct request *r, const char *field, const char *code,
    int64_t min, int64_t max)
{
	problem_field(r, field, code, field_message(r, code, min, max));
	problem(r, PROBLEM_INVALID);
}

static bool
lock(struct request *r, const struct db_query *query, struct uuid id,
    struct product_ref *product)
{
	if (db_one(r->db, query, &product_ref_schema, product, P(id)))
		return true;
	problem(r, PROBLEM_NOT_FOUND);
	return false;
}

bool
product_lock(struct request *r, struct uuid id, struct product_ref *product)
{
	return lock(r, &lock_product, id, product);
}

bool
product_lock_any(struct request *r, struct uuid id, struct product_ref *product)
{
	return lock(r, &lock_any, id, product);
}

bool
product_is_version(struct request *r, const struct product_ref *product,
    int32_t version)
{
	if (product->version != version)
		problem(r, PROBLEM_STALE);
	return product->version == version;
}

/* nginx weakens the ETag of what it compresses (W/"3"): the tag is the same. */
bool
product_is_matched(struct request *r, const struct product_ref *product)
{
	const char *wanted = request_env(r, "HTTP_IF_MATCH");

	if (str_eq(wanted, "*") || strstr(wanted,
	    arena_printf(r->arena, "\"%d\"", (int)product->version)) != NULL)
		return true;
	problem(r, wanted[0] == '\0' ? PROBLEM_PRECONDITION_MISSING :
	    PROBLEM_STALE);
	return false;
}

/* The struct as JSON, without what was not given. */
static struct json_object *
given(const struct schema *schema, const void *data)
{
	struct json_object *object = json_out(schema, data, NULL, JSON_ALL);

	for (const struct field *f = schema->fields; f->name != NULL; f++)
		if (json_object_object_get(object, f->name) == NULL)
			json_object_object_del(object, f->name);
	return object;
}

int
product_written(struct request *r, int status, struct uuid id,
    const struct schema *schema, const void *data)
{
	if (problem_has_fields(r))
		return problem(r, PROBLEM_INVALID);
	db_exec(r->db, &next_version, P(id));
	db_exec(r->db, &refresh, P(id));
	event_emit_json(r, EVENT_PRODUCT_CHANGED, id, given(schema, data));
	return product_reply(r, status, id);
}

const char *
texts_json(struct request *r, const char *const *texts, size_t n)
{
	struct json_object *list = json_object_new_array();
	const char *text;

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, json_object_new_string(texts[i]));
	text = arena_strdup(r->arena, json_object_to_json_string(list));
	json_object_put(list);
	return text;
}

/* Names that are none: a fault each. */
static void
refuse(struct request *r, const char *field, const struct unknown *unknown,
    size_t n)
{
	for (size_t i = 0; i < n; i++)
		field_fault(r, arena_printf(r->arena, "%s.%d", field,
		    (int)unknown[i].position), "choice", 0, 0);
}

static void
write_categories(struct request *r, const struct product_edit *in)
{
	const char *names = texts_json(r, in->categories, in->categories_n);
	struct unknown *unknown;
	size_t n;

	if (!db_all(r->db, &find_unknown_categories, &unknown_schema, &unknown,
	    &n, P(names), P(r->lang)))
		return;
	refuse(r, "categories", unknown, n);
	db_exec(r->db, &drop_categories, P(in->id));
	db_exec(r->db, &put_categories, P(in->id), P(names), P(r->lang));
}

void
tags_check(struct request *r, const char *field, const char *const *tags,
    size_t tags_n)
{
	struct unknown *unknown;
	size_t n;

	if (db_all(r->db, &find_unknown_tags, &unknown_schema, &unknown, &n,
	    P(texts_json(r, tags, tags_n))))
		refuse(r, field, unknown, n);
}

static void
write_attributes(struct request *r, const struct product_edit *in)
{
	const char *names = texts_json(r, in->attributes, in->attributes_n);

	tags_check(r, "attributes", in->attributes, in->attributes_n);
	db_exec(r->db, &drop_attributes, P(in->id));
	db_exec(r->db, &put_attributes, P(in->id), P(names));
}

static void
write_related(struct request *r, struct uuid id, const char *kind,
    const char *const *products, size_t products_n)
{
	const char *names = texts_json(r, products, products_n);
	struct unknown *unknown;
	size_t n;

	if (!db_all(r->db, &find_unknown_products, &unknown_schema, &unknown, &n,
	    P(id), P(names)))
		return;
	refuse(r, kind, unknown, n);
	db_exec(r->db, &drop_related, P(id), P(kind));
	if (n == 0)
		db_exec(r->db, &put_related, P(id), P(kind), P(names));
}

/* How many options the product has; every language names them all. */
static size_t
count_options(struct request *r, const struct product_edit *in)
{
	size_t n = in->options_n > 0 ? in->options[0].values_n : 0;

	for (size_t i = 1; i < in->options_n; i++)
		if (in->options[i].values_n != n)
			field_fault(r, arena_printf(r->arena, "options.%zu.values",
			    i), "elements", (int64_t)n, (int64_t)n);
	return n;
}

static void
write_options(struct request *r, const struct product_edit *in)
{
	db_exec(r->db, &drop_options, P(in->id));
	db_exec(r->db, &put_options, P(in->id),
	    P(list_text(r, &option_words_schema, in->options, in->options_n)));
	db_exec(r->db, &drop_values_beyond, P(in->id), P(count_options(r, in)));
}

static void
write_texts(struct request *r, const struct product_edit *in)
{
	const char *texts =
	    list_text(r, &product_text_schema, in->texts, in->texts_n);

	db_exec(r->db, &drop_texts, P(in->id), P(texts), P(in->is_whole));
	db_exec(r->db, &put_texts, P(in->id), P(texts));
}

void
product_write(struct request *r, const struct product_edit *in)
{
	if (in->brand != NULL)
		db_exec(r->db, &set_brand, P(in->id), P(in->brand));
	if (in->has_status && in->status == PRODUCT_ACTIVE)
		db_exec(r->db, &forget_draft_prices, P(in->id));
	if (in->has_status)
		db_exec(r->db, &set_status, P(in->id),
		    P(product_statuses[in->status]));
	write_texts(r, in);
	if (in->has_options)
		write_options(r, in);
	if (in->has_categories)
		write_categories(r, in);
	if (in->has_attributes)
		write_attributes(r, in);
	if (in->has_similar)
		write_related(r, in->id, "similar", in->similar, in->similar_n);
	if (in->has_together)
		write_related(r, in->id, "together", in->together,
		    in->together_n);
}

int
product_make(struct request *r, struct product_edit *in)
{
	struct product_ref product = { in->id, 1 };

	db_exec(r->db, &put_product, P(product.id), P(in->brand),
	    P(product_statuses[in->status]));
	product_write(r, in);
	db_exec(r->db, &put_images, P(product.id),
	    P(list_text(r, &new_image_schema, in->images, in->images_n)));
	variants_put(r, product.id, in->variants, in->variants_n,
	    in->options_n > 0 ? in->options[0].values_n : 0, "variants");
	return product_written(r, 201, product.id, &product_ref_schema, &product);
}

int
product_add(struct request *r)
{
	struct product_edit *in = r->input;

	in->id = uuid_new();
	return product_make(r, in);
}

int
product_change(struct request *r)
{
	const struct product_edit *in = request_input(r);
	struct product_ref product;

	if (!product_lock_any(r, in->id, &product) ||
	    !product_is_matched(r, &product))
		return r->status;
	product_write(r, in);
	return product_written(r, 200, in->id, &product_ref_schema, &product);
}

int
product_archive(struct request *r)
{
	const struct product_ref *in = request_input(r);
	struct product_ref product;

	if (!product_lock(r, in->id, &product) ||
	    !product_is_matched(r, &product))
		return r->status;
	db_exec(r->db, &set_status, P(in->id), P("archived"));
	db_exec(r->db, &refresh, P(in->id));
	event_emit(r, EVENT_PRODUCT_CHANGED, in->id, &product_ref_schema, &product);
	return reply_empty(r, 204);
}
