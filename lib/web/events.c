#include "web/events.h"

#include <json-c/json.h>

#include "base/json.h"
#include "web/app.h"
#include "web/json_out.h"

const struct event_kind event_kinds[EVENT_COUNT] = {
#define EVENT(name, type, source, subscribers) \
	[EVENT_##name] = { type, source, subscribers },
#include "events.def"
#undef EVENT
};

SCHEMA(event_schema, struct event,
	FIELD_I64(struct event, number),
	FIELD_UUID(struct event, id),
	{ .name = "type", .type = FIELD_TYPE_TEXT,
	  .offset = offsetof(struct event, type_text) },
	FIELD_TEXT(struct event, source),
	FIELD_UUID(struct event, subject),
	FIELD_TEXT(struct event, actor),
	FIELD_TEXT(struct event, request_id),
	{ .name = "time", .type = FIELD_TYPE_TIME,
	  .offset = offsetof(struct event, time_us) },
	FIELD_JSON(struct event, data));

DB_QUERY(put_events, 5,
	"WITH counter AS (UPDATE outbox_counter SET number = number + $1::int"
	" RETURNING number - $1::int AS before)"
	" INSERT INTO outbox (number, id, type, subject, actor, request_id,"
	" data, personal, origin)"
	" SELECT counter.before + e.ordinal, e.id, e.type, e.subject, $2, $3,"
	" e.data, e.personal, $5::jsonb"
	" FROM counter, ROWS FROM (jsonb_to_recordset($4::jsonb) AS (id uuid,"
	" type text, subject uuid, data jsonb, personal jsonb)) WITH ORDINALITY"
	" AS e(id, type, subject, data, personal, ordinal)");

enum event_type
event_parse(const char *type)
{
	int i = 0;

	while (i < EVENT_COUNT && !str_eq(event_kinds[i].type, type))
		i++;
	return (enum event_type)i;
}

bool
event_is_for(enum event_type type, const char *domain, bool *personal)
{
	const char *list = event_kinds[type].subscribers;
	size_t n = strlen(domain);

	while (*list != '\0') {
		size_t word = strcspn(list, " ");

		*personal = word > 0 && list[word - 1] == '!';
		if (word - *personal == n && strncmp(list, domain, n) == 0)
			return true;
		list += word + strspn(list + word, " ");
	}
	return false;
}

static struct event *
add(struct request *r, enum event_type type, struct uuid subject,
    struct json_object *data)
{
	struct event *event = arena_new_of(r->arena, struct event), **last;

	assert(str_eq(event_kinds[type].source, "*") ||
	    str_eq(event_kinds[type].source, r->app->program->name));
	json_keep(r->arena, data);
	event->type = type;
	event->subject = subject;
	event->data = data;
	for (last = &r->events; *last != NULL; last = &(*last)->next)
		;
	*last = event;
	return event;
}

void
event_emit(struct request *r, enum event_type type, struct uuid subject,
    const struct schema *schema, const void *data)
{
	struct event *event = add(r, type, subject,
	    json_out(schema, data, NULL, JSON_IMPERSONAL));
	struct json_object *personal =
	    json_out(schema, data, NULL, JSON_PERSONAL);

	json_keep(r->arena, personal);
	if (json_object_object_length(personal) > 0)
		event->personal = personal;
}

void
event_emit_json(struct request *r, enum event_type type, struct uuid subject,
    struct json_object *data)
{
	add(r, type, subject, data);
}

static struct json_object *
event_row(const struct event *event)
{
	struct json_object *row = json_object_new_object();
	struct uuid id = uuid_new();
	char text[UUID_TEXT_SIZE];

	json_object_object_add(row, "id",
	    json_object_new_string(uuid_text(&id, text)));
	json_object_object_add(row, "type",
	    json_object_new_string(event_kinds[event->type].type));
	json_object_object_add(row, "subject",
	    json_object_new_string(uuid_text(&event->subject, text)));
	json_object_object_add(row, "data", json_object_get(event->data));
	if (event->personal != NULL)
		json_object_object_add(row, "personal",
		    json_object_get(event->personal));
	return row;
}

/* For audit: the client's address, and how its session began, also where
 * another program was asked. */
static const char *
origin_of(struct request *r)
{
	struct json_object *origin;

	if (r->address[0] == '\0')
		return NULL;	/* a job */
	origin = json_object_new_object();
	json_keep(r->arena, origin);
	json_object_object_add(origin, "address",
	    json_object_new_string(r->address));
	if (r->factor != NULL)
		json_object_object_add(origin, "factor",
		    json_object_new_string(r->factor));
	return json_object_to_json_string_ext(origin, JSON_C_TO_STRING_PLAIN);
}

static void
wake_pump(struct request *r, void *context)
{
	(void)context;
	db_notify(r->db, "outbox");	/* lost? the pump also polls */
}

bool
events_flush(struct request *r)
{
	struct json_object *rows;
	int n = 0;

	if (r->events == NULL)
		return !request_failed(r);
	rows = json_object_new_array();
	json_keep(r->arena, rows);
	for (const struct event *e = r->events; e != NULL; e = e->next, n++)
		json_object_array_add(rows, event_row(e));
	r->events = NULL;
	if (!db_exec(r->db, &put_events, P(n), P(r->actor), P(r->id),
	    P(json_object_to_json_string_ext(rows, JSON_C_TO_STRING_PLAIN)),
	    P(origin_of(r))))
		return false;
	after_send(r, wake_pump, NULL);
	return true;
}
