/*
 * GET /notifications/deliveries, one with its text and tries, and POST
 * .../{id}/resend: what was written to whom, how it went, and once more.
 */
#include "notifications.h"

#include <json-c/json.h>

#include "db/sql.h"

/* A code in a subject is its owner's only. */
#define SUBJECT "CASE WHEN kind = 'user_code_asked' THEN" \
	" regexp_replace(subject, '[0-9]', '*', 'g') ELSE subject END AS subject"

static const char *const statuses[] = {
	"queued", "sending", "sent", "failed", NULL
};

SCHEMA(delivery_schema, struct message,
	FIELD_UUID(struct message, id),
	FIELD_TEXT(struct message, kind),
	FIELD_TEXT(struct message, channel),
	FIELD_TEXT(struct message, to_address),
	FIELD_TEXT(struct message, lang),
	FIELD_TEXT(struct message, subject),
	FIELD_TEXT(struct message, message_id),
	FIELD_TEXT(struct message, status),
	FIELD_I32(struct message, tries),
	FIELD_TEXT(struct message, last_error),
	FIELD_TIME(struct message, created_at),
	FIELD_TIME(struct message, sent_at));

struct delivery_list {
	int status, channel;
	bool has_status, has_channel;
	const char *after;
	int32_t limit;
};

SCHEMA(delivery_list_input, struct delivery_list,
	FIELD_ENUM(struct delivery_list, status, statuses,
	    HAS(struct delivery_list, has_status)),
	FIELD_ENUM(struct delivery_list, channel, channel_names,
	    HAS(struct delivery_list, has_channel)),
	FIELD_TEXT(struct delivery_list, after, .max = 300),
	FIELD_I32(struct delivery_list, limit, .min = 1, .max = 100,
	    .preset = "20"));

int
delivery_list(struct request *r)
{
	const struct delivery_list *in = request_input(r);
	const char *next = NULL;
	struct message *rows;
	struct uuid id;
	struct sql sql;
	size_t n;

	sql_start(&sql, r->arena, "SELECT id, kind, channel, to_address, lang,"
	    " " SUBJECT ", message_id, status, tries, last_error, created_at, sent_at"
	    " FROM message WHERE true");
	if (in->has_status)
		sql_add(&sql, " AND status = ?", P(statuses[in->status]));
	if (in->has_channel)
		sql_add(&sql, " AND channel = ?", P(channel_names[in->channel]));
	if (in->after != NULL) {
		if (!cursor_read_id(r, in->after, &id))
			return r->status;
		sql_add(&sql, " AND id < ?::uuid", P(id));
	}
	sql_add(&sql, " ORDER BY id DESC LIMIT ?::int", P(in->limit + 1));
	if (!sql_all(r->db, &sql, &delivery_schema, (void **)&rows, &n))
		return 0;
	if (n > (size_t)in->limit)
		next = cursor_make_id(r, rows[--n - 1].id);
	page_set(r, "is_failed", json_object_new_boolean(n > 0 &&
	    in->has_status && str_eq(statuses[in->status], "failed")));
	if (in->has_status)
		page_set(r, "status_filter",
		    json_object_new_string(statuses[in->status]));
	return reply_list(r, &delivery_schema, rows, n, next);
}

struct delivery_resend {
	struct uuid id;
};

SCHEMA(delivery_resend_input, struct delivery_resend,
	FIELD_UUID(struct delivery_resend, id, .required = true));

/* Not to whom wants no more of it. */
#define QUEUE_AGAIN \
	"UPDATE message m SET status = 'queued', tries = 0, next_at = now()" \
	" WHERE NOT EXISTS (SELECT FROM unsubscribed u" \
	"  WHERE u.address = lower(m.to_address) AND u.topic = m.topic)"

DB_QUERY(queue_again, 1,
	QUEUE_AGAIN " AND id = $1::uuid AND status IN ('sent', 'failed')"
	" RETURNING id, kind, channel, to_address, lang, " SUBJECT ", message_id,"
	" status,"
	" tries, last_error, created_at, sent_at");

DB_QUERY(queue_failed, 1,
	QUEUE_AGAIN " AND id IN (SELECT f.id FROM message f"
	"  WHERE f.status = 'failed' AND ($1::text IS NULL OR f.channel = $1)"
	"  ORDER BY f.id DESC LIMIT 1000)");
