/* What somebody waits for to come back. */
#include "inventory.h"

#include "web/person.h"

DB_QUERY(tell_notices, 2,
	"SELECT coalesce(json_agg(json_build_object('variant_id', variant_id,"
	"  'asked_at', asked_at, 'is_confirmed', is_confirmed)), '[]') AS data,"
	" 0 AS open FROM stock_notice WHERE $1::uuid IS NOT NULL AND $2 <> ''"
	" AND lower(email) = lower($2)");
DB_QUERY(forget_notices, 2,
	"DELETE FROM stock_notice WHERE $1::uuid IS NOT NULL AND $2 <> ''"
	" AND lower(email) = lower($2)");

const struct person_part inventory_person = {
	.tell = &tell_notices,
	.forget = (const struct db_query *const[]){ &forget_notices, NULL },
};
