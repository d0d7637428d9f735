/*
 * Web Push: a message that only the browser can read (RFC 8291, the aes128gcm
 * coding of RFC 8188), and the token by which its push service knows the shop
 * (VAPID, RFC 8292). P-256 is OpenSSL's.
 *
 * Keys and salts travel as base64url and are given here as bytes.
 */
#ifndef ZOCO_CRYPTO_WEBPUSH_H
#define ZOCO_CRYPTO_WEBPUSH_H

#include "base/buf.h"

#define WEBPUSH_PUBLIC_SIZE 65		/* an uncompressed point */
#define WEBPUSH_PRIVATE_SIZE 32
#define WEBPUSH_AUTH_SIZE 16
#define WEBPUSH_SALT_SIZE 16
#define WEBPUSH_TEXT_MAX 3993		/* bytes that a push service must take */

/* The public key of a private one; false when that is no key. */
bool webpush_public_key(const uint8_t private_key[WEBPUSH_PRIVATE_SIZE],
    uint8_t public_key[WEBPUSH_PUBLIC_SIZE]);

/*
 * The body of the request to the push service. `as_private` and `salt` are
 * random, once per message (webpush_encrypt_with is for the RFC's example).
 * False when the browser's key is no point of the curve, or the text too long.
 */
bool webpush_encrypt(const uint8_t ua_public[WEBPUSH_PUBLIC_SIZE],
    const uint8_t auth[WEBPUSH_AUTH_SIZE], const void *text, size_t n,
    struct buf *body);
bool webpush_encrypt_with(const uint8_t ua_public[WEBPUSH_PUBLIC_SIZE],
    const uint8_t auth[WEBPUSH_AUTH_SIZE],
    const uint8_t as_private[WEBPUSH_PRIVATE_SIZE],
    const uint8_t salt[WEBPUSH_SALT_SIZE], const void *text, size_t n,
    struct buf *body);

/*
 * Signs a text by ES256: 64 bytes, r and s. False when the key is none.
 */
bool webpush_sign(const uint8_t private_key[WEBPUSH_PRIVATE_SIZE],
    const char *text, uint8_t signature[64]);

#endif
