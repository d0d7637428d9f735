/* A payment's life: made, told, captured, given back. */
#include "payments.h"

#include <json-c/json.h>

#include "db/sql.h"
#include "web/format.h"

const char *const payment_statuses[] = { "pending", "authorized", "captured",
	"failed", "cancelled", "refunded", NULL };

static SCHEMA(next_action_schema, struct next_action,
	FIELD_TEXT(struct next_action, type),
	FIELD_TEXT(struct next_action, url),
	FIELD_TEXT(struct next_action, reference),
	FIELD_TEXT(struct next_action, iban),
	FIELD_TEXT(struct next_action, holder));

SCHEMA(payment_schema, struct payment,
	FIELD_UUID(struct payment, id),
	FIELD_UUID(struct payment, order_id),
	FIELD_I32(struct payment, attempt),
	FIELD_TEXT(struct payment, order_number),
	FIELD_TEXT(struct payment, provider),
	FIELD_ENUM(struct payment, status, payment_statuses),
	FIELD_I64(struct payment, amount),
	FIELD_TEXT(struct payment, currency),
	FIELD_I64(struct payment, authorized),
	FIELD_I64(struct payment, captured),
	FIELD_I64(struct payment, refunded),
	FIELD_TEXT(struct payment, return_path),
	FIELD_TEXT(struct payment, lang),
	FIELD_TEXT(struct payment, reason),
	FIELD_TIME(struct payment, created_at),
	FIELD_OBJECT(struct payment, next_action, &next_action_schema));

#define PAYMENT_COLUMNS "id, order_id, attempt, order_number, provider, status," \
	" amount, currency, authorized, captured, refunded, return_path, lang," \
	" reason, created_at"

DB_QUERY(find_payment, 1,
	"SELECT " PAYMENT_COLUMNS " FROM payment WHERE id = $1::uuid");
DB_QUERY(find_newest, 1,
	"SELECT " PAYMENT_COLUMNS " FROM payment WHERE order_id = $1::uuid"
	" ORDER BY attempt DESC LIMIT 1");
DB_QUERY(find_attempt, 2,
	"SELECT " PAYMENT_COLUMNS " FROM payment WHERE order_id = $1::uuid"
	" AND attempt = $2::int");
DB_QUERY(put_payment, 9,
	"INSERT INTO payment (id, order_id, attempt, order_number, provider, amount,"
	" currency, return_path, lang) VALUES ($1::uuid, $2::uuid, $3::int, $4, $5,"
	" $6::bigint, $7, $8, $9)"
	" ON CONFLICT ON CONSTRAINT payment_order_attempt_key DO NOTHING"
	" RETURNING " PAYMENT_COLUMNS);
DB_QUERY(put_event, 4,
	"INSERT INTO payment_event (provider, event_id, payment_id, kind)"
	" VALUES ($1, $2, $3::uuid, $4)"
	" ON CONFLICT ON CONSTRAINT payment_event_pkey DO NOTHING");
DB_QUERY(put_entry, 5,
	"INSERT INTO payment_entry (id, payment_id, kind, amount, actor)"
	" VALUES ($1::uuid, $2::uuid, $3, $4::bigint, $5)");
DB_QUERY(set_authorized, 1,
	"UPDATE payment SET status = 'authorized', authorized = amount"
	" WHERE id = $1::uuid AND status = 'pending' RETURNING " PAYMENT_COLUMNS);
/* Late money is money: also what had failed or was given up is captured. */
DB_QUERY(set_captured, 2,
	"UPDATE payment SET status = 'captured', authorized = amount,"
	" captured = captured + $2::bigint WHERE id = $1::uuid"
	" AND status IN ('pending', 'authorized', 'failed', 'cancelled')"
	" AND captured + $2::bigint <= amount RETURNING " PAYMENT_COLUMNS);
DB_QUERY(set_failed, 2,
	"UPDATE payment SET status = 'failed', reason = $2"
	" WHERE id = $1::uuid AND status = 'pending' RETURNING " PAYMENT_COLUMNS);
DB_QUERY(set_cancelled, 1,
	"UPDATE payment SET status = 'cancelled' WHERE id = $1::uuid"
	" AND status IN ('pending', 'authorized', 'failed') AND captured = 0"
	" RETURNING " PAYMENT_COLUMNS);
