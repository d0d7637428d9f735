/*
 * POST /system/contact, and the form of /contact: somebody writes to the shop.
 * It becomes an event, and that a mail to the shop's address. Nothing is sent to
 * the address that was typed, which may be anybody's.
 */
#include "system.h"

#include <json-c/json.h>

#include "web/text.h"

static const char *const topics[] = { "product", "order", "returns", "other",
	NULL };

struct contact {
	const char *name, *email, *number, *message, *website, *lang;
	int topic;
};

SCHEMA(contact_input, struct contact,
	FIELD_TEXT(struct contact, name, .required = true, .max = 100),
	FIELD_TEXT(struct contact, email, .required = true, .max = 254,
	    .check = email_is_valid, .format = "email"),
	FIELD_ENUM(struct contact, topic, topics, .required = true),
	FIELD_TEXT(struct contact, number, .max = 40, .preset = "",
	    .help = "Of the order, if it is about one"),
	FIELD_TEXT(struct contact, message, .required = true, .max = 5000,
	    .multiline = true),
	FIELD_TEXT(struct contact, website, .max = 200,
	    .help = "Left empty by people: what fills it in is not heard"));

static SCHEMA(asked_schema, struct contact,
	FIELD_ENUM(struct contact, topic, topics),
	FIELD_TEXT(struct contact, number),
	FIELD_TEXT(struct contact, lang),
	FIELD_TEXT(struct contact, name, .personal = true),
	FIELD_TEXT(struct contact, email, .personal = true),
	FIELD_TEXT(struct contact, message, .personal = true));

int
contact_show(struct request *r)
{
	page_set(r, "mail_from", json_object_new_string(r->app->conf->mail_from));
	return page_show(r);
}

int
contact_send(struct request *r)
{
	struct contact *in = r->input;

	in->lang = r->lang;
	if (in->website == NULL || in->website[0] == '\0')
		event_emit(r, EVENT_CONTACT_ASKED, uuid_new(), &asked_schema, in);
	return reply_empty(r, 204);
}
