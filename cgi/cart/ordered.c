/*
 * What orders asks of carts: their lines; and that an order's lines leave the
 * cart, to come back if the order comes to nothing. Each once per order.
 */
#include "cart.h"

#include <json-c/json.h>

#include "web/json_in.h"
#include "web/json_out.h"

struct key {
	const char *cart_key;
};

SCHEMA(cart_key_input, struct key,
	FIELD_TEXT(struct key, cart_key, .required = true, .max = 100));

struct ordered {
	const char *cart_key;
	struct uuid order_id;
	struct cart_line *lines;
	size_t lines_n;
};

SCHEMA(ordered_input, struct ordered,
	FIELD_TEXT(struct ordered, cart_key, .required = true, .max = 100),
	FIELD_UUID(struct ordered, order_id, .required = true),
	FIELD_LIST(struct ordered, lines, lines_n, &cart_line_schema,
	    .required = true, .min = 1, .max = CART_SHOWN_MAX));

/* Noted first: what the move does, it does once. Old notes go meanwhile. */
DB_QUERY(put_order, 3,
	"WITH old AS (DELETE FROM cart_order WHERE at < now() - interval '30 days')"
	" INSERT INTO cart_order (order_id, cart_key, lines)"
	" VALUES ($1::uuid, $2, $3::jsonb)"
	" ON CONFLICT ON CONSTRAINT cart_order_pkey DO NOTHING");

int
cart_internal_read(struct request *r)
{
	const struct key *in = request_input(r);
	struct cart_content content = { .n = 0 };
	struct json_object *answer;

	if (!cart_store_of(in->cart_key)->read(r, in->cart_key, &content))
		return r->status;
	answer = json_object_new_object();
	json_object_object_add(answer, "lines",
	    json_out_list(&cart_line_schema, content.lines, content.n, NULL));
	return reply_json(r, 200, answer);
}

int
cart_ordered(struct request *r)
{
	const struct ordered *in = request_input(r);

	if (db_exec(r->db, &put_order, P(in->order_id), P(in->cart_key),
	    P(cart_lines_text(r, in->lines, in->lines_n))) &&
	    !cart_store_of(in->cart_key)->move(r, in->cart_key, CART_TAKE,
	    in->order_id, in->lines, in->lines_n))
		return r->status;
	return reply_empty(r, 204);
}

struct taken {
	const char *cart_key;
	struct json_object *lines;
};

static SCHEMA(taken_schema, struct taken,
	FIELD_TEXT(struct taken, cart_key),
	FIELD_JSON(struct taken, lines));

/* An order that nobody told us of is noted too: told late, it takes nothing. */
DB_QUERY(give_back, 1,
	"INSERT INTO cart_order AS o (order_id, cart_key, lines, is_given_back)"
	" VALUES ($1::uuid, '', '[]', true)"
	" ON CONFLICT ON CONSTRAINT cart_order_pkey"
	" DO UPDATE SET is_given_back = true WHERE NOT o.is_given_back"
	" RETURNING cart_key, lines");

bool
on_order_undone(struct request *r, const struct event *event)
{
	struct cart_line *lines;
	struct taken taken;
	size_t n;

	if (!db_one(r->db, &give_back, &taken_schema, &taken, P(event->subject)))
		return !request_failed(r);
	n = json_object_array_length(taken.lines);
	lines = arena_new_array(r->arena, struct cart_line, n + 1);
	for (size_t i = 0; i < n; i++)
		if (!json_in(r, &cart_line_schema,
		    json_object_array_get_idx(taken.lines, i), JSON_IN_LENIENT,
		    NULL, &lines[i]))
			return false;
	return n == 0 || cart_store_of(taken.cart_key)->move(r, taken.cart_key,
	    CART_GIVE_BACK, event->subject, lines, n);
}
