#include "web/words.h"

#include "tests/unit/unit.h"

static const char english[] =
    "{\n"
    "  \"cart.title\": \"Your cart\",\n"
    "  \"cart.hello\": \"Hello, {user.name}!\",\n"
    "  \"cart.count\": { \"one\": \"One thing\", \"other\": \"{n} things\" }\n"
    "}\n";

static const char spanish[] =
    "{ \"cart.title\": \"Tu cesta\", \"cart.empty\": \"Nada a\\u00fan\","
    "  \"cart.hello\": \"Hola\","
    "  \"cart.count\": { \"one\": \"Una cosa\", \"other\": \"{n} cosas\" } }";

static void
add(struct words *words, const char *lang, const char *json)
{
	char error[200] = "";

	if (!words_add(words, lang, json, strlen(json), error, sizeof(error)))
		fail_msg("%s: %s", lang, error);
}

TEST(messages_are_found_in_their_language)
{
	struct words *words = words_new();

	add(words, "es", spanish);
	add(words, "en", english);
	assert_string_equal(words_text(words, "es", "cart.title"), "Tu cesta");
	assert_string_equal(words_text(words, "en", "cart.title"), "Your cart");
	assert_string_equal(words_text(words, "es", "cart.empty"),
	    "Nada a\xc3\xba" "n");
	words_free(words);
}

TEST(what_is_missing_falls_back)
{
	struct words *words = words_new();

	assert_null(words_find(words, "en", "cart.title"));
	add(words, "es", spanish);
	add(words, "en", english);
	assert_string_equal(words_text(words, "en", "cart.empty"),
	    "Nada a\xc3\xba" "n");
	add(words, "en", "{\"only\": \"English\"}");
	assert_string_equal(words_text(words, "es", "only"), "English");
	assert_string_equal(words_text(words, "fr", "only"), "English");
	assert_string_equal(words_text(words, "fr", "cart.title"), "Tu cesta");
	assert_string_equal(words_text(words, "en", "cart.none"), "cart.none");
	assert_null(words_find(words, "en", "cart.none"));
	assert_null(words_find(words, "en", ""));
	words_free(words);
}

TEST(later_files_replace_messages)
{
	struct words *words = words_new();

	add(words, "en", english);
	add(words, "en", "{\"cart.title\": \"Basket\", \"new\": \"\"}");
	assert_string_equal(words_text(words, "en", "cart.title"), "Basket");
	assert_string_equal(words_text(words, "en", "new"), "");
	assert_string_equal(words_text(words, "en", "cart.hello"),
	    "Hello, {user.name}!");
	/* A text may become a plural and the reverse. */
	add(words, "en", "{\"cart.count\": \"some\"}");
	assert_null(words_find(words, "en", "cart.count")->one);
	words_free(words);
}

TEST(plurals_follow_the_number)
{
	static const struct {
		int64_t n;
		const char *es, *en;
	} cases[] = {
		{ 0, "{n} cosas", "{n} things" },
		{ 1, "Una cosa", "One thing" },
		{ 2, "{n} cosas", "{n} things" },
		{ -1, "{n} cosas", "{n} things" },
		{ 21, "{n} cosas", "{n} things" },
		{ 1000000, "{n} cosas", "{n} things" },
	};
	struct words *words = words_new();
	const struct words_message *m;

	add(words, "es", spanish);
	add(words, "en", english);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		m = words_find(words, "es", "cart.count");
		assert_string_equal(words_plural(m, cases[i].n), cases[i].es);
		assert_int_equal(m->count_n, 1);
		assert_int_equal(m->count[0], 'n');
		m = words_find(words, "en", "cart.count");
		assert_string_equal(words_plural(m, cases[i].n), cases[i].en);
	}
	m = words_find(words, "en", "cart.title");
	assert_string_equal(words_plural(m, 1), "Your cart");
	words_free(words);
}

