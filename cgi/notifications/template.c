/*
 * The words of messages: ours, or what the owner wrote instead. What cannot be
 * rendered falls back to ours, so that no message is lost to a typing error.
 */
#include "notifications.h"

#include <json-c/json.h>

#include "base/embedded.h"
#include "base/json.h"
#include "base/log.h"
#include "web/page.h"
#include "web/mustache.h"

#define MAIL_MAX_BYTES (256 * 1024)
#define FRAME "mail/frame.html"

/* Every kind that there is, and whose templates it fills. */
static const struct {
	const char *kind, *family;
} kinds[] = {
	{ "order_placed", "order" }, { "order_paid", "order" },
	{ "order_shipped", "order" }, { "order_cancelled", "order" },
	{ "order_expired", "order" }, { "order_withdrawn", "order" },
	{ "user_registered", "account" }, { "user_register_known", "account" },
	{ "user_password_forgotten", "account" },
	{ "user_password_changed", "account" }, { "user_new_device", "account" },
	{ "user_code_asked", "account" }, { "user_factor_added", "account" },
	{ "user_factor_removed", "account" }, { "user_closed", "account" },
	{ "user_email_asked_old", "account" },
	{ "user_email_asked_new", "account" }, { "user_email_left", "account" },
	{ "user_email_changed", "account" },
	{ "user_recovery_codes_renewed", "account" },
	{ "user_sms_code_asked", "code" }, { "user_phone_changed", "account" },
	{ "user_phone_removed", "account" },
	{ "stock_low", "stock" }, { "stock_low_digest", "digest" },
	{ "stock_notice_asked", "notice" }, { "stock_back", "notice" },
	{ "cart_abandoned", "cart" },
};

struct template {
	const char *name, *lang, *subject, *text, *html, *author;
	int32_t version;
	int64_t at;
	bool is_active, is_ours;
};

#define VERSION_FIELDS \
	FIELD_I32(struct template, version), \
	FIELD_BOOL(struct template, is_active), \
	FIELD_TEXT(struct template, author), \
	FIELD_TIME(struct template, at)

SCHEMA(template_ref_input, struct template,
	FIELD_TEXT(struct template, name, .required = true, .max = 64),
	FIELD_TEXT(struct template, lang, .required = true, .min = 2, .max = 2));
SCHEMA(template_restore_input, struct template,
	FIELD_TEXT(struct template, name, .required = true, .max = 64),
	FIELD_TEXT(struct template, lang, .required = true, .min = 2, .max = 2),
	FIELD_I32(struct template, version, .required = true,
	    .help = "0: ours"));
SCHEMA(template_input, struct template,
	FIELD_TEXT(struct template, name, .required = true, .max = 64),
	FIELD_TEXT(struct template, lang, .required = true, .min = 2, .max = 2),
	FIELD_TEXT(struct template, subject, .required = true, .max = 200),
	FIELD_TEXT(struct template, text, .required = true, .multiline = true,
	    .max = 20000),
	FIELD_TEXT(struct template, html, .required = true, .multiline = true,
	    .max = 30000));
SCHEMA(template_schema, struct template,
	FIELD_TEXT(struct template, name),
	FIELD_TEXT(struct template, lang),
	FIELD_TEXT(struct template, subject),
	FIELD_TEXT(struct template, text),
	FIELD_TEXT(struct template, html),
	FIELD_BOOL(struct template, is_ours),
	VERSION_FIELDS);
SCHEMA(template_list_schema, struct template,
	FIELD_TEXT(struct template, name),
	FIELD_TEXT(struct template, lang),
	FIELD_BOOL(struct template, is_ours),
	VERSION_FIELDS);
SCHEMA(template_preview_schema, struct template,
	FIELD_TEXT(struct template, subject),
	FIELD_TEXT(struct template, text),
	FIELD_TEXT(struct template, html));
