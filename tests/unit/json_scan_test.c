#include "web/json_scan.h"

#include <dirent.h>

#include "base/buf.h"
#include "tests/unit/unit.h"

#define SUITE "../shared/data/json-test-suite/test_parsing"
#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN	/* digits, JSON_NUMBER_MAX less 4 */
#define ESCAPED_PAIR "\\ud83d\\ude00"

struct expectation {
	const char *text;
	size_t n;
	enum json_fault fault;
	size_t offset;
};

static void
expect(const struct expectation *cases, size_t n, enum json_mode mode)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < n; i++) {
		/* An exact copy, so that ASan sees a step too far. */
		char *copy = malloc(cases[i].n);
		enum json_fault fault;
		size_t offset;

		if (cases[i].n > 0)
			memcpy(copy, cases[i].text, cases[i].n);
		fault = json_scan(a, copy, cases[i].n, mode, &offset);
		free(copy);
		if (fault != cases[i].fault || offset != cases[i].offset)
			fail_msg("%s: %s at %zu, expected %s at %zu",
			    cases[i].text, json_fault_code(fault), offset,
			    json_fault_code(cases[i].fault), cases[i].offset);
	}
	arena_free(a);
}

#define GOOD(text) { BYTES(text), JSON_GOOD, sizeof(text) - 1 }

TEST(grammar_faults_have_a_place)
{
	static const struct expectation cases[] = {
		GOOD("{}"), GOOD("[]"), GOOD("\"\""), GOOD("0"), GOOD("-0"),
		GOOD(" \t\r\n[ 1 , true , false , null ] \n"),
		GOOD("{\"a\":{\"b\":[{}]},\"a\":2}"),
		GOOD("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\""),
		GOOD("\"\\u0000\""), GOOD("\"\\ud800\""), GOOD("\"\xf4\x8f\xbf\xbf\""),
		GOOD("[1e999999, 99999999999999999999, 1.5e-3, 2E+7]"),
		{ BYTES(""), JSON_INCOMPLETE, 0 },
		{ BYTES("  "), JSON_INCOMPLETE, 2 },
		{ BYTES("["), JSON_INCOMPLETE, 1 },
		{ BYTES("[1,"), JSON_INCOMPLETE, 3 },
		{ BYTES("{\"a\""), JSON_INCOMPLETE, 4 },
		{ BYTES("tru"), JSON_INCOMPLETE, 3 },
		{ BYTES("\"abc"), JSON_INCOMPLETE, 4 },
		{ BYTES("\"\\"), JSON_INCOMPLETE, 2 },
		{ BYTES("-"), JSON_INCOMPLETE, 1 },
		{ BYTES("1."), JSON_INCOMPLETE, 2 },
		{ BYTES("1e+"), JSON_INCOMPLETE, 3 },
		{ BYTES("[1,]"), JSON_SYNTAX, 3 },
		{ BYTES("[1 2]"), JSON_SYNTAX, 3 },
		{ BYTES("{\"a\" 1}"), JSON_SYNTAX, 5 },
		{ BYTES("{\"a\":1,}"), JSON_SYNTAX, 7 },
		{ BYTES("{'a':1}"), JSON_SYNTAX, 1 },
		{ BYTES("{a:1}"), JSON_SYNTAX, 1 },
		{ BYTES("{1:1}"), JSON_SYNTAX, 1 },
		{ BYTES("[}"), JSON_SYNTAX, 1 },
		{ BYTES("NaN"), JSON_SYNTAX, 0 },
		{ BYTES("-Infinity"), JSON_SYNTAX, 1 },
		{ BYTES("+1"), JSON_SYNTAX, 0 },
		{ BYTES(".5"), JSON_SYNTAX, 0 },
		{ BYTES("[1.]"), JSON_SYNTAX, 3 },
		{ BYTES("/**/1"), JSON_SYNTAX, 0 },
		{ BYTES("\0"), JSON_SYNTAX, 0 },
		{ BYTES("\xef\xbb\xbf{}"), JSON_SYNTAX, 0 },
		{ BYTES("007"), JSON_TRAILING, 1 },
		{ BYTES("0x1"), JSON_TRAILING, 1 },
		{ BYTES("{} {}"), JSON_TRAILING, 3 },
		{ BYTES("1\0"), JSON_TRAILING, 1 },
		{ BYTES("[\"a\nb\"]"), JSON_CONTROL, 3 },
		{ BYTES("\"\x1f\""), JSON_CONTROL, 1 },
		{ BYTES("\"a\0b\""), JSON_CONTROL, 2 },
		{ BYTES("\"\\x41\""), JSON_ESCAPE, 1 },
		{ BYTES("\"\\\0\""), JSON_ESCAPE, 1 },
		{ BYTES("\"a\\u12g4\""), JSON_ESCAPE, 2 },
		{ BYTES("\"\\u12"), JSON_ESCAPE, 1 },
		{ BYTES("\"\\u123"), JSON_ESCAPE, 1 },
		{ BYTES("\"\\ud800\\u00\""), JSON_ESCAPE, 7 },
		{ BYTES("\"a\xff\""), JSON_ENCODING, 2 },
		{ BYTES("\"\xed\xa0\x80\""), JSON_ENCODING, 1 },
		{ BYTES("\"\x80\""), JSON_ENCODING, 1 },
		{ BYTES("\"\xc3"), JSON_ENCODING, 1 },
	};

	expect(cases, ARRAY_LEN(cases), JSON_GRAMMAR);
}

