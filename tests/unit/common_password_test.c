#include "crypto/common_password.h"

#include <setjmp.h>
#include <cmocka.h>

static const char *const words[] = { "zoco", "", "carmen.cliente", NULL };

static bool
is_common(const char *password)
{
	return password_is_common(password, words);
}

static void
test_list(void **state)
{
	(void)state;
	assert_true(common_passwords_count() >= 20000);
	/* From every part of the list: its first, middle and last lines. */
	assert_true(is_common("123456789"));
	assert_true(is_common("baseball"));
	assert_true(is_common("iloveyou"));
	assert_true(is_common("qwertyuiop"));
	assert_true(is_common("zxcvbnm123"));
	assert_true(is_common("PassWord"));
}

static void
test_dressed_up(void **state)
{
	(void)state;
	assert_true(is_common("password12345678"));
	assert_true(is_common("!!Football2026!!"));
	assert_true(is_common("Zoco#2026"));
	assert_true(is_common("2026-ZOCO-2026"));
	assert_true(is_common("carmen.cliente1999"));
	assert_true(is_common("aaaaaaaaaaaaaaaa"));
	assert_true(is_common("abababababababab"));
	assert_true(is_common(""));
}

static void
test_good(void **state)
{
	(void)state;
	assert_false(is_common("correct horse battery staple"));
	assert_false(is_common("tres tristes tigres"));
	assert_false(is_common("a3f9-77kq-w0cv"));
	assert_false(is_common("passwordless commerce"));
	assert_false(is_common("ñandúes volando"));
	assert_false(is_common("demo-owner-2026"));
	/* Longer than any word: never cut, then compared. */
	assert_false(is_common("password1234567890123456789012345678901234567890"
	    "123456789012345678901234567890"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_dressed_up),
		cmocka_unit_test(test_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
