/*
 * From an event to letters: the event's data, with its amounts as people read
 * them, fill the templates of its family (order, account, stock ...).
 */
#include "notifications.h"

#include <json-c/json.h>

#include "base/json.h"
#include "web/format.h"
#include "web/person.h"

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
	const char *currency = json_text(data, "currency");
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

/* Fills the letter's words out of the event's data. */
static bool
fill(struct request *r, struct letter *l)
{
	struct json_object *context = l->event->data;

	l->kind = kind_of(r, event_kinds[l->event->type].type);
	l->address = arena_strdup(r->arena, l->address);	/* it may lie in the */
	l->name = arena_strdup(r->arena, l->name);	/* context, which changes */
	l->lang = str_eq(l->lang, "en") ? "en" : "es";
	add_amounts(context, l->lang);
	json_add_text(context, "kind", l->kind);
	json_add_text(context, "lang", l->lang);
	json_object_object_add(context, "is_en",
	    json_object_new_boolean(str_eq(l->lang, "en")));
	json_add_text(context, "name", l->name);
	json_add_text(context, "base_url", r->app->conf->base_url);
	if (l->topic == TOPIC_OFFERS)
		json_add_text(context, "unsubscribe_url", arena_printf(r->arena,
		    "%s/%s/unsubscribe?token=%s", r->app->conf->base_url, l->lang,
		    unsubscribe_token(r, l->address, l->topic)));
	return template_fill(r, l->kind, template_family(l->kind), l->lang,
	    context, &l->words);
}

/* Events of stock say what a variant is called in both languages. */
static void
name_variant(struct json_object *data, const char *lang)
{
	json_add_text(data, "variant_name", json_text(data,
	    str_eq(lang, "en") ? "name_en" : "name_es"));
}

/* To the address in the event, and to the customer's other channels. */
static bool
tell(struct request *r, const struct event *event, enum topic topic,
    int priority, const char *path)
{
	struct letter l = { .event = event, .topic = topic,
	    .priority = priority, .path = path,
	    .address = json_text(event->data, "email"),
	    .name = json_text(event->data, "name"),
	    .lang = json_text(event->data, "lang") };
	const char *cart_key = json_text(event->data, "cart_key");

	if (str_starts(cart_key, "user:"))
		uuid_parse(cart_key + 5, &l.user_id);
	else if (event->type == EVENT_CART_ABANDONED)
		l.user_id = event->subject;	/* a guest's is nobody's */
	name_variant(event->data, l.lang);
	if (!fill(r, &l))
		return false;
	letter_mail(r, &l);
	if (topic == TOPIC_ORDERS)
		letter_alert(r, &l);
	return !request_failed(r);
}

bool
on_order(struct request *r, const struct event *event)
{
	char id[UUID_TEXT_SIZE];

	return tell(r, event, TOPIC_ORDERS, 3, arena_printf(r->arena,
	    "/orders/%s", uuid_text(&event->subject, id)));
}

bool
on_user(struct request *r, const struct event *event)
{
	return tell(r, event, TOPIC_ACCOUNT, 1, "/account");
}

/* Somebody waits for it, before a page that asks for it. */
bool
on_code(struct request *r, const struct event *event)
{
	struct letter l = { .event = event, .topic = TOPIC_ACCOUNT,
	    .priority = PRIORITY_NOW, .address = json_text(event->data, "phone"),
	    .name = "", .lang = json_text(event->data, "lang") };
	const char *host = strstr(r->app->conf->base_url, "://");

	if (event->type == EVENT_CODE_ASKED)
		return tell(r, event, TOPIC_ACCOUNT, PRIORITY_NOW, "/account");
	json_add_text(event->data, "host", host == NULL ? "" : host + 3);
	if (!fill(r, &l))
		return false;
	letter_sms(r, &l, l.address);
	return !request_failed(r);
}

DB_QUERY(put_phone, 4,
	"INSERT INTO contact (user_id, email, lang, phone)"
	" VALUES ($1::uuid, $2, $3, $4)"
	" ON CONFLICT ON CONSTRAINT contact_pkey DO UPDATE"
	" SET phone = excluded.phone");

