/*
 * Carts that were left: one mail to whoever gave an address and agreed to be
 * written to. The names of the things come from catalog, before the
 * transaction that notes the reminder and tells of it. A guest's reminder is
 * noted in Redis first: a crash between the two loses it, and none comes twice.
 */
#include "cart.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "web/call.h"
#include "web/json_out.h"

#define DRY_MAX 1000000

struct left {
	const char *cart_key, *email, *lang;
};

static SCHEMA(left_schema, struct left,
	FIELD_TEXT(struct left, cart_key),
	FIELD_TEXT(struct left, email),
	FIELD_TEXT(struct left, lang));

struct line {
	struct uuid variant_id;
	int32_t quantity;
	const char *name, *options;
};

static SCHEMA(line_schema, struct line,
	FIELD_UUID(struct line, variant_id),
	FIELD_I32(struct line, quantity),
	FIELD_TEXT(struct line, name),
	FIELD_TEXT(struct line, options));

struct told {
	const char *email, *lang;
	struct line *lines;
	size_t lines_n;
};

static SCHEMA(told_schema, struct told,
	FIELD_TEXT(struct told, email, .personal = true),
	FIELD_TEXT(struct told, lang),
	FIELD_LIST(struct told, lines, lines_n, &line_schema));

/* After a week nobody wants to hear of it any more. */
#define IS_LEFT " c.email IS NOT NULL AND c.marketing_consent" \
	" AND c.reminded_at IS NULL" \
	" AND c.changed_at <= now() - make_interval(mins => $1::int)" \
	" AND c.changed_at > now() - interval '7 days'" \
	" AND EXISTS (SELECT FROM cart_line l WHERE l.cart_key = c.cart_key)"

DB_QUERY(count_left, 1, "SELECT count(*) FROM cart c WHERE" IS_LEFT);
DB_QUERY(find_left, 2,
	"SELECT c.cart_key, c.email, c.lang FROM cart c WHERE" IS_LEFT
	" ORDER BY c.changed_at LIMIT $2::int");
DB_QUERY(note_reminder, 2,
	"UPDATE cart c SET reminded_at = now() WHERE" IS_LEFT
	" AND c.cart_key = $2");
DB_QUERY(withdraw, 1,
	"UPDATE cart SET marketing_consent = false WHERE lower(email) = lower($1)");

/* Until then a cart must have been left alone, to count as left. */
static int64_t
due_s(struct request *r)
{
	return clock_now_us() / CLOCK_SECOND -
	    r->app->conf->cart_reminder_minutes * 60;
}

int64_t
carts_left(struct request *r)
{
	const char **keys;

	return db_integer(r->db, &count_left, 0,
	    P(r->app->conf->cart_reminder_minutes)) + (int64_t)cart_guests_left(
	    r, due_s(r), DRY_MAX, &keys);
}

/* The lines with their names; false: catalog is away, or sells none of it. */
static bool
name_lines(struct request *r, const struct cart_content *content,
    struct told *told)
{
	struct json_object *body = json_object_new_object();
	struct json_object *ids = json_object_new_array();
	struct call_answer answer;
	struct line *named;
	char text[UUID_TEXT_SIZE];
	size_t n;

	for (size_t i = 0; i < content->n; i++)
		json_object_array_add(ids, json_object_new_string(
		    uuid_text(&content->lines[i].variant_id, text)));
	json_object_object_add(body, "variant_ids", ids);
	if (!call(r, POST, "/internal/catalog/prices", body, &answer) ||
	    answer.status != 200 || !call_read_list(r, &answer, "items",
	    &line_schema, (void **)&named, &n)) {
		call_forgive(r);
		return false;
	}
	told->lines = arena_new_array(r->arena, struct line, n + 1);
	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < content->n; i++)
			if (uuid_equal(&named[k].variant_id,
			    &content->lines[i].variant_id)) {
				told->lines[told->lines_n] = named[k];
				told->lines[told->lines_n++].quantity =
				    content->lines[i].quantity;
			}
	return told->lines_n > 0;
}

static bool
remind(struct request *r, const struct left *left)
{
	struct told told = { .email = left->email, .lang = left->lang };
	struct cart_content content = { .n = 0 };
	struct uuid subject = uuid_new();
	bool is_done = false;

	r->lang = left->lang;
	if (!cart_customers.read(r, left->cart_key, &content))
		return false;
	if (str_starts(left->cart_key, "user:"))
		uuid_parse(left->cart_key + 5, &subject);
	if (!name_lines(r, &content, &told) || !step_begin(r))
		return false;
	if (db_exec(r->db, &note_reminder,
	    P(r->app->conf->cart_reminder_minutes), P(left->cart_key))) {
		event_emit(r, EVENT_CART_ABANDONED, subject, &told_schema, &told);
		is_done = true;
	}
	return step_end(r) && is_done;
}

static bool
remind_guest(struct request *r, const char *key, int64_t until_s)
{
	struct cart_content content = { .n = 0 };
	struct told told;

	if (!cart_guests.read(r, key, &content)) {
		call_forgive(r);
		return false;
	}
	told = (struct told){ .email = content.email, .lang = content.lang };
	r->lang = content.lang != NULL ? content.lang : r->lang;
	if (!name_lines(r, &content, &told) ||
	    !cart_guests_claim(r, key, until_s) || !step_begin(r))
		return false;
	event_emit(r, EVENT_CART_ABANDONED, uuid_new(), &told_schema, &told);
	return step_end(r);
}

void
carts_remind(struct request *r, int limit, int64_t *done, int64_t *failed)
{
	const char **keys;
	struct left *rows;
	size_t n;

	if (!db_all(r->db, &find_left, &left_schema, &rows, &n,
	    P(r->app->conf->cart_reminder_minutes), P(limit)))
		return;
	for (size_t i = 0; i < n && !request_failed(r); i++)
		(*(remind(r, &rows[i]) ? done : failed))++;
	n = cart_guests_left(r, due_s(r), limit, &keys);
	for (size_t i = 0; i < n && !request_failed(r); i++)
		(*(remind_guest(r, keys[i], due_s(r)) ? done : failed))++;
}

/* Whoever left the mailing list is not written to from here either. */
bool
on_unsubscribed(struct request *r, const struct event *event)
{
	struct json_object *address;

	if (json_object_object_get_ex(event->data, "address", &address))
		db_exec(r->db, &withdraw, P(json_object_get_string(address)));
	return !request_failed(r);
}
