/* The finisher: what a crash left half done is finished or undone. */
#include "orders.h"

#include "web/call.h"

struct open {
	struct uuid id;
};

static SCHEMA(open_schema, struct open,
	FIELD_UUID(struct open, id));

DB_QUERY(find_placing, 1,
	"SELECT id FROM shop_order WHERE status = 'placing'"
	" AND placed_at < now() - interval '2 minutes' ORDER BY placed_at"
	" LIMIT $1::int");
DB_QUERY(find_awaiting, 1,
	"SELECT id FROM shop_order WHERE status = 'awaiting_payment'"
	" AND payment_status IN ('pending', 'failed')"
	" AND placed_at < now() - interval '1 minute'"
	" AND placed_at > now() - interval '1 day' ORDER BY placed_at"
	" LIMIT $1::int");
DB_QUERY(find_expired, 1,
	"SELECT id FROM shop_order WHERE status = 'awaiting_payment'"
	" AND payment_status <> 'paid' AND expires_at < now() ORDER BY expires_at"
	" LIMIT $1::int");

static struct open *
find(struct request *r, const struct db_query *query, int limit, size_t *n)
{
	struct open *open;

	return db_all(r->db, query, &open_schema, &open, n, P(limit)) ? open : NULL;
}

/* Nobody came back for it: the hold and a payment without order are undone. */
static bool
undo_placing(struct request *r, struct uuid id)
{
	struct call_answer answer;
	char text[UUID_TEXT_SIZE];

	uuid_text(&id, text);
	return order_void(r, id) &&
	    call(r, DELETE, arena_printf(r->arena,
	    "/internal/inventory/holds/%s", text), NULL, &answer) &&
	    call(r, POST, arena_printf(r->arena,
	    "/internal/payments/orders/%s/cancel", text), NULL, &answer);
}

int64_t
orders_finish_half_done(struct request *r, int limit)
{
	size_t n;
	struct open *open = find(r, &find_placing, limit, &n);
	int64_t done = 0;

	for (size_t i = 0; open != NULL && i < n; i++) {
		done += undo_placing(r, open[i].id);
		call_forgive(r);
	}
	open = find(r, &find_awaiting, limit, &n);
	for (size_t i = 0; open != NULL && i < n; i++) {
		struct order_payment payment;
		struct order o;

		if (!order_find(r, open[i].id, &o))
			break;
		if (order_pay(r, &o, &payment))	/* again is harmless: its key */
			order_refresh(r, &o);
		call_forgive(r);
		done += o.status != ORDER_AWAITING_PAYMENT;
	}
	return done;
}

int64_t
orders_expire(struct request *r, int limit)
{
	size_t n;
	struct open *open = find(r, &find_expired, limit, &n);
	int64_t done = 0;

	for (size_t i = 0; open != NULL && i < n; i++) {
		struct order o;

		if (!order_find(r, open[i].id, &o) || !order_refresh(r, &o))
			break;
		call_forgive(r);
		if (o.status != ORDER_AWAITING_PAYMENT || !step_begin(r))
			continue;
		if (order_end(r, open[i].id, ORDER_EXPIRED) && step_end(r))
			done++;
		else
			step_undo(r);
	}
	return done;
}
