/*
 * cart: what somebody means to buy.
 *
 * A guest's cart is a hash in Redis under the hash of the cookie's token, a
 * customer's a few rows in PostgreSQL; both behind one interface, chosen by the
 * cart's key: "user:<id>", or the hash. Redis away: guests get a 503, customers
 * notice nothing.
 */
#ifndef ZOCO_CGI_CART_H
#define ZOCO_CGI_CART_H

#include "web/app.h"

#define CART_COOKIE "zoco_cart"
#define CART_SECONDS (30 * 86400)	/* a guest's, since the last change */
#define CART_LINES_MAX 50		/* that can be put in one by one */
#define CART_QUANTITY_MAX 99
/*
 * What a cart shows at most, and inventory holds for an order. Carts that join,
 * and orders that give back, may go beyond CART_LINES_MAX: nothing is lost.
 */
#define CART_SHOWN_MAX 100

struct cart_line {
	struct uuid variant_id;
	int32_t quantity;
	int64_t seen;		/* its unit price when put in; 0: not known */
};
extern const struct schema cart_line_schema;

struct cart_content {
	struct cart_line *lines;	/* ordered by id */
	size_t n;
	const char *email;		/* NULL: none was given */
	bool marketing_consent;
	const char *lang;		/* a guest's, when an address was given */
};

/* The line of a variant, or NULL. */
const struct cart_line *cart_line_of(const struct cart_content *, struct uuid);

/* {"variant_ids": [...]}, as catalog and inventory are asked; the caller's. */
struct json_object *cart_ids_of(const struct cart_line *, size_t n);

/* What the catalogue says of variants now; those it knows, in no order. */
struct price {
	struct uuid variant_id;
	const char *slug, *name, *sku, *options, *image, *currency;
	int64_t unit_gross;
	int32_t tax_rate;
	bool is_available;
};
struct prices {
	struct price *items;
	size_t n;
};

/* Asks the catalogue; false with the problem. */
bool cart_ask_prices(struct request *, const struct cart_line *, size_t n,
    struct prices *);

/* NULL: the catalogue does not know it. */
const struct price *cart_price_of(const struct prices *, struct uuid);

/* What PATCH /cart sets; only what was given. */
struct contact {
	const char *email;		/* NULL: as it was */
	bool marketing_consent, has_consent;
};

/* ADD adds up to CART_QUANTITY_MAX and notes the price that was seen, SET sets
 * the quantity of a line that is there. */
enum cart_change { CART_ADD, CART_SET };

/* An order takes lines out of a cart, or gives them back. */
enum cart_move { CART_TAKE, CART_GIVE_BACK };

/*
 * Where carts lie. Every function is atomic, and false when it failed: then r
 * has the problem, or a failure that the dispatcher answers.
 */
struct cart_store {
	bool (*read)(struct request *, const char *key, struct cart_content *);
	/* Quantity 0 with SET removes; that is no fault where nothing was. */
	bool (*change)(struct request *, const char *key, enum cart_change,
	    const struct cart_line *);
	bool (*set_contact)(struct request *, const char *key,
	    const struct contact *);
	bool (*clear)(struct request *, const char *key);
	/* In the caller's transaction; a repetition has no effect. */
	bool (*move)(struct request *, const char *key, enum cart_move,
	    struct uuid order_id, const struct cart_line *, size_t n);
};

extern const struct cart_store cart_guests, cart_customers;
const struct cart_store *cart_store_of(const char *key);

/* Joins lines into a customer's cart, the larger quantity of each; in the
 * caller's transaction. */
bool cart_customers_join(struct request *, const char *key,
    const struct cart_line *, size_t n);

/* Removes those lines from a guest's cart that are still as they were read. */
bool cart_guests_settle(struct request *, const char *key,
    const struct cart_line *, size_t n);

/* Guests' carts that agreed to a reminder and were last changed by then; their
 * keys. A claimed one is never reminded again; false: somebody was faster. */
size_t cart_guests_left(struct request *, int64_t until_s, int limit,
    const char ***keys);
bool cart_guests_claim(struct request *, const char *key, int64_t until_s);

/*
 * For cron/abandoned_carts: how many carts are due for their reminder; and the
 * reminders of up to `limit` of them.
 */
int64_t carts_left(struct request *);
void carts_remind(struct request *, int limit, int64_t *done, int64_t *failed);
bool on_unsubscribed(struct request *, const struct event *);

/* The lines as JSON text, the arena's. */
const char *cart_lines_text(struct request *, const struct cart_line *, size_t n);

/* What the asker sees as the cart; before a guest's cart has joined the
 * customer's, both as one. Writes nothing. */
bool cart_read(struct request *, struct cart_content *);

/*
 * The key of the asker's cart, to change it. Joins a guest's cart that came
 * along with a session. NULL: failed, or there is none; with `create` a guest
 * gets one, and its cookie.
 */
const char *cart_key(struct request *, bool create);

extern const struct program cart_program;
extern const struct person_part cart_person;
extern const struct route cart_routes[];

extern const struct schema cart_schema, contact_input, item_add_input,
    item_set_input, item_id_input, cart_key_input, ordered_input,
    cart_page_input, again_input;

/* Answers with the cart as it is now; `key` NULL: as the asker sees it. Prices
 * that were just asked, or NULL, save asking again. */
int cart_show(struct request *, const char *key, int status,
    const struct prices *);

int cart_get(struct request *);
int cart_page(struct request *);
int cart_set(struct request *);
int cart_delete(struct request *);
int item_add(struct request *);
int item_set(struct request *);
int item_delete(struct request *);
int cart_summary(struct request *);
int cart_internal_read(struct request *);
int cart_ordered(struct request *);
int cart_internal_again(struct request *);
bool on_order_undone(struct request *, const struct event *);
bool on_signed_in(struct request *, const struct event *);

#endif
