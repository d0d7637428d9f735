#include "web/multipart.h"

#include "tests/unit/unit.h"

#define TYPE "multipart/form-data; boundary=----x7"
#define FIELD(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define FILE_OF(name) "Content-Disposition: form-data; name=\"" name \
	"\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"

static bool
parse(struct arena *a, const char *type, const char *body, size_t n,
    struct form_part **parts, size_t *parts_n)
{
	return multipart_parse(a, type, body, n, parts, parts_n);
}

TEST(fields_and_files_are_found_where_they_lie)
{
	static const char body[] = "------x7\r\n" FIELD("alt_es") "Una taza\r\n"
	    "------x7\r\n" FILE_OF("file") "\x89PNG\r\n\0--\r\n----x7\r\n\r\n"
	    "------x7\r\n" FIELD("empty") "\r\n------x7--\r\n";
	struct arena *a = arena_new();
	struct form_part *parts;
	size_t n;

	assert_true(parse(a, TYPE, body, sizeof(body) - 1, &parts, &n));
	assert_int_equal(n, 3);
	assert_string_equal(parts[0].name, "alt_es");
	assert_false(parts[0].is_file);
	assert_memory_equal(parts[0].data, "Una taza", parts[0].n);
	assert_true(parts[1].is_file);
	assert_int_equal(parts[1].n, 19);
	assert_memory_equal(parts[1].data, "\x89PNG\r\n\0--\r\n----x7\r\n", 19);
	assert_int_equal(parts[2].n, 0);
	assert_true(parse(a, "multipart/form-data; boundary=\"----x7\"", body,
	    sizeof(body) - 1, &parts, &n));
	arena_free(a);
}

TEST(what_no_browser_sends_is_refused)
{
	static const struct {
		const char *type, *body;
	} cases[] = {
		{ "multipart/form-data", "------x7--\r\n" },
		{ "multipart/form-data; boundary=", "----\r\n" },
		{ "multipart/form-data; boundary=a b;c", "--a--" },
		{ "multipart/form-data; boundary=\"a", "--a--" },
		{ TYPE, "" },
		{ TYPE, "\r\n------x7--\r\n" },
		{ TYPE, "before\r\n------x7--\r\n" },
		{ TYPE, "------x7--\r\nafter" },
		{ TYPE, "------x7\r\n" FIELD("a") "1" },
		{ TYPE, "------x7\r\n" FIELD("a") "1\r\n------x7" },
		{ TYPE, "------x7\r\n" FIELD("a") "1\r\n------x7-" },
		{ TYPE, "------x7\r\n\r\n1\r\n------x7--" },
		{ TYPE, "------x7\r\nContent-Type: a\r\n\r\n1\r\n------x7--" },
		{ TYPE, "------x7\r\nContent-Disposition: form-data; x=\"a\"\r\n\r\n"
		    "1\r\n------x7--" },
		{ TYPE, "------x7\r\nX: Content-Disposition: form-data; name=\"a\""
		    "\r\n\r\n1\r\n------x7--" },
	};
	struct arena *a = arena_new();
	struct form_part *parts;
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (parse(a, cases[i].type, cases[i].body, strlen(cases[i].body),
		    &parts, &n))
			fail_msg("case %zu", i);
	assert_true(parse(a, TYPE, "------x7--\r\n", 12, &parts, &n));
	assert_int_equal(n, 0);
	arena_free(a);
}

/* Of a body that is cut anywhere nothing is read past its end. */
TEST(a_body_that_is_cut_is_refused)
{
	static const char body[] = "------x7\r\n" FILE_OF("file") "12345\r\n"
	    "------x7--";
	struct arena *a = arena_new();
	struct form_part *parts;
	size_t n;

	for (size_t cut = 0; cut < sizeof(body) - 1; cut++) {
		char *copy = malloc(cut + 1);

		memcpy(copy, body, cut);
		assert_false(parse(a, TYPE, copy, cut, &parts, &n));
		free(copy);
	}
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_and_files_are_found_where_they_lie),
		cmocka_unit_test(what_no_browser_sends_is_refused),
		cmocka_unit_test(a_body_that_is_cut_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
