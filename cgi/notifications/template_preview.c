/*
 * How a message would look: filled with sample data, as JSON, as a document for
 * the frame of the template's page, and as a mail to whoever asks.
 *
 * Mails carry their style in themselves, which the shop's pages may not: the
 * document has an address and a policy of its own (nginx/zoco.conf), without
 * scripts, server-side includes or a way out of its frame.
 */
#include "template.h"

#include <json-c/json.h>

#include "base/json.h"

enum part { PART_HTML, PART_TEXT };

static const char *const parts[] = { "html", "text", NULL };

struct letter_form {
	struct template template;
	int part;
};

#define LETTER_FIELDS \
	{ .name = "name", .type = FIELD_TYPE_TEXT, .required = true, .max = 64, \
	  .offset = offsetof(struct letter_form, template.name) }, \
	{ .name = "lang", .type = FIELD_TYPE_TEXT, .required = true, .min = 2, \
	  .max = 2, .offset = offsetof(struct letter_form, template.lang) }, \
	FIELD_ENUM(struct letter_form, part, parts, .preset = "html")

SCHEMA(template_letter_input, struct letter_form, LETTER_FIELDS,
	{ .name = "version", .type = FIELD_TYPE_I32,
	  .offset = offsetof(struct letter_form, template.version),
	  .preset = "-1", .min = -1, .max = INT32_MAX,
	  .help = "0: ours, -1: the active one" });
SCHEMA(template_letter_form_input, struct letter_form, LETTER_FIELDS,
	{ .name = "subject", .type = FIELD_TYPE_TEXT, .max = 200,
	  .offset = offsetof(struct letter_form, template.subject),
	  .preset = "" },
	{ .name = "text", .type = FIELD_TYPE_TEXT, .max = 20000,
	  .multiline = true, .preset = "",
	  .offset = offsetof(struct letter_form, template.text) },
	{ .name = "html", .type = FIELD_TYPE_TEXT, .max = 30000,
	  .multiline = true, .preset = "",
	  .offset = offsetof(struct letter_form, template.html) });
SCHEMA(template_preview_schema, struct template,
	FIELD_TEXT(struct template, subject),
	FIELD_TEXT(struct template, text),
	FIELD_TEXT(struct template, html));

static struct json_object *
sample(struct request *r, const char *kind, const char *lang)
{
	static const char text[] = "{\"number\":\"2026-001234\",\"name\":\"Ana\","
	    "\"email\":\"ana@example.com\",\"currency\":\"EUR\",\"total_text\":"
	    "\"42,50 \\u20ac\",\"subtotal_text\":\"38,00 \\u20ac\","
	    "\"shipping_text\":\"4,50 \\u20ac\",\"tax_text\":\"7,38 \\u20ac\","
	    "\"tracking\":\"ES123\",\"available\":2,\"threshold\":5,\"total\":1,"
	    "\"variant_name\":\"Taza\",\"sku\":\"ZC-001-01\",\"location\":\"main\","
	    "\"code\":\"123456\",\"end\":\"222\",\"host\":\"shop.example\","
	    "\"device\":\"Firefox\",\"address\":\"192.0.2.1\","
	    "\"instructions\":{\"holder\":\"Zoco\",\"iban\":"
	    "\"ES91 2100 0418 4502 0005 1332\",\"reference\":\"2026-001234\"},"
	    "\"shipping_address\":{\"name\":\"Ana\",\"line1\":\"Calle Sol 2\","
	    "\"postcode\":\"11001\",\"city\":\"C\\u00e1diz\",\"country\":\"ES\"},"
	    "\"lines\":[{\"name\":\"Taza\",\"quantity\":2,\"total_text\":"
	    "\"38,00 \\u20ac\"}],\"levels\":[{\"sku\":\"ZC-001-01\",\"name_es\":"
	    "\"Taza\",\"name_en\":\"Mug\",\"location\":\"main\",\"available\":2}]}";
	static const char *const links[] = { "url", "order_url",
	    "unsubscribe_url", "base_url" };
	struct json_object *context = json_parse(r->arena, text,
	    sizeof(text) - 1);
	const char *action;

	json_add_text(context, "kind", kind);
	json_add_text(context, "lang", lang);
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		json_add_text(context, links[i], r->app->conf->base_url);
	action = arena_printf(r->arena, "mail.%s.action", kind);
	if (str_eq(app_word(r->app, lang, action), action))
		json_object_object_del(context, "url");	/* it leads nowhere */
	return context;
}

