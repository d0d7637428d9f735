/* What the files of lib/db share; nobody else includes it. */
#ifndef ZOCO_DB_DB_INTERNAL_H
#define ZOCO_DB_DB_INTERNAL_H

#include <libpq-fe.h>

#include "db/db.h"

#define PREPARED_SLOTS 512	/* a power of two, above any program's queries */
#define CHANNELS_MAX 4

struct db {
	const char *url;
	bool prepare;
	PGconn *conn;
	int64_t retry_at_us;		/* no new connection before that */
	const struct db_query *prepared[PREPARED_SLOTS];	/* of this session */
	const char *channels[CHANNELS_MAX];
	struct arena *arena;
	bool in_transaction;
	enum db_failure failure;
	char constraint[64];
	char error[256];
	int64_t touched, statements, us;
};

/*
 * Runs a statement and returns its result, the arena's, or NULL after a
 * failure, which is then recorded. With a query it is prepared once a session;
 * without, `text` is planned for just this run.
 */
PGresult *db_run(struct db *, const struct db_query *, const char *text,
    const struct db_param *, int n);

/* Opens the connection when there is none; false records DB_LOST. */
bool db_connect(struct db *);

void db_fail(struct db *, enum db_failure, const char *error);

/* Fills an array of rows.n structs from a result. */
void *db_rows(struct db *, PGresult *, const struct schema *);
void db_row(struct db *, PGresult *, const struct schema *, void *row);

#endif
