/*
 * Passwords are kept as argon2id hashes (RFC 9106) of 19 MiB, two passes and
 * one lane, the numbers of OWASP's cheat sheet. A hash is a PHC string that
 * names its own parameters, so they can be raised later: whoever signs in
 * with an older hash gets a new one (password_needs_rehash).
 *
 * One hash takes its 19 MiB for some 20 to 60 ms of a whole core, and gives
 * them back. Only a worker with a short queue may do this, or a flood of
 * logins takes the machine.
 *
 * A password is n bytes and is taken as it is: no folding, no trimming, no
 * Unicode normalisation (ASVS 6.2.8). The caller has checked that
 * 1 <= n <= PASSWORD_MAX.
 */
#ifndef ZOCO_CRYPTO_PASSWORD_H
#define ZOCO_CRYPTO_PASSWORD_H

#include "base/base.h"

#define PASSWORD_MAX 1024	/* bytes */
#define PASSWORD_HASH_SIZE 128	/* with the NUL; ours are 97 characters */

/*
 * Writes the PHC string, "$argon2id$v=19$m=19456,t=2,p=1$...", with a new salt.
 * False when there is no memory for the work: then `out` is "".
 */
bool password_hash(const char *password, size_t n,
    char out[PASSWORD_HASH_SIZE]);

/*
 * Is this the password of the hash? Also false for a hash that cannot be read,
 * and when there is no memory for the work: libsodium does not tell these
 * apart, and none of them is a reason to let somebody in.
 */
bool password_verify(const char *phc, const char *password, size_t n);

/*
 * Takes as long as password_verify, and says nothing: for an account that does
 * not exist, so that the time does not tell (ASVS 6.3.8).
 */
void password_verify_dummy(const char *password, size_t n);

/* Was the hash made with other parameters than today's? */
bool password_needs_rehash(const char *phc);

#endif