DB_QUERY(count_failed, 0, "SELECT count(*) FROM message"
    " WHERE status = 'failed' AND created_at > now() - interval '7 days'");
DB_QUERY(is_there, 1, "SELECT 1 FROM message WHERE id = $1::uuid");

struct attempt {
	int64_t at;
	const char *result, *reply;
};

static SCHEMA(attempt_schema, struct attempt,
	FIELD_TIME(struct attempt, at),
	FIELD_TEXT(struct attempt, result),
	FIELD_TEXT(struct attempt, reply));

struct detail {
	struct message *message;
	const char *text;
	struct attempt *attempts;
	size_t attempts_n;
};

SCHEMA(delivery_detail_schema, struct detail,
	FIELD_OBJECT(struct detail, message, &delivery_schema),
	FIELD_TEXT(struct detail, text),
	FIELD_LIST(struct detail, attempts, attempts_n, &attempt_schema));

DB_QUERY(find_message, 1,
	"SELECT id, kind, channel, to_address, lang, " SUBJECT ", message_id,"
	" status, tries, last_error, created_at, sent_at FROM message"
	" WHERE id = $1::uuid");
/* The links of an account's mails are its owner's only. */
DB_QUERY(find_text, 1,
	"SELECT CASE WHEN topic = 'account' THEN '' ELSE text END FROM message"
	" WHERE id = $1::uuid");
DB_QUERY(find_attempts, 1,
	"SELECT at, result, reply FROM delivery_attempt"
	" WHERE message_id = $1::uuid ORDER BY at LIMIT 100");

int
delivery_get(struct request *r)
{
	const struct delivery_resend *in = request_input(r);
	struct message message;
	struct detail detail = { .message = &message };

	if (!db_one(r->db, &find_message, &delivery_schema, &message, P(in->id)))
		return problem(r, PROBLEM_NOT_FOUND);
	detail.text = db_text(r->db, &find_text, P(in->id));
	if (!db_all(r->db, &find_attempts, &attempt_schema, &detail.attempts,
	    &detail.attempts_n, P(in->id)))
		return 0;
	return reply(r, 200, &delivery_detail_schema, &detail);
}

static void
wake_sender(struct request *r, void *context)
{
	(void)context;
	db_notify(r->db, "message");
}

int
delivery_resend(struct request *r)
{
	const struct delivery_resend *in = request_input(r);
	struct message message;

	if (!db_one(r->db, &queue_again, &delivery_schema, &message, P(in->id)))
		return problem(r, db_exec(r->db, &is_there, P(in->id)) ?
		    PROBLEM_CONFLICT : PROBLEM_NOT_FOUND);
	event_emit(r, EVENT_MAIL_RESENT, in->id, &delivery_resend_input, in);
	after_send(r, wake_sender, NULL);
	return reply(r, 200, &delivery_schema, &message);
}

struct resend_failed {
	int channel;
	bool has_channel;
};

SCHEMA(resend_failed_input, struct resend_failed,
	FIELD_ENUM(struct resend_failed, channel, channel_names,
	    HAS(struct resend_failed, has_channel)));

struct resent {
	int64_t resent;
};

SCHEMA(resent_schema, struct resent,
	FIELD_I64(struct resent, resent));

/* All dead letters once more, the newest thousand. */
int
resend_failed(struct request *r)
{
	const struct resend_failed *in = request_input(r);
	struct resent out = { 0 };

	if (db_exec(r->db, &queue_failed,
	    P(in->has_channel ? channel_names[in->channel] : NULL))) {
		out.resent = db_touched(r->db);
		event_emit(r, EVENT_MAIL_RESENT, uuid_new(), &resent_schema, &out);
		after_send(r, wake_sender, NULL);
	}
	return reply(r, 200, &resent_schema, &out);
}

/* The dead letters of a week, on the front page of the staff. */
int
desk(struct request *r)
{
	struct json_object *answer = json_object_new_object();
	int64_t failed = db_integer(r->db, &count_failed, 0);

	if (failed > 0)
		json_object_object_add(answer, "failed",
		    json_object_new_int64(failed));
	return reply_json(r, 200, answer);
}
