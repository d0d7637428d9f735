/*
 * /admin/products/{id}: all that a product says, as one form, and the form of a
 * new one. The form carries the version that it was made from: where another
 * one was saved meanwhile, what was typed is shown beside what is stored now.
 */
#include "edit.h"

#include <json-c/json.h>

#include "base/json.h"
#include "web/text.h"

#define OPTIONS_MAX 3

struct words {
	const char *name, *slug, *description, *seo_title, *seo_description;
};

static SCHEMA(words_schema, struct words,
	FIELD_TEXT(struct words, name, .max = 200, .preset = ""),
	FIELD_TEXT(struct words, slug, .max = SLUG_MAX, .preset = ""),
	FIELD_TEXT(struct words, description, .max = 5000, .multiline = true,
	    .preset = ""),
	FIELD_TEXT(struct words, seo_title, .max = 120, .preset = ""),
	FIELD_TEXT(struct words, seo_description, .max = 320, .preset = ""));

SCHEMA(option_pair_schema, struct option_pair,
	FIELD_I32(struct option_pair, n),
	FIELD_TEXT(struct option_pair, es, .max = 60, .preset = ""),
	FIELD_TEXT(struct option_pair, en, .max = 60, .preset = ""));

struct form {
	struct uuid id;
	int32_t version;
	enum product_status status;
	int tax_class;
	const char *brand, *sku, *price;
	struct words *es, *en;
	struct option_pair *options;
	const char **categories, **attributes, **similar, **together;
	size_t options_n, categories_n, attributes_n, similar_n, together_n;
};

SCHEMA(product_form_input, struct form,
	FIELD_UUID(struct form, id, .required = true),
	FIELD_I32(struct form, version, .required = true),
	FIELD_ENUM(struct form, status, product_statuses, .required = true),
	FIELD_TEXT(struct form, brand, .max = 100, .preset = ""),
	FIELD_OBJECT(struct form, es, &words_schema),
	FIELD_OBJECT(struct form, en, &words_schema),
	FIELD_LIST(struct form, options, options_n, &option_pair_schema,
	    .max = OPTIONS_MAX),
	FIELD_TEXTS(struct form, categories, categories_n, .max = 100),
	FIELD_TEXTS(struct form, attributes, attributes_n, .max = 200),
	FIELD_TEXTS(struct form, similar, similar_n, .max = 100),
	FIELD_TEXTS(struct form, together, together_n, .max = 100));

SCHEMA(product_new_input, struct form,
	FIELD_OBJECT(struct form, es, &words_schema),
	FIELD_OBJECT(struct form, en, &words_schema),
	FIELD_TEXT(struct form, brand, .max = 100, .preset = ""),
	FIELD_TEXT(struct form, sku, .max = 64, .required = true),
	FIELD_TEXT(struct form, price, .max = 30, .required = true),
	FIELD_ENUM(struct form, tax_class, tax_classes, .required = true));

SCHEMA(choice_schema, struct choice,
	FIELD_TEXT(struct choice, group_name),
	FIELD_TEXT(struct choice, value),
	FIELD_TEXT(struct choice, name));

DB_QUERY(list_categories, 1,
	"SELECT '' AS group_name, id::text AS value, path AS name"
	" FROM category_tree($1) WHERE NOT has_rule");
DB_QUERY(list_values, 1,
	"SELECT coalesce(x.name, a.code) AS group_name,"
	" t.facet || '=' || t.code AS value, coalesce(y.name, t.code) AS name"
	" FROM attribute a JOIN tag t ON t.facet = a.code"
	" LEFT JOIN attribute_text x ON x.code = a.code AND x.lang = $1"
	" LEFT JOIN tag_text y ON y.tag_id = t.id AND y.lang = $1"
	" WHERE NOT a.selects ORDER BY a.position, a.code, t.position, name"
	" LIMIT 1000");
DB_QUERY(list_related, 2,
	"SELECT '' AS group_name, e.value, coalesce(t.name, e.value) AS name"
	" FROM jsonb_array_elements_text($2::jsonb) AS e(value)"
	" LEFT JOIN LATERAL (SELECT x.name FROM product_text x"
	"  WHERE x.product_id = product_named(e.value)"
	"  ORDER BY x.lang = $1 DESC LIMIT 1) AS t ON true");
DB_QUERY(find_slug, 3,
	"SELECT 1 FROM product_text WHERE lang = $2 AND slug = $3"
	" AND product_id <> $1::uuid");

static bool
is_among(struct json_object *list, const char *value)
{
	size_t n = json_object_is_type(list, json_type_array) ?
	    json_object_array_length(list) : 0;

	for (size_t i = 0; i < n; i++)
		if (str_eq(json_object_get_string(
		    json_object_array_get_idx(list, i)), value))
			return true;
	return false;
}

