/*
 * Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07; API.md):
 * doing it twice does it once.
 *
 * The key is claimed in a transaction of its own before the work begins, so
 * that a second caller is told "in progress" at once instead of waiting. The
 * answer is stored in the transaction of the work. A claim whose database
 * session is gone, or that is a minute old, belongs to a dead worker: its work
 * was not committed, and the claim may be taken over.
 */
#ifndef ZOCO_WEB_IDEM_H
#define ZOCO_WEB_IDEM_H

#include "web/request.h"

/* Whose keys they are: "user:<id>", "program:...", "cart:<hash>" or "guest". */
const char *idem_caller(struct request *);

/*
 * True: the work is ours to do. False: the answer is in r already (a replay,
 * 400, 409, 422, or a failure of the database).
 */
bool idem_claim(struct request *);

/* Notes the answer in r under the claimed key, within the work's transaction
 * where one is open. */
void idem_store(struct request *);

/* Frees the key after a 4xx. */
void idem_free(struct request *);

#endif
