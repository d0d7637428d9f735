/*
 * PUT /catalog/products/{id}/images and the page of a product's pictures: their
 * order, what they show, and which go. A further one comes by image_put.c.
 */
#include "edit.h"

#include <json-c/json.h>

#include "base/json.h"

#define IMAGES_MAX 20

struct alt {
	int lang;
	const char *alt;
};

static SCHEMA(alt_schema, struct alt,
	FIELD_ENUM(struct alt, lang, languages, .required = true),
	FIELD_TEXT(struct alt, alt, .required = true, .max = 300));

struct image {
	int32_t n;
	struct alt *texts;
	size_t texts_n;
};

static SCHEMA(image_schema, struct image,
	FIELD_I32(struct image, n, .required = true, .min = 1, .max = IMAGES_MAX,
	    .help = "Its place until now"),
	FIELD_LIST(struct image, texts, texts_n, &alt_schema, .max = 2));

struct arrangement {
	struct uuid id;
	struct image *images;
	size_t images_n;
};

SCHEMA(images_input, struct arrangement,
	FIELD_UUID(struct arrangement, id, .required = true),
	FIELD_LIST(struct arrangement, images, images_n, &image_schema,
	    .required = true, .max = IMAGES_MAX));

struct row {
	int32_t n, position;
	const char *es, *en;
	bool remove;
};

static SCHEMA(row_schema, struct row,
	FIELD_I32(struct row, n, .required = true),
	FIELD_I32(struct row, position, .required = true),
	FIELD_TEXT(struct row, es, .required = true, .max = 300),
	FIELD_TEXT(struct row, en, .required = true, .max = 300),
	FIELD_BOOL(struct row, remove));

struct form {
	struct uuid id;
	int32_t version;
	struct row *images;
	size_t images_n;
};

SCHEMA(images_form_input, struct form,
	FIELD_UUID(struct form, id, .required = true),
	FIELD_I32(struct form, version, .required = true),
	FIELD_LIST(struct form, images, images_n, &row_schema,
	    .max = IMAGES_MAX));

DB_QUERY(arrange, 2,
	"SELECT images_arrange($1::uuid, $2::jsonb)::int");

static int
arrange_as(struct request *r, struct uuid id, const struct image *images, size_t n)
{
	struct product_ref product = { .id = id };

	if (db_integer(r->db, &arrange, 0, P(id),
	    P(list_text(r, &image_schema, images, n))) != 1)
		field_fault(r, "images", "choice", 0, 0);
	return product_written(r, 200, id, &product_ref_schema, &product);
}

int
images_arrange(struct request *r)
{
	const struct arrangement *in = request_input(r);
	struct product_ref product;

	if (!product_lock(r, in->id, &product) ||
	    !product_is_matched(r, &product))
		return r->status;
	return arrange_as(r, in->id, in->images, in->images_n);
}

/* By the place that was typed; of two with the same, the one that was first. */
static int
compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = (x->position > y->position) - (x->position < y->position);

	return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

int
images_form(struct request *r)
{
	const struct form *in = request_input(r);
	struct image *images =
	    arena_new_array(r->arena, struct image, in->images_n + 1);
	struct product_ref product;
	size_t n = 0;

	if (!product_lock(r, in->id, &product) ||
	    !product_is_version(r, &product, in->version))
		return r->status;
	if (in->images_n > 1)
		qsort(in->images, in->images_n, sizeof(*in->images),
		    compare_rows);
	for (size_t i = 0; i < in->images_n; i++) {
		const struct row *row = &in->images[i];

		if (row->remove)
			continue;
		images[n].n = row->n;
		images[n].texts = arena_new_array(r->arena, struct alt, 2);
		images[n].texts[0] = (struct alt){ 0, row->es };
		images[n].texts[1] = (struct alt){ 1, row->en };
		images[n++].texts_n = 2;
	}
	return arrange_as(r, in->id, images, n);
}

/* The rows as the form has them; after a fault as they were typed. */
static struct json_object *
rows_of(struct request *r, struct json_object *images)
{
	struct json_object *rows = json_object_new_array(), *typed;
	char key[24];

	for (size_t i = 0; i < json_object_array_length(images); i++) {
		struct json_object *image = json_object_array_get_idx(images, i);
		struct json_object *row = json_object_new_object();

		snprintf(key, sizeof(key), "%zu", i);
		typed = r->is_form ?
		    json_member(json_member(r->input_tree, "images"), key) : NULL;
		for (int l = 0; languages[l] != NULL; l++)
			json_object_object_add(row, languages[l], json_object_get(
			    typed != NULL ? json_member(typed, languages[l]) :
			    json_member(json_member(image, "alt"), languages[l])));
		json_object_object_add(row, "src",
		    json_object_get(json_member(image, "src")));
		json_object_object_add(row, "n",
		    json_object_get(json_member(image, "n")));
		json_object_object_add(row, "index",
		    json_object_new_int64((int64_t)i));
		json_object_object_add(row, "position", typed != NULL ?
		    json_object_get(json_member(typed, "position")) :
		    json_object_new_int64((int64_t)i + 1));
		json_object_array_add(rows, row);
	}
	return rows;
}

/* The first place that is free; 0: there is none. */
static int
free_place(struct json_object *images)
{
	int64_t last = 0;

	for (size_t i = 0; i < json_object_array_length(images); i++) {
		int64_t n = json_object_get_int64(
		    json_member(json_object_array_get_idx(images, i), "n"));

		last = n > last ? n : last;
	}
	return last < IMAGES_MAX ? (int)last + 1 : 0;
}

int
images_page(struct request *r)
{
	const struct product_ref *in = request_input(r);
	struct json_object *source = product_source(r, in->id), *root, *images;
	struct json_object *form;
	int place;

	if (source == NULL)
		return r->status;
	root = product_head(r, source);
	images = json_member(source, "images");
	form = r->is_form ? json_object_get(r->input_tree) :
	    json_object_new_object();
	if (!r->is_form)
		json_object_object_add(form, "version",
		    json_object_get(json_member(source, "version")));
	json_object_object_add(form, "images", rows_of(r, images));
	json_object_object_add(root, "form", form);
	if ((place = free_place(images)) > 0)
		json_object_object_add(root, "free_place",
		    json_object_new_int(place));
	return reply_json(r, 200, root);
}
