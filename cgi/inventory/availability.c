/*
 * GET /inventory/availability: what can be bought now. The public is told a
 * state, and a number only when few are left. A hold that has lapsed does not
 * count, whether somebody has given it back yet or not.
 */
#include "inventory.h"

#include <json-c/json.h>

#define VARIANTS_MAX 100

const char *const stock_states[] = { "in_stock", "low", "out", "backorder", NULL };

SCHEMA(availability_schema, struct availability,
	FIELD_UUID(struct availability, variant_id),
	FIELD_I32(struct availability, available),
	FIELD_ENUM(struct availability, state, stock_states));

SCHEMA(public_availability_schema, struct availability,
	FIELD_UUID(struct availability, variant_id),
	FIELD_ENUM(struct availability, state, stock_states),
	FIELD_I32(struct availability, left, HAS(struct availability, has_left)));

/* What a lapsed hold still reserves is free. */
DB_QUERY(find_availability, 1,
	"SELECT variant_id, sum(free + backorder_limit)::int AS available,"
	" CASE WHEN sum(free) > sum(threshold) THEN 'in_stock'"
	"  WHEN sum(free) > 0 THEN 'low'"
	"  WHEN sum(free + backorder_limit) > 0 THEN 'backorder' ELSE 'out' END AS state"
	" FROM (SELECT v.variant_id, v.threshold, v.backorder_limit,"
	"  v.on_hand - v.reserved + coalesce((SELECT sum(x.quantity)"
	"   FROM hold_line x JOIN hold h ON h.order_id = x.order_id"
	"   WHERE x.is_live AND x.variant_id = v.variant_id"
	"   AND x.location_id = v.location_id AND h.until <= now()), 0) AS free"
	"  FROM level v JOIN location l ON l.id = v.location_id AND l.is_active"
	"  WHERE v.variant_id IN"
	"   (SELECT e::uuid FROM jsonb_array_elements_text($1::jsonb) AS e)) AS v"
	" GROUP BY variant_id");

bool
availability_find(struct request *r, const char *variant_ids_json,
    struct availability **found, size_t *n)
{
	if (!db_all(r->db, &find_availability, &availability_schema, found, n,
	    P(variant_ids_json)))
		return false;
	for (size_t i = 0; i < *n; i++) {
		struct availability *a = *found + i;

		a->has_left = a->state == STOCK_LOW;
		a->left = a->available;
	}
	return true;
}

struct availability_query {
	const char *variants;
};

SCHEMA(availability_input, struct availability_query,
	FIELD_TEXT(struct availability_query, variants, .required = true,
	    .max = VARIANTS_MAX * 37, .help = "Ids of variants, with commas"));

static SCHEMA(fragment_schema, struct availability,
	FIELD_UUID(struct availability, variant_id),
	FIELD_ENUM(struct availability, state, stock_states),
	FIELD_I32(struct availability, left, HAS(struct availability, has_left)),
	FIELD_BOOL(struct availability, is_out));

int
availability_list(struct request *r)
{
	const struct availability_query *in = request_input(r);
	const char *ids = request_ids(r, "variants", in->variants);
	struct availability *found;
	bool is_plain = true;
	size_t n;

	if (ids == NULL)
		return r->status;
	if (!availability_find(r, ids, &found, &n))
		return 0;
	for (size_t i = 0; i < n; i++) {
		is_plain &= found[i].state == STOCK_IN_STOCK;
		found[i].is_out = found[i].state == STOCK_OUT;
	}
	page_set(r, "variants", json_object_new_string(in->variants));
	page_set(r, "is_plain", json_object_new_boolean(is_plain && n > 0));
	return reply_list(r, r->route->kind == KIND_FRAGMENT ? &fragment_schema :
	    &public_availability_schema, found, n, NULL);
}

struct availability_part {
	const char *variants, *labels;
};

SCHEMA(availability_part_input, struct availability_part,
	FIELD_TEXT(struct availability_part, variants, .required = true,
	    .max = VARIANTS_MAX * 37),
	FIELD_TEXT(struct availability_part, labels, .max = 8000, .preset = "",
	    .help = "A word for each variant, with | between"));

/* The n-th of the labels, "" where there are fewer. */
static const char *
label_of(struct request *r, const char *labels, size_t n)
{
	while (n-- > 0 && labels != NULL)
		if ((labels = strchr(labels, '|')) != NULL)
			labels++;
	return labels == NULL ? "" :
	    arena_strndup(r->arena, labels, strcspn(labels, "|"));
}

/* A part of a product's page: what is not simply there, by its name. */
int
availability_part(struct request *r)
{
	const struct availability_part *in = request_input(r);
	struct json_object *items;
	char id[UUID_TEXT_SIZE];

	if (availability_list(r) != 200)
		return r->status;
	page_set(r, "labels", json_object_new_string(in->labels));
	items = json_object_object_get(r->json, "items");
	for (size_t i = 0; i < json_object_array_length(items); i++) {
		struct json_object *item = json_object_array_get_idx(items, i);
		const char *at = strstr(in->variants, json_object_get_string(
		    json_object_object_get(item, "variant_id")));

		json_object_object_add(item, "label", json_object_new_string(
		    label_of(r, in->labels, at == NULL ? VARIANTS_MAX :
		    (size_t)(at - in->variants) / sizeof(id))));
	}
	return 200;
}

struct variants {
	const char **variant_ids;
	size_t variant_ids_n;
};

SCHEMA(variants_input, struct variants,
	FIELD_TEXTS(struct variants, variant_ids, variant_ids_n,
	    .required = true, .max = VARIANTS_MAX));

int
availability_internal(struct request *r)
{
	const struct variants *in = request_input(r);
	struct buf list;
	const char *ids;
	struct availability *found;
	size_t n;

	buf_init(&list, r->arena, VARIANTS_MAX * 40);
	for (size_t i = 0; i < in->variant_ids_n; i++)
		buf_printf(&list, "%s%s", i > 0 ? "," : "", in->variant_ids[i]);
	if (in->variant_ids_n == 0)
		return reply_list(r, &availability_schema, NULL, 0, NULL);
	if ((ids = request_ids(r, "variants", list.data)) == NULL)
		return r->status;
	if (!availability_find(r, ids, &found, &n))
		return 0;
	return reply_list(r, &availability_schema, found, n, NULL);
}

DB_QUERY(count_low, 0,
	"SELECT count(*) FROM (SELECT 1 FROM level WHERE on_hand - reserved"
	" <= threshold LIMIT 1000) AS low");

/* Inventory's part of the staff's front page. */
int
desk(struct request *r)
{
	struct json_object *answer = json_object_new_object();

	json_object_object_add(answer, "low",
	    json_object_new_int64(db_integer(r->db, &count_low, 0)));
	return reply_json(r, 200, answer);
}
