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
	    .required = true, .min = 1, .max = CART_LINES_MAX));

DB_QUERY(put_order, 3,
	"INSERT INTO cart_order (order_id, cart_key, lines)"
	" VALUES ($1::uuid, $2, $3::jsonb)"
	" ON CONFLICT ON CONSTRAINT cart_order_pkey DO NOTHING");

int
cart_internal_read(struct request *r)
{
	const struct key *in = request_input(r);
	struct json_object *answer;
	struct cart_line *lines;
	size_t n;

	if (!cart_read(r, in->cart_key, &lines, &n))
		return r->status;
	answer = json_object_new_object();
	json_object_object_add(answer, "lines",
	    json_out_list(&cart_line_schema, lines, n, NULL));
	return reply_json(r, 200, answer);
}

int
cart_ordered(struct request *r)
{
	const struct ordered *in = request_input(r);
	struct json_object *list = json_out_list(&cart_line_schema, in->lines,
	    in->lines_n, NULL);
	const char *text = arena_strdup(r->arena,
	    json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN));

	json_object_put(list);
	if (db_exec(r->db, &put_order, P(in->order_id), P(in->cart_key), P(text)))
		for (size_t i = 0; i < in->lines_n; i++)
			if (!cart_change(r, in->cart_key, in->lines[i].variant_id,
			    CART_ADD, -in->lines[i].quantity))
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

DB_QUERY(give_back, 1,
	"UPDATE cart_order SET is_given_back = true WHERE order_id = $1::uuid"
	" AND NOT is_given_back RETURNING cart_key, lines");

bool
on_order_undone(struct request *r, const struct event *event)
{
	struct taken taken;

	if (!db_one(r->db, &give_back, &taken_schema, &taken, P(event->subject)))
		return !request_failed(r);
	for (size_t i = 0; i < json_object_array_length(taken.lines); i++) {
		struct cart_line line = { .quantity = 0 };

		if (json_in(r, &cart_line_schema,
		    json_object_array_get_idx(taken.lines, i), JSON_IN_LENIENT, NULL,
		    &line) && !cart_change(r, taken.cart_key, line.variant_id,
		    CART_ADD, line.quantity))
			return false;
	}
	return true;
}
