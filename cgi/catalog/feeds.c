/*
 * What machines read of the shop: robots.txt, the sitemap with both languages of
 * each page, and the feed of products that merchants' centres take (RSS 2.0 with
 * Google's names). Sitemap and feed come in parts of PART products.
 */
#include "catalog.h"

#include "web/text.h"

#define PART 5000
#define TEXT_MAX (32 * 1024 * 1024)

struct part {
	int32_t n;
};

SCHEMA(part_input, struct part,
	FIELD_I32(struct part, n, .min = 1, .max = 1000, .preset = "1"));

struct entry {
	const char *es, *en, *slug, *name, *description, *image, *brand;
	struct uuid id;
	struct money price, compare_at;
	bool is_in_stock, has_compare_at;
};

static SCHEMA(page_row, struct entry,
	FIELD_TEXT(struct entry, es),
	FIELD_TEXT(struct entry, en));

static SCHEMA(feed_row, struct entry,
	FIELD_UUID(struct entry, id),
	FIELD_TEXT(struct entry, slug),
	FIELD_TEXT(struct entry, name),
	FIELD_TEXT(struct entry, description),
	FIELD_TEXT(struct entry, image),
	FIELD_TEXT(struct entry, brand),
	FIELD_MONEY(struct entry, price),
	FIELD_MONEY(struct entry, compare_at, HAS(struct entry, has_compare_at)),
	FIELD_BOOL(struct entry, is_in_stock));

DB_QUERY(count_products, 0,
	"SELECT n FROM tag_count WHERE within = 0 AND tag_id = 0");
DB_QUERY(list_categories, 0,
	"SELECT es.slug AS es, coalesce(en.slug, es.slug) AS en"
	" FROM category_text es LEFT JOIN category_text en"
	"  ON en.category_id = es.category_id AND en.lang = 'en'"
	" WHERE es.lang = 'es' ORDER BY es.slug LIMIT 500");
DB_QUERY(list_pages, 2,
	"SELECT es.slug AS es, en.slug AS en FROM (SELECT product_id FROM listing"
	"  WHERE lang = 'es' ORDER BY product_id OFFSET $1::int LIMIT $2::int) AS p"
	" JOIN listing es ON es.product_id = p.product_id AND es.lang = 'es'"
	" JOIN listing en ON en.product_id = p.product_id AND en.lang = 'en'");
DB_QUERY(list_feed, 3,
	"SELECT p.product_id AS id, p.slug, p.name,"
	" d.document->>'description' AS description, p.image,"
	" d.document->>'brand' AS brand, p.price, p.compare_at, p.currency,"
	" p.is_in_stock FROM (SELECT product_id, slug, name, image, price,"
	"  compare_at, currency, is_in_stock FROM listing WHERE lang = $1"
	"  ORDER BY product_id OFFSET $2::int LIMIT $3::int) AS p"
	" JOIN product_document d ON d.product_id = p.product_id AND d.lang = $1");

static struct buf *
xml_new(struct request *r)
{
	struct buf *out = arena_new_of(r->arena, struct buf);

	buf_init(out, r->arena, TEXT_MAX);
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	return out;
}

static void
put_escaped(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&': buf_puts(out, "&amp;"); break;
		case '<': buf_puts(out, "&lt;"); break;
		case '>': buf_puts(out, "&gt;"); break;
		case '"': buf_puts(out, "&quot;"); break;
		default: buf_putc(out, *text);
		}
}

static void
put_element(struct buf *out, const char *name, const char *before,
    const char *text)
{
	buf_printf(out, "<%s>%s", name, before);
	put_escaped(out, text);
	buf_printf(out, "</%s>\n", name);
}

/* One page of two languages, each of which knows the other. */
static void
put_page(struct request *r, struct buf *out, const char *path, const char *es,
    const char *en)
{
	const char *base = r->app->conf->base_url;

	for (int i = 0; i < 2; i++)
		buf_printf(out, "<url><loc>%s/%s%s%s</loc>"
		    "<xhtml:link rel=\"alternate\" hreflang=\"es\" href=\"%s/es%s%s\"/>"
		    "<xhtml:link rel=\"alternate\" hreflang=\"en\" href=\"%s/en%s%s\"/>"
		    "</url>\n", base, languages[i], path, i == 0 ? es : en,
		    base, path, es, base, path, en);
}

