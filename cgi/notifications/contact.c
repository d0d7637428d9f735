/*
 * Who wants what: /account/messages and GET, PUT /notifications/preferences;
 * leaving a marketing topic with one click (RFC 8058), and the feed.
 */
#include "notifications.h"

#include <json-c/json.h>

#include "crypto/token.h"
#include "db/sql.h"
#include "web/text.h"

struct choice {
	const char *topic, *channel;
	bool is_on;
};

struct contact {
	const char *phone;
	int32_t quiet_from, quiet_to;
	bool has_quiet_from, has_quiet_to;
	struct choice *choices;
	size_t choices_n;
	const char **alerts;		/* locations, "" for all */
	size_t alerts_n;
	bool offers_mail, orders_push, orders_sms, alerts_mail, alerts_push,
	    alerts_sms, alerts_all;
};

static const char *const choice_topics[] = { "orders", "alerts", "offers", NULL };
static const char *const choice_channels[] = { "mail", "sms", "push", "feed",
	NULL };

struct choice_in {
	int topic, channel;
	bool is_on;
};

static SCHEMA(choice_schema, struct choice,
	FIELD_TEXT(struct choice, topic, .required = true, .max = 20),
	FIELD_TEXT(struct choice, channel, .required = true, .max = 20),
	FIELD_BOOL(struct choice, is_on, .required = true));

#define CONTACT_FIELDS \
	FIELD_I32(struct contact, quiet_from, .max = 23, \
	    HAS(struct contact, has_quiet_from), .help = "Hour of the shop"), \
	FIELD_I32(struct contact, quiet_to, .max = 23, \
	    HAS(struct contact, has_quiet_to))

#define PHONE_FIELD FIELD_TEXT(struct contact, phone, \
	    .help = "proven; POST /auth/me/phone")

SCHEMA(contact_schema, struct contact, PHONE_FIELD, CONTACT_FIELDS,
	FIELD_LIST(struct contact, choices, choices_n, &choice_schema),
	FIELD_TEXTS(struct contact, alerts, alerts_n));
SCHEMA(contact_input, struct contact, CONTACT_FIELDS,
	FIELD_LIST(struct contact, choices, choices_n, &choice_schema,
	    .max = 12),
	FIELD_TEXTS(struct contact, alerts, alerts_n, .max = 50,
	    .help = "Locations whose low stock is told; \"\" for all"));
SCHEMA(contact_form_input, struct contact, CONTACT_FIELDS,
	FIELD_BOOL(struct contact, offers_mail),
	FIELD_BOOL(struct contact, orders_push),
	FIELD_BOOL(struct contact, orders_sms),
	FIELD_BOOL(struct contact, alerts_mail),
	FIELD_BOOL(struct contact, alerts_push),
	FIELD_BOOL(struct contact, alerts_sms),
	FIELD_BOOL(struct contact, alerts_all));

static SCHEMA(row_schema, struct contact, PHONE_FIELD, CONTACT_FIELDS);

struct place {
	const char *location;
};

static SCHEMA(place_schema, struct place,
	FIELD_TEXT(struct place, location));

DB_QUERY(find_contact, 1,
	"SELECT phone, quiet_from, quiet_to FROM contact"
	" WHERE user_id = $1::uuid");
DB_QUERY(put_contact, 5,
	"INSERT INTO contact (user_id, email, lang, quiet_from, quiet_to)"
	" VALUES ($1::uuid, $2, $3, $4::int, $5::int)"
	" ON CONFLICT ON CONSTRAINT contact_pkey DO UPDATE"
	" SET email = excluded.email, lang = excluded.lang, quiet_from = excluded.quiet_from,"
	" quiet_to = excluded.quiet_to");
DB_QUERY(list_choices, 1,
	"SELECT t.topic, c.channel, coalesce(p.is_on, c.channel <> 'sms') AS is_on"
	" FROM unnest(ARRAY['orders', 'alerts', 'offers']) AS t(topic)"
	" CROSS JOIN unnest(ARRAY['mail', 'sms', 'push', 'feed']) AS c(channel)"
	" LEFT JOIN preference p ON p.user_id = $1::uuid AND p.topic = t.topic"
	"  AND p.channel = c.channel");
DB_QUERY(put_choice, 4,
	"INSERT INTO preference (user_id, topic, channel, is_on)"
	" VALUES ($1::uuid, $2, $3, $4::boolean)"
	" ON CONFLICT ON CONSTRAINT preference_pkey DO UPDATE"
	" SET is_on = excluded.is_on");
DB_QUERY(list_places, 1,
	"SELECT location FROM alert_subscription WHERE user_id = $1::uuid"
	" ORDER BY location LIMIT 50");
DB_QUERY(drop_places, 1,
	"DELETE FROM alert_subscription WHERE user_id = $1::uuid");
DB_QUERY(put_place, 2,
	"INSERT INTO alert_subscription (user_id, location)"
	" VALUES ($1::uuid, $2)"
	" ON CONFLICT ON CONSTRAINT alert_subscription_pkey DO NOTHING");
