/* Grants that are narrowed to a location or a category: struct scope in route.h. */
#ifndef ZOCO_WEB_SCOPE_H
#define ZOCO_WEB_SCOPE_H

#include "base/base.h"

struct request;

/* Answers 403; names the permission that lacks, and where (NULL: everywhere). */
void scope_refuse(struct request *, const char *where);

/* May who asks do this there? Sets where, if nothing was said of it; else false,
 * refused. After the input was read. */
bool scope_check(struct request *);

#endif
