/* Customers' carts: rows of PostgreSQL, each cart under the lock of its own. */
#include "cart.h"

DB_QUERY(read_lines, 1,
	"SELECT variant_id, quantity, seen FROM cart_line WHERE cart_key = $1"
	" ORDER BY variant_id LIMIT 100");
DB_QUERY(read_contact, 1,
	"SELECT email, marketing_consent FROM cart WHERE cart_key = $1");
DB_QUERY(touch_cart, 1,
	"INSERT INTO cart (cart_key) VALUES ($1)"
	" ON CONFLICT ON CONSTRAINT cart_pkey DO UPDATE SET changed_at = now()");
DB_QUERY(put_contact, 4,
	"INSERT INTO cart AS c (cart_key, email, marketing_consent, lang)"
	" VALUES ($1, $2, coalesce($3::boolean, false), $4)"
	" ON CONFLICT ON CONSTRAINT cart_pkey DO UPDATE SET changed_at = now(),"
	"  lang = $4, email = coalesce($2, c.email),"
	"  marketing_consent = coalesce($3::boolean, c.marketing_consent)");
DB_QUERY(drop_cart, 1, "DELETE FROM cart WHERE cart_key = $1");

DB_QUERY(add_line, 4,
	"INSERT INTO cart_line AS c (cart_key, variant_id, quantity, seen)"
	" SELECT $1, $2::uuid, $3::int, $4::bigint WHERE EXISTS (SELECT FROM cart_line"
	"  WHERE cart_key = $1 AND variant_id = $2::uuid) OR (SELECT count(*)"
	"  FROM cart_line WHERE cart_key = $1) < 50"
	" ON CONFLICT ON CONSTRAINT cart_line_pkey DO UPDATE"
	" SET quantity = least(99, c.quantity + excluded.quantity),"
	"  seen = excluded.seen");
DB_QUERY(set_line, 3,
	"UPDATE cart_line SET quantity = $3::int"
	" WHERE cart_key = $1 AND variant_id = $2::uuid");
DB_QUERY(drop_line, 2,
	"DELETE FROM cart_line WHERE cart_key = $1 AND variant_id = $2::uuid");

/* The lines in $2, one row a variant. */
#define GIVEN "(SELECT variant_id, least(99, sum(quantity))::int AS quantity," \
	" coalesce(max(seen), 0) AS seen FROM jsonb_to_recordset($2::jsonb)" \
	" AS x(variant_id uuid, quantity int, seen bigint)" \
	" GROUP BY variant_id) AS given"

DB_QUERY(join_lines, 2,
	"INSERT INTO cart_line AS c (cart_key, variant_id, quantity, seen)"
	" SELECT $1, variant_id, quantity, seen FROM " GIVEN
	" ON CONFLICT ON CONSTRAINT cart_line_pkey DO UPDATE"
	" SET quantity = greatest(c.quantity, excluded.quantity)");
DB_QUERY(give_lines, 2,
	"INSERT INTO cart_line AS c (cart_key, variant_id, quantity, seen)"
	" SELECT $1, variant_id, quantity, seen FROM " GIVEN
	" ON CONFLICT ON CONSTRAINT cart_line_pkey DO UPDATE"
	" SET quantity = least(99, c.quantity + excluded.quantity)");
DB_QUERY(take_whole_lines, 2,
	"DELETE FROM cart_line AS c USING " GIVEN " WHERE c.cart_key = $1"
	" AND c.variant_id = given.variant_id AND c.quantity <= given.quantity");
DB_QUERY(take_parts, 2,
	"UPDATE cart_line AS c SET quantity = c.quantity - given.quantity"
	" FROM " GIVEN " WHERE c.cart_key = $1"
	" AND c.variant_id = given.variant_id AND c.quantity > given.quantity");

static SCHEMA(contact_schema, struct cart_content,
	FIELD_TEXT(struct cart_content, email),
	FIELD_BOOL(struct cart_content, marketing_consent));

static bool
customers_read(struct request *r, const char *key, struct cart_content *content)
{
	db_one(r->db, &read_contact, &contact_schema, content, P(key));
	return !request_failed(r) && db_all(r->db, &read_lines,
	    &cart_line_schema, &content->lines, &content->n, P(key));
}

/* True: done. False with no failure: no such line, or no room for it. */
static bool
change_line(struct request *r, const char *key, enum cart_change change,
    const struct cart_line *line)
{
	if (change == CART_ADD)
		return db_exec(r->db, &add_line, P(key), P(line->variant_id),
		    P(line->quantity), P(line->seen));
	if (line->quantity > 0)
		return db_exec(r->db, &set_line, P(key), P(line->variant_id),
		    P(line->quantity));
	db_exec(r->db, &drop_line, P(key), P(line->variant_id));
	return !request_failed(r);
}

static bool
customers_change(struct request *r, const char *key, enum cart_change change,
    const struct cart_line *line)
{
	/* Locked first: how many lines there are holds until COMMIT. */
	if (!step_begin(r) || !db_exec(r->db, &touch_cart, P(key)))
		return false;
	if (change_line(r, key, change, line))
		return step_end(r);
	if (!request_failed(r)) {
		step_undo(r);
		problem(r, change == CART_ADD ? PROBLEM_CART_FULL :
		    PROBLEM_NOT_FOUND);
	}
	return false;
}

static bool
customers_set_contact(struct request *r, const char *key,
    const struct contact *contact)
{
	return db_exec(r->db, &put_contact, P(key), P(contact->email),
	    contact->has_consent ? P(contact->marketing_consent) : P_NULL,
	    P(r->lang));
}

static bool
customers_clear(struct request *r, const char *key)
{
	db_exec(r->db, &drop_cart, P(key));
	return !request_failed(r);
}

static bool
customers_move(struct request *r, const char *key, enum cart_move move,
    struct uuid order_id, const struct cart_line *lines, size_t n)
{
	const char *text = cart_lines_text(r, lines, n);

	(void)order_id;		/* cart_order's row makes it happen once */
	db_exec(r->db, &touch_cart, P(key));
	if (move == CART_TAKE) {
		/* In this order: what remains of a part may be small. */
		db_exec(r->db, &take_whole_lines, P(key), P(text));
		db_exec(r->db, &take_parts, P(key), P(text));
	} else {
		db_exec(r->db, &give_lines, P(key), P(text));
	}
	return !request_failed(r);
}

bool
cart_customers_join(struct request *r, const char *key,
    const struct cart_line *lines, size_t n)
{
	db_exec(r->db, &touch_cart, P(key));
	db_exec(r->db, &join_lines, P(key), P(cart_lines_text(r, lines, n)));
	return !request_failed(r);
}

const struct cart_store cart_customers = {
	.read = customers_read,
	.change = customers_change,
	.set_contact = customers_set_contact,
	.clear = customers_clear,
	.move = customers_move,
};
