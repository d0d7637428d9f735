#include "db/db_internal.h"

#include <poll.h>

#include "base/clock.h"
#include "base/log.h"

#define RETRY_AFTER_US 200000

static void
clear_result(void *result)
{
	PQclear(result);
}

static void
swallow_notice(void *context, const char *message)
{
	(void)context;
	log_debug("db.notice", "%s", message);
}

struct db *
db_new(const char *url, bool prepare)
{
	struct db *db = calloc(1, sizeof(*db));

	if (db == NULL)
		abort();
	db->url = url;
	db->prepare = prepare;
	return db;
}

void
db_free(struct db *db)
{
	if (db == NULL)
		return;
	PQfinish(db->conn);
	free(db);
}

void
db_fail(struct db *db, enum db_failure failure, const char *error)
{
	if (db->failure != DB_GOOD)
		return;
	db->failure = failure;
	snprintf(db->error, sizeof(db->error), "%s", error);
}

static void
disconnect(struct db *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
	db->in_transaction = false;
	memset(db->prepared, 0, sizeof(db->prepared));
}

/* A name of ours, quoted; channels are constants, but quoting costs nothing. */
static bool
send_simple(struct db *db, const char *word, const char *channel)
{
	char text[128];
	PGresult *result;
	bool good;

	snprintf(text, sizeof(text), "%s \"%s\"", word, channel);
	result = PQexecParams(db->conn, text, 0, NULL, NULL, NULL, NULL, 0);
	good = PQresultStatus(result) == PGRES_COMMAND_OK;
	PQclear(result);
	return good;
}

bool
db_connect(struct db *db)
{
	if (db->conn != NULL && PQstatus(db->conn) == CONNECTION_OK)
		return true;
	if (db->in_transaction) {	/* the half-done work went with it */
		db_fail(db, DB_LOST, "connection lost in a transaction");
		return false;
	}
	disconnect(db);
	if (clock_monotonic_us() < db->retry_at_us) {
		db_fail(db, DB_LOST, "no connection");
		return false;
	}
	db->conn = PQconnectdb(db->url);
	if (db->conn == NULL || PQstatus(db->conn) != CONNECTION_OK) {
		log_error("db.connect", "%s",
		    db->conn == NULL ? "out of memory" : PQerrorMessage(db->conn));
		db->retry_at_us = clock_monotonic_us() + RETRY_AFTER_US;
		disconnect(db);
		db_fail(db, DB_LOST, "no connection");
		return false;
	}
	PQsetNoticeProcessor(db->conn, swallow_notice, NULL);
	for (int i = 0; i < CHANNELS_MAX && db->channels[i] != NULL; i++)
		send_simple(db, "LISTEN", db->channels[i]);
	return true;
}

/* An idle connection that the server closed is noticed before it is used. */
static void
drop_if_closed(struct db *db)
{
	struct pollfd fd;

	if (db->conn == NULL)
		return;
	fd = (struct pollfd){ .fd = PQsocket(db->conn), .events = POLLIN };
	if (poll(&fd, 1, 0) > 0 &&
	    (!PQconsumeInput(db->conn) || PQstatus(db->conn) != CONNECTION_OK))
		disconnect(db);
}

void
db_start(struct db *db, struct arena *arena)
{
	db->arena = arena;
	if (db->in_transaction)
		db_rollback(db);
	db->failure = DB_GOOD;
	db->constraint[0] = db->error[0] = '\0';
	db->touched = db->statements = db->us = 0;
	drop_if_closed(db);
}

static enum db_failure
classify(const char *sqlstate)
{
	if (sqlstate == NULL)
		return DB_LOST;
	if (str_starts(sqlstate, "23"))
		return DB_CONSTRAINT;
	if (str_eq(sqlstate, "40001") || str_eq(sqlstate, "40P01"))
		return DB_SERIALIZATION;
	if (str_eq(sqlstate, "57014") || str_eq(sqlstate, "55P03"))
		return DB_TIMEOUT;
	if (str_starts(sqlstate, "57P") || str_starts(sqlstate, "08") ||
	    str_starts(sqlstate, "53") || str_eq(sqlstate, "25006"))
		return DB_LOST;
	return DB_DEFECT;
}

/* Keeps what the server says of a failure: its class, constraint and text. */
static void
record(struct db *db, PGresult *result, const char *name)
{
	const char *constraint =
	    PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	enum db_failure failure =
	    classify(PQresultErrorField(result, PG_DIAG_SQLSTATE));

	if (text == NULL)
		text = PQerrorMessage(db->conn);
	db_fail(db, failure, text);
	if (failure == DB_CONSTRAINT && constraint != NULL)
		snprintf(db->constraint, sizeof(db->constraint), "%s", constraint);
	if (failure != DB_CONSTRAINT && failure != DB_SERIALIZATION)
		log_error("db.statement", "%s: %s", name, text);
}

/* The slot of a query in the set of prepared ones: its own or an empty one. */
static const struct db_query **
slot_of(struct db *db, const struct db_query *query)
{
	size_t i = ((uintptr_t)query / sizeof(*query)) % PREPARED_SLOTS;

	while (db->prepared[i] != NULL && db->prepared[i] != query)
		i = (i + 1) % PREPARED_SLOTS;
	return &db->prepared[i];
}

static const char *
statement_name(const struct db_query *query, char out[32])
{
	snprintf(out, 32, "q%" PRIxPTR, (uintptr_t)query);
	return out;
}

