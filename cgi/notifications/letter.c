/* A letter becomes rows of the queue and of the feed, as people want it. */
#include "notifications.h"

#include "crypto/key.h"
#include "crypto/token.h"
#include "web/text.h"

const char *const channel_names[] = { "mail", "sms", "push", NULL };
const char *const topic_names[] = { "account", "orders", "alerts", "offers",
	NULL };

#define SMS_MAX 300	/* characters: two parts */

DB_QUERY(put_message, 16,
	"INSERT INTO message (id, event_id, kind, channel, to_address, to_name,"
	" lang, subject, text, html, message_id, topic, priority, unsubscribe,"
	" next_at, reply_to) VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6, $7, $8, $9, $10,"
	" $11, $12, $13::int, $14, coalesce($15::timestamptz, now()),"
	" coalesce($16, ''))"
	" ON CONFLICT ON CONSTRAINT message_event_key DO NOTHING");

DB_QUERY(is_unsubscribed, 2,
	"SELECT 1 FROM unsubscribed WHERE address = lower($1) AND topic = $2");
DB_QUERY(is_refused, 3,
	"SELECT 1 FROM preference WHERE user_id = $1::uuid AND topic = $2"
	" AND channel = $3 AND NOT is_on");
DB_QUERY(is_wanted, 3,
	"SELECT 1 FROM preference WHERE user_id = $1::uuid AND topic = $2"
	" AND channel = $3 AND is_on");
DB_QUERY(find_contact, 2,
	"SELECT phone, after_quiet_hours(quiet_from, quiet_to, $2)::text AS at"
	" FROM contact WHERE user_id = $1::uuid");
DB_QUERY(find_browsers, 1,
	"SELECT id FROM push_subscription WHERE user_id = $1::uuid"
	" ORDER BY id LIMIT 20");
DB_QUERY(put_feed_item, 6,
	"INSERT INTO feed_item (id, user_id, event_id, kind, title, path)"
	" VALUES ($1::uuid, $2::uuid, $3::uuid, $4, $5, $6)"
	" ON CONFLICT ON CONSTRAINT feed_item_event_key DO NOTHING");

/*
 * The same for the same message, whenever and however often its event comes:
 * the event's id, and whom it goes to. The host is the sender's.
 */
static const char *
message_id(struct request *r, const struct letter *l, enum channel channel,
    const char *to)
{
	const char *host = strchr(r->app->conf->mail_from, '@');
	char id[UUID_TEXT_SIZE], hash[DIGEST_HEX_SIZE];

	token_hash_hex(arena_printf(r->arena, "%s|%s|%s", l->kind,
	    channel_names[channel], to), hash);
	return arena_printf(r->arena, "<%s.%.12s%s>",
	    uuid_text(&l->event->id, id), hash, host != NULL ? host : "@localhost");
}

static void
wake_sender(struct request *r, void *context)
{
	(void)context;
	db_notify(r->db, "message");
}

static void
put(struct request *r, const struct letter *l, enum channel channel,
    const char *to, const char *text, const char *html, const char *unsubscribe,
    const char *at)
{
	if (db_exec(r->db, &put_message, P(uuid_new()), P(l->event->id),
	    P(l->kind), P(channel_names[channel]), P(to),
	    P(l->name != NULL ? l->name : ""), P(l->lang), P(l->words.subject),
	    P(text), P(html), P(message_id(r, l, channel, to)),
	    P(topic_names[l->topic]), P(l->priority), P(unsubscribe), P(at),
	    P(l->reply_to)))
		after_send(r, wake_sender, NULL);
}

struct reach {
	const char *phone, *at;
};

static SCHEMA(reach_schema, struct reach,
	FIELD_TEXT(struct reach, phone),
	FIELD_TEXT(struct reach, at));

/* The person's phone, and when their quiet hours end: NULL where unknown. */
static struct reach
reach_of(struct request *r, const struct letter *l)
{
	struct reach reach = { NULL, NULL };

	if (!uuid_is_nil(&l->user_id))
		db_one(r->db, &find_contact, &reach_schema, &reach,
		    P(l->user_id), P(r->app->conf->time_zone));
	return reach;
}

void
letter_mail(struct request *r, const struct letter *l)
{
	const char *unsubscribe = "", *at = NULL;

	if (!email_is_valid(l->address))
		return;		/* nobody to write to, today or later */
	if (l->topic == TOPIC_OFFERS) {
		if (db_exec(r->db, &is_unsubscribed, P(l->address),
		    P(topic_names[l->topic])))
			return;
		unsubscribe = unsubscribe_token(r, l->address, l->topic);
		at = reach_of(r, l).at;		/* it can wait */
	}
	if (l->topic != TOPIC_ORDERS && l->topic != TOPIC_ACCOUNT &&
	    !uuid_is_nil(&l->user_id) && db_exec(r->db, &is_refused,
	    P(l->user_id), P(topic_names[l->topic]), P("mail")))
		return;
	put(r, l, CHANNEL_MAIL, l->address, l->words.text, l->words.html,
	    unsubscribe, at);
}

void
letter_sms(struct request *r, const struct letter *l, const char *phone)
{
	put(r, l, CHANNEL_SMS, phone, l->words.text, "", "", NULL);
}

struct browser {
	struct uuid id;
};

static SCHEMA(browser_schema, struct browser,
	FIELD_UUID(struct browser, id));

static bool
refuses(struct request *r, const struct letter *l, const char *channel)
{
	return db_exec(r->db, &is_refused, P(l->user_id),
	    P(topic_names[l->topic]), P(channel));
}

void
letter_alert(struct request *r, const struct letter *l)
{
	struct reach reach;
	struct browser *browsers;
	char id[UUID_TEXT_SIZE];
	const char *text;
	size_t n;

	if (uuid_is_nil(&l->user_id))
		return;
	text = arena_printf(r->arena, "%s %s/%s%s", l->words.subject,
	    r->app->conf->base_url, l->lang, l->path);
	reach = reach_of(r, l);
	if (!refuses(r, l, "push") && db_all(r->db, &find_browsers,
	    &browser_schema, &browsers, &n, P(l->user_id)))
		for (size_t i = 0; i < n; i++)
			put(r, l, CHANNEL_PUSH, uuid_text(&browsers[i].id, id),
			    l->path, "", "", reach.at);
	if (reach.phone != NULL && reach.phone[0] != '\0' &&
	    utf8_length(text) <= SMS_MAX &&
	    db_exec(r->db, &is_wanted, P(l->user_id), P(topic_names[l->topic]),
	    P("sms")))
		put(r, l, CHANNEL_SMS, reach.phone, text, "", "", reach.at);
	if (!refuses(r, l, "feed"))
		db_exec(r->db, &put_feed_item, P(uuid_new()), P(l->user_id),
		    P(l->event->id), P(l->kind), P(l->words.subject), P(l->path));
}
