/*
 * Public keys as COSE writes them (RFC 9052, 7; RFC 9053, 2 and 7), of the three
 * kinds that passkeys have: ES256 on P-256, EdDSA on Ed25519, RS256 with 2048
 * to 4096 bits (RFC 8812).
 */
#ifndef ZOCO_CRYPTO_COSE_H
#define ZOCO_CRYPTO_COSE_H

#include "base/base.h"

struct cose_key {
	int64_t type, algorithm, curve;
	struct cose_part { const uint8_t *data; size_t n; } x, y, modulus;
};

/* The key that is all of the bytes; false: it is of no kind that we take. */
bool cose_key_read(const uint8_t *, size_t n, struct cose_key *);

/* Can it be a key at all: a point of its curve, a modulus that is odd? */
bool cose_key_is_good(const struct cose_key *);

/* Is it this key's signature of the text? ES256: an ASN.1 pair. */
bool cose_verify(const struct cose_key *, const uint8_t *text, size_t text_n,
    const uint8_t *signature, size_t signature_n);

#endif
