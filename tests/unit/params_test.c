#include "web/params.h"

#include "tests/unit/unit.h"

#define MAX 5

/* What was parsed, as one text: name=value, a bar after each pair. */
static const char *
joined(struct arena *a, const struct params *params)
{
	struct buf b;

	buf_init(&b, a, 4096);
	for (size_t i = 0; i < params->n; i++)
		buf_printf(&b, "%s=%s|", params->items[i].name,
		    params->items[i].value);
	return b.data;
}

TEST(pairs_are_decoded)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "", "" },
		{ "&&", "" },
		{ "a=1", "a=1|" },
		{ "a=1&b=2", "a=1|b=2|" },
		{ "&a=1&&b=2&", "a=1|b=2|" },
		{ "a", "a=|" },
		{ "a=", "a=|" },
		{ "=1", "=1|" },
		{ "=", "=|" },
		{ "a==1=", "a==1=|" },
		{ "a+b=c+d%2B", "a b=c d+|" },
		{ "q=caf%C3%A9+%e2%82%ac", "q=caf\xc3\xa9 \xe2\x82\xac|" },
		{ "q=caf\xc3\xa9", "q=caf\xc3\xa9|" },
		{ "%26%3D=%26%3D%25", "&==&=%|" },
		{ "a.b%5Bc%5D=1", "a.b[c]=1|" },
		{ "id[]=1&id[]=1&id%5B%5D=2", "id[]=1|id[]=1|id[]=2|" },
		{ "a=1&A=2", "a=1|A=2|" },
		{ "t=one%0D%0Atwo%0Dthree%0Afour%0D%0D%0A",
		    "t=one\ntwo\nthree\nfour\n\n|" },
		{ "a=1&b=2&c=3&d=4&e=5", "a=1|b=2|c=3|d=4|e=5|" },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct params params;

		assert_int_equal(params_parse(&params, a, cases[i].text,
		    strlen(cases[i].text), MAX), PARAM_GOOD);
		assert_string_equal(joined(a, &params), cases[i].expected);
	}
	arena_free(a);
}

TEST(bad_pairs_are_refused)
{
	static const struct {
		const char *text;
		size_t n;
		enum param_fault fault;
	} cases[] = {
		{ BYTES("a=%"), PARAM_ESCAPE },
		{ BYTES("a=%4"), PARAM_ESCAPE },
		{ BYTES("a=%4g"), PARAM_ESCAPE },
		{ BYTES("a=%%41"), PARAM_ESCAPE },
		{ BYTES("%zz=1"), PARAM_ESCAPE },
		{ BYTES("a=%4&b=1"), PARAM_ESCAPE },
		{ BYTES("a%4=1"), PARAM_ESCAPE },
		{ BYTES("a=%u0041"), PARAM_ESCAPE },
		{ BYTES("a=%00"), PARAM_NUL },
		{ BYTES("a%00b=1"), PARAM_NUL },
		{ BYTES("a=b\0c"), PARAM_NUL },
		{ BYTES("a=%ff"), PARAM_ENCODING },
		{ BYTES("%c3=1"), PARAM_ENCODING },
		{ BYTES("a=%c3&%a9=1"), PARAM_ENCODING },
		{ BYTES("a=%c0%80"), PARAM_ENCODING },
		{ BYTES("a=%ed%a0%80"), PARAM_ENCODING },
		{ BYTES("a=\xe9"), PARAM_ENCODING },
		{ BYTES("a&b&c&d&e&f"), PARAM_TOO_MANY },
		{ BYTES("a&a&a&a&a&a"), PARAM_TOO_MANY },
		{ BYTES("a=1&b=2&a=1"), PARAM_DUPLICATE },
		{ BYTES("a=1&%61=2"), PARAM_DUPLICATE },
		{ BYTES("a&a"), PARAM_DUPLICATE },
		{ BYTES("=1&=2"), PARAM_DUPLICATE },
		{ BYTES("a[]b=1&a[]b=2"), PARAM_DUPLICATE },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct params params = { NULL, 77 };
		char *copy = malloc(cases[i].n);

		memcpy(copy, cases[i].text, cases[i].n);
		if (params_parse(&params, a, copy, cases[i].n, MAX) !=
		    cases[i].fault)
			fail_msg("%s", cases[i].text);
		assert_int_equal(params.n, 77);
		free(copy);
	}
	arena_free(a);
}

TEST(parameters_are_found_by_name)
{
	static const char text[] = "a=1&b=&id[]=x&id[]=y";
	struct arena *a = arena_new();
	struct params params;

	assert_int_equal(params_parse(&params, a, BYTES(text), MAX), PARAM_GOOD);
	assert_string_equal(params_get(&params, "a"), "1");
	assert_string_equal(params_get(&params, "b"), "");
	assert_string_equal(params_get(&params, "id[]"), "x");
	assert_null(params_get(&params, "A"));
	assert_null(params_get(&params, "id"));
	assert_null(params_get(&params, ""));
	arena_free(a);
}

