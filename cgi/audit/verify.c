/*
 * Is the chain whole? Entry by entry: its number follows, its hash is its own,
 * it names the hash before it, its detail is what it was; each signed checkpoint
 * still holds; no number of a source is missing. The first bad entry is named.
 * What was archived counts as good up to the signed cut, unless one looks there.
 */
#include "audit.h"

#include <json-c/json.h>

#include "base/json.h"

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
	FIELD_JSON(struct verdict, missing),
	FIELD_I64(struct verdict, erased,
	    .help = "whose private part was erased by request"),
	FIELD_I64(struct verdict, erased_by, .help = "the last such request"));

DB_QUERY(find_entry, 1,
	"SELECT sequence, sha256 FROM entry WHERE sequence = $1::bigint");
DB_QUERY(read_chunk, 2,
	"SELECT e.sequence, e.source, e.number, e.event_id, e.at, e.actor,"
	" e.action, e.entity, e.request_id, e.detail_sha256, e.previous_sha256,"
	" e.sha256, d.salt, d.detail, p.salt AS private_salt, p.private,"
	" CASE WHEN p.sequence IS NULL AND (d.detail IS NULL"
	"  OR d.detail LIKE '%\"private_sha256\":%') THEN (SELECT min(c.sequence)"
	"  FROM entry c WHERE c.entity = entry_person(e.actor, e.entity)"
	"  AND c.action = 'user.closed' AND c.sequence > e.sequence) END"
	"  AS erased_by FROM entry e"
	" LEFT JOIN entry_detail d ON d.sequence = e.sequence"
	" LEFT JOIN entry_private p ON p.sequence = e.sequence"
	" WHERE e.sequence > $1::bigint ORDER BY e.sequence LIMIT $2::int");
/* Numbers between the entries of a source that no entry has: ranges. The archive
 * has those up to the cut. */
DB_QUERY(find_missing, 2,
	"WITH cut AS (SELECT split_part(x, ':', 1) AS source,"
	"  split_part(x, ':', 2)::bigint AS number"
	"  FROM string_to_table($1, ',') AS x WHERE x <> ''),"
	" gappy AS (SELECT e.source, coalesce(max(c.number), 0) AS number"
	"  FROM entry e LEFT JOIN cut c ON c.source = e.source"
	"  WHERE e.sequence > $2::bigint GROUP BY e.source"
	"  HAVING max(e.number) <> count(*) + coalesce(max(c.number), 0))"
	" SELECT coalesce(jsonb_agg(jsonb_build_object('source', source, 'first',"
	" before + 1, 'last', number - 1)), '[]') AS missing"
	" FROM (SELECT e.source, e.number, lag(e.number, 1, g.number)"
	"  OVER (PARTITION BY e.source ORDER BY e.number) AS before"
	"  FROM gappy g JOIN entry e ON e.source = g.source"
	"  AND e.sequence > $2::bigint) AS x WHERE number <> before + 1");

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
	if (e->detail != NULL && !str_eq(e->detail_sha256,
	    entry_salted_hash(r, e->salt, e->detail)))
		return bad(verdict, e->sequence, "its detail was altered");
	return true;
}

/* The hash of the private part that the detail speaks of, or NULL. */
static const char *
private_hash(struct request *r, const char *detail)
{
	const char *hash = strstr(detail, "\"private_sha256\":") == NULL ? "" :
	    json_text(json_parse(r->arena, detail, strlen(detail)),
	    "private_sha256");

	return hash[0] == '\0' ? NULL : hash;
}

/* What may be erased, if whose it is has asked for it. */
static bool
check_private(struct request *r, const struct entry *e,
    struct verdict *verdict)
{
	const char *hash = e->detail == NULL ? NULL : private_hash(r, e->detail);

	if ((e->detail == NULL || (hash != NULL && e->private == NULL)) &&
	    e->erased_by > 0) {
		verdict->erased++;
		verdict->erased_by = e->erased_by;
		return true;
	}
	if (e->detail == NULL)
		return bad(verdict, e->sequence, "its detail is missing");
	if (hash != NULL && e->private == NULL)
		return bad(verdict, e->sequence,
		    "its private part is missing, and nobody asked for that");
	if (e->private != NULL && (hash == NULL || !str_eq(hash,
	    entry_salted_hash(r, e->private_salt, e->private))))
		return bad(verdict, e->sequence, "its private part was altered");
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
	bool is_archive;		/* which has no private parts */
};