static SCHEMA(version_schema, struct template,
	FIELD_TEXT(struct template, name),
	FIELD_TEXT(struct template, lang),
	FIELD_TEXT(struct template, subject),
	FIELD_TEXT(struct template, text),
	FIELD_TEXT(struct template, html),
	VERSION_FIELDS);

DB_QUERY(find_active, 2,
	"SELECT name, lang, subject, text, html, version, is_active, author, at"
	" FROM template_version WHERE name = $1 AND lang = $2 AND is_active");
DB_QUERY(list_active, 0,
	"SELECT name, lang, '' AS subject, '' AS text, '' AS html, version,"
	" is_active, author, at FROM template_version WHERE is_active LIMIT 200");
DB_QUERY(list_versions, 2,
	"SELECT name, lang, subject, text, html, version, is_active, author, at"
	" FROM template_version WHERE name = $1 AND lang = $2"
	" ORDER BY version DESC LIMIT 20");
DB_QUERY(retire, 2,
	"UPDATE template_version SET is_active = false"
	" WHERE name = $1 AND lang = $2 AND is_active");
DB_QUERY(put_version, 6,
	"INSERT INTO template_version (name, lang, version, subject, text, html,"
	" author) SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6"
	" FROM template_version WHERE name = $1 AND lang = $2");
DB_QUERY(restore, 3,
	"UPDATE template_version SET is_active = true"
	" WHERE name = $1 AND lang = $2 AND version = $3::int");

const char *
template_family(const char *kind)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_eq(kinds[i].kind, kind))
			return kinds[i].family;
	return NULL;
}

static void
free_templates(void *templates)
{
	templates_free(templates);
}

static const char *
source_of(const char *name)
{
	char path[100];
	const struct embedded *file;

	snprintf(path, sizeof(path), "pages/mail/%s.mustache", name);
	file = embedded_find(program_files, path);
	return file != NULL ? file->data : "";
}

/* Compiles and fills one of the owner's templates; false and the fault. */
static bool
fill_one(struct request *r, const char *name, const char *source, int flags,
    const char *lang, struct json_object *context, const char **out,
    char *error, size_t n)
{
	struct templates *set = templates_new();
	struct mustache_env env = { .words = r->app->words, .lang = lang };
	const char *frame = source_of("frame.html");
	struct buf text;

	arena_defer(r->arena, free_templates, set);
	buf_init(&text, r->arena, MAIL_MAX_BYTES);
	if (!templates_add(set, FRAME, frame, strlen(frame), TEMPLATE_HTML,
	    error, n) || !templates_add(set, name, source, strlen(source), flags,
	    error, n) || !templates_link(set, error, n))
		return false;
	if (!mustache_render(set, name, context, &env, &text) || text.overflow) {
		snprintf(error, n, "%s cannot be filled", name);
		return false;
	}
	*out = text.data;
	return true;
}

static bool
fill_owners(struct request *r, const struct template *t, const char *lang,
    struct json_object *context, struct words_of *words, char *error, size_t n)
{
	return fill_one(r, "subject", t->subject, TEMPLATE_TEXT, lang, context,
	    &words->subject, error, n) &&
	    fill_one(r, "text", t->text, TEMPLATE_TEXT, lang, context,
	    &words->text, error, n) &&
	    fill_one(r, "html", t->html, TEMPLATE_HTML, lang, context,
	    &words->html, error, n);
}

static bool
fill_ours(struct request *r, const char *family, const char *form,
    const char *lang, struct json_object *context, const char **out)
{
	struct buf text;

	buf_init(&text, r->arena, MAIL_MAX_BYTES);
	if (!page_render(r->app, arena_printf(r->arena, "mail/%s.%s", family,
	    form), lang, context, &text))
		return false;
	*out = text.data;
	return true;
}

