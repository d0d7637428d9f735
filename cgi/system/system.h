/* system: the shop's settings, the admin's front page, the legal pages. */
#ifndef ZOCO_CGI_SYSTEM_H
#define ZOCO_CGI_SYSTEM_H

#include "web/app.h"

extern const struct program system_program;
extern const struct route system_routes[];

extern const struct schema settings_schema, settings_input;

int settings_get(struct request *);
int settings_set(struct request *);
int page_show(struct request *);
int contact_show(struct request *);

#endif
