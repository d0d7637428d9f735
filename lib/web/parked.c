#include "web/parked.h"

#include "web/app.h"

SCHEMA(parked_schema, struct parked,
	FIELD_TEXT(struct parked, source),
	FIELD_TEXT(struct parked, subscriber),
	FIELD_I64(struct parked, number),
	FIELD_TEXT(struct parked, type),
	FIELD_UUID(struct parked, subject),
	FIELD_TIME(struct parked, at),
	FIELD_I32(struct parked, tries),
	FIELD_BOOL(struct parked, is_dead, .help = "Not tried any more"),
	FIELD_TEXT(struct parked, error),
	FIELD_TIME(struct parked, next_at),
	FIELD_TEXT(struct parked, data, .help = "JSON, without personal members"));

struct parked_of {
	const char *domain;
};

SCHEMA(parked_input, struct parked_of,
	FIELD_TEXT(struct parked_of, domain, .required = true));

SCHEMA(parked_replay_input, struct parked_replay,
	FIELD_TEXT(struct parked_replay, domain, .required = true, .max = 32),
	FIELD_TEXT(struct parked_replay, subscriber, .required = true, .max = 32),
	FIELD_I64(struct parked_replay, number, .help = "0: all that are dead"));

SCHEMA(parked_replayed_schema, struct parked_replayed,
	FIELD_I64(struct parked_replayed, replayed));

DB_QUERY(list_parked, 0,
	"SELECT p.subscriber, p.number, o.type, o.subject, o.at, p.tries,"
	" p.is_dead, p.error, p.next_at, o.data::text AS data"
	" FROM outbox_parked p JOIN outbox o ON o.number = p.number"
	" ORDER BY p.is_dead DESC, p.number LIMIT 50");
DB_QUERY(replay, 2,
	"UPDATE outbox_parked SET is_dead = false, tries = 0, next_at = now()"
	" WHERE subscriber = $1 AND is_dead AND ($2::bigint = 0"
	" OR number = $2::bigint)");

bool
parked_read(struct request *r, struct parked **parked, size_t *n)
{
	bool done = db_all(r->db, &list_parked, &parked_schema, parked, n);

	for (size_t i = 0; i < *n; i++)
		(*parked)[i].source = r->app->program->name;
	return done;
}

int64_t
parked_replay(struct request *r, const struct parked_replay *in)
{
	if (!db_exec(r->db, &replay, P(in->subscriber), P(in->number)))
		return 0;
	event_emit(r, EVENT_REPLAYED, uuid_new(), &parked_replay_input, in);
	return db_touched(r->db);
}

int
parked_list(struct request *r)
{
	struct parked *parked;
	size_t n;

	if (!parked_read(r, &parked, &n))
		return 0;
	return reply_list(r, &parked_schema, parked, n, NULL);
}

int
parked_replay_asked(struct request *r)
{
	struct parked_replayed out = { parked_replay(r, request_input(r)) };

	return reply(r, 200, &parked_replayed_schema, &out);
}
