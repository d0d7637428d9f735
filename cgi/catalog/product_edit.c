/*
 * POST /catalog/products, PATCH and DELETE /catalog/products/{id}. DELETE takes
 * a product out of the shop and keeps it, for orders know its variants.
 */
#include "catalog.h"

#include <json-c/json.h>

#include "web/json_out.h"
#include "web/text.h"

struct product_text {
	int lang;
	const char *slug, *name, *description;
};

static SCHEMA(product_text_schema, struct product_text,
	FIELD_ENUM(struct product_text, lang, languages, .required = true),
	FIELD_TEXT(struct product_text, slug, .max = SLUG_MAX, .required = true,
	    .check = slug_is_valid, .format = "slug"),
	FIELD_TEXT(struct product_text, name, .max = 200, .required = true),
	FIELD_TEXT(struct product_text, description, .max = 5000,
	    .multiline = true, .preset = ""));

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

/* What POST and PATCH share; PATCH leaves alone what is not given. */
struct product_edit {
	struct uuid id;
	const char *brand;
	struct product_text *texts;
	const char **categories;
	struct option_words *options;
	struct new_variant *variants;
	struct new_image *images;
	size_t texts_n, categories_n, options_n, variants_n, images_n;
	bool has_categories;
};

SCHEMA(product_add_input, struct product_edit,
	FIELD_TEXT(struct product_edit, brand, .max = 100, .preset = ""),
	FIELD_LIST(struct product_edit, texts, texts_n, &product_text_schema,
	    .required = true, .min = 1, .max = 2),
	FIELD_TEXTS(struct product_edit, categories, categories_n, .max = 100,
	    .help = "Ids, or slugs in the request's language"),
	FIELD_LIST(struct product_edit, options, options_n, &option_words_schema,
	    .max = 2),
	FIELD_LIST(struct product_edit, variants, variants_n,
	    &new_variant_schema, .required = true, .min = 1, .max = 100),
	FIELD_LIST(struct product_edit, images, images_n, &new_image_schema,
	    .max = 20));

SCHEMA(product_change_input, struct product_edit,
	FIELD_UUID(struct product_edit, id, .required = true),
	FIELD_TEXT(struct product_edit, brand, .max = 100),
	FIELD_LIST(struct product_edit, texts, texts_n, &product_text_schema,
	    .max = 2),
	FIELD_TEXTS(struct product_edit, categories, categories_n, .max = 100,
	    HAS(struct product_edit, has_categories)));

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
	{ "product_text_slug_key", PROBLEM_ALREADY_EXISTS },
	{ "product_document_slug_key", PROBLEM_ALREADY_EXISTS },
	{ "product_text_pkey", PROBLEM_INVALID },	/* a language twice */
	{ "product_option_pkey", PROBLEM_INVALID },
	{ "variant_option_pkey", PROBLEM_INVALID },
	{ "image_text_pkey", PROBLEM_INVALID },
	{ NULL, PROBLEM_NONE }
};

DB_QUERY(put_product, 2,
	"INSERT INTO product (id, brand) VALUES ($1::uuid, $2)");
DB_QUERY(drop_texts, 2,
	"DELETE FROM product_text WHERE product_id = $1::uuid AND lang IN"
	" (SELECT e.lang FROM jsonb_to_recordset($2::jsonb) AS e(lang text))");
DB_QUERY(put_texts, 2,
	"INSERT INTO product_text (product_id, lang, slug, name, description)"
	" SELECT $1::uuid, e.lang, e.slug, e.name, e.description"
	" FROM jsonb_to_recordset($2::jsonb)"
	"  AS e(lang text, slug text, name text, description text)");
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
DB_QUERY(lock_product, 1,
	"SELECT id, version FROM product WHERE id = $1::uuid"
	" AND status = 'active' FOR UPDATE");
DB_QUERY(set_brand, 2,
	"UPDATE product SET brand = $2 WHERE id = $1::uuid");
DB_QUERY(archive, 1,
	"UPDATE product SET status = 'archived' WHERE id = $1::uuid");
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

bool
product_lock(struct request *r, struct uuid id, struct product_ref *product)
{
	if (db_one(r->db, &lock_product, &product_ref_schema, product, P(id)))
		return true;
	problem(r, PROBLEM_NOT_FOUND);
	return false;
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

int
product_written(struct request *r, int status, struct uuid id,
    const struct schema *schema, const void *data)
{
	if (problem_has_fields(r))
		return problem(r, PROBLEM_INVALID);
	db_exec(r->db, &next_version, P(id));
	db_exec(r->db, &refresh, P(id));
	event_emit(r, EVENT_PRODUCT_CHANGED, id, schema, data);
	return product_reply(r, status, id);
}

/* The names as a JSON array; what none of them names is a fault. */
static void
put_category_names(struct request *r, struct uuid id,
    const struct product_edit *in)
{
	struct json_object *list = json_object_new_array();
	struct unknown *unknown;
	const char *names;
	size_t n;

	for (size_t i = 0; i < in->categories_n; i++)
		json_object_array_add(list, json_object_new_string(in->categories[i]));
	names = arena_strdup(r->arena, json_object_to_json_string(list));
	json_object_put(list);
	if (!db_all(r->db, &find_unknown_categories, &unknown_schema, &unknown,
	    &n, P(names), P(r->lang)))
		return;
	for (size_t i = 0; i < n; i++)
		field_fault(r, arena_printf(r->arena, "categories.%d",
		    (int)unknown[i].position), "choice", 0, 0);
	db_exec(r->db, &drop_categories, P(id));
	db_exec(r->db, &put_categories, P(id), P(names), P(r->lang));
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

int
product_add(struct request *r)
{
	struct product_edit *in = r->input;
	struct product_ref product = { uuid_new(), 1 };
	size_t options_n = count_options(r, in);

	db_exec(r->db, &put_product, P(product.id), P(in->brand));
	db_exec(r->db, &put_texts, P(product.id),
	    P(list_text(r, &product_text_schema, in->texts, in->texts_n)));
	put_category_names(r, product.id, in);
	db_exec(r->db, &put_options, P(product.id),
	    P(list_text(r, &option_words_schema, in->options, in->options_n)));
	db_exec(r->db, &put_images, P(product.id),
	    P(list_text(r, &new_image_schema, in->images, in->images_n)));
	variants_put(r, product.id, in->variants, in->variants_n, options_n,
	    "variants");
	return product_written(r, 201, product.id, &product_ref_schema, &product);
}

int
product_change(struct request *r)
{
	const struct product_edit *in = request_input(r);
	struct product_ref product;
	const char *texts =
	    list_text(r, &product_text_schema, in->texts, in->texts_n);

	if (!product_lock(r, in->id, &product) ||
	    !product_is_matched(r, &product))
		return r->status;
	if (in->brand != NULL)
		db_exec(r->db, &set_brand, P(in->id), P(in->brand));
	db_exec(r->db, &drop_texts, P(in->id), P(texts));
	db_exec(r->db, &put_texts, P(in->id), P(texts));
	if (in->has_categories)
		put_category_names(r, in->id, in);
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
	db_exec(r->db, &archive, P(in->id));
	db_exec(r->db, &refresh, P(in->id));
	event_emit(r, EVENT_PRODUCT_CHANGED, in->id, &product_ref_schema, &product);
	return reply_empty(r, 204);
}
