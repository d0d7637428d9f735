/* The chain: taking events in, listing entries, verifying the whole. */
#include "audit.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "db/sql.h"
#include "web/json_out.h"

#define BATCH_MAX 200
#define CHUNK 1000

struct entries {
	struct event *events;
	size_t events_n;
};

SCHEMA(entries_input, struct entries,
	FIELD_LIST(struct entries, events, events_n, &event_schema,
	    .required = true, .min = 1, .max = BATCH_MAX));

SCHEMA(entry_schema, struct entry,
	FIELD_I64(struct entry, sequence),
	FIELD_TEXT(struct entry, source),
	FIELD_I64(struct entry, number),
	FIELD_UUID(struct entry, event_id),
	FIELD_TEXT(struct entry, at),
	FIELD_TEXT(struct entry, actor),
	FIELD_TEXT(struct entry, action),
	FIELD_UUID(struct entry, entity),
	FIELD_TEXT(struct entry, request_id),
	FIELD_TEXT(struct entry, sha256),
	FIELD_TEXT(struct entry, detail));

static SCHEMA(row_schema, struct entry,
	FIELD_I64(struct entry, sequence),
	FIELD_TEXT(struct entry, source),
	FIELD_I64(struct entry, number),
	FIELD_UUID(struct entry, event_id),
	FIELD_TEXT(struct entry, at),
	FIELD_TEXT(struct entry, actor),
	FIELD_TEXT(struct entry, action),
	FIELD_UUID(struct entry, entity),
	FIELD_TEXT(struct entry, request_id),
	FIELD_TEXT(struct entry, detail_sha256),
	FIELD_TEXT(struct entry, previous_sha256),
	FIELD_TEXT(struct entry, sha256),
	FIELD_TEXT(struct entry, salt),
	FIELD_TEXT(struct entry, detail));

DB_QUERY(lock_chain, 0, "SELECT 1 FROM pg_advisory_xact_lock(4711)");
DB_QUERY(find_last, 0,
	"SELECT sequence, sha256 FROM entry ORDER BY sequence DESC LIMIT 1");
DB_QUERY(find_known, 2,
	"SELECT number FROM entry WHERE source = $1 AND number IN"
	" (SELECT n::bigint FROM jsonb_array_elements_text($2::jsonb) AS n)");
DB_QUERY(put_entries, 1,
	"WITH e AS (SELECT x.sequence, x.source, x.number, x.event_id, x.at,"
	"  x.actor, x.action, x.entity, x.request_id, x.detail_sha256,"
	"  x.previous_sha256, x.sha256, x.salt, x.detail"
	"  FROM jsonb_to_recordset($1::jsonb) AS x(sequence bigint, source text,"
	"   number bigint, event_id uuid, at text, actor text, action text,"
	"   entity uuid, request_id text, detail_sha256 text,"
	"   previous_sha256 text, sha256 text, salt text, detail text)),"
	" main AS (INSERT INTO entry (sequence, source, number, event_id, at,"
	"  actor, action, entity, request_id, detail_sha256, previous_sha256,"
	"  sha256) SELECT sequence, source, number, event_id, at, actor, action,"
	"  entity, request_id, detail_sha256, previous_sha256, sha256 FROM e"
	"  RETURNING sequence)"
	" INSERT INTO entry_detail (sequence, salt, detail)"
	" SELECT sequence, salt, detail FROM e");

char *
entry_hash(struct request *r, const struct entry *e, char out[DIGEST_HEX_SIZE])
{
	char event_id[UUID_TEXT_SIZE], entity[UUID_TEXT_SIZE];
	const char *text = arena_printf(r->arena,
	    "%" PRId64 "\n%s\n%" PRId64 "\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n",
	    e->sequence, e->source, e->number, uuid_text(&e->event_id, event_id),
	    e->at, e->actor, e->action, uuid_text(&e->entity, entity),
	    e->request_id, e->detail_sha256, e->previous_sha256);

	return digest_sha256_hex(text, strlen(text), out);
}