DB_QUERY(set_refunded, 2,
	"UPDATE payment SET refunded = refunded + $2::bigint,"
	" status = CASE WHEN refunded + $2::bigint = captured THEN 'refunded'"
	"  ELSE status END"
	" WHERE id = $1::uuid AND refunded + $2::bigint <= captured"
	" RETURNING " PAYMENT_COLUMNS);
DB_QUERY(list_of_order, 1,
	"SELECT " PAYMENT_COLUMNS " FROM payment WHERE order_id = $1::uuid"
	" ORDER BY attempt LIMIT 50");

bool
payment_find(struct request *r, struct uuid id, struct payment *payment)
{
	return db_one(r->db, &find_payment, &payment_schema, payment, P(id));
}

bool
payment_find_newest(struct request *r, struct uuid order_id,
    struct payment *payment)
{
	return db_one(r->db, &find_newest, &payment_schema, payment, P(order_id));
}

void
payment_tell(struct request *r, enum event_type type,
    const struct payment *payment)
{
	event_emit(r, type, payment->order_id, &payment_schema, payment);
}

static void
enter(struct request *r, const struct payment *payment, const char *kind,
    int64_t amount)
{
	db_exec(r->db, &put_entry, P(uuid_new()), P(payment->id), P(kind),
	    P(amount), P(r->actor));
}

static void
change(struct request *r, const struct provider_word *word)
{
	struct payment payment;

	switch (word->status) {
	case PAYMENT_AUTHORIZED:
		if (!db_one(r->db, &set_authorized, &payment_schema, &payment,
		    P(word->payment_id)))
			return;
		enter(r, &payment, "authorized", payment.amount);
		payment_tell(r, EVENT_PAYMENT_AUTHORIZED, &payment);
		break;
	case PAYMENT_CAPTURED:
		if (!db_one(r->db, &set_captured, &payment_schema, &payment,
		    P(word->payment_id), P(word->amount)))
			return;
		enter(r, &payment, "captured", word->amount);
		payment_tell(r, EVENT_PAYMENT_CAPTURED, &payment);
		break;
	case PAYMENT_FAILED:
		if (db_one(r->db, &set_failed, &payment_schema, &payment,
		    P(word->payment_id), P(word->reason)))
			payment_tell(r, EVENT_PAYMENT_FAILED, &payment);
		break;
	default:
		break;
	}
}

bool
payment_apply(struct request *r, const struct provider *provider,
    const struct provider_word *word)
{
	if (!step_begin(r))
		return false;
	if (db_exec(r->db, &put_event, P(provider->name), P(word->event_id),
	    P(word->payment_id), P(payment_statuses[word->status])))
		change(r, word);
	return step_end(r);
}

bool
payment_refresh(struct request *r, struct payment *payment)
{
	const struct provider *provider = provider_find(r, payment->provider);
	struct next_action *next = payment->next_action;
	struct provider_word word;

	if (provider == NULL || provider->fetch == NULL ||
	    (payment->status != PAYMENT_PENDING &&
	    payment->status != PAYMENT_FAILED) ||
	    !provider->fetch(r, payment, &word))
		return !request_failed(r);
	if (!payment_apply(r, provider, &word) ||
	    !payment_find(r, payment->id, payment))
		return false;
	payment->next_action = next;
	return true;
}

static bool
undo(struct request *r, const struct payment *payment)
{
	const struct provider *provider = provider_find(r, payment->provider);
	int64_t left = payment->captured - payment->refunded;
	struct payment changed;

	if (provider != NULL && provider->undo != NULL)
		provider->undo(r, payment);
	if (left > 0 && db_one(r->db, &set_refunded, &payment_schema, &changed,
	    P(payment->id), P(left))) {
		enter(r, &changed, "refunded", left);
		payment_tell(r, EVENT_PAYMENT_REFUNDED, &changed);
	} else if (db_one(r->db, &set_cancelled, &payment_schema, &changed,
	    P(payment->id))) {
		enter(r, &changed, "cancelled", changed.authorized);
		payment_tell(r, EVENT_PAYMENT_CANCELLED, &changed);
	}
	return !request_failed(r);
}

bool
payments_undo(struct request *r, struct uuid order_id)
{
	struct payment *payments;
	size_t n;

	if (!db_all(r->db, &list_of_order, &payment_schema, &payments, &n,
	    P(order_id)))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!undo(r, &payments[i]))
			return false;
	return true;
}

bool
on_order_undone(struct request *r, const struct event *event)
{
	return payments_undo(r, event->subject);
}

