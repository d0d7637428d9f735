/*
 * Is the chain whole? Entry by entry: its number follows, its hash is its own,
 * it names the hash before it, its detail is what it was; each signed checkpoint
 * still holds; no number of a source is missing. The first bad entry is named.
 */
#include "audit.h"

#include <json-c/json.h>

#define CHUNK 1000
#define VERIFY_MAX 100000	/* the chain may be long: one call sees so many */

struct verify {
	int64_t after;
};

SCHEMA(verify_input, struct verify,
	FIELD_I64(struct verify, after, .min = 0, .max = INT64_MAX,
	    .preset = "0"));

SCHEMA(verdict_schema, struct verdict,
	FIELD_BOOL(struct verdict, is_whole),
	FIELD_I64(struct verdict, entries, .help = "looked at now"),
	FIELD_I64(struct verdict, checkpoints, .help = "that hold"),
	FIELD_I64(struct verdict, first_bad),
	FIELD_I64(struct verdict, next, .help = "where to go on; 0: the end"),
	FIELD_TEXT(struct verdict, fault),
	FIELD_JSON(struct verdict, missing));

DB_QUERY(find_entry, 1,
	"SELECT sequence, sha256 FROM entry WHERE sequence = $1::bigint");
DB_QUERY(read_chunk, 2,
	"SELECT e.sequence, e.source, e.number, e.event_id, e.at, e.actor,"
	" e.action, e.entity, e.request_id, e.detail_sha256, e.previous_sha256,"
	" e.sha256, d.salt, d.detail FROM entry e"
	" LEFT JOIN entry_detail d ON d.sequence = e.sequence"
	" WHERE e.sequence > $1::bigint ORDER BY e.sequence LIMIT $2::int");
/* Numbers between the entries of a source that no entry has: ranges. */
DB_QUERY(find_missing, 0,
	"SELECT coalesce(jsonb_agg(jsonb_build_object('source', source, 'first',"
	" before + 1, 'last', number - 1)), '[]') AS missing"
	" FROM (SELECT source, number,"
	" lag(number, 1, 0::bigint) OVER (PARTITION BY source ORDER BY number)"
	" AS before FROM entry WHERE source IN (SELECT source FROM entry"
	"  GROUP BY source HAVING max(number) <> count(*))) AS x"
	" WHERE number <> before + 1");

static bool
bad(struct verdict *verdict, int64_t sequence, const char *fault)
{
	verdict->is_whole = false;
	verdict->first_bad = sequence;
	verdict->fault = fault;
	return false;
}

/* An entry that follows `before`. */
static bool
check_entry(struct request *r, const struct entry *e,
    const struct entry *before, struct verdict *verdict)
{
	char hash[DIGEST_HEX_SIZE];

	if (e->sequence != before->sequence + 1)
		return bad(verdict, before->sequence + 1, "it is missing");
	if (!str_eq(e->sha256, entry_hash(r, e, hash)))
		return bad(verdict, e->sequence, "it was altered");
	if (!str_eq(e->previous_sha256, before->sha256))
		return bad(verdict, e->sequence,
		    "it does not follow the entry before it");
	if (e->detail == NULL)
		return bad(verdict, e->sequence, "its detail is missing");
	if (!str_eq(e->detail_sha256, entry_detail_hash(r, e->salt, e->detail)))
		return bad(verdict, e->sequence, "its detail was altered");
	return true;
}

/* The walk along the chain, and along the checkpoints beside it. */
struct walk {
	struct entry before;
	char before_sha256[DIGEST_HEX_SIZE];
	struct arena *arena;		/* of a chunk, given back at once */
	struct checkpoints checkpoints;
	struct checkpoint next;
	bool has_next;
	struct verdict *verdict;
};

static void
next_checkpoint(struct walk *w)
{
	do
		w->has_next = checkpoints_next(&w->checkpoints, w->arena, &w->next);
	while (w->has_next && w->next.is_good &&
	    w->next.sequence < w->before.sequence);
}

/* The checkpoints that speak of this entry, if any do. */
static bool
check_checkpoints(struct walk *w, const struct entry *e)
{
	while (w->has_next && (!w->next.is_good ||
	    w->next.sequence == e->sequence)) {
		if (!w->next.is_good)
			return bad(w->verdict, w->next.sequence,
			    "its checkpoint is not one that was signed");
		if (!str_eq(w->next.sha256, e->sha256))
			return bad(w->verdict, e->sequence,
			    "it is not the one that was signed");
		w->verdict->checkpoints++;
		next_checkpoint(w);
	}
	return true;
}

static size_t
walk_chunk(struct request *r, struct walk *w)
{
	struct request reader = *r;
	struct entry *rows;
	size_t n;

	arena_reset(w->arena);
	reader.arena = w->arena;
	db_start(r->db, w->arena);
	if (!db_all(r->db, &read_chunk, &entry_row_schema, &rows, &n,
	    P(w->before.sequence), P(CHUNK)))
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (!check_entry(&reader, &rows[i], &w->before, w->verdict) ||
		    !check_checkpoints(w, &rows[i]))
			break;
		w->verdict->entries++;
		w->before = rows[i];
		snprintf(w->before_sha256, DIGEST_HEX_SIZE, "%s",
		    rows[i].sha256);
		w->before.sha256 = w->before_sha256;
	}
	return n;
}

