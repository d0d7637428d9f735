/*
 * Ids: UUIDv7 (RFC 9562 5.7), made here and not in the database, so that a row
 * and everything that names it can be written in one go, and so that newer
 * rows have greater ids.
 */
#ifndef ZOCO_BASE_UUID_H
#define ZOCO_BASE_UUID_H

#include "base/base.h"

#define UUID_TEXT_SIZE 37

struct uuid {
	uint8_t bytes[16];
};

/* A new id. Within a process ids never go back, even if the clock does. */
struct uuid uuid_new(void);

/* The 36-character form, any case, of any version; false when it is not one. */
bool uuid_parse(const char *, struct uuid *);

/* Lower-case text with its NUL, into `out`; returns out. */
char *uuid_text(const struct uuid *, char out[UUID_TEXT_SIZE]);

bool uuid_is_nil(const struct uuid *);
bool uuid_equal(const struct uuid *, const struct uuid *);

#endif
