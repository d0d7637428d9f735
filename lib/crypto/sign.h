/*
 * Signatures that prove to anybody, later and elsewhere, that a text is ours:
 * Ed25519 (RFC 8032). The key file's 32 bytes are the seed of the key pair.
 */
#ifndef ZOCO_CRYPTO_SIGN_H
#define ZOCO_CRYPTO_SIGN_H

#include "crypto/key.h"

#define SIGNATURE_HEX_SIZE 129	/* with the NUL */
#define PUBLIC_KEY_HEX_SIZE 65

/* The public half, which verifies; returns out. */
char *sign_public_hex(const struct key *seed, char out[PUBLIC_KEY_HEX_SIZE]);

char *sign_hex(const struct key *seed, const char *text,
    char out[SIGNATURE_HEX_SIZE]);

/* Also false for what is no signature or no key at all. */
bool sign_verify(const char *public_hex, const char *text,
    const char *signature_hex);

#endif
