/*
 * The home page: the rooms of the shop, each with a picture of what is in it,
 * what is new, and what has always been there.
 */
#include "catalog.h"

#include <json-c/json.h>

#include "web/json_out.h"

struct room {
	const char *slug, *name, *image;
};

static SCHEMA(room_schema, struct room,
	FIELD_TEXT(struct room, slug),
	FIELD_TEXT(struct room, name),
	FIELD_TEXT(struct room, image));

DB_QUERY(list_rooms, 1,
	"SELECT t.slug, t.name, coalesce((SELECT d.image FROM product_category pc"
	" JOIN product_document d ON d.product_id = pc.product_id AND d.lang = $1"
	" WHERE pc.category_id = c.id ORDER BY pc.product_id LIMIT 1), '') AS image"
	" FROM category c JOIN category_text t ON t.category_id = c.id"
	"  AND t.lang = $1 WHERE c.parent_id IS NULL"
	" ORDER BY c.position, t.name LIMIT 12");

DB_QUERY(list_newest, 1,
	"SELECT product_id AS id, slug, name, image, price, currency"
	" FROM product_document WHERE lang = $1 ORDER BY product_id DESC LIMIT 8");
DB_QUERY(list_oldest, 1,
	"SELECT product_id AS id, slug, name, image, price, currency"
	" FROM product_document WHERE lang = $1 ORDER BY product_id LIMIT 8");

int
home(struct request *r)
{
	struct room *rooms;
	struct shown *newest, *oldest;
	size_t n;

	if (!db_all(r->db, &list_rooms, &room_schema, &rooms, &n, P(r->lang)))
		return 0;
	page_set(r, "rooms", json_out_list(&room_schema, rooms, n, r->lang));
	if (!db_all(r->db, &list_oldest, &shown_schema, &oldest, &n, P(r->lang)))
		return 0;
	page_set(r, "oldest", json_out_list(&shown_schema, oldest, n, r->lang));
	if (!db_all(r->db, &list_newest, &shown_schema, &newest, &n, P(r->lang)))
		return 0;
	return reply_list(r, &shown_schema, newest, n, NULL);
}
