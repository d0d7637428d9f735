/*
 * What was typed on the way to an order. Each step of the checkout is kept, so
 * that every step has an address of its own and the browser's Back works; an
 * order, or a day, ends it.
 */
#include "orders.h"

#include <json-c/json.h>

#include "web/json_out.h"
#include "web/text.h"

struct draft {
	const char *email, *shipping_option;
	struct json_object *shipping_address;
};

static SCHEMA(draft_schema, struct draft,
	FIELD_TEXT(struct draft, email),
	FIELD_JSON(struct draft, shipping_address),
	FIELD_TEXT(struct draft, shipping_option));

struct details {
	const char *email;
	struct address *shipping_address;
	bool keep_address;
};

SCHEMA(checkout_details_input, struct details,
	FIELD_TEXT(struct details, email, .required = true, .max = 254,
	    .check = email_is_valid, .format = "email"),
	FIELD_OBJECT(struct details, shipping_address, &address_schema,
	    .required = true),
	FIELD_BOOL(struct details, keep_address));

struct delivery {
	const char *shipping_option;
};

SCHEMA(checkout_delivery_input, struct delivery,
	FIELD_TEXT(struct delivery, shipping_option, .required = true,
	    .max = 30));

DB_QUERY(find_draft, 1,
	"SELECT email, shipping_address, shipping_option FROM checkout_draft"
	" WHERE cart_key = $1 AND changed_at > now() - interval '1 day'");
/* A customer's default address, or where the last order went. */
DB_QUERY(find_known, 1,
	"WITH last AS (SELECT email, shipping_address FROM shop_order"
	"  WHERE user_id = $1::uuid AND email <> '' AND status NOT IN"
	"  ('placing', 'void') ORDER BY id DESC LIMIT 1)"
	" SELECT last.email, coalesce(address_of(a), last.shipping_address)"
	"  AS shipping_address, '' AS shipping_option FROM (SELECT) AS one"
	" LEFT JOIN last ON true"
	" LEFT JOIN saved_address a ON a.user_id = $1::uuid AND a.is_default"
	" WHERE last.email IS NOT NULL OR a.id IS NOT NULL");
DB_QUERY(put_details, 3,
	"WITH old AS (DELETE FROM checkout_draft"
	"  WHERE changed_at < now() - interval '1 day' AND cart_key <> $1)"
	" INSERT INTO checkout_draft (cart_key, email, shipping_address)"
	" VALUES ($1, $2, $3::jsonb)"
	" ON CONFLICT ON CONSTRAINT checkout_draft_pkey DO UPDATE"
	" SET email = $2, shipping_address = $3::jsonb, changed_at = now()");
DB_QUERY(put_delivery, 2,
	"UPDATE checkout_draft SET shipping_option = $2, changed_at = now()"
	" WHERE cart_key = $1");
DB_QUERY(drop_draft, 1, "DELETE FROM checkout_draft WHERE cart_key = $1");

struct json_object *
draft_read(struct request *r)
{
	const char *key = order_cart_key(r);
	struct draft draft;

	if (key == NULL || (!db_one(r->db, &find_draft, &draft_schema, &draft,
	    P(key)) && (r->session == NULL || !db_one(r->db, &find_known,
	    &draft_schema, &draft, P(r->session->user_id)))))
		return NULL;
	return json_out(&draft_schema, &draft, NULL, JSON_ALL);
}

void
draft_drop(struct request *r, const char *cart_key)
{
	db_exec(r->db, &drop_draft, P(cart_key));
}

int
checkout_details(struct request *r)
{
	const struct details *in = request_input(r);
	const char *key = order_cart_key(r);

	if (key == NULL)
		return reply_redirect(r, "/cart");
	if (!step_begin(r))
		return 0;
	db_exec(r->db, &put_details, P(key), P(in->email),
	    P(order_address_text(r, in->shipping_address)));
	if (in->keep_address && r->session != NULL)
		saved_address_keep(r, in->shipping_address);
	return !step_end(r) ? 0 : reply_redirect(r, "/checkout?step=delivery");
}

int
checkout_delivery(struct request *r)
{
	const struct delivery *in = request_input(r);
	const char *key = order_cart_key(r);

	if (key == NULL || !db_exec(r->db, &put_delivery, P(key),
	    P(in->shipping_option)))
		return reply_redirect(r, "/checkout");
	return reply_redirect(r, "/checkout?step=payment");
}
