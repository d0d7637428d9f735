/* The queue between us and the mail server. */
#include "notifications.h"

static SCHEMA(message_schema, struct message,
	FIELD_UUID(struct message, id),
	FIELD_TEXT(struct message, kind),
	FIELD_TEXT(struct message, to_address),
	FIELD_TEXT(struct message, to_name),
	FIELD_TEXT(struct message, lang),
	FIELD_TEXT(struct message, subject),
	FIELD_TEXT(struct message, text),
	FIELD_TEXT(struct message, html),
	FIELD_TEXT(struct message, message_id),
	FIELD_TEXT(struct message, status),
	FIELD_TEXT(struct message, last_error),
	FIELD_I32(struct message, tries),
	FIELD_TIME(struct message, created_at),
	FIELD_TIME(struct message, sent_at));

DB_QUERY(claim_messages, 1,
	"UPDATE message m SET status = 'sending', tries = m.tries + 1,"
	" next_at = now() + interval '5 minutes'"
	" FROM (SELECT id FROM message WHERE status IN ('queued', 'sending')"
	"  AND next_at <= now() ORDER BY next_at LIMIT $1::int"
	"  FOR UPDATE SKIP LOCKED) AS due"
	" WHERE m.id = due.id"
	" RETURNING m.id, m.kind, m.to_address, m.to_name, m.lang, m.subject,"
	" m.text, m.html, m.message_id, m.status, m.tries, m.created_at");

DB_QUERY(mark_sent, 1,
	"UPDATE message SET status = 'sent', sent_at = now(), last_error = ''"
	" WHERE id = $1::uuid");

/* 1, 2, 4 ... minutes, at most 6 hours, a tenth more or less. */
DB_QUERY(mark_failed, 3,
	"UPDATE message SET last_error = $3,"
	" status = CASE WHEN $2::boolean OR tries >= 10 THEN 'failed'"
	"  ELSE 'queued' END,"
	" next_at = now() + least(interval '6 hours', interval '1 minute'"
	"  * power(2, tries - 1)) * (0.9 + 0.2 * random())"
	" WHERE id = $1::uuid");

DB_QUERY(put_attempt, 4,
	"INSERT INTO delivery_attempt (id, message_id, result, reply)"
	" VALUES ($1::uuid, $2::uuid, $3, $4)");

bool
queue_claim(struct request *r, int limit, struct message **messages, size_t *n)
{
	return db_all(r->db, &claim_messages, &message_schema, messages, n,
	    P(limit));
}

struct told {
	const char *kind, *message_id, *result;
	int32_t tries;
};

static SCHEMA(told_schema, struct told,
	FIELD_TEXT(struct told, kind),
	FIELD_TEXT(struct told, message_id),
	FIELD_TEXT(struct told, result),
	FIELD_I32(struct told, tries));

static bool
finish(struct request *r, const struct message *m, enum event_type type,
    const char *result, const char *reply)
{
	struct told told = { m->kind, m->message_id, result, m->tries };

	db_exec(r->db, &put_attempt, P(uuid_new()), P(m->id), P(result), P(reply));
	event_emit(r, type, m->id, &told_schema, &told);
	return step_end(r);
}

bool
queue_sent(struct request *r, const struct message *m, const char *reply)
{
	if (!step_begin(r))
		return false;
	db_exec(r->db, &mark_sent, P(m->id));
	return finish(r, m, EVENT_MAIL_SENT, "sent", reply);
}

bool
queue_failed(struct request *r, const struct message *m, bool for_good,
    const char *result, const char *reply)
{
	if (!step_begin(r))
		return false;
	db_exec(r->db, &mark_failed, P(m->id), P(for_good), P(reply));
	return finish(r, m, EVENT_MAIL_FAILED, result, reply);
}
