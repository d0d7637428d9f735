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
extern const struct person_part inventory_person;
extern const struct route inventory_routes[];

/* Reasons of a movement; the first ones may be given by people. */
enum movement_reason {
	REASON_COUNT, REASON_RECEIVED, REASON_DAMAGED, REASON_LOST, REASON_FOUND,
	REASON_CORRECTION, REASON_EXPECTED, REASON_SCRAPPED, REASON_RETURNED,
	REASON_SALE, REASON_CANCELLED, REASON_SENT, REASON_ARRIVED
};
extern const char *const movement_reasons[];
extern const char *const manual_reasons[];

struct level {
	struct uuid variant_id, location_id;
	const char *location;
	int32_t on_hand, reserved, available, damaged, incoming;
	int32_t threshold, backorder_limit;
	int32_t priority;	/* of the location; the least is taken from first */
	bool is_active;		/* the location; else nothing is sold from it */
};
extern const struct schema level_schema, level_row_schema;

/* The columns of level_schema, of level v and location l. */
#define LEVEL_COLUMNS \
	" v.variant_id, v.location_id, l.code AS location, v.on_hand," \
	" v.reserved, v.on_hand - v.reserved AS available, v.damaged," \
	" v.incoming, v.threshold, v.backorder_limit, l.priority, l.is_active"

/* A row of the ledger to be: what is added to a level. */
struct change {
	struct uuid variant_id, location_id;
	int32_t on_hand, damaged, incoming;
};

/* What shoppers may know of a variant's stock. */
enum stock_state { STOCK_IN_STOCK, STOCK_LOW, STOCK_OUT, STOCK_BACKORDER };
extern const char *const stock_states[];

struct availability {
	struct uuid variant_id;
	int32_t available;
	int32_t left;		/* only told when it is low */
	bool has_left;
	bool is_out;		/* for pages */
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

/* For cron/publish_stock: gives back, in a step of its own, what lapsed holds
 * still reserve of up to `limit` variants, and tells of it; how many levels. */
int64_t levels_lapse(struct request *, int limit);

/*
 * Locks the levels of these variants ("[\"uuid\", ...]") in order, and gives
 * back what lapsed holds still reserve of them. Their state is then certain.
 * The rows come by variant and, of one, in the order in which they are sold.
 */
void levels_lock(struct request *, const char *variant_ids_json,
    struct level **levels, size_t *n);

struct level *level_find(struct level *, size_t n, struct uuid variant_id,
    struct uuid location_id);

/*
 * Books changes: level and ledger, and stock.changed for each. The levels must
 * be locked. `document` is the transfer or count that they belong to, or nil.
 * `after`, when not NULL, gets the levels as they are then.
 */
void levels_change(struct request *, const struct change *, size_t n,
    const char *reason, const char *note, struct uuid document,
    struct level **after, size_t *after_n);

/* Makes the levels that lack of these variants at a location. */
void levels_make(struct request *, const char *variant_ids_json,
    struct uuid location_id);

/*
 * Emits stock.low if this change made the level fall to its threshold, once
 * until it has recovered.
 */
void level_tell_if_low(struct request *, const struct level *after,
    int32_t available_before);

/* The event itself, with what people call the variant. */
void low_stock_tell(struct request *, const struct level *);

/*
 * For cron/low_stock_alerts: up to `limit` levels that are low and were not
 * told, or were told and have recovered; how many. Then the day's digest, if
 * it is due; whether there was one.
 */
int64_t low_stock_catch_up(struct request *, int limit);
bool low_stock_digest(struct request *);

/*
 * For cron/publish_stock: publishes what has changed since it was last called;
 * how many variants, 0 for nothing, -1 when nginx did not take it. Those who
 * wait for one that is back are told by an event.
 */
struct http_client;
int64_t live_publish(struct request *, struct http_client *);
void stock_notices_tell(struct request *, const char *variant_ids_json);
void stock_notices_purge(struct request *);

/* A location by its code; false and the field's fault. */
bool location_find(struct request *, const char *code, const char *field,
    struct uuid *id);
void page_set_locations(struct request *);

/*
 * What variants are called. Rows that lack or are stale are asked of catalog,
 * outside of a transaction; where it is away they stay as they are.
 */
struct variant_info {
	struct uuid variant_id, product_id;
	const char *sku, *name_es, *name_en, *categories;
};
void variants_learn(struct request *, const struct uuid *ids, size_t n);
bool variant_of_sku(struct request *, const char *sku, struct uuid *);
int64_t variants_learn_all(struct request *, struct uuid *after);

/* The id that a person's word means: an id or an article number; false and
 * the field's fault. For TX_NONE: it may ask catalog. */
bool variant_named(struct request *, const char *word, const char *field,
    struct uuid *);
const char *json_array_of(struct request *, const struct uuid *, size_t n);

/* The availability of variants given as a JSON array of ids. */
bool availability_find(struct request *, const char *variant_ids_json,
    struct availability **, size_t *n);

/* An order's hold becomes a sale, or is given back; idempotent. */
bool hold_sell(struct request *, struct uuid order_id);
bool hold_release(struct request *, struct uuid order_id);

/* Shared by the ledger and the page of a variant. */
struct movement_list {
	struct uuid variant;
	const char *location, *after;
	int32_t limit;
};

extern const struct schema adjustment_add_input, level_list_input,
    level_set_input, level_line_schema, movement_list_input, movement_schema,
    level_page_input, stock_notice_input, stock_notice_token_input,
    location_schema, location_add_input, location_change_input,
    hold_put_input, hold_id_input, hold_schema, variants_input,
    availability_input, availability_part_input,
    stock_at_input, stock_at_schema, stock_page_input,
    threshold_schema, threshold_list_schema, transfer_add_input,
    transfer_schema, transfer_receive_input, transfer_list_input,
    transfer_id_input, count_add_input, count_schema, count_id_input,
    count_list_input, count_line_input, csv_input, csv_result_schema,
    transfer_form_input;

extern const struct db_rule stock_rules[], location_rules[];

int adjustment_add(struct request *);
int availability_list(struct request *);
int availability_part(struct request *);
int desk(struct request *);
int availability_internal(struct request *);
int count_add(struct request *);
int count_close(struct request *);
int count_get(struct request *);
int count_line_put(struct request *);
int count_list(struct request *);
int hold_put(struct request *);
int hold_get(struct request *);
int hold_delete(struct request *);
int level_list(struct request *);
int level_page(struct request *);
int level_set(struct request *);
int levels_export(struct request *);
int levels_import(struct request *);
int levels_import_form(struct request *);
int live_allowed(struct request *);
int location_add(struct request *);
int location_change(struct request *);
int location_list(struct request *);
int movement_list(struct request *);
int page_show(struct request *);
int stock_at(struct request *);
int stock_notice_add(struct request *);
int stock_notice_confirm(struct request *);
int stock_notice_page(struct request *);
int stock_page(struct request *);
int threshold_list(struct request *);
int threshold_set(struct request *);
int transfer_add(struct request *);
int transfer_form(struct request *);
int transfer_get(struct request *);
int transfer_list(struct request *);
int transfer_receive(struct request *);

bool on_product_changed(struct request *, const struct event *);
bool on_order_paid(struct request *, const struct event *);
bool on_order_undone(struct request *, const struct event *);

#endif
