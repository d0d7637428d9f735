/*
 * cart: what somebody means to buy.
 *
 * A guest's cart is a hash in Redis under the hash of the cookie's token, a
 * customer's a few rows in PostgreSQL; both behind the same functions, by the
 * cart's key ("user:<id>", or the hash).
 */
#ifndef ZOCO_CGI_CART_H
#define ZOCO_CGI_CART_H

#include "web/app.h"

#define CART_COOKIE "zoco_cart"
#define CART_SECONDS (30 * 86400)
#define CART_LINES_MAX 50
#define CART_QUANTITY_MAX 99

struct cart_line {
	struct uuid variant_id;
	int32_t quantity;
};
extern const struct schema cart_line_schema;

extern const struct program cart_program;
extern const struct route cart_routes[];

/*
 * The key of the asker's cart. NULL: there is none yet; with `create` one is
 * made, and its cookie set. After a sign-in the guest's lines join the
 * customer's.
 */
const char *cart_key(struct request *, bool create);

/* All lines, ordered by id. False (503): the store is away. */
bool cart_read(struct request *, const char *key, struct cart_line **,
    size_t *n);

enum cart_change { CART_ADD, CART_SET };

/*
 * Adds to, or sets, a line; 0 removes it; atomic. False: r has the problem
 * (the cart is full, the store is away).
 */
bool cart_change(struct request *, const char *key, struct uuid variant_id,
    enum cart_change, int32_t quantity);
bool cart_clear(struct request *, const char *key);

extern const struct schema cart_schema, item_add_input, item_set_input,
    item_id_input, cart_key_input, ordered_input;

int cart_get(struct request *);
int cart_delete(struct request *);
int item_add(struct request *);
int item_set(struct request *);
int item_delete(struct request *);
int cart_summary(struct request *);
int cart_internal_read(struct request *);
int cart_ordered(struct request *);
bool on_order_undone(struct request *, const struct event *);

#endif