/* At the end: what was signed must have been there. */
static void
check_end(struct walk *w)
{
	if (w->has_next && !w->next.is_good)
		bad(w->verdict, w->next.sequence,
		    "its checkpoint is not one that was signed");
	else if (w->has_next)
		bad(w->verdict, w->before.sequence + 1,
		    "it is missing: a later one was signed");
}

/* Sets `missing`; it counts as a fault too. */
static void
find_gaps(struct request *r, struct verdict *verdict)
{
	verdict->missing = db_json(r->db, &find_missing);
	if (verdict->missing != NULL && verdict->is_whole &&
	    json_object_array_length(verdict->missing) > 0)
		bad(verdict, 0, "numbers of a source are missing");
}

static void
free_arena(void *arena)
{
	arena_free(arena);
}

bool
chain_check(struct request *r, int64_t after, struct verdict *verdict,
    char last_sha256[DIGEST_HEX_SIZE])
{
	struct walk w = { .before = { .sha256 = "" }, .arena = arena_new(),
	    .verdict = verdict };
	size_t n;

	*verdict = (struct verdict){ .is_whole = true };
	arena_defer(r->arena, free_arena, w.arena);
	if (after > 0 && !db_one(r->db, &find_entry, &entry_row_schema,
	    &w.before, P(after))) {
		if (!request_failed(r))
			problem(r, PROBLEM_NOT_FOUND);
		return false;
	}
	snprintf(w.before_sha256, DIGEST_HEX_SIZE, "%s", w.before.sha256);
	w.before.sha256 = w.before_sha256;
	if (!checkpoints_open(r, &w.checkpoints)) {
		problem(r, PROBLEM_UNAVAILABLE);
		return false;
	}
	next_checkpoint(&w);
	if (after > 0)
		check_checkpoints(&w, &w.before);
	do
		n = walk_chunk(r, &w);
	while (n == CHUNK && verdict->is_whole && verdict->entries < VERIFY_MAX);
	if (request_failed(r))
		return false;
	verdict->last = w.before.sequence;
	snprintf(last_sha256, DIGEST_HEX_SIZE, "%s", w.before_sha256);
	if (verdict->is_whole && n == CHUNK)
		verdict->next = w.before.sequence;
	else if (verdict->is_whole)
		check_end(&w);
	db_start(r->db, r->arena);
	find_gaps(r, verdict);
	return !request_failed(r);
}

/*
 * GET /audit/verify: from the entry `after` (which counts as good) up to
 * VERIFY_MAX entries; `next` is where to go on.
 */
int
chain_verify(struct request *r)
{
	const struct verify *in = request_input(r);
	char last_sha256[DIGEST_HEX_SIZE];
	struct verdict verdict;

	if (!chain_check(r, in->after, &verdict, last_sha256))
		return r->status;
	return reply(r, 200, &verdict_schema, &verdict);
}

/* zoco-audit verify: the same over the whole chain, by hand; 0 when whole. */
int
verify_main(const char *conf_path)
{
	struct app *app = app_open(&audit_program, conf_path);
	char last_sha256[DIGEST_HEX_SIZE];
	struct verdict verdict = { .is_whole = true };
	struct request *r;
	int64_t entries = 0, checkpoints = 0;
	bool is_done;

	if (app == NULL)
		return 2;
	r = app_request_new(app, "job:verify");
	do {
		is_done = chain_check(r, verdict.next, &verdict, last_sha256);
		entries += verdict.entries;
		checkpoints += verdict.checkpoints;
	} while (is_done && verdict.next > 0 && verdict.is_whole);
	if (!is_done)
		printf("the chain cannot be read\n");
	else if (verdict.is_whole)
		printf("whole: %" PRId64 " entries, %" PRId64 " checkpoints\n",
		    entries, checkpoints);
	else
		printf("entry %" PRId64 ": %s %s\n", verdict.first_bad,
		    verdict.fault, verdict.missing == NULL ? "" :
		    json_object_to_json_string(verdict.missing));
	app_request_free(r);
	app_close(app);
	return is_done && verdict.is_whole ? 0 : 1;
}

/* Signs how far the chain is whole; never over a fault. */
bool
checkpoint_make(struct request *r, int64_t *signed_to)
{
	struct checkpoints list;
	struct checkpoint c, last = { .sequence = 0 };
	char last_sha256[DIGEST_HEX_SIZE];
	struct verdict verdict;

	if (!checkpoints_open(r, &list))
		return false;
	while (checkpoints_next(&list, r->arena, &c))
		last = c;
	*signed_to = last.sequence;
	do {
		if (!chain_check(r, *signed_to, &verdict, last_sha256) ||
		    !verdict.is_whole)
			return false;
		*signed_to = verdict.last;
	} while (verdict.next > 0);
	return *signed_to == last.sequence ||
	    checkpoint_write(r, *signed_to, last_sha256);
}
