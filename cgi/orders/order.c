/* An order: found, shown to whom it belongs, told to the others. */
#include "orders.h"

#include <json-c/json.h>

#include "crypto/key.h"
#include "crypto/token.h"
#include "base/clock.h"
#include "web/call.h"
#include "web/format.h"

#define COOKIE_AGE_S (30 * 86400)

const char *const order_statuses[] = { "placing", "awaiting_payment",
	"confirmed", "completed", "cancelled", "expired", "void", NULL };
const char *const paid_statuses[] = { "none", "pending", "authorized", "paid",
	"failed", "refunded", NULL };

SCHEMA(order_line_schema, struct order_line,
	FIELD_I32(struct order_line, position),
	FIELD_UUID(struct order_line, variant_id),
	FIELD_TEXT(struct order_line, sku),
	FIELD_TEXT(struct order_line, name),
	FIELD_TEXT(struct order_line, options),
	FIELD_I32(struct order_line, quantity),
	FIELD_I64(struct order_line, unit),
	FIELD_I64(struct order_line, total),
	FIELD_I32(struct order_line, tax_rate),
	FIELD_I64(struct order_line, tax));

SCHEMA(order_schema, struct order,
	FIELD_UUID(struct order, id),
	FIELD_TEXT(struct order, number),
	FIELD_UUID(struct order, user_id),
	FIELD_TEXT(struct order, cart_key, .secret = true),
	FIELD_TEXT(struct order, email),
	FIELD_TEXT(struct order, name),
	FIELD_TEXT(struct order, lang),
	FIELD_ENUM(struct order, status, order_statuses),
	FIELD_ENUM(struct order, payment_status, paid_statuses),
	FIELD_TEXT(struct order, fulfilment_status),
	FIELD_TEXT(struct order, payment_provider),
	FIELD_I32(struct order, payment_attempt),
	FIELD_TEXT(struct order, shipping_option),
	FIELD_JSON(struct order, shipping_address),
	FIELD_JSON(struct order, billing_address),
	FIELD_TEXT(struct order, note),
	FIELD_MONEY(struct order, subtotal),
	FIELD_MONEY(struct order, shipping),
	FIELD_MONEY(struct order, tax),
	FIELD_MONEY(struct order, total),
	FIELD_TEXT(struct order, tracking),
	FIELD_TIME(struct order, placed_at),
	FIELD_TIME(struct order, expires_at),
	FIELD_JSON(struct order, lines),
	FIELD_JSON(struct order, timeline),
	FIELD_JSON(struct order, shipments),
	FIELD_TEXT(struct order, token),
	FIELD_JSON(struct order, payment));

#define AS_RFC3339 "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'"

DB_QUERY(find_order, 1,
	"SELECT o.id, o.number, o.user_id, o.cart_key, o.email, o.name, o.lang,"
	" o.status, o.payment_status, o.fulfilment_status, o.payment_provider,"
	" o.payment_attempt, o.shipping_option, o.shipping_address,"
	" o.billing_address, o.note, o.subtotal, o.shipping, o.tax, o.total,"
	" o.placed_at, o.expires_at, o.currency,"
	" coalesce((SELECT s.tracking FROM shipment s WHERE s.order_id = o.id"
	"  ORDER BY s.shipped_at DESC LIMIT 1), '') AS tracking,"
	" coalesce((SELECT jsonb_agg(jsonb_build_object('carrier', s.carrier,"
	"  'tracking', s.tracking, 'at', to_char(s.shipped_at, " AS_RFC3339 "))"
	"  ORDER BY s.shipped_at) FROM shipment s WHERE s.order_id = o.id), '[]')"
	"  AS shipments,"
	" (SELECT jsonb_agg(jsonb_build_object('variant_id', l.variant_id,"
	"  'sku', l.sku, 'name', l.name, 'options', l.options, 'quantity',"
	"  l.quantity, 'unit', l.unit, 'total', l.total, 'tax', l.tax,"
	"  'currency', o.currency) ORDER BY l.position) FROM order_line l"
	"  WHERE l.order_id = o.id) AS lines,"
	" coalesce((SELECT jsonb_agg(jsonb_build_object('kind', e.kind, 'detail',"
	"  e.detail, 'at', to_char(e.at, " AS_RFC3339 "))"
	"  ORDER BY e.id) FROM order_entry e WHERE e.order_id = o.id), '[]')"
	"  AS timeline"
	" FROM shop_order o WHERE o.id = $1::uuid");

bool
order_find(struct request *r, struct uuid id, struct order *order)
{
	return db_one(r->db, &find_order, &order_schema, order, P(id));
}

static const struct key *
token_key(struct request *r)
{
	static const struct key *key;	/* read once in a worker's life */

	if (key == NULL)
		key = app_key(r->app, "order-token");
	return key;
}

