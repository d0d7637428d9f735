/*
 * orders: from a cart to a parcel.
 *
 * Checkout goes in steps, each committed where it belongs (ARCHITECTURE.md 7):
 * the order's row, the hold of the stock, the payment. Every step may come
 * twice; what a crash leaves half done is finished or undone by the retry with
 * the same key or by cron/expire_orders.
 *
 *	quote.c     the cart at today's prices, with its delivery
 *	place.c     step 1: the row, with everything frozen
 *	checkout.c  the page for it; draft.c: what was typed so far
 *	steps.c     steps 2 and 3, and undoing them
 *	payment.c   step 4, and step 5: what payments says of an order
 *	order.c     an order shown and told; manage.c: cancel, ship
 *	order_table.c  lists, and staff's table; saved_view.c, bulk.c: about it
 *	saved_address.c  where a customer's parcels go
 *	lookup.c    a guest's way to an order, and out of it
 *	finish.c    the work of the finisher
 */
#ifndef ZOCO_CGI_ORDERS_H
#define ZOCO_CGI_ORDERS_H

#include "web/app.h"

extern const struct program orders_program;
extern const struct person_part orders_person;
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
	int32_t position, quantity, tax_rate;	/* tax_rate 2100 is 21 % */
	int64_t unit, total, tax;		/* gross, gross, the tax in total */
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
	struct json_object *shipping_address, *billing_address;
	struct json_object *lines, *timeline, *shipments, *payment;
};
extern const struct schema order_schema;

/* Where a parcel or a bill goes. */
struct address {
	const char *name, *line1, *line2, *postcode, *city, *country, *phone;
};

#define ADDRESS_FIELDS(s_type, is_required, country_preset) \
	FIELD_TEXT(s_type, name, .required = is_required, .max = 100), \
	FIELD_TEXT(s_type, line1, .required = is_required, .max = 200), \
	FIELD_TEXT(s_type, line2, .max = 200), \
	FIELD_TEXT(s_type, postcode, .required = is_required, .max = 12), \
	FIELD_TEXT(s_type, city, .required = is_required, .max = 100), \
	FIELD_TEXT(s_type, country, .required = is_required, .min = 2, .max = 2, \
	    .preset = country_preset), \
	FIELD_TEXT(s_type, phone, .max = 30)

extern const struct schema address_schema;

/* As JSON text, the arena's; NULL for none. */
const char *order_address_text(struct request *, const struct address *);

/* What orders asks payments about. */
struct order_payment {
	struct uuid id, order_id;
	int32_t attempt;
	const char *status, *provider;
	int64_t captured, amount;
	struct json_object *next_action;
};
extern const struct schema order_payment_schema;

struct shipping_option {
	const char *code, *name;
	struct money amount;
	bool is_chosen;
};
extern const struct schema shipping_option_schema;

/* A cart as it would be ordered now; gross, the tax is in it. */
struct quote {
	const char *cart_key;
	struct order_line *lines;
	size_t lines_n;
	struct shipping_option *options;
	size_t options_n;
	struct money subtotal, shipping, tax, total;
	int32_t weight_g;
};
extern const struct schema quote_schema;

/*
 * Prices the asker's cart anew, with the delivery of that code (NULL: none yet).
 * False: cart-empty, out-of-stock with the lines that are no longer sold,
 * invalid where nothing is delivered so, or a failure.
 */
bool quote_make(struct request *, const char *country, const char *option,
    struct quote *);

/* As cart does: the customer's, or the hash of the guest's token; or NULL. */
const char *order_cart_key(struct request *);

/* The members of the checkout's form that were kept; else a customer's default
 * address, or their last order's; or NULL. The caller's. */
struct json_object *draft_read(struct request *);
void draft_drop(struct request *, const char *cart_key);

/* The addresses that the customer keeps, or one of them; NULL for none, or for a
 * guest. The caller's. */
struct json_object *saved_addresses(struct request *);
struct json_object *saved_address_of(struct request *, struct uuid id);
/* Keeps it too, within a transaction, if it is new and there is room. */
void saved_address_keep(struct request *, const struct address *);

/* The ways to pay in a country, as payments lists them; the one that is
 * `chosen` gets the member "is_chosen". False: out of reach. */
bool order_methods(struct request *, const char *country, const char *chosen,
    struct json_object **list);
/* False: it is not offered there (invalid), or that cannot be known. */
bool order_method_check(struct request *, const char *country,
    const char *method);

/* How long an order waits for this way of paying. */
int64_t order_minutes(const struct request *, const char *provider);
bool order_is_cash(const struct order *);

/* The order with its lines and timeline; false: there is none. */
bool order_find(struct request *, struct uuid id, struct order *);

/*
 * The same if the asker may have it: its owner, the bearer of its token (in
 * the address, a header or a cookie), or staff with the permission (NULL:
 * none will do). Else false, and 404 is set.
 */
