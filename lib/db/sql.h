/*
 * A query put together from constant fragments, for lists with optional
 * filters. It runs with a plan of its own each time: a prepared statement with
 * `$2 IS NULL OR ...` would be planned once, for the worst case.
 *
 *	struct sql sql;
 *	sql_start(&sql, r->arena, "SELECT id, name FROM product WHERE true");
 *	if (in->brand != NULL)
 *		sql_add(&sql, " AND brand = ?", P(in->brand));
 *	sql_all(r->db, &sql, &product_schema, &rows, &n);
 *
 * Fragments are string literals (anything else does not compile); each `?`
 * takes the next parameter.
 */
#ifndef ZOCO_DB_SQL_H
#define ZOCO_DB_SQL_H

#include "base/buf.h"
#include "db/db.h"

#define SQL_PARAMS_MAX 32

struct sql {
	struct buf text;
	struct db_param params[SQL_PARAMS_MAX];
	int n;
};

#define sql_start(sql, arena, fragment, ...) \
	sql_start_params(sql, arena, "" fragment "", DB_PARAMS(__VA_ARGS__))
#define sql_add(sql, fragment, ...) \
	sql_add_params(sql, "" fragment "", DB_PARAMS(__VA_ARGS__))

void sql_start_params(struct sql *, struct arena *, const char *fragment,
    const struct db_param *, int n);
void sql_add_params(struct sql *, const char *fragment,
    const struct db_param *, int n);

bool sql_all(struct db *, struct sql *, const struct schema *, void **rows,
    size_t *count);

#endif