static const char *
token_text(struct request *r, struct uuid id)
{
	char text[UUID_TEXT_SIZE];

	return arena_printf(r->arena, "order:%s", uuid_text(&id, text));
}

const char *
order_token(struct request *r, struct uuid id)
{
	char *mac = arena_alloc(r->arena, DIGEST_BASE64URL_SIZE);

	return mac_base64url(token_key(r), token_text(r, id), mac);
}

static bool
token_is_right(struct request *r, struct uuid id, const char *token)
{
	return token != NULL && token[0] != '\0' &&
	    mac_verify(token_key(r), token_text(r, id), token);
}

/* A cookie an order; a few of them at most, each for a month. */
static const char *
cookie_name(struct request *r, struct uuid id)
{
	char text[UUID_TEXT_SIZE];

	return arena_printf(r->arena, "zoco_order_%.8s",
	    uuid_text(&id, text) + 28);
}

void
order_cookie(struct request *r, struct uuid id)
{
	reply_cookie(r, cookie_name(r, id), order_token(r, id), COOKIE_AGE_S, "/");
}

static bool
is_known(struct request *r, struct uuid id, const char *token,
    const char *permission)
{
	return token_is_right(r, id, token) ||
	    token_is_right(r, id, request_env(r, "HTTP_X_ORDER_TOKEN")) ||
	    token_is_right(r, id, request_cookie(r, cookie_name(r, id))) ||
	    (r->session != NULL && permission != NULL &&
	    session_may(r->session, permission));
}

bool
order_find_own(struct request *r, struct uuid id, const char *token,
    const char *permission, struct order *order)
{
	if (order_find(r, id, order) && order->status != ORDER_PLACING &&
	    order->status != ORDER_VOID && (is_known(r, id, token, permission) ||
	    (r->session != NULL &&
	    uuid_equal(&order->user_id, &r->session->user_id))))
		return true;
	if (!request_failed(r))
		problem(r, PROBLEM_NOT_FOUND);
	return false;
}

DB_QUERY(put_entry, 5,
	"INSERT INTO order_entry (id, order_id, kind, detail, actor)"
	" VALUES ($1::uuid, $2::uuid, $3, $4, $5)");

void
order_note(struct request *r, struct uuid id, const char *kind,
    const char *detail)
{
	db_exec(r->db, &put_entry, P(uuid_new()), P(id), P(kind), P(detail),
	    P(r->actor));
}

DB_QUERY(put_entry_once, 5,
	"INSERT INTO order_entry (id, order_id, kind, detail, actor)"
	" SELECT $1::uuid, $2::uuid, $3, $4, $5 WHERE NOT EXISTS (SELECT"
	"  FROM order_entry WHERE order_id = $2::uuid AND kind = $3"
	"  AND detail = $4)");

bool
order_note_once(struct request *r, struct uuid id, const char *kind,
    const char *detail)
{
	return db_exec(r->db, &put_entry_once, P(uuid_new()), P(id), P(kind),
	    P(detail), P(r->actor));
}

struct told {
	struct uuid order_id;
	const char *number, *status, *payment_status, *fulfilment_status, *currency;
	const char *payment_provider, *lang, *cart_key, *tracking;
	const char *email, *name, *order_url;
	int64_t subtotal, shipping, tax, total;
	struct json_object *lines, *instructions, *shipping_address;
};

static SCHEMA(told_schema, struct told,
	FIELD_UUID(struct told, order_id),
	FIELD_TEXT(struct told, number),
	FIELD_TEXT(struct told, status),
	FIELD_TEXT(struct told, payment_status),
	FIELD_TEXT(struct told, fulfilment_status),
	FIELD_TEXT(struct told, currency),
	FIELD_TEXT(struct told, payment_provider),
	FIELD_TEXT(struct told, lang),
	FIELD_TEXT(struct told, cart_key),
	FIELD_TEXT(struct told, tracking),
	FIELD_I64(struct told, subtotal),
	FIELD_I64(struct told, shipping),
	FIELD_I64(struct told, tax),
	FIELD_I64(struct told, total),
	FIELD_JSON(struct told, lines),
	FIELD_JSON(struct told, instructions),
	FIELD_TEXT(struct told, email, .personal = true),
	FIELD_TEXT(struct told, name, .personal = true),
	FIELD_TEXT(struct told, order_url, .personal = true),
	FIELD_JSON(struct told, shipping_address, .personal = true));

