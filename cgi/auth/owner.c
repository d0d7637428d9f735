/* The first owner, made by hand on the server (cron/admin.c). */
#include "auth.h"

DB_QUERY(put_owner, 4,
	"WITH made AS (INSERT INTO account (id, email, name, password_hash,"
	"  verified_at) VALUES ($1::uuid, $2, $3, $4, now())"
	"  ON CONFLICT (lower(email)) DO NOTHING RETURNING id)"
	" INSERT INTO account_role (account_id, role) SELECT id, 'owner' FROM made");

const char *
owner_create(struct request *r, const char *email)
{
	struct account account = { .id = uuid_new(), .email = email,
	    .name = "Owner" };
	const char *link;

	if (!step_begin(r))
		return NULL;
	/* "!" is no hash: nobody signs in before the link was used. */
	if (!db_exec(r->db, &put_owner, P(account.id), P(email), P(account.name),
	    P("!"))) {
		step_undo(r);
		return NULL;
	}
	link = link_make(r, account.id, "reset", 60);
	account_tell(r, EVENT_ROLE_CHANGED, &account, NULL);
	return step_end(r) ? link : NULL;
}
