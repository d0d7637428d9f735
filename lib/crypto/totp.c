#include "crypto/totp.h"

#include <liboath/oath.h>
#include <stdlib.h>

#include "base/url.h"

#define STEP_SECONDS 30

int64_t
totp_step(const uint8_t secret[TOTP_SECRET_SIZE], int64_t now,
    const char *code)
{
	uint64_t counter;
	int position;

	/* The library takes the number of digits from what it is given. */
	if (strlen(code) != 6 || strspn(code, "0123456789") != 6)
		return -1;
	if (oath_totp_validate3((const char *)secret, TOTP_SECRET_SIZE, now,
	    STEP_SECONDS, OATH_TOTP_DEFAULT_START_TIME, 1, &position, &counter,
	    code) < 0)
		return -1;
	return (int64_t)counter;
}

char *
totp_text(struct arena *arena, const uint8_t secret[TOTP_SECRET_SIZE])
{
	char *text, *copy;
	size_t n;

	if (oath_base32_encode((const char *)secret, TOTP_SECRET_SIZE, &text,
	    &n) != OATH_OK)
		abort();	/* no memory */
	copy = arena_strndup(arena, text, strcspn(text, "="));
	free(text);
	return copy;
}

char *
totp_uri(struct arena *arena, const uint8_t secret[TOTP_SECRET_SIZE],
    const char *issuer, const char *account)
{
	return arena_printf(arena, "otpauth://totp/%s:%s?secret=%s&issuer=%s",
	    url_escape(arena, issuer), url_escape(arena, account),
	    totp_text(arena, secret), url_escape(arena, issuer));
}