void
order_tell(struct request *r, enum event_type type, const struct order *o,
    struct json_object *instructions)
{
	char id[UUID_TEXT_SIZE];
	struct told told = {
		.order_id = o->id, .number = o->number,
		.status = order_statuses[o->status],
		.payment_status = paid_statuses[o->payment_status],
		.fulfilment_status = o->fulfilment_status,
		.currency = o->total.currency,
		.payment_provider = o->payment_provider, .lang = o->lang,
		.cart_key = o->cart_key, .tracking = o->tracking,
		.subtotal = o->subtotal.amount, .shipping = o->shipping.amount,
		.tax = o->tax.amount, .total = o->total.amount,
		.lines = o->lines, .instructions = instructions,
		.email = o->email, .name = o->name,
		.shipping_address = o->shipping_address,
		.order_url = arena_printf(r->arena, "%s/%s/orders/%s?token=%s",
		    r->app->conf->base_url, o->lang, uuid_text(&o->id, id),
		    order_token(r, o->id)),
	};

	event_emit(r, type, o->id, &told_schema, &told);
}

/* "unit" and "total" of the lines get texts, for pages. */
static void
add_line_texts(struct request *r, struct json_object *lines)
{
	static const char *const names[] = { "unit", "total" };
	char text[FORMAT_SIZE];

	for (size_t i = 0; lines != NULL && i < json_object_array_length(lines); i++)
		for (size_t k = 0; k < ARRAY_LEN(names); k++) {
			struct json_object *line = json_object_array_get_idx(lines, i);
			struct json_object *value, *currency;
			struct money money = { .amount = 0 };

			json_object_object_get_ex(line, names[k], &value);
			json_object_object_get_ex(line, "currency", &currency);
			money.amount = json_object_get_int64(value);
			snprintf(money.currency, sizeof(money.currency), "%s",
			    json_object_get_string(currency));
			json_object_object_add(line,
			    k == 0 ? "unit_text" : "total_text",
			    json_object_new_string(format_money(&money, r->lang, text,
			    sizeof(text))));
		}
}

/* "at" of the timeline gets a text, too. */
static void
add_time_texts(struct request *r, struct json_object *timeline)
{
	for (size_t i = 0; i < json_object_array_length(timeline); i++) {
		struct json_object *entry = json_object_array_get_idx(timeline, i);
		struct json_object *at;
		char text[FORMAT_SIZE];
		int64_t us;

		if (json_object_object_get_ex(entry, "at", &at) &&
		    clock_parse_rfc3339(json_object_get_string(at), &us))
			json_object_object_add(entry, "at_text",
			    json_object_new_string(format_datetime(us, r->lang, text,
			    sizeof(text))));
	}
}

static void
set_flag(struct request *r, const char *name, bool value)
{
	page_set(r, name, json_object_new_boolean(value));
}

/* What a page wants to know in one word each. */
static void
set_page(struct request *r, const struct order *o)
{
	bool is_awaiting = o->status == ORDER_AWAITING_PAYMENT;
	bool is_failed = is_awaiting && o->payment_status == PAID_FAILED;
	bool is_here = str_eq(o->fulfilment_status, "unfulfilled");
	const char *url = is_awaiting && !is_failed ? order_pay_url(o) : NULL;
	struct json_object *methods, *country;

	add_line_texts(r, o->lines);
	add_time_texts(r, o->timeline);
	set_flag(r, "can_pay", is_failed);
	set_flag(r, "can_cancel", is_here &&
	    (is_awaiting || o->status == ORDER_CONFIRMED));
	set_flag(r, "can_ship", is_here && o->status == ORDER_CONFIRMED &&
	    (o->payment_status == PAID_PAID ||
	    o->payment_status == PAID_AUTHORIZED));
	set_flag(r, "is_waiting", is_awaiting && !is_failed);
	set_flag(r, "is_checking", is_awaiting && !is_failed && url == NULL &&
	    !str_eq(o->payment_provider, "bank_transfer"));
	if (url != NULL)
		page_set(r, "pay_url", json_object_new_string(url));
	if (!is_failed)
		return;
	json_object_object_get_ex(o->shipping_address, "country", &country);
	if (order_methods(r, json_object_get_string(country),
	    o->payment_provider, &methods))
		page_set(r, "methods", json_object_get(methods));
	else
		call_forgive(r);
}

SCHEMA(order_get_input, struct order_get,
	FIELD_UUID(struct order_get, id, .required = true),
	FIELD_TEXT(struct order_get, token, .max = 100));

int
order_get(struct request *r)
{
	const struct order_get *in = request_input(r);
	struct order order;

	if (!order_find_own(r, in->id, in->token, "orders.order.read", &order) ||
	    !order_refresh(r, &order))
		return r->status;
	if (r->route->kind == KIND_PAGE)
		set_page(r, &order);
	return reply(r, 200, &order_schema, &order);
}

/* A token in the address is swapped for a cookie, so that it stays nowhere. */
int
order_page(struct request *r)
{
	const struct order_get *in = request_input(r);
	char id[UUID_TEXT_SIZE];

	if (in->token != NULL && token_is_right(r, in->id, in->token)) {
		order_cookie(r, in->id);
		return reply_redirect(r, arena_printf(r->arena, "/orders/%s",
		    uuid_text(&in->id, id)));
	}
	return order_get(r);
}
