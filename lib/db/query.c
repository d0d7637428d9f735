/* Rows and parameters: between C and PostgreSQL's text formats. */
#include "db/db_internal.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

#define COLUMNS_MAX 64

extern const struct db_query *const __start_db_queries[] __attribute__((weak));
extern const struct db_query *const __stop_db_queries[] __attribute__((weak));

struct db_param
db_param_bool(bool value)
{
	return (struct db_param){ .text = value ? "t" : "f" };
}

struct db_param
db_param_integer(int64_t value)
{
	struct db_param p = { .text = NULL };

	snprintf(p.small, sizeof(p.small), "%" PRId64, value);
	return p;
}

struct db_param
db_param_text(const char *value)
{
	return (struct db_param){ .text = value, .is_null = value == NULL };
}

struct db_param
db_param_uuid(struct uuid value)
{
	struct db_param p = { .is_null = uuid_is_nil(&value) };

	uuid_text(&value, p.small);
	return p;
}

struct db_param
P_TIME(int64_t us)
{
	struct db_param p = { .is_null = us == 0 };

	if (us != 0)
		clock_format_rfc3339(us, p.small);
	return p;
}

static struct json_object *
parse_json(struct db *db, const char *text)
{
	struct json_object *value = json_parse(db->arena, text, strlen(text));

	if (value == NULL)
		db_fail(db, DB_DEFECT, "a JSON column could not be read");
	return value;
}

/* One value of a column into the struct's member. */
static bool
set_member(struct db *db, const struct field *f, void *row, const char *text)
{
	char *member = (char *)row + f->offset;

	switch (f->type) {
	case FIELD_TYPE_BOOL:
		*(bool *)member = text[0] == 't';
		return true;
	case FIELD_TYPE_I32:
		*(int32_t *)(void *)member = (int32_t)strtol(text, NULL, 10);
		return true;
	case FIELD_TYPE_I64:
		*(int64_t *)(void *)member = strtoll(text, NULL, 10);
		return true;
	case FIELD_TYPE_TEXT:
		memcpy(member, &text, sizeof(text));
		return true;
	case FIELD_TYPE_ENUM:
		*(int *)(void *)member = field_enum_index(f->names, text);
		return *(int *)(void *)member >= 0;
	case FIELD_TYPE_UUID:
		return uuid_parse(text, (struct uuid *)(void *)member);
	case FIELD_TYPE_TIME:
		return clock_parse_postgres(text, (int64_t *)(void *)member);
	case FIELD_TYPE_MONEY:
		((struct money *)(void *)member)->amount =
		    strtoll(text, NULL, 10);
		return true;
	case FIELD_TYPE_JSON: {
		struct json_object *value = parse_json(db, text);

		memcpy(member, &value, sizeof(value));
		return value != NULL;
	}
	case FIELD_TYPE_OBJECT:
	case FIELD_TYPE_LIST:
	case FIELD_TYPE_TEXTS:
		break;
	}
	return false;
}

/* The column `currency` belongs to every money field of the row. */
static void
set_currency(const struct schema *schema, void *row, const char *text)
{
	for (const struct field *f = schema->fields; f->name != NULL; f++)
		if (f->type == FIELD_TYPE_MONEY) {
			struct money *m =
			    (struct money *)(void *)((char *)row + f->offset);

			snprintf(m->currency, sizeof(m->currency), "%s", text);
		}
}

/* Which field takes each column. Columns come mostly in the fields' order. */
static bool
match_columns(struct db *db, PGresult *result, const struct schema *schema,
    const struct field *map[COLUMNS_MAX])
{
	const struct field *next = schema->fields;
	int n = PQnfields(result);

	assert(n <= COLUMNS_MAX);
	for (int i = 0; i < n; i++) {
		const char *name = PQfname(result, i);

		if (next->name == NULL || !str_eq(next->name, name))
			next = schema_find(schema, name);
		map[i] = next;
		if (next != NULL) {
			next++;
		} else {
			next = schema->fields;
			if (str_eq(name, "currency"))
				continue;
			log_error("db.column", "%s has no field for column %s",
			    schema->name, name);
			db_fail(db, DB_DEFECT, "a column without a field");
			return false;
		}
	}
	return true;
}

