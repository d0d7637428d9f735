/*
 * A customer's orders and addresses, told whole; when the account is closed the
 * orders stay for the books, without who or where. One that is still open has
 * to end before.
 */
#include "orders.h"

#include "web/person.h"

DB_QUERY(tell_orders, 1,
	"SELECT json_build_object('addresses', (SELECT"
	"  coalesce(json_agg(address_of(a) ORDER BY a.id), '[]')"
	"  FROM saved_address a WHERE a.user_id = $1::uuid),"
	" 'orders', coalesce(json_agg(json_build_object('number', o.number,"
	"  'status', o.status, 'payment_status', o.payment_status,"
	"  'placed_at', o.placed_at, 'email', o.email, 'name', o.name,"
	"  'shipping_address', o.shipping_address, 'billing_address',"
	"  o.billing_address, 'note', o.note, 'currency', o.currency, 'total',"
	"  o.total, 'lines', (SELECT json_agg(json_build_object('name', l.name,"
	"   'options', l.options, 'quantity', l.quantity, 'total', l.total)"
	"   ORDER BY l.position) FROM order_line l WHERE l.order_id = o.id))"
	"  ORDER BY o.id DESC), '[]')) AS data, count(*) FILTER (WHERE o.status IN"
	"  ('placing', 'awaiting_payment', 'confirmed')) AS open"
	" FROM (SELECT id, number, status, payment_status, placed_at, email,"
	"  name, shipping_address, billing_address, note, currency, total"
	"  FROM shop_order WHERE user_id = $1::uuid AND status <> 'void'"
	"  ORDER BY id DESC LIMIT 1000) AS o");

DB_QUERY(forget_notes, 1,
	"UPDATE order_entry e SET detail = '' FROM shop_order o"
	" WHERE o.user_id = $1::uuid AND e.order_id = o.id"
	" AND e.kind = 'withdrawn'");
/* Where it went is kept as the law of taxes asks: the country. */
DB_QUERY(forget_orders, 1,
	"UPDATE shop_order SET email = '', name = '', note = '',"
	" billing_address = NULL, shipping_address = jsonb_build_object('name', '',"
	"  'line1', '', 'city', '', 'postcode', '', 'country',"
	"  shipping_address->'country') WHERE user_id = $1::uuid"
	" AND status NOT IN ('placing', 'awaiting_payment', 'confirmed')");

DB_QUERY(forget_draft, 1,
	"DELETE FROM checkout_draft WHERE cart_key = 'user:' || $1");

DB_QUERY(forget_addresses, 1,
	"DELETE FROM saved_address WHERE user_id = $1::uuid");

const struct person_part orders_person = {
	.tell = &tell_orders,
	.forget = (const struct db_query *const[]){ &forget_notes,
	    &forget_orders, &forget_draft, &forget_addresses,
	    NULL },
};
