/*
 * Passwords that everybody tries first (ASVS 6.2.4, 6.2.11, 6.2.12): a list of
 * some 30,000 in the order of the alphabet, made when Zoco is built out of the
 * Debian package python3-zxcvbn.
 */
#ifndef ZOCO_CRYPTO_COMMON_PASSWORD_H
#define ZOCO_CRYPTO_COMMON_PASSWORD_H

#include "base/base.h"

/*
 * Is it on the list, or one of `words` (the shop's name, the person's; ended
 * by NULL), in any case and whatever digits and signs stand before or behind:
 * "Password2026!!" is "password". Also true for fewer than five different
 * characters.
 */
bool password_is_common(const char *password, const char *const words[]);

/* How many the list has. */
size_t common_passwords_count(void);

#endif
