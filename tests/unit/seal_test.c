#include "crypto/seal.h"

#include <setjmp.h>
#include <cmocka.h>

#include "crypto/crypto.h"
#include "crypto/token.h"

static const struct key key = { .bytes = { 1, 2, 3 } };

static int
setup(void **state)
{
	*state = arena_new();
	return 0;
}

static int
teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static void
test_there_and_back(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 20, 64, 1000, 100000 };
	uint8_t *plain = arena_alloc(*state, 100000);

	random_bytes(plain, 100000);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		size_t n = sizes[i], got = 99;
		char *sealed = seal(*state, &key, plain, n, "totp:7");
		uint8_t *opened;

		opened = seal_open(*state, &key, sealed, "totp:7", &got);
		assert_int_equal(strlen(sealed), ((24 + n + 16) * 4 + 2) / 3);
		assert_non_null(opened);
		assert_int_equal(got, n);
		assert_memory_equal(opened, plain, n);
		assert_int_equal(opened[n], 0);
	}
}

/*
 * A text that another implementation sealed must open: draft-irtf-cfrg-xchacha
 * A.3.1, nonce, ciphertext and tag as they stand there.
 */
static void
test_vector(void **state)
{
	static const char context[] = "PQRS\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7";
	static const char sealed[] =
	    "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXvW0XnT6D1DuVdleUk8DpOVcqFwAlK_rM"
	    "vtKQLCE5bLtzHH8bC0qmRAvzqC9O2n45rmTGcIxUwhbLlrcuEhO0Ui-Mm6QNtdlF"
	    "sRtpuYLBu54_P6wrw2lIj3ayODVl0__5IflmTJdjfal2iBL2FcaLE7UuwIdZJMHH"
	    "mHlH3q_YeArPSQ";
	struct key vector;
	size_t n;
	uint8_t *plain;

	assert_true(bytes_from_hex("808182838485868788898a8b8c8d8e8f"
	    "909192939495969798999a9b9c9d9e9f", vector.bytes, 32));
	plain = seal_open(*state, &vector, sealed, context, &n);
	assert_non_null(plain);
	assert_string_equal((char *)plain, "Ladies and Gentlemen of the class"
	    " of '99: If I could offer you only one tip for the future,"
	    " sunscreen would be it.");
}

static void
test_never_the_same(void **state)
{
	char *one = seal(*state, &key, "secret", 6, "");
	char *two = seal(*state, &key, "secret", 6, "");

	assert_string_not_equal(one, two);
	assert_memory_not_equal(one, two, 32);	/* the nonces */
}

static void
test_other_key_or_context(void **state)
{
	struct key other = key;
	char *sealed = seal(*state, &key, "secret", 6, "totp:7");
	size_t n;

	other.bytes[31] ^= 1;
	assert_null(seal_open(*state, &other, sealed, "totp:7", &n));
	assert_null(seal_open(*state, &key, sealed, "totp:8", &n));
	assert_null(seal_open(*state, &key, sealed, "", &n));
}

static void
test_changed(void **state)
{
	char *sealed = seal(*state, &key, "secret", 6, "totp:7");
	size_t length = strlen(sealed), n;

	for (size_t i = 0; i < length; i++) {
		char was = sealed[i];

		sealed[i] = was == 'A' ? 'B' : 'A';
		assert_null(seal_open(*state, &key, sealed, "totp:7", &n));
		sealed[i] = was;
	}
	assert_non_null(seal_open(*state, &key, sealed, "totp:7", &n));
	for (size_t i = length; i-- > 0; ) {
		sealed[i] = '\0';
		assert_null(seal_open(*state, &key, sealed, "totp:7", &n));
	}
}

static void
test_rubbish(void **state)
{
	static const char *const bad[] = {
		"", "A", "=", "AAAA", "not base64!", "\xff\xfe",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	};
	char *sealed = seal(*state, &key, "secret", 6, "");
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_null(seal_open(*state, &key, bad[i], "", &n));
	assert_null(seal_open(*state, &key,
	    arena_printf(*state, "%s\n", sealed), "", &n));
	assert_null(seal_open(*state, &key,
	    arena_printf(*state, "%s=", sealed), "", &n));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_there_and_back),
		TEST(test_vector),
		TEST(test_never_the_same),
		TEST(test_other_key_or_context),
		TEST(test_changed),
		TEST(test_rubbish),
	};

	crypto_start();
	return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
