#include "web/app.h"

#include <json-c/json.h>

#include "base/json.h"
#include "web/json_out.h"
#include "web/text.h"

/* Pages want texts beside the values; programs want the values. */
static const char *
reading_language(const struct request *r)
{
	enum route_kind kind = r->route->kind;

	return kind == KIND_PAGE || kind == KIND_FRAGMENT ? r->lang : NULL;
}

int
reply_json(struct request *r, int status, struct json_object *json)
{
	json_keep(r->arena, json);
	r->json = json;
	r->status = status;
	return status;
}

int
reply(struct request *r, int status, const struct schema *schema,
    const void *object)
{
	return reply_json(r, status,
	    json_out(schema, object, reading_language(r), JSON_ALL));
}

int
reply_list(struct request *r, const struct schema *schema, const void *items,
    size_t n, const char *next)
{
	struct json_object *list = json_object_new_object();

	json_object_object_add(list, "items",
	    json_out_list(schema, items, n, reading_language(r)));
	json_object_object_add(list, "next",
	    next == NULL ? NULL : json_object_new_string(next));
	return reply_json(r, 200, list);
}

int
reply_empty(struct request *r, int status)
{
	r->json = NULL;
	r->status = status;
	return status;
}

int
reply_text(struct request *r, int status, const char *content_type,
    struct buf *text)
{
	r->text = text;
	r->content_type = content_type;
	r->status = status;
	return status;
}

int
reply_redirect(struct request *r, const char *location)
{
	if (location[0] == '/')
		location = arena_printf(r->arena, "/%s%s", r->lang, location);
	r->location = location;
	return reply_empty(r, 303);
}

void
reply_header(struct request *r, const char *name, const char *value)
{
	struct header *h = arena_new_of(r->arena, struct header);

	assert(strpbrk(value, "\r\n") == NULL);
	*h = (struct header){ r->headers, name, value };
	r->headers = h;
}

void
reply_cookie(struct request *r, const char *name, const char *value,
    int max_age_s, const char *path)
{
	const struct app *app = r->app;
	bool is_host_wide = str_eq(path, "/");

	reply_header(r, "Set-Cookie", arena_printf(r->arena,
	    "%s%s%s=%s; Path=%s; Max-Age=%d; HttpOnly; SameSite=Lax%s",
	    is_host_wide ? app->cookie_prefix : "", name, app->cookie_suffix,
	    value, path, max_age_s, app->is_secure ? "; Secure" : ""));
}

void
page_set(struct request *r, const char *name, struct json_object *value)
{
	if (r->page_data == NULL) {
		r->page_data = json_object_new_object();
		json_keep(r->arena, r->page_data);
	}
	json_object_object_add(r->page_data, name, value);
}

static void
add_later(struct request *r, struct later **list,
    void (*fn)(struct request *, void *), void *context)
{
	struct later *later = arena_new_of(r->arena, struct later);

	*later = (struct later){ NULL, fn, context };
	while (*list != NULL)
		list = &(*list)->next;
	*list = later;
}

void
after_commit(struct request *r, void (*fn)(struct request *, void *),
    void *context)
{
	add_later(r, &r->after_commit, fn, context);
}

void
after_send(struct request *r, void (*fn)(struct request *, void *),
    void *context)
{
	add_later(r, &r->after_send, fn, context);
}

const char *
cursor_make(struct request *r, const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	text = arena_vprintf(r->arena, format, args);
	va_end(args);
	return base64url_encode(r->arena, text, strlen(text));
}

bool
cursor_refuse(struct request *r)
{
	problem_field(r, "after", "cursor", field_message(r, "cursor", 0, 0));
	problem(r, PROBLEM_INVALID);
	return false;
}

bool
cursor_read(struct request *r, const char *cursor, const char *out[], size_t n)
{
	size_t length;
	char *text = (char *)base64url_decode(r->arena, cursor, &length);
	size_t found = 0;

	if (text != NULL && strlen(text) == length && utf8_valid(text, length)) {
		while (found < n && text != NULL)
			out[found++] = strsep(&text, "|");
		if (found == n && text == NULL)
			return true;
	}
	return cursor_refuse(r);
}

const char *
cursor_make_id(struct request *r, struct uuid id)
{
	char text[UUID_TEXT_SIZE];

	return cursor_make(r, "%s", uuid_text(&id, text));
}

bool
cursor_read_id(struct request *r, const char *cursor, struct uuid *id)
{
	const char *part;

	return cursor_read(r, cursor, &part, 1) &&
	    (uuid_parse(part, id) || cursor_refuse(r));
}

bool
cursor_read_number(struct request *r, const char *cursor, int64_t *number)
{
	const char *part;
	char *end;

	if (!cursor_read(r, cursor, &part, 1))
		return false;
	errno = 0;
	*number = strtoll(part, &end, 10);
	return (end != part && *end == '\0' && errno == 0) || cursor_refuse(r);
}

const char *
request_ids(struct request *r, const char *field, const char *list)
{
	struct buf out;
	char *copy = arena_strdup(r->arena, list), *id, text[UUID_TEXT_SIZE];
	struct uuid parsed;

	buf_init(&out, r->arena, 64 * 1024);
	while ((id = strsep(&copy, ",")) != NULL) {
		if (!uuid_parse(id, &parsed)) {
			problem_field(r, field, "id", field_message(r, "id", 0, 0));
			problem(r, PROBLEM_INVALID);
			return NULL;
		}
		buf_printf(&out, "%c\"%s\"", out.len == 0 ? '[' : ',',
		    uuid_text(&parsed, text));
	}
	buf_putc(&out, ']');
	return out.data;
}

const struct form_part *
request_file(const struct request *r, const char *field)
{
	for (size_t i = 0; i < r->parts_n; i++)
		if (r->parts[i].is_file && r->parts[i].n > 0 &&
		    str_eq(r->parts[i].name, field))
			return &r->parts[i];
	return NULL;
}
