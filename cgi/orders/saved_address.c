/*
 * /orders/addresses, and /account/addresses: where a customer's parcels go. One
 * of them is the default, which the checkout fills in; while there is any, there
 * is a default. They lie here because nothing but the checkout reads them.
 */
#include "orders.h"

#include <json-c/json.h>

#include "web/json_out.h"

#define ADDRESSES_MAX 20

struct saved_address {
	struct uuid id;
	const char *name, *line1, *line2, *postcode, *city, *country, *phone;
	bool is_default;
};

SCHEMA(saved_address_schema, struct saved_address,
	FIELD_UUID(struct saved_address, id),
	ADDRESS_FIELDS(struct saved_address, true, NULL),
	FIELD_BOOL(struct saved_address, is_default));
SCHEMA(saved_address_add_input, struct saved_address,
	ADDRESS_FIELDS(struct saved_address, true, NULL),
	FIELD_BOOL(struct saved_address, is_default));
SCHEMA(saved_address_put_input, struct saved_address,
	FIELD_UUID(struct saved_address, id, .required = true),
	ADDRESS_FIELDS(struct saved_address, true, NULL),
	FIELD_BOOL(struct saved_address, is_default));
SCHEMA(saved_address_id_input, struct saved_address,
	FIELD_UUID(struct saved_address, id, .required = true));

DB_QUERY(list_addresses, 1,
	"SELECT id, name, line1, line2, postcode, city, country, phone, is_default"
	" FROM saved_address WHERE user_id = $1::uuid"
	" ORDER BY is_default DESC, id DESC LIMIT 20");
DB_QUERY(find_address, 2,
	"SELECT id, name, line1, line2, postcode, city, country, phone, is_default"
	" FROM saved_address WHERE user_id = $1::uuid AND id = $2::uuid");
DB_QUERY(lock_book, 1,
	"SELECT pg_advisory_xact_lock(hashtextextended('saved_address:' || $1, 0))");
DB_QUERY(count_addresses, 1,
	"SELECT count(*) FROM saved_address WHERE user_id = $1::uuid");
DB_QUERY(put_address, 9,
	"INSERT INTO saved_address (user_id, id, name, line1, line2, postcode,"
	"  city, country, phone)"
	" VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6, $7, $8, $9)"
	" ON CONFLICT ON CONSTRAINT saved_address_pkey DO UPDATE SET name = $3,"
	"  line1 = $4, line2 = $5, postcode = $6, city = $7, country = $8,"
	"  phone = $9 WHERE saved_address.user_id = $1::uuid");
DB_QUERY(drop_address, 2,
	"DELETE FROM saved_address WHERE user_id = $1::uuid AND id = $2::uuid");
DB_QUERY(unset_default, 1,
	"UPDATE saved_address SET is_default = false"
	" WHERE user_id = $1::uuid AND is_default");
/* The one of that id, else the newest; none where there is one already. */
DB_QUERY(set_default, 2,
	"UPDATE saved_address SET is_default = true WHERE id ="
	" (SELECT id FROM saved_address WHERE user_id = $1::uuid"
	"  ORDER BY id = $2::uuid DESC, id DESC LIMIT 1) AND NOT EXISTS"
	" (SELECT 1 FROM saved_address WHERE user_id = $1::uuid AND is_default)");
DB_QUERY(find_same, 2,
	"SELECT count(*) FROM saved_address a WHERE user_id = $1::uuid"
	" AND address_of(a) = jsonb_strip_nulls($2::jsonb)");

static bool
find(struct request *r, struct uuid id, struct saved_address *found)
{
	if (db_one(r->db, &find_address, &saved_address_schema, found,
	    P(r->session->user_id), P(id)))
		return true;
	problem(r, PROBLEM_NOT_FOUND);
	return false;
}

