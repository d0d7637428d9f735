/*
 * Pages: an answer becomes a template's context.
 *
 * A template sees the members of the main view's answer, the further views
 * under their names, what page_set() added, and
 *
 *	lang other_lang path base_url is_demo    where we are
 *	user.name user.email is_staff            who is signed in (not if cached)
 *	may.<domain>.<resource>.<verb>           permissions of who is signed in
 *	form.<field> form_is.<field>.<value>     what was typed, to show it again;
 *	                                         before that, what a view gave as
 *	                                         `form`. A part of it (an object,
 *	                                         an element of a list) has an `is`
 *	                                         and `errors` of its own
 *	errors.<field>                           the message of a field's fault
 *	problem.title problem.detail problem.type.<slug>
 *	idempotency_key                          a fresh one for this page's form
 */
#ifndef ZOCO_WEB_PAGE_H
#define ZOCO_WEB_PAGE_H

#include "web/request.h"

/* Runs the views of a page route. */
void page_views(struct request *);

/*
 * Makes the answer what a browser wants, if it is for one: renders the page or
 * fragment into r->text; after a fault of a form the form's page with what was
 * typed; after its success the redirect; for a problem the error page, and for
 * "not signed in" the way to the login.
 */
void page_finish(struct request *);

/*
 * Renders any template of the program ("mail/order_placed.txt") with a context
 * into `out`; false (logged) when there is no such template.
 */
bool page_render(const struct app *, const char *name, const char *lang,
    struct json_object *context, struct buf *out);

#endif
