/* The chain: taking events in. */
#include "audit.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "web/json_out.h"

#define BATCH_MAX 200

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

SCHEMA(entry_row_schema, struct entry,
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

const char *
entry_detail_hash(struct request *r, const char *salt, const char *detail)
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
	e->detail_sha256 = entry_detail_hash(r, salt, e->detail);
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
	db_all(r->db, &find_known, &entry_row_schema, &rows, n, P(r->caller),
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
	if (!db_one(r->db, &find_last, &entry_row_schema, &last))
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
		list = json_out_list(&entry_row_schema, made, n, NULL);
		db_exec(r->db, &put_entries, P(arena_strdup(r->arena,
		    json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN))));
		json_object_put(list);
	}
	return acknowledge(r, in);
}