static void
next_checkpoint(struct walk *w)
{
	do
		w->has_next = checkpoints_next(&w->checkpoints, w->arena, &w->next);
	while (w->has_next && w->next.is_good && (w->next.numbers[0] != '\0' ||
	    w->next.sequence < w->before.sequence));
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

/* Entries that follow; false at the first bad one. */
static bool
walk_rows(struct request *r, struct walk *w, struct entry *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!check_entry(r, &rows[i], &w->before, w->verdict) ||
		    (!w->is_archive && !check_private(r, &rows[i],
		    w->verdict)) || !check_checkpoints(w, &rows[i]))
			return false;
		w->verdict->entries++;
		w->before = rows[i];
		snprintf(w->before_sha256, DIGEST_HEX_SIZE, "%s",
		    rows[i].sha256);
		w->before.sha256 = w->before_sha256;
	}
	return true;
}

/* The request with the chunk's arena, which is emptied. */
static struct request
chunk_reader(struct request *r, struct walk *w)
{
	struct request reader = *r;

	arena_reset(w->arena);
	reader.arena = w->arena;
	return reader;
}

static size_t
walk_chunk(struct request *r, struct walk *w)
{
	struct request reader = chunk_reader(r, w);
	struct entry *rows;
	size_t n;

	db_start(r->db, w->arena);
	if (!db_all(r->db, &read_chunk, &entry_new_schema, &rows, &n,
	    P(w->before.sequence), P(CHUNK)))
		return 0;
	walk_rows(&reader, w, rows, n);
	return n;
}

/* Along the archive's files to the cut, or to the first bad entry; what they
 * have beyond was never signed as archived. */
static bool
walk_files(struct request *r, struct walk *w, struct archive *archive,
    const struct checkpoint *cut)
{
	size_t n = CHUNK;

	while (n == CHUNK && w->before.sequence < cut->sequence) {
		struct request reader = chunk_reader(r, w);
		struct entry *rows = arena_new_array(w->arena, struct entry,
		    CHUNK);
		int64_t left = cut->sequence - w->before.sequence;
		bool is_good = archive_read(&reader, archive, rows,
		    left < CHUNK ? (size_t)left : CHUNK, &n);

		if (!walk_rows(&reader, w, rows, n))
			return false;
		if (!is_good)
			return bad(w->verdict, w->before.sequence + 1,
			    "its archive cannot be read");
	}
	if (w->before.sequence < cut->sequence)
		return bad(w->verdict, w->before.sequence + 1,
		    "it is missing from the archive");
	return str_eq(w->before.sha256, cut->sha256) || bad(w->verdict,
	    cut->sequence, "it is not the one that was signed");
}

