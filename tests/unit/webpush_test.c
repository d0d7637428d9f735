#include "unit.h"

#include "crypto/crypto.h"
#include "crypto/webpush.h"
#include "web/text.h"

static const uint8_t *
bytes(struct arena *a, const char *text, size_t n)
{
	size_t got;
	const uint8_t *out = base64url_decode(a, text, &got);

	assert_non_null(out);
	assert_int_equal(got, n);
	return out;
}

/* RFC 8291, 5 and appendix A, byte for byte. */
static void
test_rfc_8291(void **state)
{
	static const char text[] = "When I grow up, I want to be a watermelon";
	struct arena *a = arena_new();
	struct buf body;

	(void)state;
	buf_init(&body, a, 8192);
	assert_true(webpush_encrypt_with(
	    bytes(a, "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4b"
	    "jyPjs7Vd8pZGH6SRpkNtoIAiw4", 65),
	    bytes(a, "BTBZMqHH6r4Tts7J_aSIgg", 16),
	    bytes(a, "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", 32),
	    bytes(a, "DGv6ra1nlYgDCS1FRnbzlw", 16), text, strlen(text), &body));
	assert_string_equal(base64url_encode(a, body.data, body.len),
	    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
	    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
	    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN");
	arena_free(a);
}

static void
test_keys(void **state)
{
	struct arena *a = arena_new();
	uint8_t key[32] = { 0 }, public_key[65], signature[64];
	uint8_t bad[65] = { 4, 1, 2, 3 }, auth[16] = { 0 };
	struct buf body;

	(void)state;
	assert_false(webpush_public_key(key, public_key));	/* zero */
	memset(key, 0xff, sizeof(key));
	assert_false(webpush_public_key(key, public_key));	/* past the order */
	key[0] = 1;
	assert_true(webpush_public_key(key, public_key));
	assert_int_equal(public_key[0], 4);
	assert_true(webpush_sign(key, "text", signature));
	buf_init(&body, a, 8192);
	assert_false(webpush_encrypt(bad, auth, "x", 1, &body)); /* no point */
	assert_false(webpush_encrypt(public_key, auth, "x",
	    WEBPUSH_TEXT_MAX + 1, &body));
	assert_true(webpush_encrypt(public_key, auth, "x", 1, &body));
	assert_int_equal(body.len, 16 + 5 + 65 + 2 + 16);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_8291),
		cmocka_unit_test(test_keys),
	};

	crypto_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
