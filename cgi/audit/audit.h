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
};

/* The hash of an entry by its canonical text; into out, which is returned. */
char *entry_hash(struct request *, const struct entry *,
    char out[DIGEST_HEX_SIZE]);

/* The hash of a salted detail; the request's. */
const char *entry_detail_hash(struct request *, const char *salt,
    const char *detail);

struct checkpoint {
	int64_t sequence;
	char sha256[DIGEST_HEX_SIZE], at[40];
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
bool checkpoint_write(struct request *, int64_t sequence, const char *sha256);

struct verdict {
	bool is_whole;
	int64_t entries, checkpoints, first_bad, next, last;
	const char *fault;
	struct json_object *missing;
};

/*
 * Looks at the chain from the entry `after` on. False: it cannot be read (the
 * problem is set), or there is no such entry.
 */
bool chain_check(struct request *, int64_t after, struct verdict *,
    char last_sha256[DIGEST_HEX_SIZE]);

/* Signs the chain's end into the file if all since the last signature is whole;
 * *signed_to is how far it is signed now. */
bool checkpoint_make(struct request *, int64_t *signed_to);

int verify_main(const char *conf_path);

extern const struct schema entry_row_schema, entry_export_input;
extern const struct schema entries_input, entry_list_input, entry_schema,
    verify_input, verdict_schema;

int entries_take(struct request *);
int entry_list(struct request *);
int chain_verify(struct request *);
int entry_export_csv(struct request *);
int entry_export_page(struct request *);
int entry_export_json(struct request *);

#endif