struct payment_put {
	struct uuid order_id;
	int32_t attempt;
	const char *provider, *currency, *order_number, *return_path, *lang;
	int64_t amount;
};

SCHEMA(payment_put_input, struct payment_put,
	FIELD_UUID(struct payment_put, order_id, .required = true),
	FIELD_I32(struct payment_put, attempt, .required = true, .min = 1,
	    .max = 100),
	FIELD_TEXT(struct payment_put, provider, .required = true, .max = 50),
	FIELD_I64(struct payment_put, amount, .required = true, .min = 1,
	    .max = 1000000000000),
	FIELD_TEXT(struct payment_put, currency, .required = true, .max = 3),
	FIELD_TEXT(struct payment_put, order_number, .required = true, .max = 30),
	FIELD_TEXT(struct payment_put, return_path, .required = true, .max = 200),
	FIELD_TEXT(struct payment_put, lang, .required = true, .max = 2));

/* The row first, committed; then the provider, with the row's id as its key. */
int
payment_put(struct request *r)
{
	const struct payment_put *in = request_input(r);
	const struct provider *provider = provider_find(r, in->provider);
	struct payment payment;

	if (provider == NULL)
		return problem(r, PROBLEM_CONFLICT);
	if (!step_begin(r))
		return 0;
	if (db_one(r->db, &put_payment, &payment_schema, &payment, P(uuid_new()),
	    P(in->order_id), P(in->attempt), P(in->order_number), P(in->provider),
	    P(in->amount), P(in->currency), P(in->return_path), P(in->lang)))
		payment_tell(r, EVENT_PAYMENT_CREATED, &payment);
	if (!step_end(r) || !db_one(r->db, &find_attempt, &payment_schema,
	    &payment, P(in->order_id), P(in->attempt)))
		return 0;
	if (!provider->create(r, &payment)) {
		if (request_failed(r))
			return 0;
		payment.next_action = arena_new_of(r->arena, struct next_action);
		payment.next_action->type = "wait";
	}
	if (!payment_refresh(r, &payment))
		return 0;
	return reply(r, 200, &payment_schema, &payment);
}

struct order_id {
	struct uuid order_id;
};

SCHEMA(order_id_input, struct order_id,
	FIELD_UUID(struct order_id, order_id, .required = true));

int
payment_of_order(struct request *r)
{
	const struct order_id *in = request_input(r);
	const struct provider *provider;
	struct payment payment;

	if (!payment_find_newest(r, in->order_id, &payment))
		return problem(r, PROBLEM_NOT_FOUND);
	if ((provider = provider_find(r, payment.provider)) != NULL &&
	    payment.status == PAYMENT_PENDING)
		provider->create(r, &payment);
	if (!payment_refresh(r, &payment))
		return 0;
	return reply(r, 200, &payment_schema, &payment);
}

int
payment_cancel_order(struct request *r)
{
	const struct order_id *in = request_input(r);
	struct payment payment;

	if (!payments_undo(r, in->order_id) ||
	    !payment_find_newest(r, in->order_id, &payment))
		return problem(r, PROBLEM_NOT_FOUND);
	return reply(r, 200, &payment_schema, &payment);
}

struct payment_id {
	struct uuid id;
};

SCHEMA(payment_id_input, struct payment_id,
	FIELD_UUID(struct payment_id, id, .required = true));

int
payment_get(struct request *r)
{
	const struct payment_id *in = request_input(r);
	struct payment payment;

	if (!payment_find(r, in->id, &payment))
		return problem(r, PROBLEM_NOT_FOUND);
	return reply(r, 200, &payment_schema, &payment);
}

/* 404 or 409, when a conditional change touched nothing. */
static int
refused(struct request *r, struct uuid id)
{
	struct payment payment;

	return problem(r, payment_find(r, id, &payment) ? PROBLEM_CONFLICT :
	    PROBLEM_NOT_FOUND);
}

struct capture {
	struct uuid id;
	int64_t amount;
	bool has_amount;
};

SCHEMA(capture_input, struct capture,
	FIELD_UUID(struct capture, id, .required = true),
	FIELD_I64(struct capture, amount, .min = 1, .max = 1000000000000,
	    HAS(struct capture, has_amount)));