/* What was to go out yet does not. */
DB_QUERY(drop_waiting, 2,
	"DELETE FROM message WHERE lower(to_address) = lower($1) AND topic = $2"
	" AND status = 'queued'");
DB_QUERY(put_unsubscribed, 2,
	"INSERT INTO unsubscribed (address, topic) VALUES (lower($1), $2)"
	" ON CONFLICT ON CONSTRAINT unsubscribed_pkey DO NOTHING");
DB_QUERY(drop_unsubscribed, 2,
	"DELETE FROM unsubscribed WHERE address = lower($1) AND topic = $2");
DB_QUERY(is_unsubscribed, 2,
	"SELECT 1 FROM unsubscribed WHERE address = lower($1) AND topic = $2");

int
contact_get(struct request *r)
{
	struct contact c;
	struct place *places;
	struct json_object *is;
	size_t n;

	db_one(r->db, &find_contact, &row_schema, &c, P(r->session->user_id));
	db_all(r->db, &list_choices, &choice_schema, &c.choices, &c.choices_n,
	    P(r->session->user_id));
	if (!db_all(r->db, &list_places, &place_schema, &places, &n,
	    P(r->session->user_id)))
		return 0;
	c.alerts = arena_new_array(r->arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		c.alerts[c.alerts_n++] = places[i].location;
	is = json_object_new_object();
	for (size_t i = 0; i < c.choices_n; i++) {
		struct choice *choice = &c.choices[i];

		if (str_eq(choice->topic, "offers") &&
		    str_eq(choice->channel, "mail") && db_exec(r->db,
		    &is_unsubscribed, P(r->session->email), P("offers")))
			choice->is_on = false;
		json_object_object_add(is, arena_printf(r->arena, "%s_%s",
		    choice->topic, choice->channel),
		    json_object_new_boolean(choice->is_on));
	}
	json_object_object_add(is, "alerts_all", json_object_new_boolean(n > 0));
	if (c.phone != NULL && strlen(c.phone) > 3)
		page_set(r, "phone_end", json_object_new_string(c.phone +
		    strlen(c.phone) - 3));
	page_set(r, "is", is);
	page_set(r, "is_staff", json_object_new_boolean(
	    session_may(r->session, "inventory.level.read")));
	return reply(r, 200, &contact_schema, &c);
}

static void
choose(struct request *r, const char *topic, const char *channel, bool is_on)
{
	db_exec(r->db, &put_choice, P(r->session->user_id), P(topic), P(channel),
	    P(is_on));
	if (!str_eq(topic, "offers") || !str_eq(channel, "mail"))
		return;
	if (is_on)
		db_exec(r->db, &drop_unsubscribed, P(r->session->email), P(topic));
	else
		db_exec(r->db, &put_unsubscribed, P(r->session->email), P(topic));
}

static void
put(struct request *r, const struct contact *in)
{
	db_exec(r->db, &put_contact, P(r->session->user_id),
	    P(r->session->email), P(r->lang),
	    in->has_quiet_from ? P(in->quiet_from) : P_NULL,
	    in->has_quiet_to ? P(in->quiet_to) : P_NULL);
}

static void
put_places(struct request *r, const char *const *places, size_t n)
{
	db_exec(r->db, &drop_places, P(r->session->user_id));
	for (size_t i = 0; i < n && session_may(r->session,
	    "inventory.level.read"); i++)
		db_exec(r->db, &put_place, P(r->session->user_id), P(places[i]));
}

int
contact_put(struct request *r)
{
	const struct contact *in = request_input(r);

	for (size_t i = 0; i < in->choices_n; i++) {
		const struct choice *c = &in->choices[i];

		if (field_enum_index(choice_topics, c->topic) < 0 ||
		    field_enum_index(choice_channels, c->channel) < 0) {
			problem_field(r, arena_printf(r->arena, "choices.%zu", i),
			    "choice", field_message(r, "choice", 0, 0));
			return problem(r, PROBLEM_INVALID);
		}
	}
	put(r, in);
	for (size_t i = 0; i < in->choices_n; i++)
		choose(r, in->choices[i].topic, in->choices[i].channel,
		    in->choices[i].is_on);
	put_places(r, in->alerts, in->alerts_n);
	return contact_get(r);
}

/* A form says nothing of a box that is not ticked. */
int
contact_form(struct request *r)
{
	const struct contact *in = request_input(r);

	put(r, in);
	choose(r, "offers", "mail", in->offers_mail);
	choose(r, "orders", "push", in->orders_push);
	choose(r, "orders", "sms", in->orders_sms);
	if (session_may(r->session, "inventory.level.read")) {
		static const char *const all[] = { "" };

		choose(r, "alerts", "mail", in->alerts_mail);
		choose(r, "alerts", "push", in->alerts_push);
		choose(r, "alerts", "sms", in->alerts_sms);
		put_places(r, all, in->alerts_all ? 1 : 0);
	}
	return contact_get(r);
}

/* --- Leaving by the link of a mail --------------------------------------- */

static const struct key *
token_key(struct request *r)
{
	static const struct key *key;

	if (key == NULL)
		key = app_key(r->app, "mail-token");
	return key;
}

/* "topic:address" as base64url, a dot, and its MAC. */
const char *
unsubscribe_token(struct request *r, const char *address, enum topic topic)
{
	const char *text = arena_printf(r->arena, "%s:%s", topic_names[topic],
	    address);
	char mac[DIGEST_BASE64URL_SIZE];

	mac_base64url(token_key(r), arena_printf(r->arena, "unsubscribe:%s",
	    text), mac);
	return arena_printf(r->arena, "%s.%s", base64url_encode(r->arena, text,
	    strlen(text)), mac);
}

struct token {
	const char *token, *address;
};

SCHEMA(token_input, struct token,
	FIELD_TEXT(struct token, token, .required = true, .max = 600));

static SCHEMA(left_schema, struct token,
	FIELD_TEXT(struct token, address, .personal = true));

/* The topic and address of a token of ours; false and the problem. */
static bool
read_token(struct request *r, const char *token, const char **topic,
    const char **address)
{
	const char *dot = token != NULL ? strrchr(token, '.') : NULL;
	unsigned char *bytes;
	char *text, *colon;
	size_t n;

	if (dot != NULL && (bytes = base64url_decode(r->arena,
	    arena_strndup(r->arena, token, (size_t)(dot - token)), &n)) != NULL) {
		text = arena_strndup(r->arena, (char *)bytes, n);
		if (mac_verify(token_key(r), arena_printf(r->arena,
		    "unsubscribe:%s", text), dot + 1) &&
		    (colon = strchr(text, ':')) != NULL) {
			*colon = '\0';
			*topic = text;
			*address = colon + 1;
			return true;
		}
	}
	problem(r, PROBLEM_TOKEN_INVALID);
	return false;
}

/* By mail programs (RFC 8058) and by the page's form: only a POST changes. */
int
unsubscribe(struct request *r)
{
	const struct token *in = request_input(r);
	const char *topic, *address;

	if (!read_token(r, in->token, &topic, &address))
		return r->status;
	db_exec(r->db, &drop_waiting, P(address), P(topic));
	if (db_exec(r->db, &put_unsubscribed, P(address), P(topic)))
		event_emit(r, EVENT_UNSUBSCRIBED, uuid_new(), &left_schema,
		    &(struct token){ .address = address });
	page_set(r, "is_done", json_object_new_boolean(true));
	return reply_json(r, 200, json_object_new_object());
}

int
unsubscribe_page(struct request *r)
{
	const struct token *in = request_input(r);
	const char *topic, *address;

	if (!read_token(r, in->token, &topic, &address))
		return r->status;
	page_set(r, "token", json_object_new_string(in->token));
	page_set(r, "address", json_object_new_string(address));
	return reply_json(r, 200, json_object_new_object());
}

/* --- The feed ------------------------------------------------------------- */

struct feed_item {
	struct uuid id;
	const char *kind, *title, *path, *after;
	int64_t at, read_at;
	int32_t limit;
};

SCHEMA(feed_list_input, struct feed_item,
	FIELD_TEXT(struct feed_item, after, .max = 300),
	FIELD_I32(struct feed_item, limit, .min = 1, .max = 100, .preset = "20"));
SCHEMA(feed_item_schema, struct feed_item,
	FIELD_UUID(struct feed_item, id),
	FIELD_TEXT(struct feed_item, kind),
	FIELD_TEXT(struct feed_item, title),
	FIELD_TEXT(struct feed_item, path),
	FIELD_TIME(struct feed_item, at),
	FIELD_TIME(struct feed_item, read_at));

DB_QUERY(read_feed, 1,
	"UPDATE feed_item SET read_at = now() WHERE user_id = $1::uuid"
	" AND read_at IS NULL");

int
feed_list(struct request *r)
{
	const struct feed_item *in = request_input(r);
	const char *next = NULL;
	struct feed_item *rows;
	struct uuid id;
	struct sql sql;
	size_t n;

	sql_start(&sql, r->arena, "SELECT id, kind, title, path, at, read_at"
	    " FROM feed_item WHERE user_id = ?::uuid", P(r->session->user_id));
	if (in->after != NULL) {
		if (!cursor_read_id(r, in->after, &id))
			return r->status;
		sql_add(&sql, " AND id < ?::uuid", P(id));
	}
	sql_add(&sql, " ORDER BY id DESC LIMIT ?::int", P(in->limit + 1));
	if (!sql_all(r->db, &sql, &feed_item_schema, (void **)&rows, &n))
		return 0;
	if (n > (size_t)in->limit)
		next = cursor_make_id(r, rows[--n - 1].id);
	return reply_list(r, &feed_item_schema, rows, n, next);
}

int
feed_read(struct request *r)
{
	db_exec(r->db, &read_feed, P(r->session->user_id));
	return reply_empty(r, 204);
}
