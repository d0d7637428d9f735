#include "crypto/token.h"

#include <sodium.h>

#define BASE64URL sodium_base64_VARIANT_URLSAFE_NO_PADDING

_Static_assert(DIGEST_SIZE == crypto_hash_sha256_BYTES &&
    DIGEST_SIZE == crypto_auth_hmacsha256_BYTES &&
    sizeof(struct key) == crypto_auth_hmacsha256_KEYBYTES &&
    DIGEST_BASE64URL_SIZE == sodium_base64_ENCODED_LEN(DIGEST_SIZE, BASE64URL),
    "libsodium's sizes are ours");

void
random_bytes(void *out, size_t n)
{
	randombytes_buf(out, n);
}

char *
token_new(struct arena *arena)
{
	char *text = arena_alloc(arena, DIGEST_BASE64URL_SIZE);
	uint8_t bytes[DIGEST_SIZE];

	random_bytes(bytes, sizeof(bytes));
	return sodium_bin2base64(text, DIGEST_BASE64URL_SIZE, bytes,
	    sizeof(bytes), BASE64URL);
}

char *
token_hash_hex(const char *token, char out[DIGEST_HEX_SIZE])
{
	return digest_sha256_hex(token, strlen(token), out);
}

void
digest_sha256(const void *bytes, size_t n, uint8_t out[DIGEST_SIZE])
{
	crypto_hash_sha256(out, bytes, n);
}

char *
digest_sha256_hex(const void *bytes, size_t n, char out[DIGEST_HEX_SIZE])
{
	uint8_t digest[DIGEST_SIZE];

	digest_sha256(bytes, n, digest);
	return bytes_to_hex(digest, sizeof(digest), out);
}

void
digest_hmac_sha256(const void *secret, size_t secret_n, const void *bytes,
    size_t n, uint8_t out[DIGEST_SIZE])
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, secret, secret_n);
	crypto_auth_hmacsha256_update(&state, bytes, n);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof(state));
}

static void
mac(const struct key *key, const char *text, uint8_t out[DIGEST_SIZE])
{
	crypto_auth_hmacsha256(out, (const unsigned char *)text, strlen(text),
	    key->bytes);
}

char *
mac_hex(const struct key *key, const char *text, char out[DIGEST_HEX_SIZE])
{
	uint8_t digest[DIGEST_SIZE];

	mac(key, text, digest);
	return bytes_to_hex(digest, sizeof(digest), out);
}

char *
mac_base64url(const struct key *key, const char *text,
    char out[DIGEST_BASE64URL_SIZE])
{
	uint8_t digest[DIGEST_SIZE];

	mac(key, text, digest);
	return sodium_bin2base64(out, DIGEST_BASE64URL_SIZE, digest,
	    sizeof(digest), BASE64URL);
}

bool
mac_verify(const struct key *key, const char *text, const char *given)
{
	char hex[DIGEST_HEX_SIZE], base64url[DIGEST_BASE64URL_SIZE];

	/* Texts are compared, not bytes: base64url has two texts for some. */
	return given != NULL &&
	    (equal_constant_time(mac_hex(key, text, hex), given) ||
	    equal_constant_time(mac_base64url(key, text, base64url), given));
}

bool
equal_constant_time(const char *a, const char *b)
{
	size_t n = strlen(a);

	return n == strlen(b) && sodium_memcmp(a, b, n) == 0;
}

char *
bytes_to_hex(const void *bytes, size_t n, char *out)
{
	return sodium_bin2hex(out, 2 * n + 1, bytes, n);
}

bool
bytes_from_hex(const char *hex, void *out, size_t n)
{
	size_t digits = strlen(hex), got;

	/* Without an end to report, libsodium insists that all is digits. */
	return digits == 2 * n &&
	    sodium_hex2bin(out, n, hex, digits, NULL, &got, NULL) == 0 &&
	    got == n;
}
