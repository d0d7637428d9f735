/*
 * What the specification leaves open, and what is ours: words, JSON, the modes,
 * the limits, the faults of templates.
 */
#include "web/mustache.h"

#include <json-c/json.h>

#include "web/words.h"

#include "tests/unit/unit.h"

static struct json_object *
parse(const char *json)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *value =
	    json_tokener_parse_ex(tokener, json, (int)strlen(json) + 1);

	assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
	json_tokener_free(tokener);
	return value;
}

/* NULL-ended pairs of name and text, all with the same flags, linked. */
static struct templates *
set_of(const char *const *pairs, int flags)
{
	struct templates *set = templates_new();
	char error[200];

	for (; *pairs != NULL; pairs += 2)
		if (!templates_add(set, pairs[0], pairs[1], strlen(pairs[1]),
		    flags, error, sizeof(error)))
			fail_msg("%s: %s", pairs[0], error);
	if (!templates_link(set, error, sizeof(error)))
		fail_msg("%s", error);
	return set;
}

static void
check(const char *text, int flags, const char *json,
    const struct mustache_env *env, const char *expected)
{
	struct templates *set =
	    set_of((const char *[]){ "page", text, NULL }, flags);
	struct json_object *context = parse(json);
	struct arena *arena = arena_new();
	struct buf out;

	buf_init(&out, arena, 10000);
	assert_true(mustache_render(set, "page", context, env, &out));
	assert_string_equal(out.data, expected);
	json_object_put(context);
	templates_free(set);
	arena_free(arena);
}

TEST(values_are_escaped_for_html)
{
	check("<a title=\"{{x}}\">", TEMPLATE_HTML,
	    "{\"x\": \"<!--#exec --> & \\\"it's\\\" \\u00f1\"}", NULL,
	    "<a title=\"&lt;!--#exec --&gt; &amp; &quot;it&#39;s&quot; \xc3\xb1\">");
	check("{{x}}", TEMPLATE_TEXT, "{\"x\": \"<&>\\\"'\"}", NULL, "<&>\"'");
	check("{{{x}}} {{&x}}", TEMPLATE_ALLOW_RAW, "{\"x\": \"<\"}", NULL,
	    "< <");
}

TEST(every_type_has_its_text)
{
	check("{{n}} {{least}} {{yes}} {{no}}|{{null}}{{o}}{{l}}{{none}}|{{d}}",
	    TEMPLATE_HTML,
	    "{\"n\": -7, \"least\": -9223372036854775808, \"yes\": true,"
	    " \"no\": false, \"null\": null, \"o\": {\"a\": 1}, \"l\": [1],"
	    " \"d\": 1.5}", NULL,
	    "-7 -9223372036854775808 true false||1.5");
}