static const char *
detail_hash(struct request *r, const char *salt, const char *detail)
{
	const char *text = arena_printf(r->arena, "%s%s", salt, detail);
	char *hash = arena_alloc(r->arena, DIGEST_HEX_SIZE);

	return digest_sha256_hex(text, strlen(text), hash);
}

static void
chain(struct request *r, const struct event *event, struct entry *e,
    const struct entry *last)
{
	char *salt = arena_alloc(r->arena, 33), *at = arena_alloc(r->arena, 40);
	uint8_t bytes[16];

	random_bytes(bytes, sizeof(bytes));
	bytes_to_hex(bytes, sizeof(bytes), salt);
	clock_format_rfc3339(event->time_us, at);
	*e = (struct entry){ .sequence = last->sequence + 1,
	    .source = event->source, .number = event->number,
	    .event_id = event->id, .at = at, .actor = event->actor,
	    .action = event->type_text, .entity = event->subject,
	    .request_id = event->request_id != NULL ? event->request_id : "",
	    .salt = salt, .previous_sha256 = last->sha256,
	    .detail = event->data == NULL ? "{}" : json_object_to_json_string_ext(
	    event->data, JSON_C_TO_STRING_PLAIN) };
	e->detail_sha256 = detail_hash(r, salt, e->detail);
	e->sha256 = entry_hash(r, e, arena_alloc(r->arena, DIGEST_HEX_SIZE));
}

/* Says of each event whether it is kept; none is another program's to tell. */
static int
acknowledge(struct request *r, const struct entries *in)
{
	struct json_object *answer = json_object_new_object();
	struct json_object *results = json_object_new_array();
	char id[UUID_TEXT_SIZE];

	for (size_t i = 0; i < in->events_n; i++) {
		struct json_object *result = json_object_new_object();
		bool is_ours = str_eq(in->events[i].source, r->caller);

		json_object_object_add(result, "id", json_object_new_string(
		    uuid_text(&in->events[i].id, id)));
		json_object_object_add(result, "ok",
		    json_object_new_boolean(is_ours));
		if (!is_ours)
			json_object_object_add(result, "error",
			    json_object_new_string("it is another program's event"));
		json_object_array_add(results, result);
	}
	json_object_object_add(answer, "results", results);
	return reply_json(r, 200, answer);
}

/* Which of the caller's numbers the chain has already. */
static struct entry *
known(struct request *r, const struct entries *in, size_t *n)
{
	struct json_object *numbers = json_object_new_array();
	struct entry *rows;

	for (size_t i = 0; i < in->events_n; i++)
		json_object_array_add(numbers,
		    json_object_new_int64(in->events[i].number));
	db_all(r->db, &find_known, &row_schema, &rows, n, P(r->caller),
	    P(arena_strdup(r->arena, json_object_to_json_string(numbers))));
	json_object_put(numbers);
	return rows;
}

static bool
has_number(const struct entry *entries, size_t n, int64_t number)
{
	for (size_t i = 0; i < n; i++)
		if (entries[i].number == number)
			return true;
	return false;
}

/* A batch in one transaction, under the chain's lock. */
int
entries_take(struct request *r)
{
	const struct entries *in = request_input(r);
	struct entry *made = arena_new_array(r->arena, struct entry, in->events_n);
	struct entry last, *old;
	struct json_object *list;
	size_t n = 0, old_n;

	db_exec(r->db, &lock_chain);
	old = known(r, in, &old_n);
	if (!db_one(r->db, &find_last, &row_schema, &last))
		last.sha256 = "";
	for (size_t i = 0; i < in->events_n; i++) {
		const struct event *event = &in->events[i];

		if (!str_eq(event->source, r->caller) ||
		    has_number(old, old_n, event->number) ||
		    has_number(made, n, event->number))
			continue;
		chain(r, event, &made[n], &last);
		last = made[n++];
	}
	if (n > 0) {
		list = json_out_list(&row_schema, made, n, NULL);
		db_exec(r->db, &put_entries, P(arena_strdup(r->arena,
		    json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN))));
		json_object_put(list);
	}
	return acknowledge(r, in);
}

