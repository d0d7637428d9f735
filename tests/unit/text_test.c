#include "web/text.h"

#include "tests/unit/unit.h"

#define A10 "aaaaaaaaaa"
#define A50 A10 A10 A10 A10 A10

TEST(utf8_accepts_what_rfc_3629_allows)
{
	static const struct {
		const char *text;
		size_t n;
		bool is_valid;
	} cases[] = {
		{ BYTES(""), true },
		{ BYTES("abc"), true },
		{ BYTES("a\0b"), true },
		{ BYTES("ma\xc3\xb1" "ana"), true },
		{ BYTES("\xc2\x80"), true },		/* U+0080 */
		{ BYTES("\xe0\xa0\x80"), true },		/* U+0800 */
		{ BYTES("\xed\x9f\xbf"), true },		/* U+D7FF */
		{ BYTES("\xee\x80\x80"), true },		/* U+E000 */
		{ BYTES("\xef\xbf\xbf"), true },		/* U+FFFF */
		{ BYTES("\xf0\x90\x80\x80"), true },	/* U+10000 */
		{ BYTES("\xf4\x8f\xbf\xbf"), true },	/* U+10FFFF */
		{ BYTES("\x80"), false },		/* no lead byte */
		{ BYTES("\xbf\xbf"), false },
		{ BYTES("\xc0\x80"), false },		/* overlong NUL */
		{ BYTES("\xc1\xbf"), false },
		{ BYTES("\xe0\x9f\xbf"), false },
		{ BYTES("\xf0\x8f\xbf\xbf"), false },
		{ BYTES("\xed\xa0\x80"), false },	/* U+D800 */
		{ BYTES("\xed\xbf\xbf"), false },	/* U+DFFF */
		{ BYTES("\xf4\x90\x80\x80"), false },	/* U+110000 */
		{ BYTES("\xf5\x80\x80\x80"), false },
		{ BYTES("\xf8\x88\x80\x80\x80"), false },
		{ BYTES("\xff"), false },
		{ BYTES("a\xc3"), false },		/* cut off */
		{ BYTES("\xe2\x82"), false },
		{ BYTES("\xf0\x9f\x98"), false },
		{ BYTES("\xc3" "a"), false },		/* no continuation */
		{ BYTES("\xe2\x82\xc3"), false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (utf8_valid(cases[i].text, cases[i].n) != cases[i].is_valid)
			fail_msg("case %zu", i);
}

TEST(utf8_decodes_what_it_encodes)
{
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		char bytes[4];
		uint32_t again = 0;
		size_t n;

		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		n = utf8_encode(code, bytes);
		assert_int_equal(utf8_decode(bytes, n, &again), n);
		assert_int_equal(again, code);
		assert_int_equal(utf8_decode(bytes, n - 1, &again), 0);
	}
}

TEST(length_counts_code_points)
{
	assert_int_equal(utf8_length(""), 0);
	assert_int_equal(utf8_length("caf\xc3\xa9"), 4);
	assert_int_equal(utf8_length("5 \xe2\x82\xac \xf0\x9f\x98\x80"), 5);
}

TEST(printable_has_no_controls)
{
	static const struct {
		const char *text;
		bool one_line, lines;
	} cases[] = {
		{ "", true, true },
		{ " \xc2\xa1Hola! ~", true, true },
		{ "\xc2\xa0", true, true },	/* U+00A0 */
		{ "a\nb", false, true },
		{ "a\tb", false, true },
		{ "a\rb", false, false },
		{ "\x1b[31m", false, false },
		{ "\x01", false, false },
		{ "\x7f", false, false },
		{ "\xc2\x80", false, false },	/* U+0080 */
		{ "\xc2\x85", false, false },	/* NEL */
		{ "\xc2\x9f", false, false },
		{ "\xc3", false, false },	/* not UTF-8 */
		{ "ok\xff", false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (text_is_printable(cases[i].text) != cases[i].one_line ||
		    text_is_printable_lines(cases[i].text) != cases[i].lines)
			fail_msg("case %zu", i);
	}
}

TEST(email_is_a_plain_address)
{
	static const struct {
		const char *text;
		bool is_valid;
	} cases[] = {
		{ "ana@example.com", true },
		{ "ana.maria+zoco@mail.example.co.uk", true },
		{ "A_b!#$%&'*+-/=?^_`{|}~@x1.example", true },
		{ "a@xn--caf-dma.example", true },
		{ "1@1.2.com", true },
		{ A50 A10 "aaaa@b.example", true },		/* 64 */
		{ A50 A10 "aaaaa@b.example", false },
		{ "a@" A50 A10 "aaa.com", true },		/* 63 */
		{ "a@" A50 A10 "aaaa.com", false },
		/* 254 bytes, and 255 */
		{ "a@" A50 "." A50 "." A50 "." A50 "." A10 A10 A10 A10
		    "aaaaaaaa", true },
		{ "a@" A50 "." A50 "." A50 "." A50 "." A10 A10 A10 A10
		    "aaaaaaaaa", false },
		{ "", false },
		{ "ana", false },
		{ "@", false },
		{ "@example.com", false },
		{ "ana@", false },
		{ "ana@localhost", false },
		{ "ana@example.", false },
		{ "ana@.example", false },
		{ "ana@a..example", false },
		{ "ana@-a.example", false },
		{ "ana@a-.example", false },
		{ "ana@a.example-", false },
		{ "ana@a.-example", false },
		{ "ana@a_b.example", false },
		{ "ana@10.0.0.1", false },
		{ "ana@[10.0.0.1]", false },
		{ "ana@b@example.com", false },
		{ ".ana@example.com", false },
		{ "ana.@example.com", false },
		{ "a..b@example.com", false },
		{ "\"ana\"@example.com", false },
		{ "ana maria@example.com", false },
		{ " ana@example.com", false },
		{ "ana@example.com ", false },
		{ "ana@example.com\n", false },
		{ "ana@example.com\r\nBcc: b@example.com", false },
		{ "Ana <ana@example.com>", false },
		{ "ana@example.com,b@example.com", false },
		{ "an(a)@example.com", false },
		{ "a\xc3\xb1o@example.com", false },
		{ "ano@a\xc3\xb1o.example", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (email_is_valid(cases[i].text) != cases[i].is_valid)
			fail_msg("%s", cases[i].text);
}

TEST(slug_has_words_and_single_dashes)
{
	static const struct {
		const char *text;
		bool is_valid;
	} cases[] = {
		{ "a", true },
		{ "red-shoe-42", true },
		{ A50 A50, true },
		{ A50 A50 "a", false },
		{ "", false },
		{ "-", false },
		{ "-a", false },
		{ "a-", false },
		{ "a--b", false },
		{ "Red", false },
		{ "a_b", false },
		{ "a b", false },
		{ "a/b", false },
		{ "..", false },
		{ "ni\xc3\xb1o", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (slug_is_valid(cases[i].text) != cases[i].is_valid)
			fail_msg("%s", cases[i].text);
}

TEST(slug_is_made_of_a_name)
{
	static const struct {
		const char *name, *slug;
	} cases[] = {
		{ "Red shoe, size 42", "red-shoe-size-42" },
		{ "  --Hola--  ", "hola" },
		{ "áéíóúüñç ÁÉÍÓÚÜÑÇ", "aeiouunc-aeiouunc" },
		{ "àèìòù âêîôû ãõ ï", "aeiou-aeiou-ao-i" },
		{ "Straße Ærø Œuvre Þór ÿ", "strasse-aero-oeuvre-thor-y" },
		{ "Łódź Žižek Şişli Ĳ ſ", "lodz-zizek-sisli-ij-s" },
		{ "Jamón ibérico, 1ª 2º 3 m²", "jamon-iberico-1a-2o-3-m2" },
		{ "cafe\xcc\x81 nin\xcc\x83o", "cafe-nino" },	/* NFD */
		{ "a×b÷c\xc2\xa0" "d", "a-b-c-d" },
		{ "日本 A 語", "a" },
		{ "日本語", "" },
		{ "", "" },
		{ "---", "" },
		{ "a\xff" "b", "a-b" },
		{ A50 A50 "bbb", A50 A50 },
		{ A50 A10 A10 A10 A10 "aaaaaaaaa bbb",
		    A50 A10 A10 A10 A10 "aaaaaaaaa" },
		{ A50 A10 A10 A10 A10 "aaaaaaaa bbb",
		    A50 A10 A10 A10 A10 "aaaaaaaa-b" },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *slug = slug_make(a, cases[i].name);

		assert_string_equal(slug, cases[i].slug);
		assert_true(*slug == '\0' || slug_is_valid(slug));
	}
	arena_free(a);
}

TEST(hex_reads_what_it_writes)
{
	static const char *const bad[] = { "0", "000", "0g", "g0", "0x00", " 0", "-1" };
	struct arena *a = arena_new();
	unsigned char all[256], *bytes;
	size_t n = 9;

	for (int i = 0; i < 256; i++)
		all[i] = (unsigned char)i;
	assert_string_equal(hex_encode(a, "\x00\x7f\xff", 3), "007fff");
	assert_string_equal(hex_encode(a, NULL, 0), "");
	bytes = hex_decode(a, hex_encode(a, all, 256), &n);
	assert_int_equal(n, 256);
	assert_memory_equal(bytes, all, 256);
	bytes = hex_decode(a, "aBCdEf", &n);
	assert_int_equal(n, 3);
	assert_memory_equal(bytes, "\xab\xcd\xef", 3);
	assert_non_null(hex_decode(a, "", &n));
	assert_int_equal(n, 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (hex_decode(a, bad[i], &n) != NULL)
			fail_msg("%s", bad[i]);
	arena_free(a);
}

TEST(base64url_is_rfc_4648)
{
	/* RFC 4648 10, without padding, and the two digits of section 5. */
	static const struct {
		const char *bytes;
		size_t n;
		const char *text;
	} cases[] = {
		{ BYTES(""), "" },
		{ BYTES("f"), "Zg" },
		{ BYTES("fo"), "Zm8" },
		{ BYTES("foo"), "Zm9v" },
		{ BYTES("foob"), "Zm9vYg" },
		{ BYTES("fooba"), "Zm9vYmE" },
		{ BYTES("foobar"), "Zm9vYmFy" },
		{ BYTES("\xfb\xff\xfe"), "-__-" },
		{ BYTES("\0\0\0\0"), "AAAAAA" },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned char *bytes;
		size_t n = 99;

		assert_string_equal(
		    base64url_encode(a, cases[i].bytes, cases[i].n), cases[i].text);
		bytes = base64url_decode(a, cases[i].text, &n);
		assert_non_null(bytes);
		assert_int_equal(n, cases[i].n);
		assert_memory_equal(bytes, cases[i].bytes, n);
		assert_int_equal(bytes[n], 0);
	}
	arena_free(a);
}

TEST(base64url_has_one_text_for_the_same_bytes)
{
	static const char *const bad[] = {
		"A", "AAAAA",			/* impossible length */
		"Zh", "Zm9", "AB", "AAB",	/* bits behind the end */
		"Zg==", "Zm8=",			/* padding */
		"+A", "/w", "Zm 9v", "Zm9v\n", "Zm\xc3\xb1", "Z.g",
	};
	struct arena *a = arena_new();
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (base64url_decode(a, bad[i], &n) != NULL)
			fail_msg("%s", bad[i]);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_accepts_what_rfc_3629_allows),
		cmocka_unit_test(utf8_decodes_what_it_encodes),
		cmocka_unit_test(length_counts_code_points),
		cmocka_unit_test(printable_has_no_controls),
		cmocka_unit_test(email_is_a_plain_address),
		cmocka_unit_test(slug_has_words_and_single_dashes),
		cmocka_unit_test(slug_is_made_of_a_name),
		cmocka_unit_test(hex_reads_what_it_writes),
		cmocka_unit_test(base64url_is_rfc_4648),
		cmocka_unit_test(base64url_has_one_text_for_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