/* Writes the address, keeps one default, and tells that it has changed. */
static void
write_address(struct request *r, const struct saved_address *in)
{
	struct uuid user = r->session->user_id;

	db_exec(r->db, &put_address, P(user), P(in->id), P(in->name),
	    P(in->line1), P(in->line2), P(in->postcode), P(in->city),
	    P(in->country), P(in->phone));
	if (in->is_default)
		db_exec(r->db, &unset_default, P(user));
	db_exec(r->db, &set_default, P(user), P(in->id));
	event_emit(r, EVENT_ADDRESS_CHANGED, in->id, &saved_address_id_input, in);
}

/* Two that write in one book at a time would both count, both be default. */
static int64_t
lock_and_count(struct request *r)
{
	char id[UUID_TEXT_SIZE];

	db_exec(r->db, &lock_book, P(uuid_text(&r->session->user_id, id)));
	return db_integer(r->db, &count_addresses, 0, P(r->session->user_id));
}

int
saved_address_list(struct request *r)
{
	struct saved_address *rows;
	size_t n;

	if (!db_all(r->db, &list_addresses, &saved_address_schema, &rows, &n,
	    P(r->session->user_id)))
		return 0;
	return reply_list(r, &saved_address_schema, rows, n, NULL);
}

int
saved_address_add(struct request *r)
{
	struct saved_address *in = r->input;

	if (lock_and_count(r) >= ADDRESSES_MAX)
		return problem(r, PROBLEM_CONFLICT);
	in->id = uuid_new();
	write_address(r, in);
	return find(r, in->id, in) ?
	    reply(r, 201, &saved_address_schema, in) : r->status;
}

int
saved_address_put(struct request *r)
{
	const struct saved_address *in = request_input(r);
	struct saved_address address;

	lock_and_count(r);
	if (!find(r, in->id, &address))
		return r->status;
	write_address(r, in);
	return find(r, in->id, &address) ?
	    reply(r, 200, &saved_address_schema, &address) : r->status;
}

int
saved_address_drop(struct request *r)
{
	const struct saved_address *in = request_input(r);

	lock_and_count(r);
	if (!db_exec(r->db, &drop_address, P(r->session->user_id), P(in->id)))
		return problem(r, PROBLEM_NOT_FOUND);
	db_exec(r->db, &set_default, P(r->session->user_id), P(in->id));
	event_emit(r, EVENT_ADDRESS_CHANGED, in->id, &saved_address_id_input, in);
	return reply_empty(r, 204);
}

static int
show_form(struct request *r, const struct saved_address *address)
{
	if (!r->is_form)	/* else what was typed is shown */
		page_set(r, "form", json_out(&saved_address_schema, address, NULL,
		    JSON_ALL));
	return reply(r, 200, &saved_address_id_input, address);
}

int
saved_address_new(struct request *r)
{
	return show_form(r, &(struct saved_address){ .country = "ES",
	    .name = r->session->name });
}

int
saved_address_page(struct request *r)
{
	const struct saved_address *in = request_input(r);
	struct saved_address address;

	return find(r, in->id, &address) ? show_form(r, &address) : r->status;
}

struct json_object *
saved_addresses(struct request *r)
{
	struct saved_address *rows;
	size_t n;

	return r->session != NULL && db_all(r->db, &list_addresses,
	    &saved_address_schema, &rows, &n, P(r->session->user_id)) && n > 0 ?
	    json_out_list(&saved_address_schema, rows, n, r->lang) : NULL;
}

struct json_object *
saved_address_of(struct request *r, struct uuid id)
{
	struct saved_address address;

	return r->session != NULL && db_one(r->db, &find_address,
	    &saved_address_schema, &address, P(r->session->user_id), P(id)) ?
	    json_out(&saved_address_schema, &address, NULL, JSON_ALL) : NULL;
}

void
saved_address_keep(struct request *r, const struct address *address)
{
	struct saved_address new = { uuid_new(), address->name, address->line1,
	    address->line2, address->postcode, address->city, address->country,
	    address->phone, false };

	if (lock_and_count(r) < ADDRESSES_MAX && db_integer(r->db, &find_same, 1,
	    P(r->session->user_id), P(order_address_text(r, address))) == 0)
		write_address(r, &new);
}
