/*
 * /admin/products/{id}/variants: the variants of a product, and the form of one
 * or of a new one. The form carries the product's version.
 */
#include "edit.h"

#include <json-c/json.h>

#include "base/json.h"
#include "web/format.h"

struct form {
	struct uuid id, variant_id;
	int32_t version, weight_g, content;
	const char *sku, *barcode, *price, *compare_at_price;
	int tax_class;
	enum content_unit content_unit;
	bool is_active;
	struct option_pair *options;
	size_t options_n;
};

#define FORM_FIELDS \
	FIELD_UUID(struct form, id, .required = true), \
	FIELD_I32(struct form, version, .required = true), \
	FIELD_TEXT(struct form, sku, .required = true, .max = 64), \
	FIELD_TEXT(struct form, barcode, .max = 14, .preset = ""), \
	FIELD_TEXT(struct form, price, .required = true, .max = 30), \
	FIELD_TEXT(struct form, compare_at_price, .max = 30, .preset = ""), \
	FIELD_ENUM(struct form, tax_class, tax_classes, .required = true), \
	FIELD_I32(struct form, weight_g, .max = 1000000, .preset = "0"), \
	FIELD_I32(struct form, content, .max = 10000000, .preset = "0"), \
	FIELD_ENUM(struct form, content_unit, content_units, .preset = "g"), \
	FIELD_BOOL(struct form, is_active), \
	FIELD_LIST(struct form, options, options_n, &option_pair_schema, \
	    .max = 3)

SCHEMA(variant_new_form_input, struct form, FORM_FIELDS);
SCHEMA(variant_form_input, struct form, FORM_FIELDS,
	FIELD_UUID(struct form, variant_id, .required = true));

struct page {
	struct uuid id, variant_id;
	bool saved;
};

SCHEMA(variants_page_input, struct page,
	FIELD_UUID(struct page, id, .required = true),
	FIELD_BOOL(struct page, saved));

SCHEMA(variant_page_input, struct page,
	FIELD_UUID(struct page, id, .required = true),
	FIELD_UUID(struct page, variant_id, .required = true));

/* A word of the request's language, or of the other. */
static const char *
in_language(struct request *r, struct json_object *words)
{
	const char *own = json_text(words, r->lang);

	return own[0] != '\0' ? own :
	    json_text(words, str_eq(r->lang, "es") ? "en" : "es");
}

const char *
price_decimal(struct request *r, struct json_object *price)
{
	struct money money = { .amount =
	    json_object_get_int64(json_member(price, "amount")), .currency = "EUR" };
	char text[MONEY_TEXT_SIZE], *point;

	if (price == NULL)
		return "";
	money_decimal(&money, text);
	if (str_eq(r->lang, "es") && (point = strchr(text, '.')) != NULL)
		*point = ',';
	return arena_strdup(r->arena, text);
}

static const char *
label(struct request *r, struct json_object *variant)
{
	struct json_object *options = json_member(variant, "options");
	struct buf out;

	buf_init(&out, r->arena, 1000);
	for (size_t i = 0; i < json_object_array_length(options); i++)
		buf_printf(&out, "%s%s", i > 0 ? " / " : "", in_language(r,
		    json_object_array_get_idx(options, i)));
	return out.data;
}

static struct json_object *
find_variant(struct json_object *source, struct uuid id)
{
	struct json_object *variants = json_member(source, "variants");
	char text[UUID_TEXT_SIZE];

	uuid_text(&id, text);
	for (size_t i = 0; i < json_object_array_length(variants); i++)
		if (str_eq(json_text(json_object_array_get_idx(variants, i), "id"),
		    text))
			return json_object_array_get_idx(variants, i);
	return NULL;
}

int
variants_page(struct request *r)
{
	const struct page *in = request_input(r);
	struct json_object *source = product_source(r, in->id), *root, *rows;
	struct json_object *variants;

	if (source == NULL)
		return r->status;
	root = product_head(r, source);
	variants = json_member(source, "variants");
	rows = json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(variants); i++) {
		struct json_object *variant = json_object_array_get_idx(variants, i);
		struct json_object *row = json_object_new_object();

		json_add_copy(row, variant, "sku");
		json_add_copy(row, variant, "barcode");
		json_add_copy(row, variant, "weight_g");
		json_add_copy(row, variant, "is_active");
		json_add_text(row, "variant_id", json_text(variant, "id"));
		json_add_text(row, "label", label(r, variant));
		json_add_text(row, "price", price_decimal(r, json_member(variant, "price")));
		json_add_text(row, "compare_at_price",
		    price_decimal(r, json_member(variant, "compare_at_price")));
		json_object_array_add(rows, row);
	}
	json_object_object_add(root, "variants", rows);
	json_object_object_add(root, "saved", json_object_new_boolean(in->saved));
	return reply_json(r, 200, root);
}

/* The variant as the form has it. */
static struct json_object *
form_of(struct request *r, struct json_object *source,
    struct json_object *variant)
{
	static const char *const same[] = { "sku", "barcode", "tax_class",
		"weight_g", "content", "content_unit", "is_active", "options" };
	struct json_object *form = json_object_new_object();