struct entry_list {
	const char *actor, *action, *after;
	struct uuid entity;
	int32_t limit;
};

SCHEMA(entry_list_input, struct entry_list,
	FIELD_TEXT(struct entry_list, actor, .max = 100),
	FIELD_TEXT(struct entry_list, action, .max = 100),
	FIELD_UUID(struct entry_list, entity),
	FIELD_TEXT(struct entry_list, after, .max = 300),
	FIELD_I32(struct entry_list, limit, .min = 1, .max = 100,
	    .preset = "50"));

int
entry_list(struct request *r)
{
	const struct entry_list *in = request_input(r);
	const char *after[1], *next = NULL;
	struct entry *rows;
	struct sql sql;
	size_t n;

	sql_start(&sql, r->arena, "SELECT e.sequence, e.source, e.number,"
	    " e.event_id, e.at, e.actor, e.action, e.entity, e.request_id,"
	    " e.sha256, d.detail FROM entry e"
	    " LEFT JOIN entry_detail d ON d.sequence = e.sequence WHERE true");
	if (in->actor != NULL)
		sql_add(&sql, " AND e.actor = ?", P(in->actor));
	if (in->action != NULL)
		sql_add(&sql, " AND e.action = ?", P(in->action));
	if (!uuid_is_nil(&in->entity))
		sql_add(&sql, " AND e.entity = ?::uuid", P(in->entity));
	if (in->after != NULL) {
		if (!cursor_read(r, in->after, after, 1))
			return r->status;
		if (after[0][0] == '\0' || strlen(after[0]) > 18 ||
		    strspn(after[0], "0123456789") != strlen(after[0]))
			return problem(r, PROBLEM_INVALID);
		sql_add(&sql, " AND e.sequence < ?::bigint", P(after[0]));
	}
	sql_add(&sql, " ORDER BY e.sequence DESC LIMIT ?::int", P(in->limit + 1));
	if (!sql_all(r->db, &sql, &entry_schema, (void **)&rows, &n))
		return 0;
	if (n > (size_t)in->limit)
		next = cursor_make(r, "%" PRId64, rows[--n - 1].sequence);
	return reply_list(r, &entry_schema, rows, n, next);
}

/* The whole chain may be long: one call looks at so many entries. */
#define VERIFY_MAX 100000

struct verify {
	int64_t after;
};

SCHEMA(verify_input, struct verify,
	FIELD_I64(struct verify, after, .min = 0, .max = INT64_MAX,
	    .preset = "0"));

struct verdict {
	bool is_whole;
	int64_t entries, first_bad, next;
	const char *fault;
	struct json_object *missing;
};

SCHEMA(verdict_schema, struct verdict,
	FIELD_BOOL(struct verdict, is_whole),
	FIELD_I64(struct verdict, entries),
	FIELD_I64(struct verdict, first_bad),
	FIELD_I64(struct verdict, next),
	FIELD_TEXT(struct verdict, fault),
	FIELD_JSON(struct verdict, missing));

DB_QUERY(find_entry, 1,
	"SELECT sequence, sha256 FROM entry WHERE sequence = $1::bigint");
DB_QUERY(read_chunk, 2,
	"SELECT e.sequence, e.source, e.number, e.event_id, e.at, e.actor,"
	" e.action, e.entity, e.request_id, e.detail_sha256, e.previous_sha256,"
	" e.sha256, d.salt, d.detail FROM entry e"
	" LEFT JOIN entry_detail d ON d.sequence = e.sequence"
	" WHERE e.sequence > $1::bigint ORDER BY e.sequence LIMIT $2::int");