static int
answer_pages(struct request *r, int32_t n)
{
	struct buf *out = xml_new(r);
	struct entry *entries;
	size_t count;

	buf_puts(out, "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\""
	    " xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">\n");
	if (n == 1) {
		put_page(r, out, "/", "", "");
		if (!db_all(r->db, &list_categories, &page_row, &entries, &count))
			return 0;
		for (size_t i = 0; i < count; i++)
			put_page(r, out, "/c/", entries[i].es, entries[i].en);
	}
	if (!db_all(r->db, &list_pages, &page_row, &entries, &count,
	    P((n - 1) * PART), P(PART)))
		return 0;
	if (count == 0 && n > 1)
		return problem(r, PROBLEM_NOT_FOUND);
	for (size_t i = 0; i < count; i++)
		put_page(r, out, "/p/", entries[i].es, entries[i].en);
	buf_puts(out, "</urlset>\n");
	return reply_text(r, 200, "application/xml", out);
}

/* The whole in one, or an index of its parts. */
int
sitemap(struct request *r)
{
	int64_t products = db_integer(r->db, &count_products, 0);
	int64_t parts = (products + PART - 1) / PART;
	struct buf *out;

	if (parts <= 1)
		return request_failed(r) ? 0 : answer_pages(r, 1);
	out = xml_new(r);
	buf_puts(out, "<sitemapindex"
	    " xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n");
	for (int64_t n = 1; n <= parts; n++)
		buf_printf(out, "<sitemap><loc>%s/sitemap-%d.xml</loc></sitemap>\n",
		    r->app->conf->base_url, (int)n);
	buf_puts(out, "</sitemapindex>\n");
	return reply_text(r, 200, "application/xml", out);
}

int
sitemap_part(struct request *r)
{
	const struct part *in = request_input(r);

	return answer_pages(r, in->n);
}

int
robots(struct request *r)
{
	struct buf *out = arena_new_of(r->arena, struct buf);

	buf_init(out, r->arena, 4096);
	buf_puts(out, "User-agent: *\nDisallow: /api/\nDisallow: /fragments/\n");
	for (int i = 0; languages[i] != NULL; i++)
		buf_printf(out, "Disallow: /%s/admin/\nDisallow: /%s/cart\n"
		    "Disallow: /%s/checkout\nDisallow: /%s/account\n"
		    "Disallow: /%s/orders/\nDisallow: /%s/search?\n", languages[i],
		    languages[i], languages[i], languages[i], languages[i],
		    languages[i]);
	buf_printf(out, "Sitemap: %s/sitemap.xml\n", r->app->conf->base_url);
	return reply_text(r, 200, "text/plain; charset=utf-8", out);
}

static void
put_price(struct buf *out, const char *name, const struct money *price)
{
	char text[MONEY_TEXT_SIZE];

	buf_printf(out, "<%s>%s %s</%s>\n", name, money_decimal(price, text),
	    price->currency, name);
}

static void
put_item(struct request *r, struct buf *out, const struct entry *e)
{
	const char *base = r->app->conf->base_url;
	char id[UUID_TEXT_SIZE];

	buf_printf(out, "<item>\n<g:id>%s</g:id>\n", uuid_text(&e->id, id));
	put_element(out, "title", "", e->name);
	put_element(out, "description", "", e->description[0] != '\0' ?
	    e->description : e->name);
	put_element(out, "link", arena_printf(r->arena, "%s/%s/p/", base, r->lang),
	    e->slug);
	if (e->image[0] != '\0')
		put_element(out, "g:image_link", base, e->image);
	buf_printf(out, "<g:availability>%s</g:availability>\n",
	    e->is_in_stock ? "in_stock" : "out_of_stock");
	put_price(out, "g:price", e->has_compare_at ? &e->compare_at : &e->price);
	if (e->has_compare_at)
		put_price(out, "g:sale_price", &e->price);
	if (e->brand[0] != '\0')
		put_element(out, "g:brand", "", e->brand);
	buf_puts(out, "<g:condition>new</g:condition>\n"
	    "<g:identifier_exists>no</g:identifier_exists>\n</item>\n");
}

int
product_feed(struct request *r)
{
	const struct part *in = request_input(r);
	struct buf *out = xml_new(r);
	struct entry *entries;
	size_t n;

	if (!db_all(r->db, &list_feed, &feed_row, &entries, &n, P(r->lang),
	    P((in->n - 1) * PART), P(PART)))
		return 0;
	buf_puts(out, "<rss version=\"2.0\""
	    " xmlns:g=\"http://base.google.com/ns/1.0\">\n<channel>\n");
	put_element(out, "title", "", app_word(r->app, r->lang,
	    "layout.shop_name"));
	put_element(out, "link", r->app->conf->base_url,
	    str_eq(r->lang, "es") ? "/es/" : "/en/");
	put_element(out, "description", "", app_word(r->app, r->lang,
	    "layout.footer"));
	for (size_t i = 0; i < n; i++)
		put_item(r, out, &entries[i]);
	buf_puts(out, "</channel>\n</rss>\n");
	return reply_text(r, 200, "application/xml", out);
}
