/*
 * Back-in-stock notices: an address asks, confirms by a link that is mailed to
 * it (double opt-in), and hears once when the goods are there again.
 */
#include "inventory.h"

#include <json-c/json.h>

#include "crypto/key.h"
#include "crypto/token.h"
#include "web/text.h"

struct notice {
	struct uuid id, variant_id, product_id;
	const char *email, *lang, *token, *url, *sku, *name_es, *name_en;
};

SCHEMA(stock_notice_input, struct notice,
	FIELD_UUID(struct notice, variant_id, .required = true),
	FIELD_TEXT(struct notice, email, .required = true, .max = 254,
	    .check = email_is_valid, .format = "email"));
SCHEMA(stock_notice_token_input, struct notice,
	FIELD_TEXT(struct notice, token, .required = true, .max = 200));

#define TOLD_FIELDS \
	FIELD_UUID(struct notice, variant_id), \
	FIELD_TEXT(struct notice, lang), \
	FIELD_TEXT(struct notice, sku), \
	FIELD_TEXT(struct notice, name_es), \
	FIELD_TEXT(struct notice, name_en)

static SCHEMA(row_schema, struct notice, TOLD_FIELDS,
	FIELD_UUID(struct notice, id),
	FIELD_UUID(struct notice, product_id),
	FIELD_TEXT(struct notice, email));
static SCHEMA(told_schema, struct notice, TOLD_FIELDS,
	FIELD_TEXT(struct notice, email, .personal = true),
	FIELD_TEXT(struct notice, url, .personal = true));

#define NOTICE_COLUMNS \
	" n.id, n.variant_id, n.email, n.lang, i.product_id," \
	" coalesce(i.sku, '') AS sku, coalesce(i.name_es, '') AS name_es," \
	" coalesce(i.name_en, '') AS name_en"

/* Asked again before it was confirmed, the mail goes once more, but not more
 * than once in ten minutes. */
DB_QUERY(ask, 4,
	"WITH n AS (INSERT INTO stock_notice (id, variant_id, email, lang)"
	"  SELECT $1::uuid, $2::uuid, lower($3), $4 WHERE EXISTS"
	"   (SELECT FROM level WHERE variant_id = $2::uuid)"
	"  ON CONFLICT ON CONSTRAINT stock_notice_email_key DO UPDATE"
	"  SET asked_at = now() WHERE NOT stock_notice.is_confirmed"
	"  AND stock_notice.asked_at < now() - interval '10 minutes'"
	"  RETURNING id, variant_id, email, lang)"
	" SELECT" NOTICE_COLUMNS " FROM n"
	" LEFT JOIN variant_info i ON i.variant_id = n.variant_id");
DB_QUERY(confirm, 1,
	"UPDATE stock_notice SET is_confirmed = true WHERE id = $1::uuid");
DB_QUERY(take_confirmed, 1,
	"WITH back AS (SELECT v.variant_id FROM level v"
	"  JOIN location l ON l.id = v.location_id AND l.is_active"
	"  WHERE v.variant_id IN"
	"   (SELECT e::uuid FROM jsonb_array_elements_text($1::jsonb) AS e)"
	"  GROUP BY v.variant_id HAVING sum(v.on_hand - v.reserved) > 0),"
	" n AS (DELETE FROM stock_notice s USING back b WHERE s.is_confirmed"
	"  AND s.variant_id = b.variant_id"
	"  RETURNING s.id, s.variant_id, s.email, s.lang)"
	" SELECT" NOTICE_COLUMNS " FROM n"
	" LEFT JOIN variant_info i ON i.variant_id = n.variant_id");
DB_QUERY(drop_old, 0,
	"DELETE FROM stock_notice WHERE asked_at < now() - CASE"
	" WHEN is_confirmed THEN interval '1 year' ELSE interval '7 days' END");

static const char *
token_of(struct request *r, struct uuid id, char mac[DIGEST_HEX_SIZE])
{
	static const struct key *key;
	char text[UUID_TEXT_SIZE];

	if (key == NULL)
		key = app_key(r->app, "stock-token");
	mac_hex(key, arena_printf(r->arena, "notice:%s", uuid_text(&id, text)),
	    mac);
	return arena_printf(r->arena, "%s.%s", text, mac);
}

/* The answer is the same whoever asks and whatever is known. */
int
stock_notice_add(struct request *r)
{
	const struct notice *in = request_input(r);
	char mac[DIGEST_HEX_SIZE];
	struct notice n;

	if (db_one(r->db, &ask, &row_schema, &n, P(uuid_new()),
	    P(in->variant_id), P(in->email), P(r->lang))) {
		n.url = arena_printf(r->arena, "%s/%s/stock-notices/confirm?token=%s",
		    r->app->conf->base_url, n.lang, token_of(r, n.id, mac));
		event_emit(r, EVENT_STOCK_NOTICE_ASKED, n.id, &told_schema, &n);
	}
	return request_failed(r) ? 0 : reply_empty(r, 202);
}

static bool
read_token(struct request *r, const char *token, struct uuid *id)
{
	char mac[DIGEST_HEX_SIZE];

	if (token != NULL && strlen(token) > 36 && uuid_parse(arena_strndup(r->arena, token, 36),
	    id) && equal_constant_time(token_of(r, *id, mac), token))
		return true;
	problem(r, PROBLEM_TOKEN_INVALID);
	return false;
}

int
stock_notice_page(struct request *r)
{
	const struct notice *in = request_input(r);
	struct uuid id;

	if (!read_token(r, in->token, &id))
		return r->status;
	page_set(r, "token", json_object_new_string(in->token));
	return reply_json(r, 200, json_object_new_object());
}

int
stock_notice_confirm(struct request *r)
{
	const struct notice *in = request_input(r);
	struct uuid id;

	if (!read_token(r, in->token, &id))
		return r->status;
	if (!db_exec(r->db, &confirm, P(id)))
		return request_failed(r) ? 0 : problem(r, PROBLEM_TOKEN_INVALID);
	page_set(r, "is_done", json_object_new_boolean(true));
	return reply_json(r, 200, json_object_new_object());
}

int
page_show(struct request *r)
{
	return reply_json(r, 200, json_object_new_object());
}

void
stock_notices_tell(struct request *r, const char *variant_ids_json)
{
	struct notice *rows;
	char id[UUID_TEXT_SIZE];
	size_t n;

	if (!step_begin(r))
		return;
	if (db_all(r->db, &take_confirmed, &row_schema, &rows, &n,
	    P(variant_ids_json)))
		for (size_t i = 0; i < n; i++) {
			rows[i].url = uuid_is_nil(&rows[i].product_id) ?
			    r->app->conf->base_url : arena_printf(r->arena,
			    "%s/%s/p/%s", r->app->conf->base_url, rows[i].lang,
			    uuid_text(&rows[i].product_id, id));
			event_emit(r, EVENT_STOCK_BACK, rows[i].id, &told_schema,
			    &rows[i]);
		}
	step_end(r);
}

void
stock_notices_purge(struct request *r)
{
	db_exec(r->db, &drop_old);
}