/* A number that auth has proven, or none. */
bool
on_phone(struct request *r, const struct event *event)
{
	db_exec(r->db, &put_phone, P(event->subject),
	    P(json_text(event->data, "email")), P(json_text(event->data, "lang")),
	    P(json_text(event->data, "phone")));
	return !request_failed(r) && on_user(r, event);
}

/* The last mail: made after all those before it were forgotten. */
bool
on_user_closed(struct request *r, const struct event *event)
{
	return person_on_closed(r, event) && on_user(r, event);
}

DB_QUERY(put_contact_email, 2,
	"UPDATE contact SET email = $2 WHERE user_id = $1::uuid");

/* From now on alerts go there, too. */
bool
on_email_changed(struct request *r, const struct event *event)
{
	db_exec(r->db, &put_contact_email, P(event->subject),
	    P(json_text(event->data, "email")));
	return !request_failed(r) && on_user(r, event);
}

bool
on_stock_notice(struct request *r, const struct event *event)
{
	bool is_asked = event->type == EVENT_STOCK_NOTICE_ASKED;

	return tell(r, event, is_asked ? TOPIC_ACCOUNT : TOPIC_OFFERS, 5, "/");
}

/* To the shop, in its own language; the answer goes to who has written. */
bool
on_contact(struct request *r, const struct event *event)
{
	const char *topic = json_text(event->data, "topic"), *lang = "es";
	struct letter l = { .event = event, .topic = TOPIC_ORDERS, .priority = 4,
	    .address = r->app->conf->mail_from, .lang = lang,
	    .name = json_text(event->data, "name"), .reply_to = arena_strdup(
	    r->arena, json_text(event->data, "email")) };

	json_add_text(event->data, "topic_text", app_word(r->app, lang,
	    arena_printf(r->arena, "mail.contact_topic.%s", topic)));
	if (!fill(r, &l))
		return false;
	l.name = "";
	letter_mail(r, &l);
	return !request_failed(r);
}

bool
on_cart_abandoned(struct request *r, const struct event *event)
{
	return tell(r, event, TOPIC_OFFERS, 9, "/cart");
}

struct staff {
	struct uuid user_id;
	const char *email, *lang;
};

static SCHEMA(staff_schema, struct staff,
	FIELD_UUID(struct staff, user_id),
	FIELD_TEXT(struct staff, email),
	FIELD_TEXT(struct staff, lang));

/* NULL: whatever their locations. */
DB_QUERY(find_staff, 1,
	"SELECT DISTINCT c.user_id, c.email, c.lang FROM alert_subscription a"
	" JOIN contact c ON c.user_id = a.user_id"
	" WHERE $1::text IS NULL OR a.location IN ('', $1)"
	" ORDER BY c.user_id LIMIT 200");

/* To those of the staff who asked for it; to the shop when nobody has. */
static bool
tell_staff(struct request *r, const struct event *event, const char *location,
    const char *path, int priority)
{
	struct staff shop = { .email = r->app->conf->mail_from, .lang = "es" };
	struct staff *staff;
	size_t n;

	if (!db_all(r->db, &find_staff, &staff_schema, &staff, &n, P(location)))
		return false;
	if (n == 0) {
		staff = &shop;
		n = 1;
	}
	for (size_t i = 0; i < n; i++) {
		struct letter l = { .event = event, .topic = TOPIC_ALERTS,
		    .priority = priority, .path = path,
		    .address = staff[i].email, .name = "", .lang = staff[i].lang,
		    .user_id = staff[i].user_id };

		name_variant(event->data, l.lang);
		if (!fill(r, &l))
			return false;
		letter_mail(r, &l);
		letter_alert(r, &l);
	}
	return !request_failed(r);
}

bool
on_stock_low(struct request *r, const struct event *event)
{
	const char *location = arena_strdup(r->arena,
	    json_text(event->data, "location"));
	char id[UUID_TEXT_SIZE];

	return tell_staff(r, event, location, arena_printf(r->arena,
	    "/admin/stock/%s", uuid_text(&event->subject, id)), 2);
}

bool
on_stock_digest(struct request *r, const struct event *event)
{
	return tell_staff(r, event, NULL, "/admin/stock?low=true", 5);
}