static bool
prepare(struct db *db, const struct db_query *query)
{
	const struct db_query **slot = slot_of(db, query);
	PGresult *result;
	char name[32];
	bool good;

	if (*slot == query)
		return true;
	result = PQprepare(db->conn, statement_name(query, name), query->text, 0,
	    NULL);
	good = PQresultStatus(result) == PGRES_COMMAND_OK;
	if (good)
		*slot = query;
	else
		record(db, result, query->name);
	PQclear(result);
	return good;
}

static PGresult *
execute(struct db *db, const struct db_query *query, const char *text,
    const struct db_param *params, int n)
{
	const char *values[64];
	char name[32];

	assert(n <= (int)ARRAY_LEN(values));
	for (int i = 0; i < n; i++)
		values[i] = params[i].is_null ? NULL :
		    params[i].text != NULL ? params[i].text : params[i].small;
	if (query == NULL || !db->prepare)
		return PQexecParams(db->conn, text, n, NULL, values, NULL, NULL, 0);
	if (!prepare(db, query))
		return NULL;
	return PQexecPrepared(db->conn, statement_name(query, name), n, values,
	    NULL, NULL, 0);
}

PGresult *
db_run(struct db *db, const struct db_query *query, const char *text,
    const struct db_param *params, int n)
{
	int64_t started = clock_monotonic_us();
	PGresult *result;
	ExecStatusType status;

	if (db->failure != DB_GOOD || !db_connect(db))
		return NULL;
	result = execute(db, query, text, params, n);
	db->statements++;
	db->us += clock_monotonic_us() - started;
	if (result == NULL) {
		if (db->failure == DB_GOOD)
			db_fail(db, DB_LOST, "no result");
		return NULL;
	}
	arena_defer(db->arena, clear_result, result);
	status = PQresultStatus(result);
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
		record(db, result, query != NULL ? query->name : text);
		return NULL;
	}
	db->touched = strtoll(PQcmdTuples(result), NULL, 10);
	return result;
}

/* BEGIN, COMMIT and the like: constant texts without parameters. */
static bool
command(struct db *db, const char *text)
{
	return db_run(db, NULL, text, NULL, 0) != NULL;
}

bool
db_begin(struct db *db)
{
	assert(!db->in_transaction);
	if (!command(db, "BEGIN"))
		return false;
	db->in_transaction = true;
	return true;
}

bool
db_commit(struct db *db)
{
	bool good;

	assert(db->in_transaction);
	if (db->failure != DB_GOOD) {
		db_rollback(db);
		return false;
	}
	good = command(db, "COMMIT");
	/* A COMMIT whose answer was lost may have happened: nobody knows. */
	if (!good && db->failure == DB_LOST)
		db->failure = DB_OUTCOME_UNKNOWN;
	db->in_transaction = false;
	if (!good && db->conn != NULL && PQstatus(db->conn) != CONNECTION_OK)
		disconnect(db);
	return good;
}

void
db_rollback(struct db *db)
{
	PGresult *result;

	if (!db->in_transaction)
		return;
	result = PQexecParams(db->conn, "ROLLBACK", 0, NULL, NULL, NULL, NULL, 0);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		disconnect(db);
	PQclear(result);
	db->in_transaction = false;
}

bool
db_in_transaction(const struct db *db)
{
	return db->in_transaction;
}

bool
db_savepoint(struct db *db)
{
	assert(db->in_transaction);
	return command(db, "SAVEPOINT part");
}

bool
db_savepoint_end(struct db *db)
{
	bool kept = db->failure == DB_GOOD;

	if (kept)
		return command(db, "RELEASE SAVEPOINT part");
	if (db->failure == DB_LOST || db->failure == DB_SERIALIZATION)
		return false;	/* the whole transaction is gone */
	db->failure = DB_GOOD;
	command(db, "ROLLBACK TO SAVEPOINT part");
	return false;
}

void
db_undo_part(struct db *db)
{
	db_fail(db, DB_CONSTRAINT, "undone");
}

enum db_failure
db_failure(const struct db *db)
{
	return db->failure;
}

const char *
db_constraint(const struct db *db)
{
	return db->constraint;
}

const char *
db_error(const struct db *db)
{
	return db->error;
}

int64_t
db_touched(const struct db *db)
{
	return db->touched;
}

int64_t
db_statements(const struct db *db)
{
	return db->statements;
}

int64_t
db_us(const struct db *db)
{
	return db->us;
}

void
db_listen(struct db *db, const char *channel)
{
	for (int i = 0; i < CHANNELS_MAX; i++)
		if (db->channels[i] == NULL) {
			db->channels[i] = channel;
			break;
		}
	if (db->conn != NULL)
		send_simple(db, "LISTEN", channel);
}

bool
db_notify(struct db *db, const char *channel)
{
	return db_connect(db) && send_simple(db, "NOTIFY", channel);
}

bool
db_wait(struct db *db, int timeout_ms)
{
	struct pollfd fd;
	PGnotify *notify;
	bool heard = false;

	if (!db_connect(db)) {
		poll(NULL, 0, timeout_ms);
		return false;
	}
	fd = (struct pollfd){ .fd = PQsocket(db->conn), .events = POLLIN };
	if (poll(&fd, 1, timeout_ms) > 0 && !PQconsumeInput(db->conn))
		disconnect(db);
	while (db->conn != NULL && (notify = PQnotifies(db->conn)) != NULL) {
		PQfreemem(notify);
		heard = true;
	}
	return heard;
}