static bool
fill(struct db *db, PGresult *result, int i, const struct schema *schema,
    const struct field *const map[COLUMNS_MAX], void *row)
{
	int n = PQnfields(result);

	for (int column = 0; column < n; column++) {
		const struct field *f = map[column];
		const char *text = PQgetvalue(result, i, column);

		if (PQgetisnull(result, i, column))
			continue;
		if (f == NULL || (f->type == FIELD_TYPE_TEXT &&
		    str_eq(f->name, "currency")))
			set_currency(schema, row, text);
		if (f == NULL)
			continue;
		if (!set_member(db, f, row, text)) {
			log_error("db.value", "%s.%s: unreadable value",
			    schema->name, f->name);
			db_fail(db, DB_DEFECT, "unreadable value");
			return false;
		}
		field_set_given(f, row, true);
	}
	return true;
}

void *
db_rows(struct db *db, PGresult *result, const struct schema *schema)
{
	const struct field *map[COLUMNS_MAX];
	int n = PQntuples(result);
	char *rows = arena_calloc(db->arena, (size_t)n + 1, schema->size);

	if (!match_columns(db, result, schema, map))
		return rows;
	for (int i = 0; i < n; i++)
		if (!fill(db, result, i, schema, map, rows + (size_t)i * schema->size))
			break;
	return rows;
}

void
db_row(struct db *db, PGresult *result, const struct schema *schema, void *row)
{
	const struct field *map[COLUMNS_MAX];

	if (match_columns(db, result, schema, map))
		fill(db, result, 0, schema, map, row);
}

static PGresult *
run(struct db *db, const struct db_query *query, const struct db_param *params,
    int n)
{
	assert(n == query->nparams);
	return db_run(db, query, query->text, params, n);
}

bool
db_one_params(struct db *db, const struct db_query *query,
    const struct schema *schema, void *row, const struct db_param *params, int n)
{
	PGresult *result = run(db, query, params, n);

	memset(row, 0, schema->size);
	if (result == NULL || PQntuples(result) == 0)
		return false;
	db_row(db, result, schema, row);
	return db->failure == DB_GOOD;
}

bool
db_all_params(struct db *db, const struct db_query *query,
    const struct schema *schema, void **rows, size_t *count,
    const struct db_param *params, int n)
{
	PGresult *result = run(db, query, params, n);

	*rows = NULL;
	*count = 0;
	if (result == NULL)
		return false;
	*rows = db_rows(db, result, schema);
	*count = (size_t)PQntuples(result);
	return db->failure == DB_GOOD;
}

bool
db_exec_params(struct db *db, const struct db_query *query,
    const struct db_param *params, int n)
{
	PGresult *result = run(db, query, params, n);

	return result != NULL && db->touched > 0;
}

const char *
db_text_params(struct db *db, const struct db_query *query,
    const struct db_param *params, int n)
{
	PGresult *result = run(db, query, params, n);

	if (result == NULL || PQntuples(result) == 0 ||
	    PQgetisnull(result, 0, 0))
		return NULL;
	return PQgetvalue(result, 0, 0);
}

struct json_object *
db_json_params(struct db *db, const struct db_query *query,
    const struct db_param *params, int n)
{
	const char *text = db_text_params(db, query, params, n);

	return text == NULL ? NULL : parse_json(db, text);
}

int64_t
db_integer_params(struct db *db, const struct db_query *query, int64_t absent,
    const struct db_param *params, int n)
{
	const char *text = db_text_params(db, query, params, n);

	return text == NULL ? absent : strtoll(text, NULL, 10);
}

static bool
check_query(struct db *db, const struct db_query *query)
{
	PGresult *result;
	bool good;

	result = PQprepare(db->conn, "", query->text, 0, NULL);
	good = PQresultStatus(result) == PGRES_COMMAND_OK;
	if (!good)
		log_error("db.check", "%s: %s", query->name,
		    PQresultErrorMessage(result));
	PQclear(result);
	if (!good)
		return false;
	result = PQdescribePrepared(db->conn, "");
	good = PQnparams(result) == query->nparams;
	if (!good)
		log_error("db.check", "%s: declared with %d parameters, has %d",
		    query->name, query->nparams, PQnparams(result));
	PQclear(result);
	return good;
}

int
db_check_queries(struct db *db)
{
	int faults = 0;

	if (!db_connect(db))
		return 1;
	for (const struct db_query *const *q = __start_db_queries;
	    q < __stop_db_queries; q++)
		faults += !check_query(db, *q);
	return faults;
}
