#include "crypto/token.h"

#include <setjmp.h>
#include <cmocka.h>

#include "crypto/crypto.h"

#define TOKENS 10000

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

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
test_tokens_are_long_and_unlike(void **state)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	char **tokens = arena_new_array(*state, char *, TOKENS);

	for (size_t i = 0; i < TOKENS; i++) {
		tokens[i] = token_new(*state);
		assert_int_equal(strlen(tokens[i]), 43);
		assert_int_equal(strspn(tokens[i], digits), 43);
	}
	qsort(tokens, TOKENS, sizeof(*tokens), by_text);
	for (size_t i = 1; i < TOKENS; i++)
		assert_string_not_equal(tokens[i - 1], tokens[i]);
}

/* FIPS 180-4's own examples. */
static void
test_digest(void **state)
{
	char hex[DIGEST_HEX_SIZE];
	char *million = arena_alloc(*state, 1000000);

	assert_string_equal(token_hash_hex("abc", hex),
	    "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(digest_sha256_hex("", 0, hex),
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
	memset(million, 'a', 1000000);
	assert_string_equal(digest_sha256_hex(million, 1000000, hex),
	    "cdc76e5c9914fb9281a1c7e284d73e67"
	    "f1809a48a497200e046d39ccc7112cd0");
}

/* RFC 4231, cases 1, 2 and 6 (a secret longer than a block). */
static void
test_hmac(void **state)
{
	uint8_t secret[131], out[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];

	(void)state;
	memset(secret, 0x0b, 20);
	digest_hmac_sha256(secret, 20, "Hi There", 8, out);
	assert_string_equal(bytes_to_hex(out, sizeof(out), hex),
	    "b0344c61d8db38535ca8afceaf0bf12b"
	    "881dc200c9833da726e9376c2e32cff7");
	digest_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
	assert_string_equal(bytes_to_hex(out, sizeof(out), hex),
	    "5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843");
	memset(secret, 0xaa, sizeof(secret));
	digest_hmac_sha256(secret, sizeof(secret),
	    "Test Using Larger Than Block-Size Key - Hash Key First", 54, out);
	assert_string_equal(bytes_to_hex(out, sizeof(out), hex),
	    "60e431591ee0b67f0d8a26aacbf5b77f"
	    "8e0bc6213728c5140546040f0ee37f54");
}

/* A webhook of Stripe's, signed by their library. */
static void
test_hmac_of_a_webhook(void **state)
{
	static const char body[] = "1700000000.{\"id\":\"evt_1\","
	    "\"object\":\"event\",\"type\":\"payment_intent.succeeded\"}";
	uint8_t out[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];

	(void)state;
	digest_hmac_sha256("whsec_test", 10, body, strlen(body), out);
	assert_string_equal(bytes_to_hex(out, sizeof(out), hex),
	    "b5d16909735dfcdc338e1f1e170cbb5d"
	    "2ea57494fe5f638399aebcce132ec538");
}

static void
test_mac(void **state)
{
	struct key key = { .bytes = { 1, 2, 3 } }, other = { .bytes = { 1 } };
	char hex[DIGEST_HEX_SIZE], text[DIGEST_BASE64URL_SIZE];
	uint8_t expected[DIGEST_SIZE];
	char expected_hex[DIGEST_HEX_SIZE];

	(void)state;
	digest_hmac_sha256(key.bytes, 32, "order:42", 8, expected);
	bytes_to_hex(expected, sizeof(expected), expected_hex);
	assert_string_equal(mac_hex(&key, "order:42", hex), expected_hex);
	assert_int_equal(strlen(mac_base64url(&key, "order:42", text)), 43);
	assert_true(mac_verify(&key, "order:42", hex));
	assert_true(mac_verify(&key, "order:42", text));
	assert_false(mac_verify(&key, "order:43", hex));
	assert_false(mac_verify(&other, "order:42", hex));
	assert_false(mac_verify(&key, "order:42", ""));
	assert_false(mac_verify(&key, "order:42", NULL));
}

/* Every character counts, also the bits of base64url that hold no byte. */
static void
test_mac_changed(void **state)
{
	struct key key = { .bytes = { 7 } };
	char hex[DIGEST_HEX_SIZE], text[DIGEST_BASE64URL_SIZE];

	(void)state;
	mac_hex(&key, "a", hex);
	mac_base64url(&key, "a", text);
	for (size_t i = 0; i < strlen(hex); i++) {
		hex[i] ^= 1;
		assert_false(mac_verify(&key, "a", hex));
		hex[i] ^= 1;
	}
	for (size_t i = 0; i < strlen(text); i++) {
		text[i] ^= 1;
		assert_false(mac_verify(&key, "a", text));
		text[i] ^= 1;
	}
	assert_true(mac_verify(&key, "a", text));
	text[42] = '\0';
	assert_false(mac_verify(&key, "a", text));
}

static void
test_equal(void **state)
{
	(void)state;
	assert_true(equal_constant_time("", ""));
	assert_true(equal_constant_time("abc", "abc"));
	assert_false(equal_constant_time("abc", "abd"));
	assert_false(equal_constant_time("abc", "ab"));
	assert_false(equal_constant_time("", "a"));
}

static void
test_hex(void **state)
{
	static const char *const bad[] = {
		"", "00ff1", "00ff100", "00ff1x", "00 f10", "00:ff:10",
		"0x00ff", "00ff10\n",
	};
	uint8_t bytes[3] = { 0 };
	char text[7];

	(void)state;
	assert_true(bytes_from_hex("00fF1a", bytes, 3));
	assert_string_equal(bytes_to_hex(bytes, 3, text), "00ff1a");
	assert_true(bytes_from_hex("", bytes, 0));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(bytes_from_hex(bad[i], bytes, 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tokens_are_long_and_unlike,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_digest, setup, teardown),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_hmac_of_a_webhook),
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_mac_changed),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_hex),
	};

	crypto_start();
	return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
