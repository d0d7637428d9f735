/* The chain: taking events in. */
#include "audit.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "base/json.h"
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

#define ROW_FIELDS \
	FIELD_I64(struct entry, sequence), \
	FIELD_TEXT(struct entry, source), \
	FIELD_I64(struct entry, number), \
	FIELD_UUID(struct entry, event_id), \
	FIELD_TEXT(struct entry, at), \
	FIELD_TEXT(struct entry, actor), \
	FIELD_TEXT(struct entry, action), \
	FIELD_UUID(struct entry, entity), \
	FIELD_TEXT(struct entry, request_id), \
	FIELD_TEXT(struct entry, detail_sha256), \
	FIELD_TEXT(struct entry, previous_sha256), \
	FIELD_TEXT(struct entry, sha256), \
	FIELD_TEXT(struct entry, salt), \
	FIELD_TEXT(struct entry, detail)

SCHEMA(entry_row_schema, struct entry, ROW_FIELDS);
SCHEMA(entry_new_schema, struct entry, ROW_FIELDS,
	FIELD_TEXT(struct entry, private_salt),
	FIELD_TEXT(struct entry, private),
	FIELD_I64(struct entry, erased_by));

DB_QUERY(lock_chain, 0, "SELECT 1 FROM pg_advisory_xact_lock(4711)");
DB_QUERY(find_last, 0,
	"SELECT sequence, sha256 FROM entry ORDER BY sequence DESC LIMIT 1");
DB_QUERY(find_known, 2,
	"SELECT number FROM entry WHERE source = $1 AND number IN"
	" (SELECT n::bigint FROM jsonb_array_elements_text($2::jsonb) AS n)");
DB_QUERY(put_entries, 1,
	"WITH e AS (SELECT x.sequence, x.source, x.number, x.event_id, x.at,"
	"  x.actor, x.action, x.entity, x.request_id, x.detail_sha256,"
	"  x.previous_sha256, x.sha256, x.salt, x.detail, x.private_salt,"
	"  x.private"
	"  FROM jsonb_to_recordset($1::jsonb) AS x(sequence bigint, source text,"
	"   number bigint, event_id uuid, at text, actor text, action text,"
	"   entity uuid, request_id text, detail_sha256 text,"
	"   previous_sha256 text, sha256 text, salt text, detail text,"
	"   private_salt text, private text)),"
	" main AS (INSERT INTO entry (sequence, source, number, event_id, at,"
	"  actor, action, entity, request_id, detail_sha256, previous_sha256,"
	"  sha256) SELECT sequence, source, number, event_id, at, actor, action,"
	"  entity, request_id, detail_sha256, previous_sha256, sha256 FROM e"
	"  RETURNING sequence), apart AS (INSERT INTO entry_private (sequence,"
	"  person, salt, private) SELECT sequence, entry_person(actor, entity),"
	"  private_salt, private FROM e WHERE private IS NOT NULL)"
	" INSERT INTO entry_detail (sequence, salt, detail)"
	" SELECT sequence, salt, detail FROM e");
/* Of these people, who has closed the account. */
DB_QUERY(find_closed, 1,
	"SELECT DISTINCT entity FROM entry WHERE action = 'user.closed' AND entity"
	" IN (SELECT e::uuid FROM jsonb_array_elements_text($1::jsonb) AS e)");
DB_QUERY(erase_closed, 1, "SELECT erase_closed($1::bigint)");

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
entry_salted_hash(struct request *r, const char *salt, const char *text)
{
	const char *salted = arena_printf(r->arena, "%s%s", salt, text);
	char *hash = arena_alloc(r->arena, DIGEST_HEX_SIZE);

	return digest_sha256_hex(salted, strlen(salted), hash);
}

static const char *
new_salt(struct request *r)
{
	char *salt = arena_alloc(r->arena, 33);
	uint8_t bytes[16];

	random_bytes(bytes, sizeof(bytes));
	return bytes_to_hex(bytes, sizeof(bytes), salt);
}

/* Whose data the private part of an event is. */
static struct uuid
person_of(const struct event *event)
{
	struct uuid id;

	return str_starts(event->actor, "user:") &&
	    uuid_parse(event->actor + 5, &id) ? id : event->subject;
}

