/* Jobs that are to run now: what cron/run_asked takes, and how they ended. */
#include "system.h"

struct taken {
	struct uuid id;
	const char *job;
};

static SCHEMA(taken_schema, struct taken,
	FIELD_UUID(struct taken, id),
	FIELD_TEXT(struct taken, job));

DB_QUERY(take_wish, 0,
	"UPDATE job_wish SET started_at = now() WHERE id = (SELECT id FROM job_wish"
	" WHERE started_at IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)"
	" RETURNING id, job");
DB_QUERY(end_wish, 2, "UPDATE job_wish SET ended_at = now(),"
    " status = $2::int WHERE id = $1::uuid");
DB_QUERY(purge_wishes, 1, "DELETE FROM job_wish WHERE id IN (SELECT id"
    " FROM job_wish WHERE asked_at <= now() - make_interval(days => $1::int)"
    " LIMIT 1000)");
DB_QUERY(count_wishes, 0,
	"SELECT count(*) FROM job_wish WHERE started_at IS NULL");

const char *
wish_take(struct request *r, struct uuid *id)
{
	struct taken taken;

	if (!db_one(r->db, &take_wish, &taken_schema, &taken))
		return NULL;
	*id = taken.id;
	return taken.job;
}

void
wish_end(struct request *r, struct uuid id, int status)
{
	db_exec(r->db, &end_wish, P(id), P(status));
}

void
wish_purge(struct request *r)
{
	db_exec(r->db, &purge_wishes, P(r->app->conf->keep_days));
}

int64_t
wish_count(struct request *r)
{
	return db_integer(r->db, &count_wishes, 0);
}
