/* The queue between us and those who carry messages. */
#include "notifications.h"

static SCHEMA(message_schema, struct message,
	FIELD_UUID(struct message, id),
	FIELD_TEXT(struct message, kind),
	FIELD_TEXT(struct message, channel),
	FIELD_TEXT(struct message, to_address),
	FIELD_TEXT(struct message, to_name),
	FIELD_TEXT(struct message, lang),
	FIELD_TEXT(struct message, subject),
	FIELD_TEXT(struct message, text),
	FIELD_TEXT(struct message, html),
	FIELD_TEXT(struct message, message_id),
	FIELD_TEXT(struct message, unsubscribe),
	FIELD_TEXT(struct message, reply_to),
	FIELD_I32(struct message, tries),
	FIELD_TIME(struct message, created_at));

/* Given up, or a code that nobody waits for any more. */
DB_QUERY(bury, 1,
	"UPDATE message SET status = 'failed', last_error = CASE"
	"  WHEN tries >= 10 THEN 'given up' ELSE 'too late' END"
	" WHERE channel = $1 AND next_at <= now() AND ((status = 'sending'"
	"  AND tries >= 10) OR (status IN ('queued', 'sending') AND priority = 0"
	"  AND created_at < now() - interval '10 minutes'))");

DB_QUERY(claim_messages, 3,
	"WITH claimed AS (UPDATE message m SET status = 'sending',"
	" tries = m.tries + 1, next_at = now() + interval '5 minutes'"
	" FROM (SELECT id FROM message WHERE channel = $1"
	"  AND status IN ('queued', 'sending')"
	"  AND priority <= $3::int AND next_at <= now()"
	"  ORDER BY priority, next_at LIMIT $2::int"
	"  FOR UPDATE SKIP LOCKED) AS due"
	" WHERE m.id = due.id RETURNING m.*)"
	" SELECT m.id, m.kind, m.channel, m.to_address, m.to_name, m.lang,"
	" m.subject, m.text, m.html, m.message_id, m.unsubscribe,"
	" m.reply_to, m.tries, m.created_at FROM claimed m"
	" ORDER BY m.priority, m.created_at, m.id");

DB_QUERY(count_due, 0,
	"SELECT count(*) FROM message WHERE status IN ('queued', 'sending')"
	" AND next_at <= now()");

DB_QUERY(mark_sent, 1,
	"UPDATE message SET status = 'sent', sent_at = now(), last_error = ''"
	" WHERE id = $1::uuid");

/* 1, 2, 4 ... minutes, at most 6 hours, a tenth more or less; or as long as
 * the other side has asked for. Codes: 5, 10, 20 ... seconds. */
DB_QUERY(mark_failed, 4,
	"UPDATE message SET last_error = $3,"
	" status = CASE WHEN $2::boolean OR tries >= 10 THEN 'failed'"
	"  ELSE 'queued' END,"
	" next_at = now() + greatest(least(interval '6 hours', CASE priority"
	"  WHEN 0 THEN interval '5 seconds' ELSE interval '1 minute' END"
	"  * power(2, tries - 1)) * (0.9 + 0.2 * random()),"
	"  make_interval(secs => $4::int))"
	" WHERE id = $1::uuid");

/* The last mail to somebody who has left: once it is over, it is gone too. */
DB_QUERY(forget_last, 1,
	"UPDATE message SET to_address = '', to_name = '', subject = '',"
	" text = '', html = '', last_error = '' WHERE id = $1::uuid"
	" AND kind = 'user_closed' AND status IN ('sent', 'failed')");

DB_QUERY(release, 2,
	"UPDATE message SET status = 'queued', tries = tries - 1, next_at = now(),"
	" last_error = $2 WHERE status = 'sending' AND id = ANY ($1::uuid[])");

DB_QUERY(put_attempt, 4,
	"INSERT INTO delivery_attempt (id, message_id, result, reply)"
	" VALUES ($1::uuid, $2::uuid, $3, $4)");

bool
queue_claim(struct request *r, enum channel channel, int priority, int limit,
    struct message **messages, size_t *n)
{
	db_exec(r->db, &bury, P(channel_names[channel]));
	return db_all(r->db, &claim_messages, &message_schema, messages, n,
	    P(channel_names[channel]), P(limit), P(priority));
}

void
queue_release(struct request *r, const struct message *messages, size_t n,
    const char *why)
{
	const char *ids = "{";
	char id[UUID_TEXT_SIZE];

	for (size_t i = 0; i < n; i++)
		ids = arena_printf(r->arena, "%s%s%s", ids, i == 0 ? "" : ",",
		    uuid_text(&messages[i].id, id));
	db_exec(r->db, &release, P(arena_printf(r->arena, "%s}", ids)), P(why));
}

int64_t
queue_due(struct request *r)
{
	return db_integer(r->db, &count_due, 0);
}

struct told {
	const char *kind, *channel, *message_id, *result;
	int32_t tries;
};

static SCHEMA(told_schema, struct told,
	FIELD_TEXT(struct told, kind),
	FIELD_TEXT(struct told, channel),
	FIELD_TEXT(struct told, message_id),
	FIELD_TEXT(struct told, result),
	FIELD_I32(struct told, tries));

bool
queue_done(struct request *r, const struct message *m, enum send_result result,
    int64_t retry_after_s, const char *reply)
{
	static const char *const names[] = {
		[SEND_DONE] = "sent", [SEND_LATER] = "temporary",
		[SEND_NEVER] = "permanent", [SEND_UNKNOWN] = "unknown"
	};
	struct told told = { m->kind, m->channel, m->message_id, names[result],
	    m->tries };
	bool is_done = result == SEND_DONE, is_last = str_eq(m->kind,
	    "user_closed");

	/* Nobody knows whether an SMS went out: once is better than twice. */
	bool is_over = result == SEND_NEVER || (result == SEND_UNKNOWN &&
	    str_eq(m->channel, channel_names[CHANNEL_SMS]));

	if (!step_begin(r))
		return false;
	if (is_done)
		db_exec(r->db, &mark_sent, P(m->id));
	else
		db_exec(r->db, &mark_failed, P(m->id), P(is_over), P(reply),
		    P(retry_after_s));
	db_exec(r->db, &put_attempt, P(uuid_new()), P(m->id), P(names[result]),
	    P(is_last ? "" : reply));
	if (is_last)
		db_exec(r->db, &forget_last, P(m->id));
	event_emit(r, is_done ? EVENT_MAIL_SENT : EVENT_MAIL_FAILED, m->id,
	    &told_schema, &told);
	return step_end(r);
}