bool order_find_own(struct request *, struct uuid id, const char *token,
    const char *permission, struct order *);

/* The guest's token of an order, and the cookie that carries it. */
const char *order_token(struct request *, struct uuid id);
void order_cookie(struct request *, struct uuid id);

/* An entry of the timeline, within the transaction; _once: not if it has it. */
void order_note(struct request *, struct uuid id, const char *kind,
    const char *detail);
bool order_note_once(struct request *, struct uuid id, const char *kind,
    const char *detail);
/* The event of a change, with all that others need to know. */
void order_tell(struct request *, enum event_type, const struct order *,
    struct json_object *instructions);

/* Steps after the row is there; each may come twice. False: see r. */
bool order_hold(struct request *, const struct order *);
bool order_pay(struct request *, const struct order *, struct order_payment *);
/* Goes on from wherever the order stands, up to its payment, and answers. */
int order_go_on(struct request *, struct order *);

/* Gives back hold and payment of an order that was never placed, then makes it
 * void. False: not now; it is still there to be undone later. */
bool order_undo(struct request *, struct uuid id);

/* Gives up the order's payments, or gives back what they took; none is good. */
bool order_close_payment(struct request *, struct uuid id);

/*
 * The provider's word on an order, from event, poll and finisher alike, within
 * a transaction. Money for an order that is no more is given back.
 */
bool order_mark_paid(struct request *, struct uuid id, int32_t attempt,
    int64_t captured);
bool order_mark_failed(struct request *, struct uuid id, int32_t attempt);
bool order_mark_authorized(struct request *, struct uuid id, int32_t attempt);

/* Asks payments about an awaiting order and applies the answer, in a step of
 * its own. False: it cannot be known now; see r. */
bool order_ask(struct request *, struct order *);
/* The same for a page, which stands also without an answer. */
bool order_refresh(struct request *, struct order *);

/* Where the shopper has to go on at the provider's; NULL: nowhere. */
const char *order_pay_url(const struct order *);

/* Ends an order that came to nothing, within a transaction. */
bool order_end(struct request *, struct uuid id, enum order_status);

/* The parcel has left, within a transaction. False: it cannot be sent. */
bool order_send(struct request *, struct uuid id, const char *carrier,
    const char *tracking, struct order *);

/* Sets what the page of the table says of the views of who is signed in. */
void views_set(struct request *, const char *query);

/* The finisher's work on up to `limit` orders each; adds to the counts. */
void orders_undo_placing(struct request *, int limit, int64_t *done,
    int64_t *failed);
void orders_ask_payments(struct request *, int limit, int64_t *done,
    int64_t *failed);
void orders_expire(struct request *, int limit, int64_t *done,
    int64_t *failed);
int64_t orders_due(struct request *);	/* how many that would concern */

/* Input of what an asker may have by a token. */
struct order_get {
	struct uuid id;
	const char *token;
};

extern const struct schema shipping_options_input, order_place_input,
    order_draft_input, order_list_input, order_get_input, order_id_input,
    lookup_input, withdrawal_form_input,
    withdrawal_input, ship_input, pay_again_input, checkout_page_input,
    checkout_details_input, checkout_delivery_input, order_card_schema,
    bulk_ship_input, bulk_cancel_input, bulk_schema, view_add_input,
    view_id_input, view_schema, again_schema, saved_address_schema,
    saved_address_add_input, saved_address_put_input, saved_address_id_input;
extern const struct db_rule view_rules[];

int shipping_option_list(struct request *);
int order_place(struct request *);
int checkout_page(struct request *);
int checkout_totals(struct request *);
int checkout_details(struct request *);
int checkout_delivery(struct request *);
int delivery_estimate(struct request *);
int checkout_form(struct request *);
int order_list(struct request *);
int order_list_own(struct request *);
int order_table(struct request *);
int order_csv(struct request *);
int bulk_review(struct request *);
int bulk_ship(struct request *);
int bulk_cancel(struct request *);
int view_list(struct request *);
int view_add(struct request *);
int view_drop(struct request *);
int saved_address_list(struct request *);
int saved_address_add(struct request *);
int saved_address_put(struct request *);
int saved_address_drop(struct request *);
int saved_address_new(struct request *);
int saved_address_page(struct request *);
int order_get(struct request *);
int order_page(struct request *);
int order_cancel(struct request *);
int order_again(struct request *);
int order_lookup(struct request *);
int order_withdraw(struct request *);
int withdrawal_review(struct request *);
int withdrawal_form(struct request *);
int page_show(struct request *);
int desk(struct request *);
int order_ship(struct request *);
int order_pay_again(struct request *);
int order_pay_again_form(struct request *);

bool on_captured(struct request *, const struct event *);
bool on_failed(struct request *, const struct event *);
bool on_authorized(struct request *, const struct event *);
bool on_refunded(struct request *, const struct event *);
bool on_stock_short(struct request *, const struct event *);

#endif
