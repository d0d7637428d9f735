/*
 * From an event to a mail: the event's data, with its amounts as people read
 * them, fill the templates of its family (order, account, stock).
 */
#include "notifications.h"

#include <json-c/json.h>

#include "web/format.h"
#include "web/page.h"
#include "web/text.h"

#define MAIL_MAX_BYTES (256 * 1024)

DB_QUERY(put_message, 10,
	"INSERT INTO message (id, event_id, kind, to_address, to_name, lang,"
	" subject, text, html, message_id) VALUES ($1::uuid, $2::uuid, $3, $4, $5,"
	" $6, $7, $8, $9, $10)"
	" ON CONFLICT ON CONSTRAINT message_event_key DO NOTHING");

static const char *
text_of(struct json_object *data, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(data, name, &value) && value != NULL ?
	    json_object_get_string(value) : "";
}

/* "total": 1999 also becomes "total_text": "19,99 €". */
static void
add_amount(struct json_object *object, const char *name, const char *currency,
    const char *lang)
{
	struct json_object *amount;
	struct money money = { .amount = 0 };
	char text[FORMAT_SIZE], text_name[64];

	if (!json_object_object_get_ex(object, name, &amount) ||
	    !json_object_is_type(amount, json_type_int))
		return;
	money.amount = json_object_get_int64(amount);
	snprintf(money.currency, sizeof(money.currency), "%s", currency);
	format_money(&money, lang, text, sizeof(text));
	snprintf(text_name, sizeof(text_name), "%s_text", name);
	json_object_object_add(object, text_name, json_object_new_string(text));
}

static void
add_amounts(struct json_object *data, const char *lang)
{
	static const char *const names[] = {
		"total", "subtotal", "shipping", "tax"
	};
	const char *currency = text_of(data, "currency");
	struct json_object *lines;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		add_amount(data, names[i], currency, lang);
	if (!json_object_object_get_ex(data, "lines", &lines) ||
	    !json_object_is_type(lines, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(lines); i++) {
		struct json_object *line = json_object_array_get_idx(lines, i);

		add_amount(line, "unit", currency, lang);
		add_amount(line, "total", currency, lang);
	}
}

static bool
render(struct request *r, const char *family, const char *form,
    const char *lang, struct json_object *context, struct buf *out)
{
	buf_init(out, r->arena, MAIL_MAX_BYTES);
	return page_render(r->app, arena_printf(r->arena, "mail/%s.%s", family,
	    form), lang, context, out);
}

/* "order.placed" -> "order_placed", as words name it. */
static const char *
kind_of(struct request *r, const char *type)
{
	char *kind = arena_strdup(r->arena, type);

	for (char *p = kind; *p != '\0'; p++)
		if (*p == '.' || *p == '-')
			*p = '_';
	return kind;
}

/* The mail's host is the sender's. */
static const char *
message_id(struct request *r, const struct event *event)
{
	const char *host = strchr(r->app->conf->mail_from, '@');
	char id[UUID_TEXT_SIZE];

	return arena_printf(r->arena, "<%s%s>", uuid_text(&event->id, id),
	    host != NULL ? host : "@localhost");
}

static void
wake_sender(struct request *r, void *context)
{
	(void)context;
	db_notify(r->db, "message");
}

static bool
compose(struct request *r, const struct event *event, const char *family,
    const char *to, const char *name, const char *lang)
{
	struct json_object *context = event->data;
	const char *kind = kind_of(r, event_kinds[event->type].type);
	struct buf subject, text, html;

	if (!email_is_valid(to))
		return true;	/* nobody to write to, today or later */
	to = arena_strdup(r->arena, to);	/* they may lie in the context, */
	name = arena_strdup(r->arena, name);	/* which changes below */
	add_amounts(context, lang);
	json_object_object_add(context, "kind", json_object_new_string(kind));
	json_object_object_add(context, "lang", json_object_new_string(lang));
	json_object_object_add(context, "name", json_object_new_string(name));
	json_object_object_add(context, "base_url",
	    json_object_new_string(r->app->conf->base_url));
	if (!render(r, "subject", "txt", lang, context, &subject) ||
	    !render(r, family, "txt", lang, context, &text) ||
	    !render(r, family, "html", lang, context, &html))
		return false;
	subject.data[strcspn(subject.data, "\r\n")] = '\0';
	if (db_exec(r->db, &put_message, P(uuid_new()), P(event->id), P(kind),
	    P(to), P(name), P(lang), P(subject.data), P(text.data), P(html.data),
	    P(message_id(r, event))))
		after_send(r, wake_sender, NULL);
	return !request_failed(r);
}

static const char *
language_of(struct json_object *data)
{
	return str_eq(text_of(data, "lang"), "en") ? "en" : "es";
}

bool
on_order(struct request *r, const struct event *event)
{
	return compose(r, event, "order", text_of(event->data, "email"),
	    text_of(event->data, "name"), language_of(event->data));
}

bool
on_user(struct request *r, const struct event *event)
{
	return compose(r, event, "account", text_of(event->data, "email"),
	    text_of(event->data, "name"), language_of(event->data));
}

bool
on_stock_low(struct request *r, const struct event *event)
{
	return compose(r, event, "stock", r->app->conf->mail_from, "", "es");
}
