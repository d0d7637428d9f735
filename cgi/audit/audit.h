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

extern const struct schema entries_input, entry_list_input, entry_schema,
    verify_input, verdict_schema;

int entries_take(struct request *);
int entry_list(struct request *);
int chain_verify(struct request *);

#endif