	json_add_copy(form, source, "version");
	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		json_add_copy(form, variant, same[i]);
	json_add_text(form, "price", price_decimal(r, json_member(variant, "price")));
	json_add_text(form, "compare_at_price",
	    price_decimal(r, json_member(variant, "compare_at_price")));
	return form;
}

static struct json_object *
form_of_new(struct json_object *source)
{
	struct json_object *form = json_object_new_object();

	json_add_copy(form, source, "version");
	json_add_text(form, "tax_class", "standard");
	json_object_object_add(form, "is_active", json_object_new_boolean(true));
	return form;
}

/* A row for each option of the product, with its name and what is there. */
static void
set_options(struct request *r, struct json_object *form,
    struct json_object *source)
{
	struct json_object *names = json_member(source, "options"), *given, *list, *row;
	char key[24];

	given = json_member(form, "options");
	list = json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(names); i++) {
		snprintf(key, sizeof(key), "%zu", i);
		row = json_object_is_type(given, json_type_array) ?
		    json_object_array_get_idx(given, i) : json_member(given, key);
		row = row != NULL ? json_object_get(row) : json_object_new_object();
		json_object_object_add(row, "n", json_object_new_int64((int64_t)i));
		json_add_text(row, "label", in_language(r,
		    json_object_array_get_idx(names, i)));
		json_object_array_add(list, row);
	}
	json_object_object_add(form, "options", list);
}

static int
show(struct request *r, struct json_object *source, struct json_object *variant)
{
	struct json_object *root = product_head(r, source), *form;

	form = r->is_form ? json_object_get(r->input_tree) : variant != NULL ?
	    form_of(r, source, variant) : form_of_new(source);
	if (variant != NULL) {
		json_add_text(root, "variant_id", json_text(variant, "id"));
		json_add_text(root, "variant_sku", json_text(variant, "sku"));
		json_add_text(root, "variant_label", label(r, variant));
		if (!str_eq(json_text(form, "version"), json_text(source, "version")))
			json_object_object_add(root, "now",
			    form_of(r, source, variant));
	}
	json_object_object_add(root, "form", form);
	reply_json(r, 200, root);
	set_options(r, form, source);
	return r->status;
}

int
variant_editor(struct request *r)
{
	const struct page *in = request_input(r);
	struct json_object *source = product_source(r, in->id), *variant;

	if (source == NULL)
		return r->status;
	variant = find_variant(source, in->variant_id);
	return variant == NULL ? problem(r, PROBLEM_NOT_FOUND) :
	    show(r, source, variant);
}

int
variant_new(struct request *r)
{
	const struct product_ref *in = request_input(r);
	struct json_object *source = product_source(r, in->id);

	return source == NULL ? r->status : show(r, source, NULL);
}

static void
read_money(struct request *r, const char *text, const char *field,
    struct money *money)
{
	*money = (struct money){ 0, "EUR" };
	if (text[0] != '\0' && !money_parse(text, "EUR", money))
		field_fault(r, field, "money", 0, 0);
}

/* False: a fault is noted, or the version is another. */
static bool
read_form(struct request *r, const struct form *in, struct variant_edit *v)
{
	struct product_ref product;

	*v = (struct variant_edit){ .id = in->variant_id, .sku = in->sku,
	    .barcode = in->barcode, .tax_class = in->tax_class,
	    .weight_g = in->weight_g, .content = in->content,
	    .content_unit = in->content_unit, .is_active = in->is_active,
	    .has_weight_g = true, .has_content = true, .has_tax_class = true,
	    .has_content_unit = true, .has_price = true, .has_is_active = true,
	    .has_compare_at_price = true, .has_options = true };
	if (!product_lock(r, in->id, &product) ||
	    !product_is_version(r, &product, in->version))
		return false;
	if (in->barcode[0] != '\0' && !barcode_is_valid(in->barcode))
		field_fault(r, "barcode", "barcode", 0, 0);
	read_money(r, in->price, "price", &v->price);
	read_money(r, in->compare_at_price, "compare_at_price",
	    &v->compare_at_price);
	option_pairs_read(r, in->options, in->options_n, &v->options,
	    &v->options_n);
	for (size_t i = 0; i < in->options_n; i++)
		if (in->options[i].es[0] == '\0' && in->options[i].en[0] == '\0')
			field_fault(r, arena_printf(r->arena, "options.%zu.es", i),
			    "required", 0, 0);
	return !problem_has_fields(r);
}

int
variant_form(struct request *r)
{
	const struct form *in = request_input(r);
	struct variant_edit variant;

	if (!read_form(r, in, &variant) || !variant_write(r, in->id, &variant))
		return r->status;
	return product_written(r, 200, in->id, &variant_change_input, &variant);
}

int
variant_new_form(struct request *r)
{
	const struct form *in = request_input(r);
	struct variant_edit variant;

	if (!read_form(r, in, &variant) || !variants_put(r, in->id, &variant, 1,
	    product_options(r, in->id), NULL))
		return r->status;
	return product_written(r, 200, in->id, &variant_change_input, &variant);
}
