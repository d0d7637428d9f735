/* The vectors of RFC 4226 and RFC 6238, cut to six digits; the window. */
#include "crypto/totp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const uint8_t secret[TOTP_SECRET_SIZE] = "12345678901234567890";

static void
test_rfc6238(void **state)
{
	static const struct { int64_t now; const char *code; } vectors[] = {
		{ 59, "287082" }, { 1111111109, "081804" },
		{ 1111111111, "050471" }, { 1234567890, "005924" },
		{ 2000000000, "279037" }, { 20000000000, "353130" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
		assert_int_equal(totp_step(secret, vectors[i].now,
		    vectors[i].code), vectors[i].now / 30);
}

static void
test_rfc4226(void **state)
{
	static const char *const codes[] = { "755224", "287082", "359152",
		"969429", "338314", "254676", "287922", "162583", "399871",
		"520489" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		assert_int_equal(totp_step(secret, (int64_t)i * 30, codes[i]), i);
}

static void
test_window(void **state)
{
	(void)state;
	assert_int_equal(totp_step(secret, 29, "287082"), 1);
	assert_int_equal(totp_step(secret, 89, "287082"), 1);
	assert_int_equal(totp_step(secret, 90, "287082"), -1);
	assert_int_equal(totp_step(secret, 120, "755224"), -1);
}

static void
test_what_is_no_code(void **state)
{
	static const char *const codes[] = { "", "28708", "2870820", "28708a",
		" 87082", "94287082", "+28708", "\xef\xbc\x92""870" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		assert_int_equal(totp_step(secret, 59, codes[i]), -1);
}

static void
test_text_and_uri(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	assert_string_equal(totp_text(arena, secret),
	    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
	assert_string_equal(totp_uri(arena, secret, "Bazar & Co", "a@b.es"),
	    "otpauth://totp/Bazar%20%26%20Co:a%40b.es?secret="
	    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bazar%20%26%20Co");
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc6238), cmocka_unit_test(test_rfc4226),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_what_is_no_code),
		cmocka_unit_test(test_text_and_uri),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