TEST(strict_refuses_what_json_c_would_bend)
{
	static const struct expectation cases[] = {
		GOOD("{\"a\":1,\"b\":{\"a\":1},\"c\":[{\"a\":1},{\"a\":2}]}"),
		GOOD("{\"a\":1,\"A\":2,\"\":3,\"a \":4}"),
		GOOD("\"" ESCAPED_PAIR "\""),
		GOOD("{\"" ESCAPED_PAIR "\":1,\"\\u00e9\":2,\"e\":3}"),
		GOOD("9223372036854775807"), GOOD("-9223372036854775808"),
		GOOD("[-0, 0.0, 1.7976931348623157e308, -1.7976931348623157E+308]"),
		GOOD("1e-999"), GOOD("0." SIXTY "12"),
		GOOD("\"\xef\xb7\x8f \xef\xb7\xb0 \xef\xbf\xbd\""),

		{ BYTES("{\"a\":1,\"a\":2}"), JSON_DUPLICATE, 7 },
		{ BYTES("{\"a\":1,\"\\u0061\":2}"), JSON_DUPLICATE, 7 },
		{ BYTES("{\"\\u0061\":1,\"b\":0,\"a\":2}"), JSON_DUPLICATE, 18 },
		{ BYTES("{\"\":1,\"\":2}"), JSON_DUPLICATE, 6 },
		{ BYTES("{\"\xc3\xa9\":1,\"\\u00E9\":2}"), JSON_DUPLICATE, 8 },
		{ BYTES("{\"\\/\":1,\"/\":2}"), JSON_DUPLICATE, 8 },
		{ BYTES("{\"\xf0\x9f\x98\x80\":1,\"" ESCAPED_PAIR "\":2}"),
		    JSON_DUPLICATE, 10 },
		{ BYTES("[{\"a\":{\"b\":1,\"c\":2},\"a\":2}]"), JSON_DUPLICATE, 20 },

		{ BYTES("\"a\\u0000b\""), JSON_NUL, 2 },
		{ BYTES("{\"a\\u0000b\":1,\"a\":2}"), JSON_NUL, 3 },
		{ BYTES("\"a\0b\""), JSON_NUL, 2 },
		{ BYTES("\"\\ud800\""), JSON_SURROGATE, 1 },
		{ BYTES("\"\\ud800x\""), JSON_SURROGATE, 1 },
		{ BYTES("\"\\udc00\""), JSON_SURROGATE, 1 },
		{ BYTES("\"\\ud83d\\ud83d\\ude00\""), JSON_SURROGATE, 1 },
		{ BYTES("\"\\ude00\\ud83d\""), JSON_SURROGATE, 1 },
		{ BYTES("\"\\ud83d\\ue000\""), JSON_SURROGATE, 1 },
		{ BYTES("\"\\ud83d\\ude0"), JSON_SURROGATE, 1 },
		{ BYTES("\"\xef\xbf\xbe\""), JSON_NONCHARACTER, 1 },
		{ BYTES("\"\xef\xbf\xbf\""), JSON_NONCHARACTER, 1 },
		{ BYTES("\"\xef\xb7\x90\""), JSON_NONCHARACTER, 1 },
		{ BYTES("\"\xef\xb7\xaf\""), JSON_NONCHARACTER, 1 },
		{ BYTES("\"a\\uFFFE\""), JSON_NONCHARACTER, 2 },
		{ BYTES("\"\\udbff\\udfff\""), JSON_NONCHARACTER, 1 },
		{ BYTES("\"\xf0\x9f\xbf\xbe\""), JSON_NONCHARACTER, 1 },

		{ BYTES("[9223372036854775808]"), JSON_INTEGER, 1 },
		{ BYTES("-9223372036854775809"), JSON_INTEGER, 0 },
		{ BYTES("18446744073709551616"), JSON_INTEGER, 0 },
		{ BYTES("100000000000000000000000000"), JSON_INTEGER, 0 },
		{ BYTES("[1e309]"), JSON_NUMBER, 1 },
		{ BYTES("-1.8e308"), JSON_NUMBER, 0 },
		{ BYTES("1e99999999999999999999"), JSON_NUMBER, 0 },
		{ BYTES("0." SIXTY "123"), JSON_NUMBER, 0 },
	};

	expect(cases, ARRAY_LEN(cases), JSON_STRICT);
}

