/*
 * The archive: files of old entries, a JSON line each, compressed, written once
 * and never again. They are named by the numbers of their first and last entry:
 * audit-000000000001-000000080000.jsonl.gz.
 */
#include "audit.h"

#include <dirent.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/json.h"
#include "base/log.h"
#include "web/json_in.h"
#include "web/json_out.h"

#define FILE_ENTRIES 100000
#define CHUNK 1000
#define LINE_MAX_BYTES (1024 * 1024)
#define NAME_FORM "audit-%012" PRId64 "-%012" PRId64 ".jsonl.gz"

/* --- Reading --- */

static bool
parse_name(const char *name, int64_t *first, int64_t *last)
{
	static const char before[] = "audit-";
	char again[80], *end;

	if (!str_starts(name, before))
		return false;
	*first = strtoll(name + strlen(before), &end, 10);
	*last = *end == '-' ? strtoll(end + 1, NULL, 10) : 0;
	snprintf(again, sizeof(again), NAME_FORM, *first, *last);
	return str_eq(name, again);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
close_folder(void *folder)
{
	closedir(folder);
}

bool
archive_open(struct request *r, const char *folder, int64_t after,
    struct archive *archive)
{
	DIR *dir = opendir(folder);
	int64_t first, last;
	struct dirent *e;
	size_t max = 0;

	*archive = (struct archive){ .folder = folder };
	if (dir == NULL)
		return false;
	arena_defer(r->arena, close_folder, dir);
	while (readdir(dir) != NULL)
		max++;
	archive->names = arena_new_array(r->arena, char *, max + 1);
	archive->line = arena_alloc(r->arena, LINE_MAX_BYTES);
	rewinddir(dir);
	while (archive->n < max && (e = readdir(dir)) != NULL)
		if (parse_name(e->d_name, &first, &last) && last > after)
			archive->names[archive->n++] = arena_strdup(r->arena,
			    e->d_name);
	qsort(archive->names, archive->n, sizeof(char *), compare);
	return true;
}

static bool
parse_line(struct request *r, const char *line, struct entry *e)
{
	struct json_object *json = json_parse(r->arena, line, strlen(line));

	return json_object_is_type(json, json_type_object) && json_in(r,
	    &entry_row_schema, json, JSON_IN_LENIENT, NULL, e) &&
	    e->source != NULL && e->at != NULL && e->actor != NULL &&
	    e->action != NULL && e->request_id != NULL &&
	    e->detail_sha256 != NULL && e->previous_sha256 != NULL &&
	    e->sha256 != NULL && (e->salt != NULL || e->detail == NULL);
}

bool
archive_read(struct request *r, struct archive *archive, struct entry *rows,
    size_t max, size_t *n)
{
	int fault = Z_OK;

	for (*n = 0; *n < max;) {
		if (archive->file == NULL && archive->next == archive->n)
			return true;
		if (archive->file == NULL)
			archive->file = gzopen(arena_printf(r->arena, "%s/%s",
			    archive->folder, archive->names[archive->next++]),
			    "rbe");
		if (archive->file == NULL)
			return false;
		if (gzgets(archive->file, archive->line, LINE_MAX_BYTES) != NULL) {
			if (!parse_line(r, archive->line, &rows[*n]))
				return false;
			++*n;
			continue;
		}
		gzerror(archive->file, &fault);
		if (gzclose(archive->file) != Z_OK || fault != Z_OK)
			return false;
		archive->file = NULL;
	}
	return true;
}

void
archive_close(struct archive *archive)
{
	if (archive->file != NULL)
		gzclose(archive->file);
}

/* --- Writing --- */

DB_QUERY(find_first, 0, "SELECT sequence, previous_sha256 FROM entry"
    " ORDER BY sequence LIMIT 1");
/* The last that is old, of those that fit into a file; the newest entry stays,
 * for the chain goes on from it. */
DB_QUERY(find_old, 3,
	"SELECT least(coalesce((SELECT min(sequence) - 1 FROM entry"
	"  WHERE sequence BETWEEN $1::bigint AND $1::bigint + $2::int"
	"  AND at >= to_char(now() - make_interval(months => $3::int),"
	"   'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')), $1::bigint + $2::int - 1),"
	" (SELECT max(sequence) - 1 FROM entry)) AS sequence");
/* The cut must not part a number from a lower one of its source that came
 * later: the last entry before the first such, or NULL. */
DB_QUERY(find_parted, 2,
	"WITH high AS (SELECT source, max(number) AS number FROM entry"
	"  WHERE sequence BETWEEN $1::bigint AND $2::bigint GROUP BY source),"
	" late AS (SELECT e.source, min(e.number) AS number FROM entry e"
	"  JOIN high h ON h.source = e.source AND e.number < h.number"
	"  WHERE e.sequence > $2::bigint GROUP BY e.source)"
	" SELECT min(e.sequence) - 1 FROM entry e JOIN late l"
	" ON l.source = e.source AND e.number > l.number"
	" WHERE e.sequence BETWEEN $1::bigint AND $2::bigint");
DB_QUERY(find_cut, 1,
	"SELECT sequence, sha256 FROM entry WHERE sequence = $1::bigint");
DB_QUERY(find_numbers, 2,
	"SELECT string_agg(source || ':' || number, ',' ORDER BY source)"
	" FROM (SELECT source, max(number) AS number FROM (SELECT source, number"
	"   FROM entry WHERE sequence <= $2::bigint UNION ALL"
	"  SELECT split_part(x, ':', 1), split_part(x, ':', 2)::bigint"
	"   FROM string_to_table($1, ',') AS x WHERE x <> '') AS n"
	"  GROUP BY source) AS top");
DB_QUERY(read_old, 3,
	"SELECT e.sequence, e.source, e.number, e.event_id, e.at, e.actor,"
	" e.action, e.entity, e.request_id, e.detail_sha256, e.previous_sha256,"
	" e.sha256, d.salt, d.detail FROM entry e"
	" LEFT JOIN entry_detail d ON d.sequence = e.sequence"
	" WHERE e.sequence > $1::bigint AND e.sequence <= $2::bigint"
	" ORDER BY e.sequence LIMIT $3::int");
DB_QUERY(drop_private, 1,
	"DELETE FROM entry_private WHERE sequence <= $1::bigint");
DB_QUERY(drop_details, 1,
	"DELETE FROM entry_detail WHERE sequence <= $1::bigint");
DB_QUERY(drop_entries, 1, "DELETE FROM entry WHERE sequence <= $1::bigint");

static bool
failed(const char *path)
{
	log_error("audit.archive", "%s: %s", path, strerror(errno));
	return false;
}

static bool
put_rows(struct request *r, gzFile file, int64_t first, int64_t last)
{
	struct arena *kept = r->arena, *arena = arena_new();
	bool is_good = true;
	int64_t at = first - 1;

	r->arena = arena;
	while (is_good && at < last) {
		struct entry *rows;
		size_t n = 0;

		arena_reset(arena);
		db_start(r->db, arena);
		is_good = db_all(r->db, &read_old, &entry_row_schema, &rows, &n,
		    P(at), P(last), P(CHUNK)) && n > 0;
		for (size_t i = 0; is_good && i < n; i++) {
			struct json_object *json = json_out(&entry_row_schema,
			    &rows[i], NULL, JSON_ALL);

			json_keep(arena, json);
			is_good = gzputs(file, json_object_to_json_string_ext(
			    json, JSON_C_TO_STRING_PLAIN)) > 0 &&
			    gzputc(file, '\n') == '\n';
			at = rows[i].sequence;
		}
	}
	r->arena = kept;
	db_start(r->db, kept);
	arena_free(arena);
	return is_good;
}

static bool
sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return done;
}

