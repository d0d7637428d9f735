/* system: the shop's settings, the admin's front page, the legal pages. */
#ifndef ZOCO_CGI_SYSTEM_H
#define ZOCO_CGI_SYSTEM_H

#include "web/app.h"

extern const struct program system_program;
extern const struct route system_routes[];

extern const struct schema settings_schema, settings_input, jobs_schema,
    job_runs_schema, job_ref_input, wish_schema, events_schema, contact_input;

int desk(struct request *);
int event_list(struct request *);
int event_replay(struct request *);
int job_ask(struct request *);
int job_get(struct request *);
int job_list(struct request *);
int settings_get(struct request *);
int settings_set(struct request *);
int page_show(struct request *);
int contact_show(struct request *);
int contact_send(struct request *);

/* The job that somebody asked for first, which now counts as started; NULL. A
 * crash after it leaves it so: nothing is started twice by one wish. */
const char *wish_take(struct request *, struct uuid *id);
void wish_end(struct request *, struct uuid id, int status);
void wish_purge(struct request *);
int64_t wish_count(struct request *);

#endif
