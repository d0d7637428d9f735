/*
 * POST /orders/{id}/again: what the order had, as far as it is still sold, into
 * the customer's cart; and what is not, by its name.
 */
#include "orders.h"

#include <json-c/json.h>

#include "web/call.h"

struct bought {
	struct uuid variant_id;
	const char *name, *options;
	int32_t quantity;
};

static SCHEMA(bought_schema, struct bought,
	FIELD_UUID(struct bought, variant_id),
	FIELD_TEXT(struct bought, name),
	FIELD_TEXT(struct bought, options),
	FIELD_I32(struct bought, quantity));

struct again {
	struct uuid id;
	struct bought *added, *gone;
	size_t added_n, gone_n;
};

SCHEMA(again_schema, struct again,
	FIELD_UUID(struct again, id),
	FIELD_LIST(struct again, added, added_n, &bought_schema),
	FIELD_LIST(struct again, gone, gone_n, &bought_schema));

DB_QUERY(find_bought, 1,
	"SELECT variant_id, name, options, quantity FROM order_line"
	" WHERE order_id = $1::uuid ORDER BY position LIMIT 100");

static bool
tell_cart(struct request *r, const struct bought *lines, size_t n,
    struct bought **taken, size_t *taken_n)
{
	struct json_object *body = json_object_new_object();
	struct json_object *list = json_object_new_array(), *line;
	struct call_answer answer;
	char id[UUID_TEXT_SIZE];

	for (size_t i = 0; i < n; i++) {
		line = json_object_new_object();
		json_object_object_add(line, "variant_id",
		    json_object_new_string(uuid_text(&lines[i].variant_id, id)));
		json_object_object_add(line, "quantity",
		    json_object_new_int(lines[i].quantity));
		json_object_array_add(list, line);
	}
	json_object_object_add(body, "cart_key",
	    json_object_new_string(order_cart_key(r)));
	json_object_object_add(body, "lines", list);
	if (!call(r, POST, "/internal/cart/again", body, &answer))
		return false;
	if (answer.status == 200)
		return call_read_list(r, &answer, "items", &bought_schema,
		    (void **)taken, taken_n);
	problem(r, PROBLEM_CART_FULL);
	return false;
}

static bool
is_among(const struct bought *lines, size_t n, struct uuid variant_id)
{
	for (size_t i = 0; i < n; i++)
		if (uuid_equal(&lines[i].variant_id, &variant_id))
			return true;
	return false;
}

int
order_again(struct request *r)
{
	const struct order_get *in = request_input(r);
	struct again again = { .id = in->id };
	struct bought *lines, *taken;
	struct order o;
	size_t n, taken_n;

	if (!order_find_own(r, in->id, in->token, NULL, &o))
		return r->status;
	if (!db_all(r->db, &find_bought, &bought_schema, &lines, &n, P(in->id)) ||
	    !tell_cart(r, lines, n, &taken, &taken_n))
		return r->status;
	again.added = arena_new_array(r->arena, struct bought, n + 1);
	again.gone = arena_new_array(r->arena, struct bought, n + 1);
	for (size_t i = 0; i < n; i++)
		if (is_among(taken, taken_n, lines[i].variant_id))
			again.added[again.added_n++] = lines[i];
		else
			again.gone[again.gone_n++] = lines[i];
	page_set(r, "has_added", json_object_new_boolean(again.added_n > 0));
	page_set(r, "has_gone", json_object_new_boolean(again.gone_n > 0));
	return reply(r, 200, &again_schema, &again);
}
