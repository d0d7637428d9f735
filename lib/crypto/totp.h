/*
 * Time-based one-time passwords (RFC 6238) of six digits and 30 seconds, by
 * liboath. A code counts one step before and after, for clocks that differ.
 */
#ifndef ZOCO_CRYPTO_TOTP_H
#define ZOCO_CRYPTO_TOTP_H

#include "base/arena.h"

#define TOTP_SECRET_SIZE 20	/* 160 bits, as RFC 4226 advises */

/*
 * The step that the code belongs to (seconds since 1970 / 30), or -1 when it is
 * not a code of the secret about `now` (seconds since 1970). Accept a step only
 * once and only after the last one accepted: nothing here remembers.
 */
int64_t totp_step(const uint8_t secret[TOTP_SECRET_SIZE], int64_t now,
    const char *code);

/* The secret in base32 without padding, as apps take it typed; the arena's. */
char *totp_text(struct arena *, const uint8_t secret[TOTP_SECRET_SIZE]);

/* The key URI that a QR code carries, for the issuer's account; the arena's. */
char *totp_uri(struct arena *, const uint8_t secret[TOTP_SECRET_SIZE],
    const char *issuer, const char *account);

#endif
