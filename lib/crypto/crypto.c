#include "crypto/crypto.h"

#include <sodium.h>

void
crypto_start(void)
{
	if (sodium_init() < 0) {
		fputs("libsodium does not start: no randomness\n", stderr);
		abort();
	}
}
