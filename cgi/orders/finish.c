/*
 * The finisher: what a crash left half done is finished or undone. What cannot
 * be done now (a callee is out of reach) stays as it is for the next run.
 */
#include "orders.h"

#include "web/call.h"

struct due {
	struct uuid id;
};

static SCHEMA(due_schema, struct due,
	FIELD_UUID(struct due, id));

#define IS_LEFT "status = 'placing' AND placed_at < now() - interval '2 minutes'"
/* Who pays by transfer takes days: asked by the hour, not by the minute. */
#define IS_UNSURE "status = 'awaiting_payment'" \
	" AND coalesce(checked_at, placed_at) < now() - CASE payment_provider" \
	"  WHEN 'bank_transfer' THEN interval '1 hour' ELSE interval '1 minute' END"
#define IS_OVER "status = 'awaiting_payment' AND expires_at < now()"

DB_QUERY(find_left, 1,
	"SELECT id FROM shop_order WHERE " IS_LEFT
	" ORDER BY coalesce(checked_at, placed_at) LIMIT $1::int");
DB_QUERY(find_unsure, 1,
	"SELECT id FROM shop_order WHERE " IS_UNSURE
	" ORDER BY coalesce(checked_at, placed_at) LIMIT $1::int");
DB_QUERY(find_over, 1,
	"SELECT id FROM shop_order WHERE " IS_OVER
	" ORDER BY coalesce(checked_at, placed_at) LIMIT $1::int");
DB_QUERY(count_due, 0,
	"SELECT count(*) FROM shop_order WHERE (" IS_LEFT ") OR (" IS_UNSURE ")"
	" OR (" IS_OVER ")");
DB_QUERY(set_checked, 1,
	"UPDATE shop_order SET checked_at = now() WHERE id = $1::uuid");

int64_t
orders_due(struct request *r)
{
	return db_integer(r->db, &count_due, 0);
}

/* Those first that were not asked about for longest, so that none waits for
 * one that cannot be finished. */
static void
each(struct request *r, const struct db_query *query, int limit,
    bool (*work)(struct request *, struct order *), int64_t *done,
    int64_t *failed)
{
	struct due *due;
	struct order o;
	size_t n;

	if (!db_all(r->db, query, &due_schema, &due, &n, P(limit)))
		return;
	for (size_t i = 0; i < n && !request_failed(r); i++) {
		enum order_status before;

		if (!order_find(r, due[i].id, &o))
			continue;
		before = o.status;
		db_exec(r->db, &set_checked, P(o.id));
		if (!work(r, &o)) {
			++*failed;
			call_forgive(r);
		} else if (o.status != before) {
			++*done;
		}
	}
}

/* Nobody came back for it. */
static bool
undo(struct request *r, struct order *o)
{
	return order_undo(r, o->id) && order_find(r, o->id, o);
}

void
orders_undo_placing(struct request *r, int limit, int64_t *done,
    int64_t *failed)
{
	each(r, &find_left, limit, undo, done, failed);
}

/* Step 4 where a crash left it out (again is harmless: its key), then 5. */
static bool
ask(struct request *r, struct order *o)
{
	struct order_payment payment;

	return (o->payment_status != PAID_PENDING || order_pay(r, o, &payment)) &&
	    order_ask(r, o);
}

void
orders_ask_payments(struct request *r, int limit, int64_t *done,
    int64_t *failed)
{
	each(r, &find_unsure, limit, ask, done, failed);
}

/* Asked once more, then the payment is closed, then the order. What is captured
 * even so comes as an event, and is given back. */
static bool
expire(struct request *r, struct order *o)
{
	if (!order_ask(r, o))
		return false;
	if (o->status != ORDER_AWAITING_PAYMENT)
		return true;
	if (!order_close_payment(r, o->id) || !step_begin(r))
		return false;
	order_end(r, o->id, ORDER_EXPIRED);
	return step_end(r) && order_find(r, o->id, o);
}

void
orders_expire(struct request *r, int limit, int64_t *done, int64_t *failed)
{
	each(r, &find_over, limit, expire, done, failed);
}