bool
template_fill(struct request *r, const char *kind, const char *family,
    const char *lang, struct json_object *context, struct words_of *words)
{
	struct template t;
	char error[300];
	char *subject;

	if (!db_one(r->db, &find_active, &version_schema, &t, P(kind), P(lang)) ||
	    !fill_owners(r, &t, lang, context, words, error, sizeof(error))) {
		if (request_failed(r) ||
		    !fill_ours(r, "subject", "txt", lang, context, &words->subject) ||
		    !fill_ours(r, family, "txt", lang, context, &words->text) ||
		    !fill_ours(r, family, "html", lang, context, &words->html))
			return false;
	}
	subject = arena_strdup(r->arena, words->subject);
	subject[strcspn(subject, "\r\n")] = '\0';
	words->subject = subject;
	return true;
}

/* Ours as the owner would write it: {number} of the words is {{number}}. */
static const char *
our_subject(struct request *r, const char *kind, const char *lang)
{
	const char *word = app_word(r->app, lang,
	    arena_printf(r->arena, "mail.%s.subject", kind));
	struct buf out;

	buf_init(&out, r->arena, 1000);
	for (const char *p = word; *p != '\0'; p++) {
		buf_putc(&out, *p);
		if (*p == '{' || *p == '}')
			buf_putc(&out, *p);
	}
	return out.data;
}

static bool
ours(struct request *r, const char *kind, const char *lang, struct template *t)
{
	const char *family = template_family(kind);

	if (family == NULL || (!str_eq(lang, "es") && !str_eq(lang, "en"))) {
		problem(r, PROBLEM_NOT_FOUND);
		return false;
	}
	*t = (struct template){ .name = kind, .lang = lang, .is_ours = true,
	    .author = "", .subject = our_subject(r, kind, lang),
	    .text = source_of(arena_printf(r->arena, "%s.txt", family)),
	    .html = source_of(arena_printf(r->arena, "%s.html", family)) };
	return true;
}

int
template_list(struct request *r)
{
	static const char *const langs[] = { "es", "en" };
	struct template *rows, *all;
	size_t n, k = 0;

	if (!db_all(r->db, &list_active, &version_schema, &rows, &n))
		return 0;
	all = arena_new_array(r->arena, struct template, 2 * ARRAY_LEN(kinds));
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		for (size_t l = 0; l < 2; l++, k++) {
			all[k] = (struct template){ .name = kinds[i].kind,
			    .lang = langs[l], .is_ours = true, .author = "" };
			for (size_t j = 0; j < n; j++)
				if (str_eq(rows[j].name, all[k].name) &&
				    str_eq(rows[j].lang, langs[l]))
					all[k] = rows[j];
		}
	page_set(r, "page_lang", json_object_new_string(r->lang));
	return reply_list(r, &template_list_schema, all, k, NULL);
}

static int
show(struct request *r, const char *name, const char *lang)
{
	struct template t, mine, *versions;
	struct json_object *list;
	size_t n;

	if (!ours(r, name, lang, &t))
		return r->status;
	if (db_one(r->db, &find_active, &version_schema, &mine, P(name), P(lang)))
		t = mine;
	if (!db_all(r->db, &list_versions, &version_schema, &versions, &n,
	    P(name), P(lang)))
		return 0;
	list = json_object_new_array();
	for (size_t i = 0; i < n; i++) {
		struct json_object *row = json_object_new_object();

		json_object_object_add(row, "version",
		    json_object_new_int(versions[i].version));
		json_object_object_add(row, "author",
		    json_object_new_string(versions[i].author));
		json_object_object_add(row, "is_active",
		    json_object_new_boolean(versions[i].is_active));
		json_object_array_add(list, row);
	}
	page_set(r, "versions", list);
	page_set(r, "template_lang", json_object_new_string(lang));
	return reply(r, 200, &template_schema, &t);
}

int
template_get(struct request *r)
{
	const struct template *in = request_input(r);

	return show(r, in->name, in->lang);
}

