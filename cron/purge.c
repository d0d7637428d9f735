/*
 * purge: throws away what has served, in every domain, a thousand rows at a
 * time, so that nobody waits for it. One table below says what and when; how
 * long is a matter of keep_days, keep_message_days and keep_cart_days. What is
 * not there stays for good: orders, payments, the ledger of stock, audit.
 *
 * An event goes only when each of its subscribers' cursors has passed it and
 * none has it parked; one whose subscriber has never been served stays.
 */
#include "job/job.h"

#include <sys/wait.h>

#include "base/log.h"
#include "job/domains.h"

#define BATCH 1000

#define OLD " <= now() - make_interval(days => $1::int)"

/* Counts, and deletes in batches, the oldest first, the rows of a table that
 * are `old`. */
#define PURGE(variable, table, first, old) \
	DB_QUERY(count_##variable, 1, "SELECT count(*) FROM " table \
	    " WHERE " old); \
	DB_QUERY(purge_##variable, 2, "DELETE FROM " table " WHERE ctid = ANY" \
	    " (ARRAY(SELECT ctid FROM " table " WHERE " old \
	    " ORDER BY " first " LIMIT $2::int))")

DB_QUERY(count_served, 0, "SELECT count(*) FROM outbox_cursor");
PURGE(outbox, "outbox", "number", "at" OLD
    " AND number <= (SELECT min(c.number) FROM outbox_cursor c)"
    " AND NOT EXISTS (SELECT FROM outbox_parked p"
    "  WHERE p.number = outbox.number)");
/* What delivered events say of people is blanked long before they go. */
#define PERSONAL "(personal IS NOT NULL OR origin IS NOT NULL) AND at" OLD \
	" AND number <= (SELECT min(c.number) FROM outbox_cursor c)" \
	" AND NOT EXISTS (SELECT FROM outbox_parked p" \
	"  WHERE p.number = outbox.number)"
DB_QUERY(count_personal, 1, "SELECT count(*) FROM outbox WHERE " PERSONAL);
DB_QUERY(purge_personal, 2, "UPDATE outbox SET personal = NULL, origin = NULL"
    " WHERE number IN (SELECT number FROM outbox WHERE " PERSONAL
    " ORDER BY number LIMIT $2::int)");
PURGE(inbox, "inbox", "at", "at" OLD);
PURGE(idempotency, "idempotency", "claimed_at", "claimed_at" OLD);
PURGE(job_run, "job_run", "started_at", "ended_at" OLD);
PURGE(limit_counter, "limit_counter", "ends_at", "ends_at" OLD);
PURGE(import, "import", "id", "finished_at" OLD);
PURGE(cart, "cart", "changed_at", "changed_at" OLD);
PURGE(cart_order, "cart_order", "at", "at" OLD);
PURGE(checkout_draft, "checkout_draft", "changed_at", "changed_at" OLD);
PURGE(session, "session", "expires_at",
    "least(ended_at, expires_at)" OLD);
PURGE(link, "link", "expires_at", "expires_at" OLD);
PURGE(challenge, "challenge", "expires_at", "expires_at" OLD);
PURGE(phone_proof, "phone_proof", "expires_at", "expires_at" OLD);
PURGE(passkey_challenge, "passkey_challenge", "expires_at",
    "expires_at" OLD);
PURGE(device, "device", "seen_at", "seen_at" OLD);
PURGE(message, "message", "created_at", "created_at" OLD
    " AND status IN ('sent', 'failed')");
PURGE(feed_item, "feed_item", "at", "at" OLD);

#define DAYS(key) offsetof(struct conf, key)
#define TABLE(name) #name, &count_##name, &purge_##name

