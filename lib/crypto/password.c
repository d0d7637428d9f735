#include "crypto/password.h"

#include <sodium.h>

#define PASSES 2
#define MEMORY (19456 * 1024)	/* bytes */

_Static_assert(PASSWORD_HASH_SIZE == crypto_pwhash_argon2id_STRBYTES,
    "libsodium writes as much as we have room for");

static bool
length_is_good(size_t n)
{
	return n >= 1 && n <= PASSWORD_MAX;
}

bool
password_hash(const char *password, size_t n, char out[PASSWORD_HASH_SIZE])
{
	assert(length_is_good(n));
	if (crypto_pwhash_argon2id_str(out, password, n, PASSES, MEMORY) == 0)
		return true;
	out[0] = '\0';
	return false;
}

bool
password_verify(const char *phc, const char *password, size_t n)
{
	assert(length_is_good(n));
	return crypto_pwhash_argon2id_str_verify(phc, password, n) == 0;
}

void
password_verify_dummy(const char *password, size_t n)
{
	char scratch[PASSWORD_HASH_SIZE];

	/* Making a hash is the work of checking one, with another salt. */
	password_hash(password, n, scratch);
	sodium_memzero(scratch, sizeof(scratch));
}

bool
password_needs_rehash(const char *phc)
{
	return crypto_pwhash_argon2id_str_needs_rehash(phc, PASSES,
	    MEMORY) != 0;
}