/* What a preview is filled with. */
static struct json_object *
sample(struct request *r, const char *kind, const char *lang)
{
	static const char text[] = "{\"number\":\"2026-001234\",\"name\":\"Ana\","
	    "\"email\":\"ana@example.com\",\"currency\":\"EUR\",\"total_text\":"
	    "\"42,50 \\u20ac\",\"subtotal_text\":\"38,00 \\u20ac\","
	    "\"shipping_text\":\"4,50 \\u20ac\",\"tax_text\":\"7,38 \\u20ac\","
	    "\"code\":\"123456\",\"end\":\"222\",\"host\":\"shop.example\","
	    "\"tracking\":\"ES123\",\"available\":2,\"threshold\":5,\"total\":1,"
	    "\"variant_name\":\"Taza\",\"sku\":\"ZC-001-01\",\"location\":\"main\","
	    "\"lines\":[{\"name\":\"Taza\",\"quantity\":2,\"total_text\":"
	    "\"38,00 \\u20ac\"}]}";
	struct json_object *context = json_parse(r->arena, text,
	    sizeof(text) - 1);

	json_object_object_add(context, "kind", json_object_new_string(kind));
	json_object_object_add(context, "lang", json_object_new_string(lang));
	json_object_object_add(context, "base_url",
	    json_object_new_string(r->app->conf->base_url));
	json_object_object_add(context, "url",
	    json_object_new_string(r->app->conf->base_url));
	return context;
}

/* Fills what was typed with the sample; false and the fault. */
static bool
try_out(struct request *r, const struct template *in, struct words_of *words)
{
	struct template mine;
	char error[300];

	if (!ours(r, in->name, in->lang, &mine))
		return false;
	if (fill_owners(r, in, in->lang, sample(r, in->name, in->lang), words,
	    error, sizeof(error)))
		return true;
	problem_field(r, "text", "template", error);
	problem_detail(r, PROBLEM_INVALID, "%s", error);
	return false;
}

int
template_preview(struct request *r)
{
	const struct template *in = request_input(r);
	struct template out = { .name = in->name };
	struct words_of words;

	if (!try_out(r, in, &words))
		return r->status;
	out.subject = words.subject;
	out.text = words.text;
	out.html = words.html;
	return reply(r, 200, &template_preview_schema, &out);
}

int
template_put(struct request *r)
{
	const struct template *in = request_input(r);
	struct words_of words;

	if (!try_out(r, in, &words))
		return r->status;
	db_exec(r->db, &retire, P(in->name), P(in->lang));
	db_exec(r->db, &put_version, P(in->name), P(in->lang), P(in->subject),
	    P(in->text), P(in->html), P(r->session->name));
	event_emit(r, EVENT_TEMPLATE_CHANGED, r->session->user_id,
	    &template_input, in);
	return show(r, in->name, in->lang);
}

int
template_restore(struct request *r)
{
	const struct template *in = request_input(r);
	struct template mine;

	if (!ours(r, in->name, in->lang, &mine))
		return r->status;
	db_exec(r->db, &retire, P(in->name), P(in->lang));
	if (in->version > 0 && !db_exec(r->db, &restore, P(in->name),
	    P(in->lang), P(in->version)))
		return problem(r, PROBLEM_NOT_FOUND);
	event_emit(r, EVENT_TEMPLATE_CHANGED, r->session->user_id,
	    &template_restore_input, in);
	return show(r, in->name, in->lang);
}

/* To whoever asks for it, as it is now. */
int
template_test(struct request *r)
{
	const struct template *in = request_input(r);
	const struct event event = { .id = uuid_new() };
	struct letter l = { .event = &event, .kind = in->name,
	    .topic = TOPIC_ACCOUNT, .priority = 1, .name = r->session->name,
	    .address = r->session->email, .lang = in->lang };
	struct template mine;

	if (!ours(r, in->name, in->lang, &mine))
		return r->status;
	if (!template_fill(r, in->name, template_family(in->name), in->lang,
	    sample(r, in->name, in->lang), &l.words))
		return problem(r, PROBLEM_INVALID);
	letter_mail(r, &l);
	return show(r, in->name, in->lang);
}
