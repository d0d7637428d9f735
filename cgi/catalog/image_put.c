/*
 * PUT, DELETE /catalog/products/{id}/images/{n}: a picture of a product, as the
 * bytes of a JPEG, PNG or WebP. What it shows is told in each language of the
 * shop (?alt_es=, ?alt_en=), for those who do not see it. The page's form sends
 * the same as one of its fields.
 */
#include "edit.h"

#include "picture.h"
#include "web/params.h"
#include "web/text.h"

struct image_at {
	struct uuid id;
	int32_t n;
};

SCHEMA(image_at_input, struct image_at,
	FIELD_UUID(struct image_at, id, .required = true),
	FIELD_I32(struct image_at, n, .min = 1, .max = 20, .required = true));

struct image_file {
	struct image_at at;
	int32_t version;
	const char *alt_es, *alt_en;
};

#define FILE_FIELD(kind, member, of, ...) \
	{ .name = #member, .type = FIELD_TYPE_##kind, .required = true, \
	  .offset = offsetof(struct image_file, of), ##__VA_ARGS__ }

SCHEMA(image_file_input, struct image_file,
	FILE_FIELD(UUID, id, at.id),
	FILE_FIELD(I32, n, at.n, .min = 1, .max = 20),
	FILE_FIELD(I32, version, version),
	FILE_FIELD(TEXT, alt_es, alt_es, .max = 300),
	FILE_FIELD(TEXT, alt_en, alt_en, .max = 300));

DB_QUERY(put_image, 6,
	"INSERT INTO image (product_id, position, src, width, height, widths)"
	" VALUES ($1::uuid, $2::int, $3, $4::int, $5::int, $6::int[])"
	" ON CONFLICT ON CONSTRAINT image_pkey DO UPDATE SET src = excluded.src,"
	" width = excluded.width, height = excluded.height,"
	" widths = excluded.widths");
DB_QUERY(put_alt, 4,
	"INSERT INTO image_text (product_id, position, lang, alt)"
	" VALUES ($1::uuid, $2::int, $3, $4)"
	" ON CONFLICT ON CONSTRAINT image_text_pkey DO UPDATE SET alt = excluded.alt");
DB_QUERY(drop_alts, 2,
	"DELETE FROM image_text WHERE product_id = $1::uuid"
	" AND position = $2::int");
DB_QUERY(drop_image, 2,
	"DELETE FROM image WHERE product_id = $1::uuid AND position = $2::int");

/* One for each language; false: a fault is noted. */
static bool
read_alts(struct request *r, const char *alts[2])
{
	struct params pairs;

	if (params_parse(&pairs, r->arena, r->query, strlen(r->query), 10) !=
	    PARAM_GOOD) {
		problem(r, PROBLEM_BAD_REQUEST);
		return false;
	}
	for (int i = 0; languages[i] != NULL; i++) {
		const char *name = arena_printf(r->arena, "alt_%s", languages[i]);

		alts[i] = params_get(&pairs, name);
		if (alts[i] == NULL || alts[i][0] == '\0')
			field_fault(r, name, "required", 0, 0);
		else if (utf8_length(alts[i]) > 300)
			field_fault(r, name, "too-long", 0, 300);
		else if (!text_is_printable(alts[i]))
			field_fault(r, name, "characters", 0, 0);
	}
	return !problem_has_fields(r);
}

static const char *
widths_text(struct request *r, const struct picture *p)
{
	struct buf out;

	buf_init(&out, r->arena, 200);
	for (int i = 0; i < p->widths_n; i++)
		buf_printf(&out, "%c%d", i == 0 ? '{' : ',', p->widths[i]);
	buf_putc(&out, '}');
	return out.data;
}

/* The product, locked and as If-Match has it, in a step that is open then. */
static bool
begin(struct request *r, struct uuid id)
{
	struct product_ref product;

	return step_begin(r) && product_lock(r, id, &product) &&
	    product_is_matched(r, &product);
}

/* False: the problem is set. */
static bool
make(struct request *r, const char *bytes, size_t n, struct picture *p)
{
	static const enum problem problems[] = {
		[PICTURE_GOOD] = PROBLEM_NONE,
		[PICTURE_UNKNOWN] = PROBLEM_MEDIA_TYPE,
		[PICTURE_TOO_LARGE] = PROBLEM_TOO_LARGE,
		[PICTURE_FAILED] = PROBLEM_UNAVAILABLE,
	};
	enum picture_result result = picture_make(r->arena,
	    r->app->conf->media_dir, bytes, n, p);

	if (result != PICTURE_GOOD)
		problem(r, problems[result]);
	return result == PICTURE_GOOD;
}

/* Ends the step that is open. */
static int
put(struct request *r, const struct image_at *in, const struct picture *p,
    const char *const alts[2])
{
	db_exec(r->db, &put_image, P(in->id), P(in->n), P(p->src), P(p->width),
	    P(p->height), P(widths_text(r, p)));
	for (int i = 0; languages[i] != NULL; i++)
		db_exec(r->db, &put_alt, P(in->id), P(in->n), P(languages[i]),
		    P(alts[i]));
	product_written(r, 200, in->id, &image_at_input, in);
	return r->status >= 400 || step_end(r) ? r->status : 0;
}

int
image_put(struct request *r)
{
	const struct image_at *in = request_input(r);
	const char *alts[2];
	struct picture p;

	return read_alts(r, alts) && make(r, r->body, r->body_n, &p) &&
	    begin(r, in->id) ? put(r, in, &p, alts) : r->status;
}

int
image_put_form(struct request *r)
{
	const struct image_file *in = request_input(r);
	const struct form_part *file = request_file(r, "file");
	struct product_ref product;
	struct picture p;

	if (file == NULL) {
		field_fault(r, "file", "required", 0, 0);
		return r->status;
	}
	if (!make(r, file->data, file->n, &p) || !step_begin(r) ||
	    !product_lock(r, in->at.id, &product) ||
	    !product_is_version(r, &product, in->version))
		return r->status;
	return put(r, &in->at, &p,
	    (const char *const[2]){ in->alt_es, in->alt_en });
}

int
image_delete(struct request *r)
{
	const struct image_at *in = request_input(r);

	if (!begin(r, in->id))
		return r->status;
	db_exec(r->db, &drop_alts, P(in->id), P(in->n));
	if (!db_exec(r->db, &drop_image, P(in->id), P(in->n)))
		return problem(r, PROBLEM_NOT_FOUND);
	product_written(r, 200, in->id, &image_at_input, in);
	return r->status >= 400 || step_end(r) ? r->status : 0;
}