static bool
walk_archive(struct request *r, struct walk *w, const char *folder,
    const struct checkpoint *cut)
{
	struct archive archive;
	bool is_good;

	if (!archive_open(r, folder, w->before.sequence, &archive))
		return bad(w->verdict, w->before.sequence + 1,
		    "there is no such archive");
	w->is_archive = true;
	is_good = walk_files(r, w, &archive, cut);
	w->is_archive = false;
	archive_close(&archive);
	return is_good;
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
find_gaps(struct request *r, const struct checkpoint *cut,
    struct verdict *verdict)
{
	verdict->missing = db_json(r->db, &find_missing, P(cut->numbers),
	    P(cut->sequence));
	if (verdict->missing != NULL && verdict->is_whole &&
	    json_object_array_length(verdict->missing) > 0)
		bad(verdict, 0, "numbers of a source are missing");
}

static void
free_arena(void *arena)
{
	arena_free(arena);
}

/* Where the walk starts: after the entry, at the cut, or before the first. */
static bool
start(struct request *r, struct walk *w, int64_t after,
    const struct checkpoint *cut, const char *archive)
{
	w->arena = arena_new();
	arena_defer(r->arena, free_arena, w->arena);
	*w->verdict = (struct verdict){ .is_whole = true };
	w->before.sha256 = "";
	if (after > cut->sequence) {
		if (!db_one(r->db, &find_entry, &entry_row_schema, &w->before,
		    P(after))) {
			if (!request_failed(r))
				problem(r, PROBLEM_NOT_FOUND);
			return false;
		}
	} else if (archive == NULL && cut->sequence > 0) {
		w->before = (struct entry){ .sequence = cut->sequence,
		    .sha256 = cut->sha256 };
	}
	snprintf(w->before_sha256, DIGEST_HEX_SIZE, "%s", w->before.sha256);
	w->before.sha256 = w->before_sha256;
	if (!checkpoints_open(r, &w->checkpoints)) {
		problem(r, PROBLEM_UNAVAILABLE);
		return false;
	}
	next_checkpoint(w);
	if (w->before.sequence > 0)
		check_checkpoints(w, &w->before);
	return true;
}

bool
chain_check(struct request *r, int64_t after, const char *archive,
    struct verdict *verdict, char last_sha256[DIGEST_HEX_SIZE])
{
	struct walk w = { .verdict = verdict };
	struct checkpoint cut;
	size_t n = CHUNK;

	if (!checkpoints_cut(r, &cut)) {
		problem(r, PROBLEM_UNAVAILABLE);
		return false;
	}
	if (!start(r, &w, after, &cut, archive))
		return false;
	if (archive != NULL && w.before.sequence < cut.sequence)
		walk_archive(r, &w, archive, &cut);
	while (n == CHUNK && verdict->is_whole && verdict->entries < VERIFY_MAX)
		n = walk_chunk(r, &w);
	if (request_failed(r))
		return false;
	verdict->last = w.before.sequence;
	snprintf(last_sha256, DIGEST_HEX_SIZE, "%s", w.before_sha256);
	if (verdict->is_whole && n == CHUNK)
		verdict->next = w.before.sequence;
	else if (verdict->is_whole)
		check_end(&w);
	db_start(r->db, r->arena);
	find_gaps(r, &cut, verdict);
	return !request_failed(r);
}

bool
chain_is_archived(struct request *r, const struct entry *before,
    const char *archive, const struct checkpoint *cut)
{
	struct verdict verdict = { .is_whole = true };
	struct walk w = { .before = *before, .arena = arena_new(),
	    .verdict = &verdict };
	bool is_good = walk_archive(r, &w, archive, cut);

	arena_free(w.arena);
	return is_good;
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

	if (!chain_check(r, in->after, NULL, &verdict, last_sha256))
		return r->status;
	return reply(r, 200, &verdict_schema, &verdict);
}

static void
say(const struct verdict *verdict, const struct verdict *sum)
{
	if (verdict->is_whole)
		printf("whole: %" PRId64 " entries, %" PRId64 " checkpoints\n",
		    sum->entries, sum->checkpoints);
	else
		printf("entry %" PRId64 ": %s %s\n", verdict->first_bad,
		    verdict->fault, verdict->missing == NULL ? "" :
		    json_object_to_json_string(verdict->missing));
	if (sum->erased > 0)
		printf("of %" PRId64 " entries what is private was erased by"
		    " request, the last time event %" PRId64 "\n", sum->erased,
		    sum->erased_by);
}

/* The same over the whole chain, by hand; 0 when whole. */
int
verify_main(int argc, char **argv)
{
	const char *conf = "/etc/zoco/zoco.conf", *archive = NULL;
	struct app *app;
	char last_sha256[DIGEST_HEX_SIZE];
	struct verdict verdict = { .is_whole = true }, sum = { .entries = 0 };
	struct request *r;
	bool is_done;

	for (int i = 2; i + 1 < argc; i += 2)
		*(str_eq(argv[i], "--archive") ? &archive : &conf) = argv[i + 1];
	app = app_open(&audit_program, conf);
	if (app == NULL)
		return 2;
	r = app_request_new(app, "job:verify");
	do {
		is_done = chain_check(r, verdict.next, archive, &verdict,
		    last_sha256);
		sum.entries += verdict.entries;
		sum.checkpoints += verdict.checkpoints;
		sum.erased += verdict.erased;
		if (verdict.erased > 0)
			sum.erased_by = verdict.erased_by;
	} while (is_done && verdict.next > 0 && verdict.is_whole);
	if (is_done)
		say(&verdict, &sum);
	else
		printf("the chain cannot be read\n");
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
	struct verdict verdict;

	if (!checkpoints_open(r, &list))
		return false;
	while (checkpoints_next(&list, r->arena, &c))
		if (c.numbers[0] == '\0')
			last = c;
	*signed_to = last.sequence;
	do {
		if (!chain_check(r, *signed_to, NULL, &verdict, c.sha256) ||
		    !verdict.is_whole)
			return false;
		*signed_to = verdict.last;
	} while (verdict.next > 0);
	c.sequence = *signed_to;
	c.numbers[0] = '\0';
	return *signed_to <= last.sequence || checkpoint_write(r, &c);
}
