/* GET /catalog/unlisted: products that are not in the shop, newest first. */
#include "catalog.h"

#include <json-c/json.h>

static const char *const unlisted_statuses[] = { "draft", "archived", NULL };

struct unlisted {
	int status;
	const char *after;
	int32_t limit;
};

SCHEMA(unlisted_input, struct unlisted,
	FIELD_ENUM(struct unlisted, status, unlisted_statuses,
	    .preset = "draft"),
	FIELD_TEXT(struct unlisted, after, .max = 300),
	FIELD_I32(struct unlisted, limit, .min = 1, .max = 100,
	    .preset = "50"));

struct card {
	struct uuid id;
	const char *name, *image, *skus;
};

SCHEMA(unlisted_schema, struct card,
	FIELD_UUID(struct card, id),
	FIELD_TEXT(struct card, name),
	FIELD_TEXT(struct card, image),
	FIELD_TEXT(struct card, skus));

DB_QUERY(list_unlisted, 4,
	"SELECT p.id, coalesce(t.name, '') AS name, coalesce((SELECT i.src"
	"  FROM image i WHERE i.product_id = p.id ORDER BY i.position LIMIT 1),"
	"  '') AS image, coalesce((SELECT string_agg(v.sku, ', '"
	"  ORDER BY v.position) FROM variant v WHERE v.product_id = p.id), '')"
	"  AS skus FROM product p LEFT JOIN LATERAL (SELECT x.name"
	"  FROM product_text x WHERE x.product_id = p.id"
	"  ORDER BY x.lang = $2 DESC, x.lang = 'es' DESC LIMIT 1) AS t ON true"
	" WHERE p.status = $1 AND p.status <> 'active' AND p.id < coalesce("
	"  $3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')"
	" ORDER BY p.id DESC LIMIT $4::int");

int
unlisted(struct request *r)
{
	const struct unlisted *in = request_input(r);
	const char *status = unlisted_statuses[in->status], *next = NULL;
	struct json_object *is = json_object_new_object();
	struct uuid last = { .bytes = { 0 } };
	struct card *cards;
	size_t n;

	json_object_object_add(is, status, json_object_new_boolean(true));
	page_set(r, "status_is", is);
	page_set(r, "status", json_object_new_string(status));
	if (in->after != NULL && !cursor_read_id(r, in->after, &last))
		return r->status;
	if (!db_all(r->db, &list_unlisted, &unlisted_schema, &cards, &n,
	    P(status), P(r->lang), P(last), P(in->limit + 1)))
		return 0;
	if (n > (size_t)in->limit)
		next = cursor_make_id(r, cards[--n - 1].id);
	return reply_list(r, &unlisted_schema, cards, n, next);
}
