/*
 * inventory: what lies where, why it changed, and what is promised to whom.
 *
 * The one rule of this domain: whoever changes a level or a hold line locks the
 * levels first, in the order of (variant, location). So nothing deadlocks, and
 * nothing is promised twice.
 */
#ifndef ZOCO_CGI_INVENTORY_H
#define ZOCO_CGI_INVENTORY_H

#include "web/app.h"

extern const struct program inventory_program;
extern const struct route inventory_routes[];

/* Reasons of a movement; the first ones may be given by people. */
enum movement_reason {
	REASON_COUNT, REASON_RECEIVED, REASON_DAMAGED, REASON_LOST, REASON_FOUND,
	REASON_CORRECTION, REASON_SALE, REASON_CANCELLED, REASON_RETURNED,
};
extern const char *const movement_reasons[];
extern const char *const manual_reasons[];

struct level {
	struct uuid variant_id, location_id;
	const char *location;
	int32_t on_hand, reserved, available, threshold, backorder_limit;
};
extern const struct schema level_schema;

/* What shoppers may know of a variant's stock. */
enum stock_state { STOCK_IN_STOCK, STOCK_LOW, STOCK_OUT, STOCK_BACKORDER };
extern const char *const stock_states[];

struct availability {
	struct uuid variant_id;
	int32_t available;
	int32_t left;		/* only told when it is low */
	bool has_left;
	enum stock_state state;
};
extern const struct schema availability_schema, public_availability_schema;

/* A line of an order; of a hold; of what is lacking. */
struct stock_line {
	struct uuid variant_id, location_id;
	int32_t quantity, available;
	bool is_live;
	int32_t sold;
};

/*
 * Locks the levels of these variants ("[\"uuid\", ...]") in order, and gives
 * back what lapsed holds still reserve of them. Their state is then certain.
 */
void levels_lock(struct request *, const char *variant_ids_json,
    struct level **levels, size_t *n);

/* Emits stock.low if this change made the level fall to its threshold. */
void level_tell_if_low(struct request *, const struct level *after,
    int32_t available_before);

/* The availability of variants given as a JSON array of ids. */
bool availability_find(struct request *, const char *variant_ids_json,
    struct availability **, size_t *n);

/* An order's hold becomes a sale, or is given back; idempotent. */
bool hold_sell(struct request *, struct uuid order_id);
bool hold_release(struct request *, struct uuid order_id);

extern const struct schema adjustment_add_input, level_list_input,
    level_set_input, movement_list_input, movement_schema, location_schema,
    hold_put_input, hold_id_input, hold_schema, variants_input,
    availability_input;

extern const struct db_rule adjustment_add_rules[];

int adjustment_add(struct request *);
int availability_list(struct request *);
int availability_internal(struct request *);
int hold_put(struct request *);
int hold_get(struct request *);
int hold_delete(struct request *);
int level_list(struct request *);
int level_set(struct request *);
int location_list(struct request *);
int movement_list(struct request *);

bool on_order_paid(struct request *, const struct event *);
bool on_order_undone(struct request *, const struct event *);

#endif