TEST(sections_know_true_from_false)
{
	static const struct {
		const char *json;
		bool is_true;
	} cases[] = {
		{ "{}", false }, { "{\"x\": null}", false },
		{ "{\"x\": false}", false }, { "{\"x\": \"\"}", false },
		{ "{\"x\": []}", false }, { "{\"x\": true}", true },
		{ "{\"x\": 0}", true }, { "{\"x\": {}}", true },
		{ "{\"x\": \"0\"}", true }, { "{\"x\": [false]}", true },
		{ "{\"x\": 0.0}", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check("{{#x}}yes{{/x}}{{^x}}no{{/x}}", TEMPLATE_HTML,
		    cases[i].json, NULL, cases[i].is_true ? "yes" : "no");
}

TEST(a_null_hides_what_is_outside)
{
	check("{{#in}}[{{x}}]{{/in}}", TEMPLATE_HTML,
	    "{\"x\": \"out\", \"in\": {\"x\": null}}", NULL, "[]");
}

TEST(json_cannot_leave_its_script)
{
	check("{{#json}}a.x{{/json}}", TEMPLATE_HTML,
	    "{\"a\": {\"x\": [\"</script><!--#\", \"&\\u2028\\u2029\\u2027\","
	    " \"\\\"/\", 1, null, {\"<\": true}]}}", NULL,
	    "[\"\\u003c/script\\u003e\\u003c!--#\","
	    "\"\\u0026\\u2028\\u2029\xe2\x80\xa7\","
	    "\"\\\"/\",1,null,{\"\\u003c\":true}]");
	check("{{#json}} . {{/json}}{{#json}}none{{/json}}", TEMPLATE_HTML,
	    "{\"a\": 1}", NULL, "{\"a\":1}null");
}

TEST(words_are_filled_in_and_escaped)
{
	static const char english[] = "{\"hello\": \"<Hello>, {user.name}!\","
	    " \"count\": {\"one\": \"one of {n}\", \"other\": \"{n} things\"},"
	    " \"state.paid\": \"Paid\", \"sum\": \"{total.text} {gone}.\"}";
	static const char json[] = "{\"user\": {\"name\": \"A&B\"}, \"n\": 1,"
	    " \"state\": \"paid\", \"total\": {\"text\": \"9 \\u20ac\"},"
	    " \"list\": [{\"n\": 1}, {\"n\": 2}, {\"n\": null}]}";
	static const struct {
		const char *text, *html, *plain;
	} cases[] = {
		{ "{{#t}}hello{{/t}}", "&lt;Hello&gt;, A&amp;B!",
		    "<Hello>, A&B!" },
		{ "{{#t}} hello\n{{/t}}", "&lt;Hello&gt;, A&amp;B!",
		    "<Hello>, A&B!" },
		{ "{{#list}}{{#t}}count{{/t}};{{/list}}",
		    "one of 1;2 things; things;", "one of 1;2 things; things;" },
		{ "{{#t}}state.{state}{{/t}}", "Paid", "Paid" },
		{ "{{#t}}{user.name}.x{{/t}}", "A&amp;B.x", "A&B.x" },
		{ "{{#t}}sum{{/t}}", "9 \xe2\x82\xac .", "9 \xe2\x82\xac ." },
		{ "{{#t}}no.such{{/t}}", "no.such", "no.such" },
		{ "{{=<% %>=}}<%#t%>state.paid<%/t%>", "Paid", "Paid" },
	};
	struct words *words = words_new();
	struct mustache_env env = { .words = words, .lang = "en" };
	struct mustache_env none = { NULL, NULL };
	char error[200];

	assert_true(words_add(words, "en", BYTES(english), error,
	    sizeof(error)));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		check(cases[i].text, TEMPLATE_HTML, json, &env, cases[i].html);
		check(cases[i].text, TEMPLATE_TEXT, json, &env, cases[i].plain);
	}
	check("{{#t}}hello{{/t}}", TEMPLATE_HTML, json, NULL, "hello");
	check("{{#t}}hello{{/t}}", TEMPLATE_HTML, json, &none, "hello");
	words_free(words);
}

TEST(a_key_too_long_is_cut_off)
{
	char json[400], expected[200];

	memset(expected, 'k', sizeof(expected));
	memcpy(expected, "a.", 2);
	expected[127] = '\0';
	snprintf(json, sizeof(json), "{\"x\": \"%0300d\"}", 0);
	for (char *c = json; *c != '\0'; c++)
		*c = *c == '0' ? 'k' : *c;
	check("{{#t}}a.{x}.{x}{{/t}}", TEMPLATE_HTML, json, NULL, expected);
}

TEST(a_name_too_long_is_nowhere)
{
	static const char a100[] =
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	char text[300], json[400];

	snprintf(text, sizeof(text), "{{#t}}x.{%s}{{/t}}", a100);
	snprintf(json, sizeof(json), "{\"%s\": 1, \"%s%s\": 1}", a100, a100,
	    a100);
	check(text, TEMPLATE_HTML, json, NULL, "x.1");
	snprintf(text, sizeof(text), "{{#t}}x.{%s%s}{{/t}}", a100, a100);
	check(text, TEMPLATE_HTML, json, NULL, "x.");
}

TEST(words_that_no_language_has_are_listed)
{
	static const char english[] = "{\"a\": \"A\"}";
	struct templates *set = set_of((const char *[]){
	    "one", "{{#t}}a{{/t}}{{#t}}b.c{{/t}}", "two",
	    "{{#x}}{{#t}}d{{/t}}{{/x}}{{#t}}e.{f}{{/t}}", NULL }, 0);
	struct words *words = words_new();
	struct arena *arena = arena_new();
	struct buf out;
	char error[200];

	buf_init(&out, arena, 1000);
	assert_true(words_add(words, "en", BYTES(english), error,
	    sizeof(error)));
	assert_int_equal(templates_unknown_words(set, words, &out), 2);
	assert_string_equal(out.data, "one: b.c\ntwo: d\n");
	arena_free(arena);
	words_free(words);
	templates_free(set);
}

TEST(faults_of_templates_name_their_line)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "a\n{{{x}}}", "line 2: 'x' would not be escaped" },
		{ "a\n{{& x}}", "line 2: 'x' would not be escaped" },
		{ "\n\n{{x", "line 3: the tag has no end" },
		{ "{{!x", "line 1: the tag has no end" },
		{ "{{#a}}\n{{#b}}\n{{/b}}", "line 1: 'a' is not closed" },
		{ "{{#a}}\n{{/b}}", "line 2: 'b' is closed where 'a' is open" },
		{ "{{/a}}", "line 1: 'a' is closed but not open" },
		{ "{{}}", "line 1: '' is not a name" },
		{ "{{a b}}", "line 1: 'a b' is not a name" },
		{ "{{a..b}}", "line 1: 'a..b' is not a name" },
		{ "{{.a}}", "line 1: '.a' is not a name" },
		{ "{{a.}}", "line 1: 'a.' is not a name" },
		{ "{{ #a}}{{/a}}", "line 1: '#a' is not a name" },
		{ "{{# a b }}", "line 1: 'a b' is not a name" },
		{ "{{>}}", "line 1: '' is not a name" },
		{ "{{>*x}}", "line 1: '*x' is not a name" },
		{ "{{$a b}}", "line 1: 'a b' is not a name" },
		{ "{{<p}}{{x}}{{/p}}", "line 1: only blocks can stand in" },
		{ "{{<p}}{{#x}}{{/x}}{{/p}}", "line 1: only blocks can stand" },
		{ "{{=x=}}", "line 1: these cannot be delimiters" },
		{ "{{= a b c =}}", "line 1: these cannot be delimiters" },
		{ "{{= = = =}}", "line 1: these cannot be delimiters" },
		{ "{{==}}", "line 1: these cannot be delimiters" },
		{ "{{=aaaaaaaaaaaaaaaa b=}}", "line 1: these cannot be" },
		{ "{{#t}}{{/t}}", "line 1: '' is not a name" },
		{ "{{#t}}a b{{/t}}", "line 1: 'a b' is not a name" },
		{ "{{#t}}a.{b{{/t}}", "line 1: 'a.{b' is not a name" },
		{ "{{#t}}a b.{c}{{/t}}", "line 1: 'a b.{c}' is not a name" },
		{ "{{#t}}a}{{/t}}", "line 1: 'a}' is not a name" },
		{ "{{#t}}a.{{b}}{{/t}}", "line 1: 't' is not closed behind" },
		{ "\n{{#t}}a", "line 2: 't' is not closed behind its name" },
		{ "{{#json}}a{b}{{/json}}", "line 1: 'a{b}' is not a name" },
		{ "{{#json}}a{{/t}}", "line 1: 'json' is not closed behind" },
	};
	struct templates *set = templates_new();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char error[200] = "", small[4];

		if (templates_add(set, "page", cases[i].text,
		    strlen(cases[i].text), 0, error, sizeof(error)))
			fail_msg("'%s' was accepted", cases[i].text);
		if (!str_starts(error, cases[i].error))
			fail_msg("'%s': %s", cases[i].text, error);
		templates_add(set, "page", cases[i].text,
		    strlen(cases[i].text), 0, small, sizeof(small));
		assert_string_equal(small, "lin");
	}
	assert_false(templates_has(set, "page"));
	templates_free(set);
}