static const struct kept {
	const char *domain;	/* NULL: each has it */
	const char *table;
	const struct db_query *count, *purge;
	size_t days;		/* a key of zoco.conf, by offset, */
	int times;		/* so often */
} kept[] = {
	{ NULL, TABLE(outbox), DAYS(keep_days), 1 },
	{ NULL, TABLE(personal), DAYS(keep_days), 0 },
	/* Longer: an event may come late, and must still be known. */
	{ NULL, TABLE(inbox), DAYS(keep_days), 2 },
	{ NULL, TABLE(idempotency), DAYS(keep_days), 1 },
	{ NULL, TABLE(job_run), DAYS(keep_days), 3 },
	{ NULL, TABLE(limit_counter), DAYS(keep_days), 0 },
	{ "catalog", TABLE(import), DAYS(keep_days), 3 },
	{ "cart", TABLE(cart), DAYS(keep_cart_days), 1 },
	{ "cart", TABLE(cart_order), DAYS(keep_days), 1 },
	{ "orders", TABLE(checkout_draft), DAYS(keep_days), 1 },
	{ "auth", TABLE(session), DAYS(keep_days), 1 },
	{ "auth", TABLE(link), DAYS(keep_days), 1 },
	{ "auth", TABLE(challenge), DAYS(keep_days), 1 },
	{ "auth", TABLE(phone_proof), DAYS(keep_days), 0 },
	{ "auth", TABLE(passkey_challenge), DAYS(keep_days), 0 },
	{ "auth", TABLE(device), DAYS(keep_days), 12 },
	{ "notifications", TABLE(message), DAYS(keep_message_days), 1 },
	{ "notifications", TABLE(feed_item), DAYS(keep_message_days), 1 },
};

/* Has every subscriber of this domain been served at least once? */
static bool
all_are_served(struct request *r)
{
	int64_t wanted = 0;

	for (size_t i = 0; domains[i] != NULL; i++)
		wanted += domain_hears(domains[i], r->app->program->name) &&
		    domain_is_installed(r->app->conf, r->app->arena, domains[i]);
	return wanted > 0 && db_integer(r->db, &count_served, 0) >= wanted;
}

/* How many rows of it went, or (--dry-run) would go. */
static int64_t
purge(struct job *job, struct request *r, const struct kept *k)
{
	int64_t days, gone = 0, n;

	memcpy(&days, (const char *)r->app->conf + k->days, sizeof(days));
	job_start_step(job, r);
	if ((k->purge == &purge_outbox || k->purge == &purge_personal) &&
	    !all_are_served(r))
		return 0;
	if (job->dry_run)
		return db_integer(r->db, k->count, 0, P(days * k->times));
	do {
		job_start_step(job, r);
		n = db_exec(r->db, k->purge, P(days * k->times), P(BATCH)) ?
		    db_touched(r->db) : 0;
		gone += n;
	} while (n == BATCH && !job_should_stop(job));
	return gone;
}

static int
run(struct job *job, struct request *r)
{
	const char *domain = r->app->program->name;

	for (size_t i = 0; i < ARRAY_LEN(kept) && !job_should_stop(job); i++) {
		int64_t n;

		if (kept[i].domain != NULL && !str_eq(kept[i].domain, domain))
			continue;
		n = purge(job, r, &kept[i]);
		job->done += n;
		job->failed += request_failed(r);
		if (n > 0)
			log_info(job->dry_run ? "purge.waiting" : "purge.gone",
			    "%s.%s: %" PRId64, domain, kept[i].table, n);
	}
	return job->failed > 0 ? 1 : 0;
}

static int
purge_domain(const char *domain, int argc, char **argv)
{
	struct program source = { .name = domain };
	const struct job_program program = {
		.name = "purge",
		.domain = &source,
		.summary = "throws away what has served: delivered events, old messages",
		.run = run,
	};
	pid_t child = fork();
	int status = 1;

	if (child == 0)
		exit(job_main(&program, argc, argv));
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int
main(int argc, char **argv)
{
	struct arena *arena = arena_new();
	struct conf conf;
	int worst = 0;

	if (!domains_conf(argc, argv, arena, &conf)) {
		worst = purge_domain("system", argc, argv);
	} else {
		for (size_t i = 0; domains[i] != NULL; i++) {
			int status = domain_is_installed(&conf, arena, domains[i]) ?
			    purge_domain(domains[i], argc, argv) : 0;

			worst = status > worst ? status : worst;
		}
	}
	arena_free(arena);
	return worst;
}
