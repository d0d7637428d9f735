/*
 * Secrets that must be stored or sent on (a TOTP seed, a login code in an
 * event), sealed so that only a holder of the key can read or change them:
 * XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), a random nonce of 192 bits.
 *
 * `context` says what the secret belongs to ("totp:" + the user's id). It is
 * not stored, but opening needs the same: a sealed text that somebody moves
 * to another row does not open there.
 */
#ifndef ZOCO_CRYPTO_SEAL_H
#define ZOCO_CRYPTO_SEAL_H

#include "base/arena.h"
#include "crypto/key.h"

/* base64url of nonce, ciphertext, tag: 54 + 4/3 n characters, the arena's. */
char *seal(struct arena *, const struct key *, const void *plain, size_t n,
    const char *context);

/*
 * The plain bytes, with a NUL behind them, the arena's; their number in *n.
 * NULL for what was not sealed with this key and context, or was changed.
 */
uint8_t *seal_open(struct arena *, const struct key *, const char *sealed,
    const char *context, size_t *n);

#endif
