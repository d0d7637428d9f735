/*
 * PostgreSQL for people who have business to do.
 *
 * A query is declared beside its use and prepared when first run:
 *
 *	DB_QUERY(find_level, 1, "SELECT variant_id, on_hand FROM level"
 *	    " WHERE variant_id = $1");
 *	if (!db_one(db, &find_level, &level_schema, &level, P(variant_id)))
 *		return problem(r, PROBLEM_NOT_FOUND);
 *
 * The first failure sticks: after it every call does nothing and returns
 * false, and the dispatcher answers. So false means "no row" to a handler; what
 * else may have gone wrong is not its business.
 *
 * One struct db is one connection, opened when first needed and again when it
 * was lost. It must be opened after fork and belongs to one process.
 */
#ifndef ZOCO_DB_DB_H
#define ZOCO_DB_DB_H

#include "base/arena.h"
#include "base/field.h"

struct db;

struct db_query {
	const char *name;
	int nparams;
	const char *text;
};

/*
 * A query that `--check-sql` can find: a pointer to it lies in a section of its
 * own (structs would be padded between files).
 */
#define DB_QUERY(variable, count, ...) \
	static const struct db_query variable = { #variable, count, __VA_ARGS__ }; \
	static const struct db_query *const variable##_entry \
	    __attribute__((used, section("db_queries"))) = &variable

/* What kept a statement from doing its work. */
enum db_failure {
	DB_GOOD,
	DB_CONSTRAINT,		/* 23xxx: db_constraint() names it */
	DB_SERIALIZATION,	/* 40001, 40P01: run the transaction again */
	DB_TIMEOUT,		/* 57014, 55P03: the answer would be late */
	DB_LOST,		/* no connection; nothing was done */
	DB_OUTCOME_UNKNOWN,	/* the connection ended during COMMIT */
	DB_DEFECT,		/* anything else is a mistake of ours */
};

/* A parameter, as text. Made by P(). */
struct db_param {
	const char *text;	/* NULL: `small` holds it, or it is NULL */
	bool is_null;
	char small[40];
};

struct db_param db_param_bool(bool);
struct db_param db_param_integer(int64_t);
struct db_param db_param_text(const char *);	/* borrowed; NULL is NULL */
struct db_param db_param_uuid(struct uuid);	/* the nil id is NULL */

/* The value of a C expression as a parameter; a wrong type does not compile. */
#define P(x) _Generic((x), \
	bool: db_param_bool, \
	int: db_param_integer, unsigned: db_param_integer, \
	long: db_param_integer, unsigned long: db_param_integer, \
	long long: db_param_integer, \
	char *: db_param_text, const char *: db_param_text, \
	struct uuid: db_param_uuid)(x)
struct db_param P_TIME(int64_t us);	/* 0 is NULL */
#define P_NULL ((struct db_param){ .is_null = true })

#define DB_PARAMS(...) \
	(const struct db_param[]){ __VA_ARGS__ __VA_OPT__(,) P_NULL }, \
	(int)(sizeof((const struct db_param[]){ __VA_ARGS__ __VA_OPT__(,) P_NULL }) \
	    / sizeof(struct db_param)) - 1

/* A handle that is not connected yet. `url` is borrowed for good. */
struct db *db_new(const char *url, bool prepare);
void db_free(struct db *);

/*
 * Starts a piece of work (a request, a step of a job): forgets the last
 * failure, rolls back what was left open, and takes results from now on from
 * this arena.
 */
void db_start(struct db *, struct arena *);

enum db_failure db_failure(const struct db *);
const char *db_constraint(const struct db *);	/* "" when it was none */
const char *db_error(const struct db *);	/* the server's text, for the log */

/* Transactions. They do not nest; false when the connection is lost. */
bool db_begin(struct db *);
bool db_commit(struct db *);
void db_rollback(struct db *);
bool db_in_transaction(const struct db *);

/*
 * A savepoint around a part whose failure shall not end the whole (an event in
 * a batch). db_savepoint_end(db) keeps the part, or, after a failure, undoes it
 * and clears the failure; it returns whether the part was kept.
 */
bool db_savepoint(struct db *);
bool db_savepoint_end(struct db *);

/* Makes db_savepoint_end() undo the part although no statement failed. */
void db_undo_part(struct db *);

/* Exactly one row into *row (zeroed first). False: there was none. */
#define db_one(db, query, schema, row, ...) \
	db_one_params(db, query, schema, row, DB_PARAMS(__VA_ARGS__))
bool db_one_params(struct db *, const struct db_query *, const struct schema *,
    void *row, const struct db_param *, int n);

/* All rows as an array of the arena's. True also when there are none. */
#define db_all(db, query, schema, rows, n, ...) \
	db_all_params(db, query, schema, (void **)(rows), n, DB_PARAMS(__VA_ARGS__))
bool db_all_params(struct db *, const struct db_query *, const struct schema *,
    void **rows, size_t *count, const struct db_param *, int n);

/* Runs a statement; true when it touched (or returned) at least one row. */
#define db_exec(db, query, ...) \
	db_exec_params(db, query, DB_PARAMS(__VA_ARGS__))
bool db_exec_params(struct db *, const struct db_query *,
    const struct db_param *, int n);

/* The first column of the one row as a number; `absent` when there is none. */
#define db_integer(db, query, absent, ...) \
	db_integer_params(db, query, absent, DB_PARAMS(__VA_ARGS__))
int64_t db_integer_params(struct db *, const struct db_query *, int64_t absent,
    const struct db_param *, int n);

/* The first column of the one row as text, the arena's; NULL when absent. */
#define db_text(db, query, ...) \
	db_text_params(db, query, DB_PARAMS(__VA_ARGS__))
const char *db_text_params(struct db *, const struct db_query *,
    const struct db_param *, int n);

/* The first column of the one row as JSON, the arena's; NULL when absent. */
#define db_json(db, query, ...) \
	db_json_params(db, query, DB_PARAMS(__VA_ARGS__))
struct json_object *db_json_params(struct db *, const struct db_query *,
    const struct db_param *, int n);

/* Rows touched by the last statement. */
int64_t db_touched(const struct db *);

/* For the log line: statements run and microseconds spent since db_start. */
int64_t db_statements(const struct db *);
int64_t db_us(const struct db *);

/* LISTEN on a channel (also again after a reconnect), NOTIFY, and a bounded
 * wait: true when something was heard. */
void db_listen(struct db *, const char *channel);
bool db_wait(struct db *, int timeout_ms);
bool db_notify(struct db *, const char *channel);

/*
 * PREPAREs every DB_QUERY of the program against the database and compares the
 * parameter counts; the number of faults, each logged with the query's name.
 */
int db_check_queries(struct db *);

#endif
