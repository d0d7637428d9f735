/* Texts as parts of addresses. */
#ifndef ZOCO_BASE_URL_H
#define ZOCO_BASE_URL_H

#include "base/arena.h"

/* Bytes other than letters, digits and "-._~" as %XX (RFC 3986, 2.1); the
 * arena's. */
char *url_escape(struct arena *, const char *text);

#endif
