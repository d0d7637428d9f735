/*
 * GET /catalog/export.csv: every product as the rows that an import takes. What
 * goes out comes in again and changes nothing; so cells are as they are, also
 * those that a spreadsheet would take for a formula.
 */
#include "import.h"

#include "csv.h"

#define PAGE_ROWS 2000
#define FILE_MAX (256 * 1024 * 1024)

struct exported {
	struct uuid product_id, variant_id;
	int32_t position, weight_g;
	const char *texts[COLUMN_PRICE];
	int64_t price, compare_at;
	const char *tax_class;
	bool has_compare_at;
};

#define TEXT(member, column) \
	{ .name = #member, .type = FIELD_TYPE_TEXT, \
	  .offset = offsetof(struct exported, texts[column]) }

static SCHEMA(exported_schema, struct exported,
	FIELD_UUID(struct exported, product_id),
	FIELD_I32(struct exported, position),
	FIELD_UUID(struct exported, variant_id),
	TEXT(sku, COLUMN_SKU),
	TEXT(product, COLUMN_PRODUCT),
	TEXT(status, COLUMN_STATUS),
	TEXT(brand, COLUMN_BRAND),
	TEXT(categories, COLUMN_CATEGORIES),
	TEXT(name_es, COLUMN_NAME_ES),
	TEXT(description_es, COLUMN_DESCRIPTION_ES),
	TEXT(slug_en, COLUMN_SLUG_EN),
	TEXT(name_en, COLUMN_NAME_EN),
	TEXT(description_en, COLUMN_DESCRIPTION_EN),
	TEXT(options_es, COLUMN_OPTIONS_ES),
	TEXT(options_en, COLUMN_OPTIONS_EN),
	TEXT(attributes, COLUMN_ATTRIBUTES),
	TEXT(images, COLUMN_IMAGES),
	FIELD_I64(struct exported, price),
	FIELD_I64(struct exported, compare_at,
	    HAS(struct exported, has_compare_at)),
	FIELD_TEXT(struct exported, tax_class),
	FIELD_I32(struct exported, weight_g));

DB_QUERY(list_rows, 4,
	"SELECT product_id, position, variant_id, sku, product, status, brand,"
	" categories, name_es, description_es, slug_en, name_en, description_en,"
	" options_es, options_en, attributes, images, price, compare_at,"
	" tax_class, weight_g FROM product_rows(coalesce($1::uuid,"
	"  '00000000-0000-0000-0000-000000000000'), $2::int,"
	" coalesce($3::uuid, '00000000-0000-0000-0000-000000000000'), $4::int)");

static void
put_row(struct buf *out, const struct exported *e)
{
	struct money price = { e->price, "EUR" };
	struct money compare_at = { e->compare_at, "EUR" };
	char text[MONEY_TEXT_SIZE];

	for (int c = 0; c < COLUMN_PRICE; c++) {
		csv_put(out, e->texts[c]);
		buf_putc(out, ',');
	}
	buf_printf(out, "%s,", money_decimal(&price, text));
	buf_printf(out, "%s,%s,%d\r\n", e->has_compare_at ?
	    money_decimal(&compare_at, text) : "", e->tax_class,
	    (int)e->weight_g);
}

int
export_csv(struct request *r)
{
	struct buf *out = arena_new_of(r->arena, struct buf);
	struct exported *rows, last = { .position = 0 };
	size_t n;

	buf_init(out, r->arena, FILE_MAX);
	for (int c = 0; c < COLUMN_COUNT; c++)
		buf_printf(out, "%s%s", c > 0 ? "," : "", product_columns[c]);
	buf_puts(out, "\r\n");
	do {
		if (!db_all(r->db, &list_rows, &exported_schema, &rows, &n,
		    P(last.product_id), P(last.position), P(last.variant_id),
		    P(PAGE_ROWS)))
			return 0;
		for (size_t i = 0; i < n; i++)
			put_row(out, &rows[i]);
		if (n > 0)
			last = rows[n - 1];
	} while (n == PAGE_ROWS && !out->overflow);
	reply_header(r, "Content-Disposition",
	    "attachment; filename=\"products.csv\"");
	return reply_text(r, 200, "text/csv; charset=utf-8", out);
}