/* The entries as a file, on the disk for good when true is returned. */
static bool
write_file(struct request *r, int64_t first, int64_t last)
{
	const char *folder = r->app->conf->audit_archive;
	const char *name = arena_printf(r->arena, "%s/" NAME_FORM, folder, first,
	    last), *new = arena_printf(r->arena, "%s/new", folder);
	int fd, copy;
	gzFile file;
	bool done;

	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return failed(folder);
	unlink(new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0)
		return failed(new);
	copy = dup(fd);
	if (copy < 0 || (file = gzdopen(copy, "wb")) == NULL) {
		if (copy >= 0)
			close(copy);
		close(fd);
		return failed(new);
	}
	done = put_rows(r, file, first, last);
	done = gzclose(file) == Z_OK && done && fsync(fd) == 0;
	close(fd);
	/* link(), not rename(): a file that is there is never replaced */
	done = done && link(new, name) == 0 && sync_folder(folder);
	unlink(new);
	return done || failed(name);
}

/* What was written and never signed as a cut: the database has it still. */
static void
drop_unsigned(struct request *r, const struct checkpoint *cut)
{
	const char *folder = r->app->conf->audit_archive;
	struct archive archive;
	int64_t first, last;

	if (!archive_open(r, folder, cut->sequence, &archive))
		return;
	for (size_t i = 0; i < archive.n; i++)
		if (parse_name(archive.names[i], &first, &last) &&
		    first > cut->sequence)
			unlink(arena_printf(r->arena, "%s/%s", folder,
			    archive.names[i]));
}

