/*
 * The words of messages: ours, or what the owner wrote instead. What cannot be
 * rendered falls back to ours, so that no message is lost to a typing error.
 */
#include "template.h"

#include <json-c/json.h>

#include "base/embedded.h"
#include "base/json.h"
#include "base/log.h"
#include "web/json_out.h"
#include "web/page.h"
#include "web/mustache.h"

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
	{ "cart_abandoned", "cart" }, { "contact_asked", "contact" },
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
static SCHEMA(listed_schema, struct template, VERSION_FIELDS);
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
DB_QUERY(find_version, 3,
	"SELECT name, lang, subject, text, html, version, is_active, author, at"
	" FROM template_version WHERE name = $1 AND lang = $2"
	" AND version = $3::int");
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

bool
template_fill_owners(struct request *r, const struct template *t,
    const char *lang, struct json_object *context, struct words_of *words,
    char *error, size_t n)
{
	return fill_one(r, "subject", t->subject, TEMPLATE_TEXT, lang, context,
	    &words->subject, error, n) &&
	    fill_one(r, "text", t->text, TEMPLATE_TEXT, lang, context,
	    &words->text, error, n) &&
	    fill_one(r, "html", t->html, TEMPLATE_HTML, lang, context,
	    &words->html, error, n);
}

bool
template_version(struct request *r, const char *kind, const char *lang,
    int32_t version, struct template *t)
{
	return db_one(r->db, &find_version, &version_schema, t, P(kind), P(lang),
	    P(version));
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
	    !template_fill_owners(r, &t, lang, context, words, error,
	    sizeof(error))) {
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

bool
template_ours(struct request *r, const char *kind, const char *lang, struct template *t)
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
	size_t n;

	if (!template_ours(r, name, lang, &t))
		return r->status;
	if (db_one(r->db, &find_active, &version_schema, &mine, P(name), P(lang)))
		t = mine;
	if (!db_all(r->db, &list_versions, &version_schema, &versions, &n,
	    P(name), P(lang)))
		return 0;
	page_set(r, "versions", json_out_list(&listed_schema, versions, n,
	    r->lang));
	page_set(r, "template_lang", json_object_new_string(lang));
	page_set(r, "template_other",
	    json_object_new_string(str_eq(lang, "es") ? "en" : "es"));
	return reply(r, 200, &template_schema, &t);
}

int
template_get(struct request *r)
{
	const struct template *in = request_input(r);

	return show(r, in->name, in->lang);
}

int
template_put(struct request *r)
{
	const struct template *in = request_input(r);
	struct words_of words;

	if (!template_try(r, in, &words))
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

	if (!template_ours(r, in->name, in->lang, &mine))
		return r->status;
	db_exec(r->db, &retire, P(in->name), P(in->lang));
	if (in->version > 0 && !db_exec(r->db, &restore, P(in->name),
	    P(in->lang), P(in->version)))
		return problem(r, PROBLEM_NOT_FOUND);
	event_emit(r, EVENT_TEMPLATE_CHANGED, r->session->user_id,
	    &template_restore_input, in);
	return show(r, in->name, in->lang);
}
