#include "db/sql.h"

#include "db/db_internal.h"

#define SQL_MAX_BYTES (16 * 1024)

void
sql_start_params(struct sql *sql, struct arena *arena, const char *fragment,
    const struct db_param *params, int n)
{
	buf_init(&sql->text, arena, SQL_MAX_BYTES);
	sql->n = 0;
	sql_add_params(sql, fragment, params, n);
}

void
sql_add_params(struct sql *sql, const char *fragment,
    const struct db_param *params, int n)
{
	int used = 0;

	for (const char *p = fragment; *p != '\0'; p++) {
		if (*p != '?') {
			buf_putc(&sql->text, *p);
			continue;
		}
		assert(used < n && sql->n < SQL_PARAMS_MAX);
		sql->params[sql->n++] = params[used++];
		buf_printf(&sql->text, "$%d", sql->n);
	}
	assert(used == n);
}

bool
sql_all(struct db *db, struct sql *sql, const struct schema *schema,
    void **rows, size_t *count)
{
	PGresult *result;

	*rows = NULL;
	*count = 0;
	result = db_run(db, NULL, sql->text.data, sql->params, sql->n);
	if (result == NULL)
		return false;
	*rows = db_rows(db, result, schema);
	*count = (size_t)PQntuples(result);
	return db->failure == DB_GOOD;
}
