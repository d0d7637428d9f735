/* A customer's cart, and the address for its reminder. */
#include "cart.h"

#include "web/person.h"

DB_QUERY(tell_cart, 1,
	"SELECT json_build_object('email', max(c.email), 'marketing_consent',"
	"  coalesce(bool_or(c.marketing_consent), false), 'lines',"
	"  (SELECT coalesce(json_agg(json_build_object('variant_id', l.variant_id,"
	"   'quantity', l.quantity, 'added_at', l.added_at)), '[]')"
	"   FROM cart_line l WHERE l.cart_key = 'user:' || $1)) AS data,"
	" 0 AS open FROM cart c WHERE c.cart_key = 'user:' || $1");
DB_QUERY(forget_cart, 1, "DELETE FROM cart WHERE cart_key = 'user:' || $1");

const struct person_part cart_person = {
	.tell = &tell_cart,
	.forget = (const struct db_query *const[]){ &forget_cart, NULL },
};