/* With an error for who typed it; false may also be a kind that is none. */
static bool
try_out(struct request *r, const struct template *in, struct words_of *words,
    char *error, size_t n)
{
	struct template mine;

	error[0] = '\0';
	return template_ours(r, in->name, in->lang, &mine) &&
	    template_fill_owners(r, in, in->lang, sample(r, in->name, in->lang),
	    words, error, n);
}

bool
template_try(struct request *r, const struct template *in,
    struct words_of *words)
{
	char error[300];

	if (try_out(r, in, words, error, sizeof(error)))
		return true;
	if (error[0] != '\0') {
		problem_field(r, "text", "template", error);
		problem_detail(r, PROBLEM_INVALID, "%s", error);
	}
	return false;
}

int
template_preview(struct request *r)
{
	const struct template *in = request_input(r);
	struct template out = { .name = in->name };
	struct words_of words;

	if (!template_try(r, in, &words))
		return r->status;
	out.subject = words.subject;
	out.text = words.text;
	out.html = words.html;
	return reply(r, 200, &template_preview_schema, &out);
}

/* Of ours, of a version, or of what is active. */
static bool
fill_saved(struct request *r, const struct template *in,
    struct words_of *words)
{
	struct template t;
	char error[300];

	if (!template_ours(r, in->name, in->lang, &t))
		return false;
	if (in->version < 0)
		return template_fill(r, in->name, template_family(in->name),
		    in->lang, sample(r, in->name, in->lang), words);
	if (in->version > 0 && !template_version(r, in->name, in->lang,
	    in->version, &t)) {
		problem(r, PROBLEM_NOT_FOUND);
		return false;
	}
	return template_fill_owners(r, &t, in->lang,
	    sample(r, in->name, in->lang), words, error, sizeof(error)) ||
	    problem(r, PROBLEM_INVALID) == 0;
}

static int
show(struct request *r, int status, enum part part, const char *subject,
    const char *body)
{
	struct buf *out = arena_new_of(r->arena, struct buf);

	buf_init(out, r->arena, MAIL_MAX_BYTES);
	if (part == PART_TEXT && subject != NULL)
		buf_printf(out, "%s\n\n", subject);
	buf_puts(out, body);
	return reply_text(r, status, part == PART_TEXT ?
	    "text/plain; charset=utf-8" : "text/html; charset=utf-8", out);
}

static int
show_words(struct request *r, enum part part, const struct words_of *words)
{
	return show(r, 200, part, words->subject,
	    part == PART_TEXT ? words->text : words->html);
}

/* GET .../letter: what is kept. */
int
template_letter(struct request *r)
{
	const struct letter_form *in = request_input(r);
	struct words_of words;

	if (!fill_saved(r, &in->template, &words))
		return r->status;
	return show_words(r, (enum part)in->part, &words);
}

/* POST .../letter: what is being typed, or what is wrong with it. */
int
template_letter_form(struct request *r)
{
	const struct letter_form *in = request_input(r);
	struct words_of words;
	char error[300];

	if (try_out(r, &in->template, &words, error, sizeof(error)))
		return show_words(r, (enum part)in->part, &words);
	return error[0] == '\0' ? r->status :
	    show(r, 422, PART_TEXT, NULL, error);
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

	if (!template_ours(r, in->name, in->lang, &mine))
		return r->status;
	if (!template_fill(r, in->name, template_family(in->name), in->lang,
	    sample(r, in->name, in->lang), &l.words))
		return problem(r, PROBLEM_INVALID);
	letter_mail(r, &l);
	return template_get(r);
}
