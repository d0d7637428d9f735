/*
 * notifications: what the shop writes to people.
 *
 * An event becomes messages in the event's own transaction: rendered at once,
 * a row in the queue for each channel and person, one stable Message-ID.
 * cron/send_notifications hands the queue to the mail server, the SMS provider
 * and the browsers' push services.
 */
#ifndef ZOCO_CGI_NOTIFICATIONS_H
#define ZOCO_CGI_NOTIFICATIONS_H

#include "web/app.h"

extern const struct program notifications_program;
extern const struct person_part notifications_person;
extern const struct route notifications_routes[];

enum channel { CHANNEL_MAIL, CHANNEL_SMS, CHANNEL_PUSH, CHANNEL_COUNT };
extern const char *const channel_names[];

/* What messages are about; people choose by topic and channel. */
enum topic { TOPIC_ACCOUNT, TOPIC_ORDERS, TOPIC_ALERTS, TOPIC_OFFERS };
extern const char *const topic_names[];

/* Everything the queue keeps of a message. */
struct message {
	struct uuid id;
	const char *kind, *channel, *to_address, *to_name, *lang, *subject;
	const char *text, *html, *message_id, *status, *last_error, *unsubscribe;
	const char *reply_to;
	int32_t tries;
	int64_t created_at, sent_at;
};

enum send_result {
	SEND_DONE,
	SEND_LATER,		/* not taken, but later it may be */
	SEND_NEVER,		/* this message will never be taken */
	SEND_UNKNOWN,		/* perhaps taken: the answer was lost */
	SEND_AWAY		/* nobody there who could take any */
};

/* What somebody waits for: it is sent before all else, or after ten minutes not
 * at all. And everything. */
#define PRIORITY_NOW 0
#define PRIORITY_ANY 100

/*
 * Takes up to `limit` due messages of a channel, down to a priority, for sending
 * (status `sending`, committed), and records how it went. A row that stays
 * `sending` for five minutes was left by a dead job, and is taken again with
 * the same Message-ID; after ten tries it is a dead letter.
 */
bool queue_claim(struct request *, enum channel, int priority, int limit,
    struct message **, size_t *n);
int64_t queue_due(struct request *);

/* Whoever takes them is away: back into the queue as if not tried. */
void queue_release(struct request *, const struct message *, size_t n,
    const char *why);

bool queue_done(struct request *, const struct message *, enum send_result,
    int64_t retry_after_s, const char *reply);

/* What an event makes of a template family: order, account, stock ... */
struct words_of {
	const char *subject, *text, *html;
};
bool template_fill(struct request *, const char *kind, const char *family,
    const char *lang, struct json_object *context, struct words_of *);

/* The family of a kind ("order_placed" is one of "order"), or NULL. */
const char *template_family(const char *kind);

/* A kind of message on its way to a person. */
struct letter {
	const struct event *event;
	const char *kind;
	enum topic topic;
	int priority;
	const char *address, *name, *lang;
	const char *reply_to;		/* NULL: the shop */
	struct uuid user_id;		/* nil: only an address is known */
	const char *path;		/* for the feed and the push: where it leads */
	struct words_of words;
};

/* Puts the mail into the queue; for a topic that can be unsubscribed, unless
 * the address has been. */
void letter_mail(struct request *, const struct letter *);

/* The words as an SMS to a number, whatever its owner chose. */
void letter_sms(struct request *, const struct letter *, const char *phone);

/* To the person's browsers, phone and feed, as far as they want it. */
void letter_alert(struct request *, const struct letter *);

/* The link by which an address leaves a topic, in its two forms. */
const char *unsubscribe_token(struct request *, const char *address,
    enum topic);

enum send_result push_send(struct request *, const struct message *,
    int64_t *retry_after_s, const char **reply);
enum send_result sms_send(struct request *, const struct message *,
    int64_t *retry_after_s, const char **reply);

/* A short secret of a file of zoco.conf, without its line end; NULL. */
const char *secret_of(struct request *, const char *path);

/* Handlers of events. */
bool on_order(struct request *, const struct event *);
bool on_user(struct request *, const struct event *);
bool on_code(struct request *, const struct event *);
bool on_phone(struct request *, const struct event *);
bool on_user_closed(struct request *, const struct event *);
bool on_email_changed(struct request *, const struct event *);
bool on_stock_low(struct request *, const struct event *);
bool on_stock_digest(struct request *, const struct event *);
bool on_stock_notice(struct request *, const struct event *);
bool on_contact(struct request *, const struct event *);
bool on_cart_abandoned(struct request *, const struct event *);

extern const struct schema delivery_schema, delivery_list_input,
    delivery_resend_input, resend_failed_input, resent_schema,
    delivery_detail_schema, contact_schema,
    contact_input, contact_form_input, push_key_schema, push_add_input,
    push_drop_input, token_input, feed_list_input, feed_item_schema,
    template_input, template_ref_input, template_schema, template_list_schema,
    template_preview_schema, template_restore_input,
    template_letter_input, template_letter_form_input;

int contact_form(struct request *);
int contact_get(struct request *);
int contact_put(struct request *);
int delivery_get(struct request *);
int delivery_list(struct request *);
int delivery_resend(struct request *);
int desk(struct request *);
int feed_list(struct request *);
int feed_read(struct request *);
int push_add(struct request *);
int push_drop(struct request *);
int push_key(struct request *);
int resend_failed(struct request *);
int template_get(struct request *);
int template_letter(struct request *);
int template_letter_form(struct request *);
int template_list(struct request *);
int template_preview(struct request *);
int template_put(struct request *);
int template_restore(struct request *);
int template_test(struct request *);
int unsubscribe(struct request *);
int unsubscribe_page(struct request *);

#endif
