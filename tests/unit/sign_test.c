#include "crypto/sign.h"

#include <setjmp.h>
#include <cmocka.h>

#include "crypto/crypto.h"
#include "crypto/token.h"

/* RFC 8032, 7.1, test 1: the empty text. */
static const char seed_hex[] =
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char public_hex[] =
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
static const char signature_hex[] =
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
    "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";

static void
test_rfc(void **state)
{
	char public[PUBLIC_KEY_HEX_SIZE], signature[SIGNATURE_HEX_SIZE];
	struct key seed;

	(void)state;
	assert_true(bytes_from_hex(seed_hex, seed.bytes, sizeof(seed.bytes)));
	assert_string_equal(sign_public_hex(&seed, public), public_hex);
	assert_string_equal(sign_hex(&seed, "", signature), signature_hex);
	assert_true(sign_verify(public_hex, "", signature_hex));
}

static void
test_refused(void **state)
{
	char changed[SIGNATURE_HEX_SIZE];

	(void)state;
	assert_false(sign_verify(public_hex, "x", signature_hex));
	assert_false(sign_verify(seed_hex, "", signature_hex));
	memcpy(changed, signature_hex, sizeof(changed));
	changed[10] = changed[10] == '0' ? '1' : '0';
	assert_false(sign_verify(public_hex, "", changed));
	assert_false(sign_verify(public_hex, "", ""));
	assert_false(sign_verify("", "", signature_hex));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc),
		cmocka_unit_test(test_refused),
	};

	crypto_start();
	return cmocka_run_group_tests_name("sign", tests, NULL, NULL);
}