TEST(thousands_of_keys_are_found_again)
{
	struct words *words = words_new();
	char key[32], json[64];

	for (int i = 0; i < 5000; i++) {
		snprintf(json, sizeof(json), "{\"key.%d\": \"text %d\"}", i, i);
		add(words, "en", json);
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "key.%d", i);
		snprintf(json, sizeof(json), "text %d", i);
		assert_string_equal(words_text(words, "en", key), json);
	}
	assert_null(words_find(words, "en", "key.5000"));
	words_free(words);
}

TEST(bad_catalogues_are_refused)
{
	static const struct {
		const char *json, *error;
	} cases[] = {
		{ "", "line 1: The text ends too early" },
		{ "[]", "line 1: not an object of messages" },
		{ "null", "line 1: not an object of messages" },
		{ "{\n\"a\": \"b\",\n}", "line 3: This character" },
		{ "{\"a\": \"b\"} x", "line 1: Something follows" },
		{ "{\"key\": 1}", "'key' is neither" },
		{ "{\"key\": null}", "'key' is neither" },
		{ "{\"key\": []}", "'key' is neither" },
		{ "{\"key\": {}}", "'key' is neither" },
		{ "{\"key\": {\"other\": \"{n}\"}}", "'key' is neither" },
		{ "{\"key\": {\"one\": \"1\", \"other\": 2}}", "'key' is neither" },
		{ "{\"key\": {\"one\": \"1\", \"other\": \"many\"}}",
		    "'key' is neither" },
		{ "{\"key\": {\"one\": \"1\", \"other\": \"{n}\", \"few\": \"\"}}",
		    "'key' is neither" },
		{ "{\"key\": \"{\"}", "'key' is neither" },
		{ "{\"key\": \"}\"}", "'key' is neither" },
		{ "{\"key\": \"}{a}\"}", "'key' is neither" },
		{ "{\"key\": \"{a}}\"}", "'key' is neither" },
		{ "{\"key\": \"{}\"}", "'key' is neither" },
		{ "{\"key\": \"{a b}\"}", "'key' is neither" },
		{ "{\"key\": \"{a..b}\"}", "'key' is neither" },
		{ "{\"key\": \"{.a}\"}", "'key' is neither" },
		{ "{\"key\": \"{a.}\"}", "'key' is neither" },
		{ "{\"key\": \"{{a}}\"}", "'key' is neither" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct words *words = words_new();
		char error[200] = "";

		if (words_add(words, "en", cases[i].json,
		    strlen(cases[i].json), error, sizeof(error)))
			fail_msg("%s was accepted", cases[i].json);
		if (!str_starts(error, cases[i].error))
			fail_msg("%s: '%s'", cases[i].json, error);
		words_free(words);
	}
}

TEST(there_is_an_end_of_languages)
{
	struct words *words = words_new();
	char lang[3] = "aa", error[100] = "";

	for (int i = 0; i < WORDS_LANGUAGES_MAX; i++, lang[1]++)
		add(words, lang, "{\"a\": \"b\"}");
	assert_string_equal(words_text(words, "zz", "a"), "b");
	assert_false(words_add(words, lang, "{}", 2, error, sizeof(error)));
	assert_string_equal(error, "more than 8 languages");
	words_free(words);
}

TEST(what_a_language_lacks_is_listed)
{
	struct words *words = words_new();
	struct arena *arena = arena_new();
	struct buf out;

	buf_init(&out, arena, 1000);
	add(words, "es", spanish);
	assert_int_equal(words_missing(words, &out), 0);
	assert_string_equal(out.data, "");
	add(words, "en", english);
	assert_int_equal(words_missing(words, &out), 2);
	assert_string_equal(out.data,
	    "en: cart.empty\nes: cart.hello {user.name}\n");
	arena_free(arena);
	words_free(words);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_found_in_their_language),
		cmocka_unit_test(what_is_missing_falls_back),
		cmocka_unit_test(later_files_replace_messages),
		cmocka_unit_test(plurals_follow_the_number),
		cmocka_unit_test(thousands_of_keys_are_found_again),
		cmocka_unit_test(bad_catalogues_are_refused),
		cmocka_unit_test(there_is_an_end_of_languages),
		cmocka_unit_test(what_a_language_lacks_is_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
