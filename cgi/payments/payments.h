/*
 * payments: what was asked for, what providers say, what moved.
 *
 * A payment is one attempt to pay one order. Its row is committed before the
 * provider hears of it, and the provider hears its id as idempotency key; so a
 * crash never pays twice. Webhook, return page and poll all end in
 * payment_apply().
 */
#ifndef ZOCO_CGI_PAYMENTS_H
#define ZOCO_CGI_PAYMENTS_H

#include "web/app.h"

extern const struct program payments_program;
extern const struct route payments_routes[];

enum payment_status {
	PAYMENT_PENDING, PAYMENT_AUTHORIZED, PAYMENT_CAPTURED, PAYMENT_FAILED,
	PAYMENT_CANCELLED, PAYMENT_REFUNDED,
};
extern const char *const payment_statuses[];

/* What the shopper has to do next. */
struct next_action {
	const char *type;	/* none, redirect, wait, instructions */
	const char *url, *reference, *iban, *holder;
};

struct payment {
	struct uuid id, order_id;
	int32_t attempt;
	const char *order_number, *provider, *currency, *return_path, *lang, *reason;
	enum payment_status status;
	int64_t amount, authorized, captured, refunded, created_at;
	struct next_action *next_action;
};
extern const struct schema payment_schema;

/* Something a provider has told us, by webhook or when asked. */
struct provider_word {
	const char *event_id;
	struct uuid payment_id;
	enum payment_status status;
	int64_t amount;
	const char *currency, *reason;
};

/* A way to pay. Functions that are NULL do not exist for it. */
struct provider {
	const char *name;
	bool is_offline;	/* no page of its own: the order just waits */
	bool demo_only;
	/* Is it set up, so that it can be offered? */
	bool (*is_ready)(struct request *);
	/* Tells the provider of the payment, with its id as key; may come twice.
	 * Fills next_action. False: unknown outcome, ask later. */
	bool (*create)(struct request *, struct payment *);
	/* Its present word on the payment; false: nothing to tell. */
	bool (*fetch)(struct request *, const struct payment *,
	    struct provider_word *);
	/* Gives back what was captured, or voids; within our transaction. */
	bool (*undo)(struct request *, const struct payment *);
	/* Is the raw body signed by the provider, now? And what does it say? */
	bool (*verify_webhook)(struct request *);
	bool (*parse_webhook)(struct request *, struct provider_word *);
};

extern const struct provider bank_transfer, cash_on_delivery, demo_card;

/* The provider of that name that this shop offers, or NULL. */
const struct provider *provider_find(struct request *, const char *name);

bool payment_find(struct request *, struct uuid id, struct payment *);
bool payment_find_newest(struct request *, struct uuid order_id,
    struct payment *);

/*
 * Takes a provider's word in a transaction of its own; each word once, in any
 * order, any number of times. False: the database is away.
 */
bool payment_apply(struct request *, const struct provider *,
    const struct provider_word *);

/* Asks the provider about a pending payment and applies the answer. */
bool payment_refresh(struct request *, struct payment *);

/* Voids or refunds all payments of an order; within a transaction. */
bool payments_undo(struct request *, struct uuid order_id);

/* The event of a payment that has just become what it is. */
void payment_tell(struct request *, enum event_type, const struct payment *);

extern const struct schema methods_input, method_schema, payment_put_input,
    order_id_input, payment_id_input, payment_list_input, capture_input,
    refund_input, webhook_input, card_page_input, card_pay_input;

int method_list(struct request *);
int payment_put(struct request *);
int payment_of_order(struct request *);
int payment_cancel_order(struct request *);
int payment_get(struct request *);
int payment_list(struct request *);
int payment_capture(struct request *);
int payment_cancel(struct request *);
int payment_refund(struct request *);
int webhook(struct request *);
int card_page(struct request *);
int card_pay(struct request *);
bool on_order_undone(struct request *, const struct event *);

#endif
