/*
 * notifications: what the shop writes to people.
 *
 * An event becomes a mail in the event's own transaction: rendered at once,
 * one row in the queue, one stable Message-ID. cron/send_notifications hands
 * the queue to the mail server.
 */
#ifndef ZOCO_CGI_NOTIFICATIONS_H
#define ZOCO_CGI_NOTIFICATIONS_H

#include "web/app.h"

extern const struct program notifications_program;
extern const struct route notifications_routes[];

/* Everything the queue keeps of a message. */
struct message {
	struct uuid id;
	const char *kind, *to_address, *to_name, *lang, *subject, *text, *html;
	const char *message_id, *status, *last_error;
	int32_t tries;
	int64_t created_at, sent_at;
};

/*
 * Takes up to `limit` due messages for sending (status `sending`, committed)
 * and records how it went. A row that stays `sending` for five minutes was left
 * by a dead job, and is taken again with the same Message-ID.
 */
bool queue_claim(struct request *, int limit, struct message **, size_t *n);
bool queue_sent(struct request *, const struct message *, const char *reply);
bool queue_failed(struct request *, const struct message *, bool for_good,
    const char *result, const char *reply);

/* Handlers of events: a mail to the customer, to the user, to the shop. */
bool on_order(struct request *, const struct event *);
bool on_user(struct request *, const struct event *);
bool on_stock_low(struct request *, const struct event *);

extern const struct schema delivery_schema, delivery_list_input,
    delivery_resend_input;

int delivery_list(struct request *);
int delivery_resend(struct request *);

#endif
