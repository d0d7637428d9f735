/*
 * POST, DELETE /catalog/variants/{id}/sales: a lower price for a time. What is
 * asked follows the clock at once; cron/change_prices makes lists and pages
 * follow within a minute.
 */
#include "catalog.h"

#include "base/clock.h"

struct sale {
	struct uuid id;
	struct money price;
	int64_t starts_at, ends_at;
};

SCHEMA(sale_add_input, struct sale,
	FIELD_UUID(struct sale, id, .required = true),
	FIELD_MONEY(struct sale, price, .required = true),
	FIELD_TIME(struct sale, starts_at, .help = "Now, if it is not said"),
	FIELD_TIME(struct sale, ends_at, .required = true));

SCHEMA(sale_drop_input, struct sale,
	FIELD_UUID(struct sale, id, .required = true));

DB_QUERY(find_product, 1,
	"SELECT product_id AS id FROM variant WHERE id = $1::uuid AND is_active");
DB_QUERY(regular_price, 1,
	"SELECT amount FROM price WHERE variant_id = $1::uuid"
	" AND currency = 'EUR'");
DB_QUERY(put_sale, 4,
	"INSERT INTO sale (variant_id, currency, starts_at, ends_at, amount)"
	" VALUES ($1::uuid, 'EUR', coalesce($2::timestamptz, now()),"
	"  $3::timestamptz, $4::bigint)"
	" ON CONFLICT ON CONSTRAINT sale_pkey DO UPDATE"
	" SET ends_at = excluded.ends_at, amount = excluded.amount");
DB_QUERY(drop_sales, 1,
	"DELETE FROM sale WHERE variant_id = $1::uuid AND ends_at > now()");
DB_QUERY(other_prices, 1, "SELECT id FROM products_with_other_price($1::int)");
DB_QUERY(refresh_some, 1, "SELECT due_refresh($1::int)");
DB_QUERY(refresh_product, 1,
	"SELECT products_refresh(ARRAY[$1::uuid])");
DB_QUERY(next_version, 1,
	"UPDATE product SET version = version + 1 WHERE id = $1::uuid");

static SCHEMA(id_schema, struct product_ref,
	FIELD_UUID(struct product_ref, id));

const struct db_rule sale_rules[] = {
	{ "sale_period", PROBLEM_INVALID },
	{ NULL, PROBLEM_NONE }
};

static bool
lock(struct request *r, struct uuid variant_id, struct product_ref *product)
{
	if (!db_one(r->db, &find_product, &id_schema, product, P(variant_id))) {
		problem(r, PROBLEM_NOT_FOUND);
		return false;
	}
	return product_lock(r, product->id, product) &&
	    product_is_matched(r, product);
}

int
sale_add(struct request *r)
{
	const struct sale *in = request_input(r);
	struct product_ref product;
	int64_t regular;

	if (!price_is_good(r, &in->price, "price"))
		return r->status;
	if (in->ends_at <= clock_now_us())
		field_fault(r, "ends_at", "time", 0, 0);
	if (problem_has_fields(r) || !lock(r, in->id, &product))
		return r->status;
	regular = db_integer(r->db, &regular_price, 0, P(in->id));
	if (in->price.amount >= regular) {
		field_fault(r, "price", "range", 0, regular - 1);
		return r->status;
	}
	db_exec(r->db, &put_sale, P(in->id), P_TIME(in->starts_at),
	    P_TIME(in->ends_at), P(in->price.amount));
	return product_written(r, 200, product.id, &sale_add_input, in);
}

int
sale_drop(struct request *r)
{
	const struct sale *in = request_input(r);
	struct product_ref product;

	if (!lock(r, in->id, &product))
		return r->status;
	db_exec(r->db, &drop_sales, P(in->id));
	return product_written(r, 200, product.id, &sale_drop_input, in);
}

int64_t
refresh_due(struct request *r, int most)
{
	int64_t n;

	if (!step_begin(r))
		return 0;
	n = db_integer(r->db, &refresh_some, 0, P(most));
	return step_end(r) ? n : 0;
}

/* A product at a time in a step of its own; how many there were. */
int64_t
change_prices(struct request *r, int most)
{
	struct product_ref *products;
	size_t n;

	if (!db_all(r->db, &other_prices, &id_schema, &products, &n, P(most)))
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (!step_begin(r))
			return (int64_t)i;
		db_exec(r->db, &next_version, P(products[i].id));
		db_exec(r->db, &refresh_product, P(products[i].id));
		event_emit(r, EVENT_PRODUCT_CHANGED, products[i].id, &id_schema,
		    &products[i]);
		if (!step_end(r))
			return (int64_t)i;
	}
	return (int64_t)n;
}