int
payment_capture(struct request *r)
{
	const struct capture *in = request_input(r);
	struct payment payment;
	int64_t amount;

	if (!payment_find(r, in->id, &payment))
		return problem(r, PROBLEM_NOT_FOUND);
	amount = in->has_amount ? in->amount : payment.amount - payment.captured;
	if (!db_one(r->db, &set_captured, &payment_schema, &payment, P(in->id),
	    P(amount)))
		return refused(r, in->id);
	enter(r, &payment, "captured", amount);
	payment_tell(r, EVENT_PAYMENT_CAPTURED, &payment);
	return reply(r, 200, &payment_schema, &payment);
}

int
payment_cancel(struct request *r)
{
	const struct payment_id *in = request_input(r);
	struct payment payment;

	if (!db_one(r->db, &set_cancelled, &payment_schema, &payment, P(in->id)))
		return refused(r, in->id);
	enter(r, &payment, "cancelled", payment.authorized);
	payment_tell(r, EVENT_PAYMENT_CANCELLED, &payment);
	return reply(r, 200, &payment_schema, &payment);
}

struct refund {
	struct uuid id;
	int64_t amount;
	bool has_amount;
	const char *reason;
};

SCHEMA(refund_input, struct refund,
	FIELD_UUID(struct refund, id, .required = true),
	FIELD_I64(struct refund, amount, .min = 1, .max = 1000000000000,
	    HAS(struct refund, has_amount)),
	FIELD_TEXT(struct refund, reason, .required = true, .max = 500));

int
payment_refund(struct request *r)
{
	const struct refund *in = request_input(r);
	struct payment payment;
	int64_t amount;

	if (!payment_find(r, in->id, &payment))
		return problem(r, PROBLEM_NOT_FOUND);
	amount = in->has_amount ? in->amount :
	    payment.captured - payment.refunded;
	if (amount == 0 || !db_one(r->db, &set_refunded, &payment_schema,
	    &payment, P(in->id), P(amount)))
		return refused(r, in->id);
	enter(r, &payment, "refunded", amount);
	payment_tell(r, EVENT_PAYMENT_REFUNDED, &payment);
	return reply(r, 201, &payment_schema, &payment);
}

struct payment_list {
	int status;
	bool has_status;
	const char *after;
	int32_t limit;
};

SCHEMA(payment_list_input, struct payment_list,
	FIELD_ENUM(struct payment_list, status, payment_statuses,
	    HAS(struct payment_list, has_status)),
	FIELD_TEXT(struct payment_list, after, .max = 300),
	FIELD_I32(struct payment_list, limit, .min = 1, .max = 100,
	    .preset = "20"));

/* What only the staff's page shows of each row. */
static void
add_texts(struct request *r, const struct payment *rows, size_t n)
{
	struct json_object *items, *item;
	char text[FORMAT_SIZE];

	json_object_object_get_ex(r->json, "items", &items);
	for (size_t i = 0; i < n; i++) {
		struct money money = { .amount = rows[i].amount };

		snprintf(money.currency, sizeof(money.currency), "%s",
		    rows[i].currency);
		item = json_object_array_get_idx(items, i);
		json_object_object_add(item, "amount_text", json_object_new_string(
		    format_money(&money, r->lang, text, sizeof(text))));
		json_object_object_add(item, "is_capturable",
		    json_object_new_boolean((rows[i].status == PAYMENT_PENDING ||
		    rows[i].status == PAYMENT_AUTHORIZED) &&
		    !str_eq(rows[i].provider, "demo_card")));
	}
}

int
payment_list(struct request *r)
{
	const struct payment_list *in = request_input(r);
	const char *next = NULL;
	struct payment *rows;
	struct uuid id;
	struct sql sql;
	size_t n;

	sql_start(&sql, r->arena, "SELECT " PAYMENT_COLUMNS " FROM payment"
	    " WHERE true");
	if (in->has_status)
		sql_add(&sql, " AND status = ?", P(payment_statuses[in->status]));
	if (in->after != NULL) {
		if (!cursor_read_id(r, in->after, &id))
			return r->status;
		sql_add(&sql, " AND id < ?::uuid", P(id));
	}
	sql_add(&sql, " ORDER BY id DESC LIMIT ?::int", P(in->limit + 1));
	if (!sql_all(r->db, &sql, &payment_schema, (void **)&rows, &n))
		return 0;
	if (n > (size_t)in->limit)
		next = cursor_make_id(r, rows[--n - 1].id);
	reply_list(r, &payment_schema, rows, n, next);
	if (r->route->kind == KIND_PAGE)
		add_texts(r, rows, n);
	return r->status;
}
