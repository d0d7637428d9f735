/*
 * Secret keys of 32 bytes, each in a file of its own: 64 hexadecimal digits,
 * perhaps a newline, readable by its owner only.
 */
#ifndef ZOCO_CRYPTO_KEY_H
#define ZOCO_CRYPTO_KEY_H

#include "base/base.h"

struct key {
	uint8_t bytes[32];
};

/*
 * Reads a key file. False, with a sentence that names the file (never its
 * content) in error[n], when it is missing, not a regular file, open to group
 * or others (any of the mode bits 077), or not 64 digits.
 */
bool key_load(const char *path, struct key *, char *error, size_t n);

/*
 * Writes a new random key, mode 0400. False and a sentence in error[n] when it
 * cannot; a file that exists is never touched.
 */
bool key_create(const char *path, char *error, size_t n);

#endif