TEST(faults_have_codes_and_messages)
{
	for (int i = 0; i < PARAM_FAULT_COUNT; i++) {
		const char *code = param_fault_code((enum param_fault)i);

		assert_true(strlen(code) > 0);
		assert_true(strlen(param_fault_message((enum param_fault)i)) > 10);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(code,
			    param_fault_code((enum param_fault)j));
	}
}

TEST(segments_are_decoded)
{
	static const struct {
		const char *text;
		size_t n;
		const char *expected;
	} cases[] = {
		{ BYTES(""), "" },
		{ BYTES("red-shoe"), "red-shoe" },
		{ BYTES("a+b"), "a+b" },
		{ BYTES("a%20b"), "a b" },
		{ BYTES("a%2Fb"), "a/b" },
		{ BYTES("ni%C3%B1o"), "ni\xc3\xb1o" },
		{ BYTES("%0D%0A"), "\r\n" },
		{ BYTES("%"), NULL },
		{ BYTES("%2"), NULL },
		{ BYTES("%2x"), NULL },
		{ BYTES("a%00"), NULL },
		{ BYTES("a\0b"), NULL },
		{ BYTES("%F1"), NULL },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = url_decode_segment(a, cases[i].text, cases[i].n);

		if (cases[i].expected == NULL)
			assert_null(got);
		else
			assert_string_equal(got, cases[i].expected);
	}
	/* Not one byte beyond n is read as part of an escape. */
	assert_null(url_decode_segment(a, "a%41", 3));
	arena_free(a);
}

TEST(only_unreserved_characters_stay)
{
	struct arena *a = arena_new();
	struct buf b;

	buf_init(&b, a, 1000);
	url_encode(&b, "AZaz09-._~");
	assert_string_equal(b.data, "AZaz09-._~");
	buf_truncate(&b, 0);
	url_encode(&b, " +/?#[]@!$&'()*,;=:%\"<>\\^`{|}\n\x7f\xc3\xb1");
	assert_string_equal(b.data, "%20%2B%2F%3F%23%5B%5D%40%21%24%26%27%28%29"
	    "%2A%2C%3B%3D%3A%25%22%3C%3E%5C%5E%60%7B%7C%7D%0A%7F%C3%B1");
	arena_free(a);
}

TEST(cookies_are_found)
{
	static const struct {
		const char *header, *name, *expected;
	} cases[] = {
		{ NULL, "a", NULL },
		{ "", "a", NULL },
		{ "a=1", "a", "1" },
		{ "a=", "a", "" },
		{ "a=1; b=2", "b", "2" },
		{ "a=1;b=2", "b", "2" },
		{ "a=1 ;\t b=2 ", "b", "2" },
		{ "a=1 ;\t b=2 ", "a", "1" },
		{ "a=1; a=2", "a", "1" },
		{ "a=x=y==", "a", "x=y==" },
		{ "a=\"1\"", "a", "1" },
		{ "a=\"\"", "a", "" },
		{ "__Host-zoco_cart=Zm9v-_", "__Host-zoco_cart", "Zm9v-_" },
		{ "xa=1; a=2", "a", "2" },
		{ "ab=1; a=2", "a", "2" },
		{ "b=a=1; a=2", "a", "2" },
		{ ";;; a=2", "a", "2" },
		{ "A=1", "a", NULL },
		{ "a", "a", NULL },
		{ "a; a=1", "a", "1" },
		{ "b=1", "a", NULL },
		{ "a =1", "a", NULL },
		{ "a-long-one", "a-long-one-and-more-than-that", NULL },
		/* The first counts, even if it is bad. */
		{ "a=b c; a=1", "a", NULL },
		{ "a=\"", "a", NULL },
		{ "a=\"b", "a", NULL },
		{ "a=b,c", "a", NULL },
		{ "a=b\\c", "a", NULL },
		{ "a=\x01", "a", NULL },
		{ "a=\x7f", "a", NULL },
		{ "a=\xc3\xb1", "a", NULL },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		/* On the heap, so that ASan sees a step too far. */
		char *copy = cases[i].header == NULL ? NULL :
		    strdup(cases[i].header);
		const char *got = cookie_get(a, copy, cases[i].name);

		if (cases[i].expected == NULL ? got != NULL : got == NULL ||
		    !str_eq(got, cases[i].expected))
			fail_msg("%s: %s", copy, got);
		free(copy);
	}
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_decoded),
		cmocka_unit_test(bad_pairs_are_refused),
		cmocka_unit_test(parameters_are_found_by_name),
		cmocka_unit_test(faults_have_codes_and_messages),
		cmocka_unit_test(segments_are_decoded),
		cmocka_unit_test(only_unreserved_characters_stay),
		cmocka_unit_test(cookies_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