/* Numbers between the entries of a source that no entry has: ranges. */
DB_QUERY(find_missing, 0,
	"SELECT coalesce(jsonb_agg(jsonb_build_object('source', source, 'first',"
	" before + 1, 'last', number - 1)), '[]') FROM (SELECT source, number,"
	" lag(number, 1, 0::bigint) OVER (PARTITION BY source ORDER BY number)"
	" AS before FROM entry) AS x WHERE number <> before + 1");

/* What is wrong with an entry that follows `before`; NULL: nothing. */
static const char *
fault_of(struct request *r, const struct entry *e, const struct entry *before)
{
	char hash[DIGEST_HEX_SIZE];

	if (e->sequence != before->sequence + 1)
		return "an entry before it is missing";
	if (!str_eq(e->previous_sha256, before->sha256))
		return "it does not follow the entry before it";
	if (!str_eq(e->sha256, entry_hash(r, e, hash)))
		return "it was altered";
	if (e->detail != NULL && e->detail[0] != '\0' && !str_eq(e->detail_sha256,
	    detail_hash(r, e->salt, e->detail)))
		return "its detail was altered";
	return NULL;
}

/* Looks at the next chunk; the memory for it is given back at once. */
static size_t
verify_chunk(struct request *r, struct arena *arena, struct entry *before,
    char before_sha256[DIGEST_HEX_SIZE], struct verdict *verdict)
{
	struct request reader = *r;
	struct entry *rows;
	size_t n;

	arena_reset(arena);
	reader.arena = arena;
	db_start(r->db, arena);
	if (!db_all(r->db, &read_chunk, &row_schema, &rows, &n,
	    P(before->sequence), P(CHUNK)))
		return 0;
	for (size_t i = 0; i < n && verdict->is_whole; i++) {
		const char *fault = fault_of(&reader, &rows[i], before);

		verdict->is_whole = fault == NULL;
		verdict->fault = fault;
		verdict->first_bad = fault == NULL ? 0 : rows[i].sequence;
		verdict->entries++;
		*before = rows[i];
	}
	snprintf(before_sha256, DIGEST_HEX_SIZE, "%s", before->sha256);
	before->sha256 = before_sha256;
	return n;
}

/* Sets `missing`; it counts as a fault too. */
static void
find_gaps(struct request *r, struct verdict *verdict)
{
	struct json_tokener *tokener = json_tokener_new();
	const char *text = db_text(r->db, &find_missing);

	if (text != NULL)
		verdict->missing = json_tokener_parse_ex(tokener, text,
		    (int)strlen(text));
	json_tokener_free(tokener);
	if (verdict->missing != NULL && verdict->is_whole &&
	    json_object_array_length(verdict->missing) > 0) {
		verdict->is_whole = false;
		verdict->fault = "numbers of a source are missing";
	}
}

static void
free_arena(void *arena)
{
	arena_free(arena);
}

/*
 * GET /audit/verify: from the entry `after` (which counts as good) up to
 * VERIFY_MAX entries; `next` is where to go on, or null at the end.
 */
int
chain_verify(struct request *r)
{
	const struct verify *in = request_input(r);
	struct arena *arena = arena_new();
	struct verdict verdict = { .is_whole = true };
	struct entry before = { .sha256 = "" };
	char before_sha256[DIGEST_HEX_SIZE];
	size_t n = 0;

	arena_defer(r->arena, free_arena, arena);
	if (in->after > 0 && !db_one(r->db, &find_entry, &row_schema, &before,
	    P(in->after)))
		return request_failed(r) ? 0 : problem(r, PROBLEM_NOT_FOUND);
	do {
		n = verify_chunk(r, arena, &before, before_sha256, &verdict);
	} while (n == CHUNK && verdict.is_whole &&
	    verdict.entries < VERIFY_MAX);
	if (request_failed(r))
		return 0;
	verdict.next = n == CHUNK && verdict.is_whole ? before.sequence : 0;
	db_start(r->db, r->arena);
	find_gaps(r, &verdict);
	if (request_failed(r))
		return 0;
	reply(r, 200, &verdict_schema, &verdict);
	json_object_put(verdict.missing);
	return r->status;
}
