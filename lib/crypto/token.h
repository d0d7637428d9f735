/*
 * Random tokens, digests and message authentication codes.
 *
 * A token is given to a person or a program and only its hash is stored, so
 * that whoever reads the database cannot use it. A token has 256 random bits:
 * one round of SHA-256 is enough, other than for a password.
 *
 * A MAC (HMAC-SHA-256, RFC 2104) proves that a text is ours without storing
 * anything. One key may serve several purposes if each text begins with its
 * own word: "order:" + id, "unsubscribe:" + id.
 */
#ifndef ZOCO_CRYPTO_TOKEN_H
#define ZOCO_CRYPTO_TOKEN_H

#include "base/arena.h"
#include "crypto/key.h"

#define DIGEST_SIZE 32
#define DIGEST_HEX_SIZE 65		/* with the NUL */
#define DIGEST_BASE64URL_SIZE 44	/* with the NUL */

/* n bytes of the system's randomness; it ends the program rather than fail. */
void random_bytes(void *out, size_t n);

/* A new token: 32 random bytes as 43 characters of base64url, the arena's. */
char *token_new(struct arena *);

/* SHA-256 of the token's text in hexadecimal, as it is stored; returns out. */
char *token_hash_hex(const char *token, char out[DIGEST_HEX_SIZE]);

void digest_sha256(const void *bytes, size_t n, uint8_t out[DIGEST_SIZE]);
char *digest_sha256_hex(const void *bytes, size_t n, char out[DIGEST_HEX_SIZE]);

/*
 * HMAC-SHA-256 under a secret of any length, as payment providers sign their
 * webhooks. For a MAC of our own there are the three below.
 */
void digest_hmac_sha256(const void *secret, size_t secret_n, const void *bytes,
    size_t n, uint8_t out[DIGEST_SIZE]);

/* The MAC of a text, written into out, which is returned. */
char *mac_hex(const struct key *, const char *text, char out[DIGEST_HEX_SIZE]);
char *mac_base64url(const struct key *, const char *text,
    char out[DIGEST_BASE64URL_SIZE]);

/*
 * Is `mac` the MAC of the text, in either form? Takes the same time wherever
 * they differ. NULL is no MAC.
 */
bool mac_verify(const struct key *, const char *text, const char *mac);

/* Compares secrets: the time depends on their lengths only. */
bool equal_constant_time(const char *a, const char *b);

/* Two lower-case digits a byte and a NUL into out[2 * n + 1]; returns out. */
char *bytes_to_hex(const void *bytes, size_t n, char *out);

/* The bytes of exactly 2 * n digits of either case; false for anything else. */
bool bytes_from_hex(const char *hex, void *out, size_t n);

#endif
