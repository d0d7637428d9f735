/*
 * POST /orders/shipments and /orders/cancellations: the same for many orders,
 * each in a transaction of its own, with what became of each. On the pages of
 * staff a review comes first: what would be done, and what cannot be.
 */
#include "orders.h"

#include <json-c/json.h>

#include "db/sql.h"

#define BULK_MAX 100

struct bulk {
	const char **orders, *carrier;
	size_t orders_n;
};

SCHEMA(bulk_ship_input, struct bulk,
	FIELD_TEXTS(struct bulk, orders, orders_n, .required = true, .min = 1,
	    .max = BULK_MAX, .help = "Ids"),
	FIELD_TEXT(struct bulk, carrier, .max = 60, .preset = ""));

SCHEMA(bulk_cancel_input, struct bulk,
	FIELD_TEXTS(struct bulk, orders, orders_n, .required = true, .min = 1,
	    .max = BULK_MAX, .help = "Ids"));

struct result {
	struct uuid id;
	const char *number, *name;
	bool is_done;
};

SCHEMA(bulk_schema, struct result,
	FIELD_UUID(struct result, id),
	FIELD_TEXT(struct result, number),
	FIELD_TEXT(struct result, name),
	FIELD_BOOL(struct result, is_done,
	    .help = "False: its state does not allow it"));

/* The same conditions as manage.c's; what is promised here is tried there. */
DB_QUERY(review_ship, 1,
	"SELECT id, number, name, status = 'confirmed' AND payment_status IN"
	" ('paid', 'authorized') AND fulfilment_status = 'unfulfilled' AS is_done"
	" FROM shop_order WHERE status NOT IN ('placing', 'void') AND id = ANY"
	" ($1::uuid[]) ORDER BY id");
DB_QUERY(review_cancel, 1,
	"SELECT id, number, name, status IN ('awaiting_payment', 'confirmed')"
	" AND fulfilment_status = 'unfulfilled' AS is_done"
	" FROM shop_order WHERE status NOT IN ('placing', 'void') AND id = ANY"
	" ($1::uuid[]) ORDER BY id");

static bool
is_shipping(const struct request *r)
{
	return strstr(r->route->path, "shipments") != NULL;
}

/* The orders that were named, and whether each can be done; false: a fault. */
static bool
find(struct request *r, struct result **rows, size_t *n)
{
	const struct bulk *in = request_input(r);
	struct buf ids;
	struct uuid id;

	buf_init(&ids, r->arena, 64 * BULK_MAX);
	for (size_t i = 0; i < in->orders_n; i++) {
		const char *field = arena_printf(r->arena, "orders.%zu", i);

		if (!uuid_parse(in->orders[i], &id))
			problem_field(r, field, "id",
			    field_message(r, "id", 0, 0));
		buf_printf(&ids, "%c%s", i == 0 ? '{' : ',', in->orders[i]);
	}
	buf_putc(&ids, '}');
	if (problem_has_fields(r)) {
		problem(r, PROBLEM_INVALID);
		return false;
	}
	return db_all(r->db, is_shipping(r) ? &review_ship : &review_cancel,
	    &bulk_schema, rows, n, P(ids.data));
}

static int
answer(struct request *r, const struct result *rows, size_t n)
{
	size_t done = 0;

	for (size_t i = 0; i < n; i++)
		done += rows[i].is_done;
	page_set(r, "done", json_object_new_int64((int64_t)done));
	page_set(r, "left_out", json_object_new_int64((int64_t)(n - done)));
	page_set(r, "has_left_out", json_object_new_boolean(n > done));
	page_set(r, "has_done", json_object_new_boolean(done > 0));
	page_set(r, "is_shipping", json_object_new_boolean(is_shipping(r)));
	return reply_list(r, &bulk_schema, rows, n, NULL);
}

int
bulk_review(struct request *r)
{
	struct result *rows;
	size_t n;

	return find(r, &rows, &n) ? answer(r, rows, n) : r->status;
}

/* False: only the dispatcher can answer; those before are done. */
static bool
act(struct request *r, const char *carrier, struct result *row)
{
	struct order o;

	if (!step_begin(r))
		return false;
	row->is_done = carrier != NULL ?
	    order_send(r, row->id, carrier, "", &o) :
	    order_end(r, row->id, ORDER_CANCELLED);
	if (row->is_done)
		return step_end(r);
	step_undo(r);
	return !request_failed(r);
}

static int
run(struct request *r, const char *carrier)
{
	struct result *rows;
	size_t n;

	if (!find(r, &rows, &n))
		return r->status;
	for (size_t i = 0; i < n; i++)
		if (!act(r, carrier, &rows[i]))
			return 0;
	return answer(r, rows, n);
}

int
bulk_ship(struct request *r)
{
	const struct bulk *in = request_input(r);

	return run(r, in->carrier);
}

int
bulk_cancel(struct request *r)
{
	return run(r, NULL);
}
