/*
 * The official specification's own tests, where they are at hand.
 */
#include "web/mustache.h"

#include <json-c/json.h>

#include "tests/unit/unit.h"

#define FOLDER "../shared/data/mustache-spec/"

static const char *
text_member(struct json_object *object, const char *name)
{
	return json_object_get_string(json_object_object_get(object, name));
}

/* Renders one test; what came out, or what went wrong, the arena's. */
static const char *
run(struct arena *arena, struct json_object *test)
{
	struct templates *set = templates_new();
	struct json_object *partials = json_object_object_get(test, "partials");
	const char *text = text_member(test, "template");
	char *error = arena_alloc(arena, 200);
	struct buf out;
	bool good;

	buf_init(&out, arena, 10000);
	good = templates_add(set, " main", text, strlen(text),
	    TEMPLATE_ALLOW_RAW, error, 200);
	if (partials != NULL) {
		json_object_object_foreach(partials, name, value) {
			text = json_object_get_string(value);
			good = good && templates_add(set, name, text,
			    strlen(text), TEMPLATE_ALLOW_RAW, error, 200);
		}
	}
	/* A missing partial is an error for us, but prints what it should. */
	templates_link(set, error, 200);
	good = good && mustache_render(set, " main",
	    json_object_object_get(test, "data"), NULL, &out);
	templates_free(set);
	return good ? out.data : error;
}

static void
run_file(const char *path, size_t least)
{
	struct json_object *file, *tests;
	struct arena *arena = arena_new();
	size_t n, failed = 0;

	if (access(FOLDER, R_OK) != 0) {
		print_message("skipped: no %s\n", FOLDER);
		arena_free(arena);
		skip();
	}
	file = json_object_from_file(path);
	assert_non_null(file);
	tests = json_object_object_get(file, "tests");
	n = json_object_array_length(tests);
	for (size_t i = 0; i < n; i++) {
		struct json_object *test = json_object_array_get_idx(tests, i);
		const char *expected = text_member(test, "expected");
		const char *actual = run(arena, test);

		if (str_eq(actual, expected))
			continue;
		print_error("%s: '%s' gives [%s], not [%s]\n", path,
		    text_member(test, "name"), actual, expected);
		failed++;
	}
	json_object_put(file);
	arena_free(arena);
	assert_true(n >= least);
	assert_int_equal(failed, 0);
}

#define SPEC_TEST(name, least) \
	TEST(name) { run_file(FOLDER #name ".json", least); }

SPEC_TEST(comments, 12)
SPEC_TEST(delimiters, 14)
SPEC_TEST(inheritance, 27)
SPEC_TEST(interpolation, 42)
SPEC_TEST(inverted, 22)
SPEC_TEST(partials, 12)
SPEC_TEST(sections, 34)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments),
		cmocka_unit_test(delimiters),
		cmocka_unit_test(inheritance),
		cmocka_unit_test(interpolation),
		cmocka_unit_test(inverted),
		cmocka_unit_test(partials),
		cmocka_unit_test(sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
