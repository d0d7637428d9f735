#include "crypto/seal.h"

#include <sodium.h>

#include "crypto/token.h"

#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES
#define BASE64URL sodium_base64_VARIANT_URLSAFE_NO_PADDING

_Static_assert(sizeof(struct key) ==
    crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "libsodium's size is ours");

char *
seal(struct arena *arena, const struct key *key, const void *plain, size_t n,
    const char *context)
{
	size_t sealed_n = NONCE + n + TAG;
	size_t text_size = sodium_base64_ENCODED_LEN(sealed_n, BASE64URL);
	unsigned char *sealed = arena_alloc(arena, sealed_n);
	char *text = arena_alloc(arena, text_size);

	random_bytes(sealed, NONCE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE, NULL, plain,
	    n, (const unsigned char *)context, strlen(context), NULL, sealed,
	    key->bytes);
	return sodium_bin2base64(text, text_size, sealed, sealed_n, BASE64URL);
}

uint8_t *
seal_open(struct arena *arena, const struct key *key, const char *text,
    const char *context, size_t *n)
{
	size_t text_n = strlen(text), sealed_n;
	unsigned char *sealed = arena_alloc(arena, text_n + 1);
	unsigned char *plain;

	/* Without an end to report, libsodium insists that all is base64. */
	if (sodium_base642bin(sealed, text_n + 1, text, text_n, NULL, &sealed_n,
	    NULL, BASE64URL) != 0 || sealed_n < NONCE + TAG)
		return NULL;
	plain = arena_alloc(arena, sealed_n - NONCE - TAG + 1);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL,
	    sealed + NONCE, sealed_n - NONCE, (const unsigned char *)context,
	    strlen(context), sealed, key->bytes) != 0)
		return NULL;
	*n = sealed_n - NONCE - TAG;
	return plain;
}