static enum json_fault
scan(struct arena *a, const struct buf *b, enum json_mode mode)
{
	size_t offset;
	enum json_fault fault;

	assert_false(b->overflow);
	fault = json_scan(a, b->data, b->len, mode, &offset);
	assert_true(offset <= b->len);
	return fault;
}

static enum json_fault
scan_nested(struct arena *a, int depth, const char *open, const char *close,
    enum json_mode mode)
{
	struct buf b;

	buf_init(&b, a, 1 << 20);
	for (int i = 0; i < depth; i++)
		buf_puts(&b, open);
	buf_puts(&b, "1");
	for (int i = 0; i < depth; i++)
		buf_puts(&b, close);
	return scan(a, &b, mode);
}

TEST(depth_is_bounded)
{
	struct arena *a = arena_new();

	assert_int_equal(scan_nested(a, JSON_DEPTH_MAX, "[", "]", JSON_STRICT),
	    JSON_GOOD);
	assert_int_equal(scan_nested(a, JSON_DEPTH_MAX + 1, "[", "]",
	    JSON_STRICT), JSON_DEPTH);
	assert_int_equal(scan_nested(a, JSON_DEPTH_MAX, "{\"a\":", "}",
	    JSON_STRICT), JSON_GOOD);
	assert_int_equal(scan_nested(a, JSON_DEPTH_MAX + 1, "{\"a\":", "}",
	    JSON_STRICT), JSON_DEPTH);
	assert_int_equal(scan_nested(a, JSON_GRAMMAR_DEPTH, "[", "]",
	    JSON_GRAMMAR), JSON_GOOD);
	assert_int_equal(scan_nested(a, JSON_GRAMMAR_DEPTH + 1, "[", "]",
	    JSON_GRAMMAR), JSON_DEPTH);
	assert_int_equal(scan_nested(a, 100000, "[", "]", JSON_GRAMMAR),
	    JSON_DEPTH);
	arena_free(a);
}

/* An array of n objects side by side is not deep. */
TEST(depth_is_given_back)
{
	struct arena *a = arena_new();
	struct buf b;

	buf_init(&b, a, 1 << 20);
	buf_puts(&b, "[{}");
	for (int i = 1; i < JSON_ELEMENTS_MAX; i++)
		buf_puts(&b, ",{\"a\":[]}");
	buf_puts(&b, "]");
	assert_int_equal(scan(a, &b, JSON_STRICT), JSON_GOOD);
	arena_free(a);
}

static enum json_fault
scan_elements(struct arena *a, int n, enum json_mode mode)
{
	struct buf b;

	buf_init(&b, a, 1 << 20);
	for (int i = 0; i < n; i++)
		buf_puts(&b, i == 0 ? "[1" : ",1");
	buf_puts(&b, "]");
	return scan(a, &b, mode);
}

