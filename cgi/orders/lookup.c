/*
 * What somebody without an account can do with an order's number and the
 * address it was placed with: see it, and withdraw from it, as EU law lets
 * them for 14 days without a reason.
 */
#include "orders.h"

#include <json-c/json.h>

#include "web/text.h"

struct lookup {
	const char *number, *email, *note;
};

#define LOOKUP_FIELDS \
	FIELD_TEXT(struct lookup, number, .required = true, .max = 20), \
	FIELD_TEXT(struct lookup, email, .required = true, .max = 254, \
	    .check = email_is_valid, .format = "email")

SCHEMA(lookup_input, struct lookup, LOOKUP_FIELDS);
SCHEMA(withdrawal_form_input, struct lookup, LOOKUP_FIELDS,
	FIELD_TEXT(struct lookup, note, .max = 500, .multiline = true,
	    .preset = ""));

struct found {
	struct uuid id;
};

static SCHEMA(found_schema, struct found,
	FIELD_UUID(struct found, id));

DB_QUERY(find_by_number, 2,
	"SELECT id FROM shop_order WHERE number = upper(trim($1))"
	" AND lower(email) = lower($2) AND status NOT IN ('placing', 'void')");

/* False: the same fault for both, so that it tells nobody which was wrong. */
static bool
find(struct request *r, const struct lookup *in, struct uuid *id)
{
	struct found found;

	if (db_one(r->db, &find_by_number, &found_schema, &found, P(in->number),
	    P(in->email))) {
		*id = found.id;
		return true;
	}
	if (!request_failed(r)) {
		problem_field(r, "number", "order", field_message(r, "order", 0, 0));
		problem(r, PROBLEM_INVALID);
	}
	return false;
}

int
order_lookup(struct request *r)
{
	struct uuid id;
	char text[UUID_TEXT_SIZE];

	if (!find(r, request_input(r), &id))
		return r->status;
	order_cookie(r, id);
	return reply_redirect(r, arena_printf(r->arena, "/orders/%s",
	    uuid_text(&id, text)));
}

/* Noted once, and its receipt mailed; staff then arrange the return. */
static bool
withdraw(struct request *r, struct uuid id, const char *note)
{
	struct order o;

	if (!order_find(r, id, &o))
		return false;
	if (o.status == ORDER_CANCELLED || o.status == ORDER_EXPIRED) {
		problem(r, PROBLEM_NOT_CANCELLABLE);
		return false;
	}
	if (order_note_once(r, id, "withdrawn", note))
		order_tell(r, EVENT_ORDER_WITHDRAWN, &o, NULL);
	return !request_failed(r);
}

struct withdrawal {
	struct uuid id;
	const char *token, *note;
};

SCHEMA(withdrawal_input, struct withdrawal,
	FIELD_UUID(struct withdrawal, id, .required = true),
	FIELD_TEXT(struct withdrawal, token, .max = 100),
	FIELD_TEXT(struct withdrawal, note, .max = 500, .multiline = true,
	    .preset = ""));

int
order_withdraw(struct request *r)
{
	const struct withdrawal *in = request_input(r);
	struct order o;

	if (!order_find_own(r, in->id, in->token, "orders.order.cancel", &o) ||
	    !withdraw(r, in->id, in->note))
		return r->status;
	order_find(r, in->id, &o);
	return reply(r, 201, &order_schema, &o);
}

/* The first of the two steps changes nothing: what was typed is read again. */
int
withdrawal_review(struct request *r)
{
	const struct lookup *in = request_input(r);
	struct uuid id;
	struct order o;

	if (!find(r, in, &id) || !order_find(r, id, &o))
		return r->status;
	page_set(r, "form", json_object_get(r->input_tree));
	return reply(r, 200, &order_schema, &o);
}

int
withdrawal_form(struct request *r)
{
	const struct lookup *in = request_input(r);
	struct uuid id;

	if (!find(r, in, &id) || !withdraw(r, id, in->note))
		return r->status;
	order_cookie(r, id);
	return reply_empty(r, 204);
}

int
page_show(struct request *r)
{
	return reply_json(r, 200, json_object_new_object());
}
