/*
 * audit: every change and refusal, by whom, in a chain that nobody can bend.
 *
 * An entry's hash covers its fields, the hash of its salted detail and the hash
 * of the entry before. It carries the gap-free number of its source's outbox,
 * so that a row deleted before delivery is missed.
 */
#ifndef ZOCO_CGI_AUDIT_H
#define ZOCO_CGI_AUDIT_H

#include "crypto/token.h"
#include "web/app.h"

extern const struct program audit_program;
extern const struct person_part audit_person;
extern const struct route audit_routes[];

struct entry {
	int64_t sequence, number;
	struct uuid event_id, entity;
	const char *source, *at, *actor, *action, *request_id, *detail_sha256;
	const char *previous_sha256, *sha256, *salt, *detail;
	/* What may be erased (NULL: nothing, or it was), and by which entry it
	 * was asked for. */
	const char *private_salt, *private;
	int64_t erased_by;
};

/* A detail, with what is private put into its origin, of entry e with its
 * entry_detail d and entry_private p. */
#define SHOWN_DETAIL \
	"CASE WHEN d.detail LIKE '%\"private_sha256\":%'" \
	" THEN (jsonb_set(d.detail::jsonb, '{origin}', coalesce(" \
	"  d.detail::jsonb->'origin', '{}') || coalesce(p.private::jsonb, '{}'))" \
	"  - 'private_sha256')::text ELSE d.detail END"


/* The hash of an entry by its canonical text; into out, which is returned. */
char *entry_hash(struct request *, const struct entry *,
    char out[DIGEST_HEX_SIZE]);

/* The hash of a salted text (a detail, a private part); the request's. */
const char *entry_salted_hash(struct request *, const char *salt,
    const char *text);

#define NUMBERS_SIZE 800

struct checkpoint {
	int64_t sequence;
	char sha256[DIGEST_HEX_SIZE], at[40];
	/* A cut: all entries up to here are in the archive, and so are the
	 * numbers of each source up to these, "auth:17,cart:4"; else "". */
	char numbers[NUMBERS_SIZE];
	bool is_good;		/* its signature is */
};

/* The file of checkpoints, read from its start. */
struct checkpoints {
	struct app *app;
	FILE *file;		/* NULL: there is none yet */
	char public[65];
};

/* False when there is a file that cannot be read. */
bool checkpoints_open(struct request *, struct checkpoints *);
bool checkpoints_next(struct checkpoints *, struct arena *,
    struct checkpoint *);
bool checkpoint_write(struct request *, const struct checkpoint *);

/* The newest cut whose signature is good; sequence 0: there is none. */
bool checkpoints_cut(struct request *, struct checkpoint *);

struct verdict {
	bool is_whole;
	int64_t entries, checkpoints, first_bad, next, last;
	int64_t erased, erased_by;	/* by request, and by which entry last */
	const char *fault;
	struct json_object *missing;
};

/*
 * Looks at the chain from the entry `after` on; what the newest cut says to be
 * archived is looked at in the folder `archive`, or, if that is NULL, taken for
 * good. False: it cannot be read (the problem is set), or there is no such
 * entry.
 */
bool chain_check(struct request *, int64_t after, const char *archive,
    struct verdict *, char last_sha256[DIGEST_HEX_SIZE]);

/* Does the archive hold the entries after `before`, up to the cut? */
bool chain_is_archived(struct request *, const struct entry *before,
    const char *archive, const struct checkpoint *cut);

/* The entries of an archive's files, in order of the files' names. */
struct archive {
	const char *folder;
	char **names;
	size_t n, next;
	void *file;		/* zlib's */
	char *line;
};

/* Files that end after the entry `after`. False: there is no such folder. */
bool archive_open(struct request *, const char *folder, int64_t after,
    struct archive *);

/* Up to n further entries, of the request's arena; fewer at the end. False: a
 * file cannot be read, or a line of it is no entry. */
bool archive_read(struct request *, struct archive *, struct entry *rows,
    size_t max, size_t *n);
void archive_close(struct archive *);

/*
 * Moves old entries out of the database: into a file, whose last entry is then
 * signed as the cut; only then are they removed, by the owner of the database,
 * since the program may not. A crash between leaves them in both, until the
 * next time. 1: some were moved; 0: none are old enough; -1: it failed.
 */
int archive_make(struct request *, struct db *owner, int64_t *moved);

/* Signs the chain's end into the file if all since the last signature is whole;
 * *signed_to is how far it is signed now. */
bool checkpoint_make(struct request *, int64_t *signed_to);

/* zoco-audit verify [--config FILE] [--archive FOLDER] */
int verify_main(int argc, char **argv);

/* The owner's connection to the database, the request's. */
struct db *archive_owner(struct request *);

extern const struct schema entry_row_schema, entry_new_schema,
    entry_export_input;
extern const struct schema entries_input, entry_list_input, entry_schema,
    verify_input, verdict_schema;

int entries_take(struct request *);
int entry_list(struct request *);
int chain_verify(struct request *);
int entry_export_csv(struct request *);
int entry_export_page(struct request *);
int entry_export_json(struct request *);

#endif
