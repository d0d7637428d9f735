/* What the route tables say, for programs: OpenAPI 3.1 and JSON lines. */
#ifndef ZOCO_WEB_OPENAPI_H
#define ZOCO_WEB_OPENAPI_H

#include "web/app.h"

/* Prints the OpenAPI document of the domain's API; an exit status. */
int openapi_print(const struct program *);

/* Prints every route of the program, one JSON object a line. */
int routes_print(const struct program *);

#endif