/* Takes out what tells where somebody was; NULL: there is nothing. */
static const char *
take_private(struct request *r, const struct event *event)
{
	static const char *const names[] = { "address", "device", "user_agent" };
	struct json_object *private = json_object_new_object();
	struct json_object *from[] = { json_member(event->data, "origin"),
	    str_eq(event->source, "auth") ? event->data : NULL };

	json_keep(r->arena, private);
	for (size_t i = 0; i < ARRAY_LEN(from); i++)
		for (size_t j = 0; j < ARRAY_LEN(names); j++) {
			if (json_member(from[i], names[j]) == NULL)
				continue;
			json_add_copy(private, from[i], names[j]);
			json_object_object_del(from[i], names[j]);
		}
	return json_object_object_length(private) == 0 ? NULL :
	    json_object_to_json_string_ext(private, JSON_C_TO_STRING_PLAIN);
}

/* The private part goes apart, and its hash into the detail; of somebody who
 * has left nothing is kept. */
static void
part_private(struct request *r, const struct event *event, struct entry *e,
    bool is_closed)
{
	const char *private = take_private(r, event);

	if (private == NULL || is_closed)
		return;
	e->private = private;
	e->private_salt = new_salt(r);
	json_add_text(event->data, "private_sha256",
	    entry_salted_hash(r, e->private_salt, private));
}

static void
chain(struct request *r, const struct event *event, struct entry *e,
    const struct entry *last, bool is_closed)
{
	char *at = arena_alloc(r->arena, 40);

	clock_format_rfc3339(event->time_us, at);
	*e = (struct entry){ .sequence = last->sequence + 1,
	    .source = event->source, .number = event->number,
	    .event_id = event->id, .at = at, .actor = event->actor,
	    .action = event->type_text, .entity = event->subject,
	    .request_id = event->request_id != NULL ? event->request_id : "",
	    .salt = new_salt(r), .previous_sha256 = last->sha256,
	    .detail = "{}" };
	if (event->data != NULL) {
		part_private(r, event, e, is_closed);
		e->detail = json_object_to_json_string_ext(event->data,
		    JSON_C_TO_STRING_PLAIN);
	}
	e->detail_sha256 = entry_salted_hash(r, e->salt, e->detail);
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

/* Those of the batch's people who have closed their accounts. */
static struct entry *
closed(struct request *r, const struct entries *in, size_t *n)
{
	struct json_object *people = json_object_new_array();
	char text[UUID_TEXT_SIZE];
	struct entry *rows;

	for (size_t i = 0; i < in->events_n; i++) {
		struct uuid id = person_of(&in->events[i]);

		json_object_array_add(people, json_object_new_string(
		    uuid_text(&id, text)));
	}
	db_all(r->db, &find_closed, &entry_row_schema, &rows, n,
	    P(arena_strdup(r->arena, json_object_to_json_string(people))));
	json_object_put(people);
	return rows;
}

static bool
is_closing(const struct entry *e)
{
	return str_eq(e->action, "user.closed");
}

static bool
has_closed(const struct event *event, const struct entry *gone, size_t gone_n,
    const struct entry *made, size_t made_n)
{
	struct uuid person = person_of(event);

	for (size_t i = 0; i < gone_n; i++)
		if (uuid_equal(&gone[i].entity, &person))
			return true;
	for (size_t i = 0; i < made_n; i++)
		if (is_closing(&made[i]) && uuid_equal(&made[i].entity, &person))
			return true;
	return str_eq(event->type_text, "user.closed");
}

static void
put(struct request *r, const struct entry *made, size_t n)
{
	struct json_object *list = json_out_list(&entry_new_schema, made, n, NULL);

	json_keep(r->arena, list);
	db_exec(r->db, &put_entries, P(json_object_to_json_string_ext(list,
	    JSON_C_TO_STRING_PLAIN)));
	for (size_t i = 0; i < n; i++)
		if (is_closing(&made[i])) {
			db_exec(r->db, &erase_closed, P(made[i].sequence));
			break;
		}
}

/* A batch in one transaction, under the chain's lock. */
int
entries_take(struct request *r)
{
	const struct entries *in = request_input(r);
	struct entry *made = arena_new_array(r->arena, struct entry, in->events_n);
	struct entry last, *old, *gone;
	size_t n = 0, old_n, gone_n;

	db_exec(r->db, &lock_chain);
	old = known(r, in, &old_n);
	gone = closed(r, in, &gone_n);
	if (!db_one(r->db, &find_last, &entry_row_schema, &last))
		last.sha256 = "";
	for (size_t i = 0; i < in->events_n; i++) {
		const struct event *event = &in->events[i];

		if (!str_eq(event->source, r->caller) ||
		    has_number(old, old_n, event->number) ||
		    has_number(made, n, event->number))
			continue;
		chain(r, event, &made[n], &last,
		    has_closed(event, gone, gone_n, made, n));
		last = made[n++];
	}
	if (n > 0)
		put(r, made, n);
	return acknowledge(r, in);
}
