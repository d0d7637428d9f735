/*
 * What somebody did, and what was done to their account. The log is told and
 * never forgotten: it is there to prove who did what, and holds no names.
 */
#include "audit.h"

#include "web/person.h"

DB_QUERY(tell_entries, 1,
	"SELECT coalesce(json_agg(json_build_object('at', e.at, 'action', e.action,"
	"  'entity', e.entity, 'detail', " SHOWN_DETAIL ") ORDER BY e.sequence DESC), '[]')"
	"  AS data, 0 AS open"
	" FROM (SELECT sequence, at, action, entity FROM entry"
	"  WHERE actor = 'user:' || ($1::uuid)::text OR entity = $1::uuid"
	"  ORDER BY sequence DESC LIMIT 1000) AS e LEFT JOIN entry_detail d"
	" ON d.sequence = e.sequence"
	" LEFT JOIN entry_private p ON p.sequence = e.sequence");

const struct person_part audit_person = { .tell = &tell_entries };
