#include "crypto/sign.h"

#include <sodium.h>

#include "crypto/token.h"

_Static_assert(sizeof(struct key) == crypto_sign_SEEDBYTES,
    "libsodium's size is ours");

char *
sign_public_hex(const struct key *seed, char out[PUBLIC_KEY_HEX_SIZE])
{
	uint8_t public[crypto_sign_PUBLICKEYBYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	crypto_sign_seed_keypair(public, secret, seed->bytes);
	sodium_memzero(secret, sizeof(secret));
	return bytes_to_hex(public, sizeof(public), out);
}

char *
sign_hex(const struct key *seed, const char *text, char out[SIGNATURE_HEX_SIZE])
{
	uint8_t public[crypto_sign_PUBLICKEYBYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	uint8_t signature[crypto_sign_BYTES];

	crypto_sign_seed_keypair(public, secret, seed->bytes);
	crypto_sign_detached(signature, NULL, (const uint8_t *)text,
	    strlen(text), secret);
	sodium_memzero(secret, sizeof(secret));
	return bytes_to_hex(signature, sizeof(signature), out);
}

bool
sign_verify(const char *public_hex, const char *text, const char *signature_hex)
{
	uint8_t public[crypto_sign_PUBLICKEYBYTES];
	uint8_t signature[crypto_sign_BYTES];

	return bytes_from_hex(public_hex, public, sizeof(public)) &&
	    bytes_from_hex(signature_hex, signature, sizeof(signature)) &&
	    crypto_sign_verify_detached(signature, (const uint8_t *)text,
	    strlen(text), public) == 0;
}
