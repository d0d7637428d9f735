/*
 * GET /notifications/deliveries and POST .../{id}/resend: what was written to
 * whom, how it went, and once more.
 */
#include "notifications.h"

#include "db/sql.h"

static const char *const statuses[] = {
	"queued", "sending", "sent", "failed", NULL
};

SCHEMA(delivery_schema, struct message,
	FIELD_UUID(struct message, id),
	FIELD_TEXT(struct message, kind),
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
	int status;
	bool has_status;
	const char *after;
	int32_t limit;
};

SCHEMA(delivery_list_input, struct delivery_list,
	FIELD_ENUM(struct delivery_list, status, statuses,
	    HAS(struct delivery_list, has_status)),
	FIELD_TEXT(struct delivery_list, after, .max = 300),
	FIELD_I32(struct delivery_list, limit, .min = 1, .max = 100,
	    .preset = "20"));

int
delivery_list(struct request *r)
{
	const struct delivery_list *in = request_input(r);
	const char *after[1], *next = NULL;
	struct message *rows;
	struct uuid id;
	struct sql sql;
	size_t n;

	sql_start(&sql, r->arena, "SELECT id, kind, to_address, lang, subject,"
	    " message_id, status, tries, last_error, created_at, sent_at"
	    " FROM message WHERE true");
	if (in->has_status)
		sql_add(&sql, " AND status = ?", P(statuses[in->status]));
	if (in->after != NULL) {
		if (!cursor_read(r, in->after, after, 1))
			return r->status;
		if (!uuid_parse(after[0], &id))
			return problem(r, PROBLEM_INVALID);
		sql_add(&sql, " AND id < ?::uuid", P(id));
	}
	sql_add(&sql, " ORDER BY id DESC LIMIT ?::int", P(in->limit + 1));
	if (!sql_all(r->db, &sql, &delivery_schema, (void **)&rows, &n))
		return 0;
	if (n > (size_t)in->limit) {
		char text[UUID_TEXT_SIZE];

		next = cursor_make(r, "%s", uuid_text(&rows[--n - 1].id, text));
	}
	return reply_list(r, &delivery_schema, rows, n, next);
}

struct delivery_resend {
	struct uuid id;
};

SCHEMA(delivery_resend_input, struct delivery_resend,
	FIELD_UUID(struct delivery_resend, id, .required = true));

DB_QUERY(queue_again, 1,
	"UPDATE message SET status = 'queued', tries = 0, next_at = now()"
	" WHERE id = $1::uuid AND status IN ('sent', 'failed')"
	" RETURNING id, kind, to_address, lang, subject, message_id, status,"
	" tries, last_error, created_at, sent_at");

DB_QUERY(is_there, 1, "SELECT 1 FROM message WHERE id = $1::uuid");

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
	after_send(r, wake_sender, NULL);
	return reply(r, 200, &delivery_schema, &message);
}