void
choices_set(struct request *r, const char *name, const struct choice *rows,
    size_t n, struct json_object *chosen)
{
	struct json_object *groups = json_object_new_array(), *values = NULL;

	for (size_t i = 0; i < n; i++) {
		struct json_object *value = json_object_new_object(), *group;

		if (i == 0 || !str_eq(rows[i].group_name, rows[i - 1].group_name)) {
			group = json_object_new_object();
			values = json_object_new_array();
			json_add_text(group, "group_name", rows[i].group_name);
			json_object_object_add(group, "values", values);
			json_object_array_add(groups, group);
		}
		json_add_text(value, "value", rows[i].value);
		json_add_text(value, "name", rows[i].name);
		json_object_object_add(value, "is_chosen",
		    json_object_new_boolean(is_among(chosen, rows[i].value)));
		json_object_array_add(values, value);
	}
	page_set(r, name, groups);
}

static void
set_related(struct request *r, const char *name, struct json_object *list)
{
	struct choice *rows;
	size_t n;

	if (list != NULL && db_all(r->db, &list_related, &choice_schema, &rows, &n,
	    P(r->lang), P(json_object_to_json_string(list))))
		choices_set(r, arena_printf(r->arena, "%s_choice", name), rows, n,
		    list);
}

/* The product as the form has it. */
static struct json_object *
form_of(struct json_object *source)
{
	static const char *const same[] = { "version", "status", "brand",
		"categories", "attributes", "options", "similar", "together" };
	struct json_object *form = json_object_new_object(), *options;

	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		json_object_object_add(form, same[i],
		    json_object_get(json_member(source, same[i])));
	for (int i = 0; languages[i] != NULL; i++)
		json_object_object_add(form, languages[i], json_object_get(
		    json_member(json_member(source, "texts"), languages[i])));
	options = json_member(form, "options");
	for (size_t i = json_object_array_length(options); i < OPTIONS_MAX; i++)
		json_object_array_add(options, json_object_new_object());
	for (size_t i = 0; i < OPTIONS_MAX; i++)
		json_object_object_add(json_object_array_get_idx(options, i), "n",
		    json_object_new_int64((int64_t)i));
	return form;
}

void
languages_name(struct request *r, struct json_object *form)
{
	for (int i = 0; languages[i] != NULL; i++) {
		struct json_object *part = json_member(form, languages[i]);

		if (!json_object_is_type(part, json_type_object)) {
			part = json_object_new_object();
			json_object_object_add(form, languages[i], part);
		}
		json_add_text(part, "code", languages[i]);
		json_add_text(part, "title", app_word(r->app, r->lang,
		    arena_printf(r->arena, "catalog.lang.%s", languages[i])));
	}
}

/* What is stored, beside what was typed, where another was saved meanwhile. */
static void
add_now(struct json_object *typed, struct json_object *source)
{
	for (int i = 0; languages[i] != NULL; i++) {
		struct json_object *words = json_member(typed, languages[i]);
		struct json_object *stored =
		    json_member(json_member(source, "texts"), languages[i]);
		struct json_object *now = json_object_new_object();

		for (const struct field *f = words_schema.fields;
		    f->name != NULL; f++)
			if (!str_eq(json_text(stored, f->name),
			    json_text(words, f->name)))
				json_add_text(now, f->name, json_text(stored, f->name));
		json_object_object_add(words, "now", now);
	}
	if (!str_eq(json_text(source, "brand"), json_text(typed, "brand")))
		json_add_text(typed, "now_brand", json_text(source, "brand"));
}

struct page {
	struct uuid id;
	bool saved;
};

SCHEMA(product_page_input, struct page,
	FIELD_UUID(struct page, id, .required = true),
	FIELD_BOOL(struct page, saved));

struct json_object *
product_head(struct request *r, struct json_object *source)
{
	struct json_object *root = json_object_new_object(), *words;
	struct json_object *texts = json_member(source, "texts");

	if ((words = json_member(texts, r->lang)) == NULL &&
	    (words = json_member(texts, "es")) == NULL)
		words = json_member(texts, "en");
	json_add_text(root, "id", json_text(source, "id"));
	json_add_text(root, "product_name", json_text(words, "name"));
	json_add_text(root, "product_slug", json_text(words, "slug"));
	json_add_text(root, "product_status", json_text(source, "status"));
	json_object_object_add(root, "is_in_shop", json_object_new_boolean(
	    str_eq(json_text(source, "status"), "active")));
	json_object_object_add(root, "version",
	    json_object_get(json_member(source, "version")));
	json_object_object_add(root, "variants_n", json_object_new_int64(
	    (int64_t)json_object_array_length(json_member(source, "variants"))));
	json_object_object_add(root, "images_n", json_object_new_int64(
	    (int64_t)json_object_array_length(json_member(source, "images"))));
	return root;
}