/* Whatever a template is cut to, the parser stays within it. */
TEST(a_template_may_end_anywhere)
{
	static const char text[] = "{{<a}}\r\n {{$b}}\n  x{{#c}}{{{d}}}\n{{/c}}\n"
	    " {{/b}} {{/a}}\n{{=<< >>=}}<<#t>>k.{x}<</t>>\n<<! c\n>> \r\n"
	    "<<&e>><<^f>><</f>> <<>g>>\r";
	struct templates *set = templates_new();
	char error[200];

	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n > 0 ? n : 1);

		memcpy(copy, text, n);
		templates_add(set, "page", copy, n, TEMPLATE_ALLOW_RAW, error,
		    sizeof(error));
		free(copy);
	}
	assert_true(templates_has(set, "page"));
	templates_free(set);
}

TEST(partials_must_be_there_and_escape_alike)
{
	struct templates *set = templates_new();
	struct arena *arena = arena_new();
	struct buf out;
	char error[200] = "";

	buf_init(&out, arena, 1000);
	assert_true(templates_add(set, "page", BYTES("[{{>admin/part}}]"), 0,
	    error, sizeof(error)));
	assert_false(templates_link(set, error, sizeof(error)));
	assert_string_equal(error, "page: 'admin/part' is missing");
	assert_true(mustache_render(set, "page", NULL, NULL, &out));
	assert_string_equal(out.data, "[]");

	assert_true(templates_add(set, "admin/part", BYTES("{{x}}"),
	    TEMPLATE_TEXT, error, sizeof(error)));
	assert_false(templates_link(set, error, sizeof(error)));
	assert_string_equal(error, "page: 'admin/part' does not escape alike");
	buf_truncate(&out, 0);
	assert_true(mustache_render(set, "page", NULL, NULL, &out));
	assert_string_equal(out.data, "[]");

	assert_true(templates_add(set, "admin/part", BYTES("ok"), 0, error,
	    sizeof(error)));
	assert_true(templates_link(set, error, sizeof(error)));
	buf_truncate(&out, 0);
	assert_true(mustache_render(set, "page", NULL, NULL, &out));
	assert_string_equal(out.data, "[ok]");
	arena_free(arena);
	templates_free(set);
}