static enum json_fault
scan_members(struct arena *a, int n, enum json_mode mode)
{
	struct buf b;

	buf_init(&b, a, 1 << 20);
	for (int i = 0; i < n; i++)
		buf_printf(&b, "%s\"k%d\":{\"k0\":1}", i == 0 ? "{" : ",", i);
	buf_puts(&b, "}");
	return scan(a, &b, mode);
}

TEST(counts_are_bounded)
{
	struct arena *a = arena_new();

	assert_int_equal(scan_elements(a, JSON_ELEMENTS_MAX, JSON_STRICT),
	    JSON_GOOD);
	assert_int_equal(scan_elements(a, JSON_ELEMENTS_MAX + 1, JSON_STRICT),
	    JSON_ELEMENTS);
	assert_int_equal(scan_elements(a, JSON_ELEMENTS_MAX + 1, JSON_GRAMMAR),
	    JSON_GOOD);
	assert_int_equal(scan_members(a, JSON_MEMBERS_MAX, JSON_STRICT),
	    JSON_GOOD);
	assert_int_equal(scan_members(a, JSON_MEMBERS_MAX + 1, JSON_STRICT),
	    JSON_MEMBERS);
	assert_int_equal(scan_members(a, JSON_MEMBERS_MAX + 1, JSON_GRAMMAR),
	    JSON_GOOD);
	arena_free(a);
}

/* Every name is compared with all before it, at every place in the list. */
TEST(duplicates_are_found_anywhere)
{
	struct arena *a = arena_new();

	for (int twin = 0; twin < JSON_MEMBERS_MAX - 1; twin++) {
		struct buf b;

		arena_reset(a);
		buf_init(&b, a, 1 << 20);
		for (int i = 0; i < JSON_MEMBERS_MAX - 1; i++)
			buf_printf(&b, "%s\"k%d\":1", i == 0 ? "{" : ",", i);
		buf_printf(&b, ",\"\\u006b%d\":1}", twin);
		assert_int_equal(scan(a, &b, JSON_STRICT), JSON_DUPLICATE);
	}
	arena_free(a);
}

TEST(faults_have_codes_and_messages)
{
	for (int i = 0; i < JSON_FAULT_COUNT; i++) {
		const char *code = json_fault_code((enum json_fault)i);

		assert_true(strlen(code) > 0 &&
		    strspn(code, "abcdefghijklmnopqrstuvwxyz_0123456789") ==
		    strlen(code));
		assert_true(strlen(json_fault_message((enum json_fault)i)) > 10);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(code,
			    json_fault_code((enum json_fault)j));
	}
}

static size_t
read_suite_file(const char *name, char *text, size_t size)
{
	char path[512];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), SUITE "/%s", name);
	file = fopen(path, "rb");
	assert_non_null(file);
	n = fread(text, 1, size, file);
	assert_true(n < size);
	fclose(file);
	return n;
}

TEST(json_test_suite_is_obeyed)
{
	static char text[1 << 20];
	struct arena *a = arena_new();
	DIR *dir = opendir(SUITE);
	struct dirent *entry;
	int files = 0, wrong = 0;

	if (dir == NULL) {
		printf("json_test_suite_is_obeyed: skipped, no " SUITE "\n");
		arena_free(a);
		skip();
	}
	while ((entry = readdir(dir)) != NULL) {
		char kind = entry->d_name[0];
		size_t n, offset;
		enum json_fault grammar;

		if (kind == '.')
			continue;
		files++;
		n = read_suite_file(entry->d_name, text, sizeof(text));
		grammar = json_scan(a, text, n, JSON_GRAMMAR, &offset);
		if ((kind == 'y' && grammar != JSON_GOOD) ||
		    (kind == 'n' && (grammar == JSON_GOOD ||
		    json_scan(a, text, n, JSON_STRICT, &offset) == JSON_GOOD))) {
			print_error("%s: %s\n", entry->d_name,
			    json_fault_code(grammar));
			wrong++;
		}
	}
	closedir(dir);
	arena_free(a);
	assert_true(files > 300);
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grammar_faults_have_a_place),
		cmocka_unit_test(strict_refuses_what_json_c_would_bend),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(depth_is_given_back),
		cmocka_unit_test(counts_are_bounded),
		cmocka_unit_test(duplicates_are_found_anywhere),
		cmocka_unit_test(faults_have_codes_and_messages),
		cmocka_unit_test(json_test_suite_is_obeyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