/* Removes what the archive holds up to the signed cut. */
static bool
remove_rows(struct request *r, struct db *owner, const struct checkpoint *cut,
    const struct entry *first)
{
	const struct entry before = { .sequence = first->sequence - 1,
	    .sha256 = first->previous_sha256 };

	if (!chain_is_archived(r, &before, r->app->conf->audit_archive, cut)) {
		log_error("audit.archive", "it does not hold entry %" PRId64
		    " to %" PRId64, first->sequence, cut->sequence);
		return false;
	}
	if (!db_begin(owner))
		return false;
	db_exec(owner, &drop_private, P(cut->sequence));
	db_exec(owner, &drop_details, P(cut->sequence));
	db_exec(owner, &drop_entries, P(cut->sequence));
	if (db_failure(owner) == DB_GOOD && db_commit(owner))
		return true;
	log_error("audit.archive", "the owner cannot remove: %s",
	    db_error(owner));
	db_rollback(owner);
	return false;
}

/* Which entry the next file ends with; before `first`: there is none. */
static int64_t
find_last(struct request *r, int64_t first)
{
	int64_t last = db_integer(r->db, &find_old, 0, P(first), P(FILE_ENTRIES),
	    P(r->app->conf->audit_months)), parted;

	while (last >= first && (parted = db_integer(r->db, &find_parted, last,
	    P(first), P(last))) < last)
		last = parted;
	return request_failed(r) ? 0 : last;
}

static void
free_db(void *db)
{
	db_free(db);
}

struct db *
archive_owner(struct request *r)
{
	struct db *owner = db_new(conf_db_url(r->app->conf->db_owner_url, "audit",
	    r->arena), false);

	arena_defer(r->arena, free_db, owner);
	db_start(owner, r->arena);
	return owner;
}

int
archive_make(struct request *r, struct db *owner, int64_t *moved)
{
	struct checkpoint cut, next = { .sequence = 0 };
	struct entry first, row;
	const char *numbers;

	if (!checkpoints_cut(r, &cut) ||
	    !db_one(r->db, &find_first, &entry_row_schema, &first))
		return request_failed(r) ? -1 : 0;
	if (first.sequence <= cut.sequence)	/* a crash left them in both */
		return remove_rows(r, owner, &cut, &first) ? 1 : -1;
	if (first.sequence != cut.sequence + 1 ||
	    !str_eq(first.previous_sha256, cut.sha256)) {
		log_error("audit.archive", "entry %" PRId64
		    " does not follow the cut", first.sequence);
		return -1;
	}
	drop_unsigned(r, &cut);
	next.sequence = find_last(r, first.sequence);
	if (next.sequence < first.sequence)
		return request_failed(r) ? -1 : 0;
	if (!write_file(r, first.sequence, next.sequence) ||
	    !db_one(r->db, &find_cut, &entry_row_schema, &row,
	    P(next.sequence)) || (numbers = db_text(r->db, &find_numbers,
	    P(cut.numbers), P(next.sequence))) == NULL ||
	    strlen(numbers) >= sizeof(next.numbers))
		return -1;
	snprintf(next.sha256, sizeof(next.sha256), "%s", row.sha256);
	snprintf(next.numbers, sizeof(next.numbers), "%s", numbers);
	if (!chain_is_archived(r, &(struct entry){
	    .sequence = first.sequence - 1, .sha256 = first.previous_sha256 },
	    r->app->conf->audit_archive, &next) || !checkpoint_write(r, &next) ||
	    !remove_rows(r, owner, &next, &first))
		return -1;
	*moved += next.sequence - first.sequence + 1;
	return 1;
}
