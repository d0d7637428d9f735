/*
 * orders: from a cart to a parcel.
 *
 * Checkout goes in steps, each committed where it belongs (ARCHITECTURE.md 7):
 * the order's row, the hold of the stock, the payment. Every step may come
 * twice; what a crash leaves half done is finished or undone by the retry with
 * the same key or by cron/expire_orders.
 */
#ifndef ZOCO_CGI_ORDERS_H
#define ZOCO_CGI_ORDERS_H

#include "web/app.h"

extern const struct program orders_program;
extern const struct route orders_routes[];

enum order_status {
	ORDER_PLACING, ORDER_AWAITING_PAYMENT, ORDER_CONFIRMED, ORDER_COMPLETED,
	ORDER_CANCELLED, ORDER_EXPIRED, ORDER_VOID,
};
enum paid_status {
	PAID_NONE, PAID_PENDING, PAID_AUTHORIZED, PAID_PAID, PAID_FAILED,
	PAID_REFUNDED,
};
extern const char *const order_statuses[], *const paid_statuses[];

struct order_line {
	struct uuid variant_id;
	const char *sku, *name, *options;
	int32_t position, quantity, tax_rate;
	int64_t unit, total, tax;
};
extern const struct schema order_line_schema;

struct order {
	struct uuid id, user_id;
	const char *number, *cart_key, *email, *name, *lang, *fulfilment_status;
	const char *payment_provider, *shipping_option, *note, *tracking, *token;
	enum order_status status;
	enum paid_status payment_status;
	int32_t payment_attempt;
	struct money subtotal, shipping, tax, total;
	int64_t placed_at, expires_at;
	struct json_object *shipping_address, *lines, *timeline, *payment;
};
extern const struct schema order_schema;

/* What orders asks payments about. */
struct order_payment {
	struct uuid id, order_id;
	int32_t attempt;
	const char *status, *provider;
	int64_t captured, amount;
	struct json_object *next_action;
};
extern const struct schema order_payment_schema;

/* The order with its lines and timeline; false: there is none. */
bool order_find(struct request *, struct uuid id, struct order *);

/* The same if the asker may see it (owner, token, staff); else 404 is set. */
bool order_find_own(struct request *, struct uuid id, const char *token,
    struct order *);

/* The guest's token of an order, and its link for mails. */
const char *order_token(struct request *, struct uuid id);
bool order_token_is_right(struct request *, struct uuid id, const char *token);

/* An entry of the timeline, within the transaction. */
void order_note(struct request *, struct uuid id, const char *kind,
    const char *detail);
/* The event of a change, with all that others need to know. */
void order_tell(struct request *, enum event_type, const struct order *,
    struct json_object *instructions);

/* Steps after the row is there; each may come twice. False: see r. */
bool order_hold(struct request *, const struct order *);
bool order_confirm(struct request *, struct order *,
    struct json_object *instructions);
bool order_void(struct request *, struct uuid id);
bool order_pay(struct request *, const struct order *, struct order_payment *);
/* Goes on from wherever the order stands, up to its payment. */
int order_go_on(struct request *, struct order *);

/*
 * The provider's word on an order, from event, poll and finisher alike; within
 * a transaction. Money for an order that is no more is given back.
 */
bool order_mark_paid(struct request *, struct uuid id, int64_t amount);
bool order_mark_failed(struct request *, struct uuid id, int32_t attempt);
bool order_mark_authorized(struct request *, struct uuid id);

/* Applies what payments says of an awaiting order, in steps of its own. */
bool order_refresh(struct request *, struct order *);

/* Ends an order that came to nothing, within a transaction. */
bool order_end(struct request *, struct uuid id, enum order_status);

/* The work of the finisher; counts what it did. */
int64_t orders_finish_half_done(struct request *, int limit);
int64_t orders_expire(struct request *, int limit);

extern const struct schema shipping_options_input, shipping_option_schema,
    order_place_input, order_list_input, order_get_input, order_id_input,
    ship_input, pay_again_input, checkout_page_input, order_card_schema;

int shipping_option_list(struct request *);
int order_place(struct request *);
int checkout_page(struct request *);
int checkout_form(struct request *);
int order_list(struct request *);
int order_list_own(struct request *);
int order_get(struct request *);
int order_page(struct request *);
int order_cancel(struct request *);
int order_ship(struct request *);
int order_pay_again(struct request *);
int order_pay_again_form(struct request *);

bool on_captured(struct request *, const struct event *);
bool on_failed(struct request *, const struct event *);
bool on_authorized(struct request *, const struct event *);
bool on_refunded(struct request *, const struct event *);

#endif