TEST(hundreds_of_templates_are_found)
{
	struct templates *set = templates_new();
	struct arena *arena = arena_new();
	struct buf out;
	char name[32], error[200];

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "t%d", i * 7 % 300);
		assert_true(templates_add(set, name, name, strlen(name), 0,
		    error, sizeof(error)));
	}
	assert_true(templates_link(set, error, sizeof(error)));
	buf_init(&out, arena, 100);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		buf_truncate(&out, 0);
		assert_true(mustache_render(set, name, NULL, NULL, &out));
		assert_string_equal(out.data, name);
	}
	assert_false(templates_has(set, "t300"));
	assert_false(mustache_render(set, "t300", NULL, NULL, &out));
	arena_free(arena);
	templates_free(set);
}

TEST(a_layout_is_filled)
{
	struct templates *set = set_of((const char *[]){
	    "layout", "<title>{{$title}}Shop{{/title}}</title>\n"
	    "<main>\n\t{{$main}}\n\t{{/main}}\n</main>\n{{$foot}}{{/foot}}\n",
	    "page", "{{<layout}}\n{{$title}}{{name}} - Shop{{/title}}\n"
	    "{{$main}}\n<ul>\n\t{{#items}}\n\t<li>{{.}}</li>\n\t{{/items}}\n"
	    "</ul>\n{{>note}}\n{{/main}}\n{{/layout}}\n",
	    "note", "<p>\n\n{{name}}</p>\n",
	    NULL }, TEMPLATE_HTML);
	struct json_object *context = parse(
	    "{\"name\": \"A\", \"items\": [1, \"<\\n>\"]}");
	struct arena *arena = arena_new();
	struct buf out;

	buf_init(&out, arena, 1000);
	assert_true(mustache_render(set, "page", context, NULL, &out));
	assert_string_equal(out.data, "<title>A - Shop</title>\n<main>\n\t<ul>\n"
	    "\t\t<li>1</li>\n\t\t<li>&lt;\n&gt;</li>\n\t</ul>\n"
	    "\t<p>\n\n\tA</p>\n</main>\n\n");
	json_object_put(context);
	arena_free(arena);
	templates_free(set);
}

TEST(a_block_within_its_own_filling_ends)
{
	struct templates *set = set_of((const char *[]){
	    "layout", "[{{$a}}{{/a}}]",
	    "page", "{{<layout}}{{$a}}x{{$a}}y{{/a}}{{/a}}{{/layout}}",
	    NULL }, TEMPLATE_HTML);
	struct arena *arena = arena_new();
	struct buf out;

	buf_init(&out, arena, 100);
	assert_true(mustache_render(set, "page", NULL, NULL, &out));
	assert_string_equal(out.data, "[xy]");
	arena_free(arena);
	templates_free(set);
}

