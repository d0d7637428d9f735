/* The words of messages, for what shows them before they are used. */
#ifndef ZOCO_CGI_NOTIFICATIONS_TEMPLATE_H
#define ZOCO_CGI_NOTIFICATIONS_TEMPLATE_H

#include "notifications.h"

#define MAIL_MAX_BYTES (256 * 1024)

struct template {
	const char *name, *lang, *subject, *text, *html, *author;
	int32_t version;
	int64_t at;
	bool is_active, is_ours;
};

/* Ours as the owner would write it; false (404) when there is no such kind. */
bool template_ours(struct request *, const char *kind, const char *lang,
    struct template *);

/* One of the owner's versions; false when there is none of that number. */
bool template_version(struct request *, const char *kind, const char *lang,
    int32_t version, struct template *);

/* Fills an owner's template; false and what is wrong with it in error[n]. */
bool template_fill_owners(struct request *, const struct template *,
    const char *lang, struct json_object *context, struct words_of *,
    char *error, size_t n);

/* Fills what was typed with sample data; false (422) and the fault. */
bool template_try(struct request *, const struct template *,
    struct words_of *);

#endif