int
product_editor(struct request *r)
{
	const struct page *in = request_input(r);
	struct json_object *source = product_source(r, in->id), *root, *form;
	struct choice *rows;
	size_t n;

	if (source == NULL)
		return r->status;
	root = product_head(r, source);
	form = r->is_form ? json_object_get(r->input_tree) : form_of(source);
	json_object_object_add(root, "form", form);
	json_object_object_add(root, "saved", json_object_new_boolean(in->saved));
	reply_json(r, 200, root);
	languages_name(r, form);
	if (r->is_form && !str_eq(json_text(form, "version"),
	    json_text(source, "version")))
		add_now(form, source);
	if (db_all(r->db, &list_categories, &choice_schema, &rows, &n, P(r->lang)))
		choices_set(r, "category_choice", rows, n,
		    json_member(form, "categories"));
	if (db_all(r->db, &list_values, &choice_schema, &rows, &n, P(r->lang)))
		choices_set(r, "attribute_choice", rows, n,
		    json_member(form, "attributes"));
	set_related(r, "similar", json_member(form, "similar"));
	set_related(r, "together", json_member(form, "together"));
	return r->status;
}

/* A slug that another product has is told where it was typed. */
static void
read_words(struct request *r, const struct words *words, int lang,
    struct product_edit *edit)
{
	const char *name = languages[lang], *slug;

	if (words == NULL || (words->name[0] == '\0' && words->slug[0] == '\0' &&
	    words->description[0] == '\0'))
		return;
	slug = words->slug[0] != '\0' ? words->slug :
	    slug_make(r->arena, words->name);
	if (words->name[0] == '\0')
		field_fault(r, arena_printf(r->arena, "%s.name", name),
		    "required", 0, 0);
	else if (!slug_is_valid(slug))
		field_fault(r, arena_printf(r->arena, "%s.slug", name), "slug",
		    0, 0);
	else if (db_integer(r->db, &find_slug, 0, P(edit->id), P(name),
	    P(slug)) != 0)
		field_fault(r, arena_printf(r->arena, "%s.slug", name), "taken",
		    0, 0);
	edit->texts[edit->texts_n++] = (struct product_text){ lang, slug,
	    words->name, words->description, words->seo_title,
	    words->seo_description };
}

static void
read_texts(struct request *r, const struct form *in, struct product_edit *edit)
{
	edit->texts = arena_new_array(r->arena, struct product_text, 2);
	read_words(r, in->es, 0, edit);
	read_words(r, in->en, 1, edit);
	if (edit->texts_n == 0)
		field_fault(r, "es.name", "required", 0, 0);
}

/* Rows with a name; what one language lacks is taken from the other. */
void
option_pairs_read(struct request *r, const struct option_pair *pairs, size_t n,
    struct option_words **options, size_t *options_n)
{
	struct option_words *words =
	    arena_new_array(r->arena, struct option_words, 2);

	for (int lang = 0; lang < 2; lang++) {
		words[lang] = (struct option_words){ .lang = lang,
		    .values = arena_new_array(r->arena, const char *, n + 1) };
		for (size_t i = 0; i < n; i++) {
			const char *own = lang == 0 ? pairs[i].es : pairs[i].en;
			const char *other = lang == 0 ? pairs[i].en : pairs[i].es;

			if (own[0] != '\0' || other[0] != '\0')
				words[lang].values[words[lang].values_n++] =
				    own[0] != '\0' ? own : other;
		}
	}
	*options = words;
	*options_n = words[0].values_n > 0 ? 2 : 0;
}

int
product_form(struct request *r)
{
	const struct form *in = request_input(r);
	struct product_edit edit = { .id = in->id, .status = in->status,
	    .brand = in->brand, .categories = in->categories,
	    .attributes = in->attributes, .similar = in->similar,
	    .together = in->together, .categories_n = in->categories_n,
	    .attributes_n = in->attributes_n, .similar_n = in->similar_n,
	    .together_n = in->together_n, .has_status = true,
	    .has_categories = true, .has_attributes = true, .has_options = true,
	    .has_similar = true, .has_together = true, .is_whole = true };
	struct product_ref product;

	if (!product_lock_any(r, in->id, &product) ||
	    !product_is_version(r, &product, in->version))
		return r->status;
	read_texts(r, in, &edit);
	option_pairs_read(r, in->options, in->options_n, &edit.options,
	    &edit.options_n);
	if (problem_has_fields(r))
		return r->status;
	product_write(r, &edit);
	return product_written(r, 200, in->id, &product_ref_schema, &product);
}

int
product_new(struct request *r)
{
	struct json_object *root = json_object_new_object(), *form;

	form = r->is_form ? json_object_get(r->input_tree) :
	    json_object_new_object();
	languages_name(r, form);
	json_object_object_add(root, "form", form);
	return reply_json(r, 200, root);
}

/* A draft with one variant; what else there is to say is said on its page. */
int
product_new_form(struct request *r)
{
	const struct form *in = request_input(r);
	struct variant_edit variant = { .sku = in->sku,
	    .tax_class = in->tax_class };
	struct product_edit edit = { .id = uuid_new(), .brand = in->brand,
	    .status = PRODUCT_DRAFT, .has_status = true, .variants = &variant,
	    .variants_n = 1 };

	read_texts(r, in, &edit);
	if (!money_parse(in->price, "EUR", &variant.price))
		field_fault(r, "price", "money", 0, 0);
	else
		price_is_good(r, &variant.price, "price");
	if (problem_has_fields(r))
		return r->status;
	return product_make(r, &edit);
}