TEST(depth_has_a_limit)
{
	struct templates *set = set_of((const char *[]){
	    "endless", "{{>endless}}{{>endless}}",
	    "list", "{{#l}}({{>list}}){{/l}}", NULL }, TEMPLATE_HTML);
	struct arena *arena = arena_new();
	/* What is missing inside is looked for outside: this has no end. */
	struct json_object *endless = parse("{\"l\": {}}");
	struct json_object *list = parse("{\"l\": {\"l\": {\"l\": false}}}");
	struct buf out;

	buf_init(&out, arena, 100000);
	assert_false(mustache_render(set, "endless", NULL, NULL, &out));
	assert_int_equal(out.len, 0);
	assert_false(mustache_render(set, "list", endless, NULL, &out));
	buf_truncate(&out, 0);
	assert_true(mustache_render(set, "list", list, NULL, &out));
	assert_string_equal(out.data, "(())");
	json_object_put(endless);
	json_object_put(list);
	arena_free(arena);
	templates_free(set);
}

/* n sections in one another, then a value. */
static const char *
nested(struct arena *arena, int n)
{
	struct buf text;

	buf_init(&text, arena, 10000);
	for (int i = 0; i < n; i++)
		buf_puts(&text, "{{#x}}");
	buf_puts(&text, "{{y}}");
	for (int i = 0; i < n; i++)
		buf_puts(&text, "{{/x}}");
	return text.data;
}

TEST(sections_nest_as_deep_as_they_may)
{
	struct templates *set = templates_new();
	struct arena *arena = arena_new();
	struct json_object *context = parse("{\"x\": true, \"y\": \"z\"}");
	struct buf out;
	const char *text;
	char error[200];

	buf_init(&out, arena, 100);
	text = nested(arena, MUSTACHE_DEPTH_MAX - 1);
	assert_true(templates_add(set, "a", text, strlen(text), 0, error,
	    sizeof(error)));
	assert_true(mustache_render(set, "a", context, NULL, &out));
	assert_string_equal(out.data, "z");
	text = nested(arena, MUSTACHE_DEPTH_MAX);
	assert_true(templates_add(set, "a", text, strlen(text), 0, error,
	    sizeof(error)));
	assert_false(mustache_render(set, "a", context, NULL, &out));
	text = nested(arena, MUSTACHE_DEPTH_MAX + 1);
	assert_false(templates_add(set, "a", text, strlen(text), 0, error,
	    sizeof(error)));
	assert_string_equal(error, "line 1: too many sections in one another");
	json_object_put(context);
	arena_free(arena);
	templates_free(set);
}

TEST(an_overflow_is_told)
{
	struct templates *set = set_of((const char *[]){
	    "page", "0123456789{{#x}}{{/x}}", NULL }, TEMPLATE_HTML);
	struct arena *arena = arena_new();
	struct buf out;

	buf_init(&out, arena, 10);
	assert_true(mustache_render(set, "page", NULL, NULL, &out));
	assert_false(mustache_render(set, "page", NULL, NULL, &out));
	arena_free(arena);
	templates_free(set);
}

TEST(an_indent_too_long_is_left_out)
{
	char part[64];
	struct templates *set;
	struct arena *arena = arena_new();
	struct buf out;

	/* Each level indents the next by 50 blanks; 128 hold two of them. */
	snprintf(part, sizeof(part), "%50s{{>b}}\n", "");
	set = set_of((const char *[]){ "a", part, "b",
	    arena_printf(arena, "%50s{{>c}}\n", ""), "c",
	    arena_printf(arena, "%50s{{>d}}\n", ""), "d", "x\n", NULL }, 0);
	buf_init(&out, arena, 1000);
	assert_true(mustache_render(set, "a", NULL, NULL, &out));
	assert_string_equal(out.data, arena_printf(arena, "%100sx\n", ""));
	arena_free(arena);
	templates_free(set);
}

int
main(void)
{
#define T(test) cmocka_unit_test(test)
	const struct CMUnitTest tests[] = {
		T(depth_has_a_limit), T(a_layout_is_filled), T(an_overflow_is_told),
		T(every_type_has_its_text), T(a_key_too_long_is_cut_off),
		T(a_name_too_long_is_nowhere), T(a_template_may_end_anywhere),
		T(values_are_escaped_for_html), T(json_cannot_leave_its_script),
		T(a_null_hides_what_is_outside), T(sections_know_true_from_false),
		T(an_indent_too_long_is_left_out), T(hundreds_of_templates_are_found),
		T(words_are_filled_in_and_escaped), T(sections_nest_as_deep_as_they_may),
		T(a_block_within_its_own_filling_ends), T(faults_of_templates_name_their_line),
		T(words_that_no_language_has_are_listed),
		T(partials_must_be_there_and_escape_alike),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
