/* A passkey of our own, with each kind of key: what it says is taken, and what
 * is wrong with it is named. */
#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/buf.h"
#include "crypto/cbor.h"
#include "crypto/cose.h"
#include "crypto/token.h"
#include "crypto/webauthn.h"

static const struct webauthn_expected expected = {
	"Y2hhbGxlbmdl", "https://shop.example", "shop.example", false
};

static const int64_t algorithms[] = {
	WEBAUTHN_ES256, WEBAUTHN_EDDSA, WEBAUTHN_RS256
};

/* A passkey, and how it differs from one that is right. */
struct passkey {
	EVP_PKEY *pair;
	int64_t algorithm;
	const char *type, *challenge, *origin, *more, *rp_id;
	uint8_t flags;
	uint32_t count;
};

static struct passkey
passkey_new(int64_t algorithm)
{
	EVP_PKEY *pair = algorithm == WEBAUTHN_ES256 ? EVP_EC_gen("P-256") :
	    algorithm == WEBAUTHN_RS256 ? EVP_RSA_gen(2048) :
	    EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	assert_non_null(pair);
	return (struct passkey){ pair, algorithm, "webauthn.get",
	    expected.challenge, expected.origin, "", expected.rp_id, 5, 7 };
}

static struct webauthn_bytes
bytes_of(const struct buf *b)
{
	return (struct webauthn_bytes){ (const uint8_t *)b->data, b->len };
}

static struct buf
buf_of(struct arena *a)
{
	struct buf b;

	buf_init(&b, a, 8192);
	return b;
}

static struct webauthn_bytes
client_data(struct arena *a, const struct passkey *p)
{
	struct buf b = buf_of(a);

	buf_printf(&b, "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\"%s}",
	    p->type, p->challenge, p->origin, p->more);
	return bytes_of(&b);
}

/* The head of a byte string of less than 64 KiB. */
static void
put_bytes(struct buf *b, const void *data, size_t n)
{
	buf_putc(b, 0x59);
	buf_putc(b, (char)(n >> 8));
	buf_putc(b, (char)n);
	buf_add(b, data, n);
}

static void
put_number(struct buf *b, EVP_PKEY *pair, const char *name, size_t n)
{
	uint8_t bytes[512];
	BIGNUM *number = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(pair, name, &number), 1);
	assert_int_equal(BN_bn2binpad(number, bytes, (int)n), n);
	BN_free(number);
	put_bytes(b, bytes, n);
}

static void
put_key(struct buf *b, const struct passkey *p)
{
	uint8_t x[32];
	size_t n = sizeof(x);

	switch (p->algorithm) {
	case WEBAUTHN_ES256:
		buf_add(b, BYTES("\xa5\x01\x02\x03\x26\x20\x01\x21"));
		put_number(b, p->pair, OSSL_PKEY_PARAM_EC_PUB_X, 32);
		buf_putc(b, 0x22);
		put_number(b, p->pair, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
		break;
	case WEBAUTHN_EDDSA:
		assert_int_equal(EVP_PKEY_get_raw_public_key(p->pair, x, &n), 1);
		buf_add(b, BYTES("\xa4\x01\x01\x03\x27\x20\x06\x21"));
		put_bytes(b, x, n);
		break;
	default:
		buf_add(b, BYTES("\xa4\x01\x03\x03\x39\x01\x00\x20"));
		put_number(b, p->pair, OSSL_PKEY_PARAM_RSA_N, 256);
		buf_putc(b, 0x21);
		put_number(b, p->pair, OSSL_PKEY_PARAM_RSA_E, 3);
	}
}

static struct webauthn_bytes
authenticator_data(struct arena *a, const struct passkey *p)
{
	struct buf b = buf_of(a);
	uint8_t hash[DIGEST_SIZE];

	digest_sha256(p->rp_id, strlen(p->rp_id), hash);
	buf_add(&b, hash, sizeof(hash));
	buf_putc(&b, (char)p->flags);
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_putc(&b, (char)(p->count >> shift));
	if (p->flags & 64) {
		buf_add(&b, "0123456789abcdef", 16);
		buf_add(&b, BYTES("\0\4the1"));
		put_key(&b, p);
	}
	if (p->flags & 128)
		buf_add(&b, BYTES("\xa1\x6b" "credProtect\x02"));
	return bytes_of(&b);
}

static struct webauthn_bytes
signature_of(struct arena *a, const struct passkey *p,
    struct webauthn_bytes data, struct webauthn_bytes client)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t hash[DIGEST_SIZE], *out = arena_alloc(a, 512);
	struct buf text = buf_of(a);
	size_t n = 512;

	digest_sha256(client.data, client.n, hash);
	buf_add(&text, data.data, data.n);
	buf_add(&text, hash, sizeof(hash));
	assert_int_equal(EVP_DigestSignInit(context, NULL,
	    p->algorithm == WEBAUTHN_EDDSA ? NULL : EVP_sha256(), NULL, p->pair),
	    1);
	assert_int_equal(EVP_DigestSign(context, out, &n,
	    (const uint8_t *)text.data, text.len), 1);
	EVP_MD_CTX_free(context);
	return (struct webauthn_bytes){ out, n };
}

static struct webauthn_bytes
attestation(struct arena *a, const char *head, struct webauthn_bytes data)
{
	struct buf b = buf_of(a);

	buf_add(&b, BYTES("\xa3\x63" "fmt"));
	buf_puts(&b, head);
	buf_add(&b, BYTES("\x67" "attStmt\xa0\x68" "authData"));
	put_bytes(&b, data.data, data.n);
	return bytes_of(&b);
}

static enum webauthn_fault
registered(struct arena *a, const struct passkey *p, struct webauthn_data *made)
{
	return webauthn_register(a, &expected, client_data(a, p),
	    attestation(a, "\x64none", authenticator_data(a, p)), made);
}

/* Registered as the passkey ought to be, then shown as it is. */
static enum webauthn_fault
shown(struct arena *a, const struct passkey *p, bool needs_verified)
{
	struct webauthn_expected e = expected;
	struct buf key = buf_of(a);
	struct webauthn_data data;
	struct webauthn_bytes said = client_data(a, p),
	    bytes = authenticator_data(a, p);

	put_key(&key, p);
	e.needs_verified = needs_verified;
	return webauthn_verify(a, &e, bytes_of(&key), said, bytes,
	    signature_of(a, p, bytes, said), &data);
}

TEST(each_kind_of_key_is_taken)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		struct passkey p = passkey_new(algorithms[i]);
		struct webauthn_data made;

		assert_int_equal(shown(a, &p, true), WEBAUTHN_GOOD);
		p.type = "webauthn.create";
		p.flags = 64 | 128 | 5;
		assert_int_equal(registered(a, &p, &made), WEBAUTHN_GOOD);
		assert_int_equal(made.id.n, 4);
		assert_memory_equal(made.id.data, "the1", 4);
		assert_int_equal(made.sign_count, 7);
		assert_true(made.is_verified && !made.may_be_copied);
		EVP_PKEY_free(p.pair);
	}
	arena_free(a);
}

/* What differs, and the fault that it is. */
TEST(what_is_wrong_is_named)
{
	static const struct {
		struct passkey differs;
		enum webauthn_fault fault;
	} cases[] = {
		{ { .type = "webauthn.create" }, WEBAUTHN_TYPE },
		{ { .challenge = "YW5vdGhlcg" }, WEBAUTHN_CHALLENGE },
		{ { .challenge = "" }, WEBAUTHN_CLIENT_DATA },
		{ { .origin = "https://evil.example" }, WEBAUTHN_ORIGIN },
		{ { .origin = "http://shop.example" }, WEBAUTHN_ORIGIN },
		{ { .origin = "https://shop.example\\u0000.evil" }, WEBAUTHN_ORIGIN },
		{ { .origin = "https://shop.example:444" }, WEBAUTHN_ORIGIN },
		{ { .more = ",\"crossOrigin\":true" }, WEBAUTHN_ORIGIN },
		{ { .more = ",\"topOrigin\":\"https://evil.example\"" },
		    WEBAUTHN_ORIGIN },
		{ { .more = ",x" }, WEBAUTHN_CLIENT_DATA },
		{ { .rp_id = "evil.example" }, WEBAUTHN_RP },
		{ { .rp_id = "example" }, WEBAUTHN_RP },
		{ { .flags = 4 }, WEBAUTHN_NOT_PRESENT },
		{ { .flags = 1 }, WEBAUTHN_NOT_VERIFIED },
		{ { .flags = 16 | 5 }, WEBAUTHN_DATA },	/* a copy that cannot be */
	};
	struct passkey right = passkey_new(WEBAUTHN_ES256);
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct passkey *d = &cases[i].differs;
		struct passkey p = right;

		p.type = d->type != NULL ? d->type : p.type;
		p.challenge = d->challenge != NULL ? d->challenge : p.challenge;
		p.origin = d->origin != NULL ? d->origin : p.origin;
		p.more = d->more != NULL ? d->more : p.more;
		p.rp_id = d->rp_id != NULL ? d->rp_id : p.rp_id;
		p.flags = d->flags != 0 ? d->flags : p.flags;
		if (shown(a, &p, true) != cases[i].fault)
			fail_msg("case %zu: %s", i,
			    webauthn_fault_name(shown(a, &p, true)));
	}
	right.flags = 1;
	assert_int_equal(shown(a, &right, false), WEBAUTHN_GOOD);
	EVP_PKEY_free(right.pair);
	arena_free(a);
}

/* One bit anywhere, another's key, another's words: no signature of it. */
TEST(nothing_can_be_changed)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		struct passkey p = passkey_new(algorithms[i]);
		struct passkey other = passkey_new(algorithms[i]);
		struct buf key = buf_of(a), others = buf_of(a);
		struct webauthn_bytes said = client_data(a, &p), more,
		    data = authenticator_data(a, &p);
		struct webauthn_bytes signature = signature_of(a, &p, data, said);
		uint8_t *changed = arena_alloc(a, signature.n);
		struct webauthn_data read;

		put_key(&key, &p);
		put_key(&others, &other);
		assert_int_equal(webauthn_verify(a, &expected, bytes_of(&others),
		    said, data, signature, &read), WEBAUTHN_SIGNATURE);
		p.more = ",\"x\":1";
		more = client_data(a, &p);
		assert_int_equal(webauthn_verify(a, &expected, bytes_of(&key),
		    more, data, signature, &read), WEBAUTHN_SIGNATURE);
		memcpy(changed, signature.data, signature.n);
		changed[signature.n / 2] ^= 1;
		assert_int_equal(webauthn_verify(a, &expected, bytes_of(&key),
		    said, data, (struct webauthn_bytes){ changed, signature.n },
		    &read), WEBAUTHN_SIGNATURE);
		p.count = 8;
		assert_int_equal(webauthn_verify(a, &expected, bytes_of(&key),
		    said, authenticator_data(a, &p), signature, &read),
		    WEBAUTHN_SIGNATURE);
		EVP_PKEY_free(p.pair);
		EVP_PKEY_free(other.pair);
	}
	arena_free(a);
}

/* "none" says nothing; "packed" is signed by the key itself, or refused. */
TEST(attestations)
{
	struct passkey p = passkey_new(WEBAUTHN_ES256);
	struct arena *a = arena_new();
	struct webauthn_bytes said, data, signature;
	struct buf b = buf_of(a);
	struct webauthn_data made;

	p.type = "webauthn.create";
	p.flags = 64 | 1;
	said = client_data(a, &p);
	data = authenticator_data(a, &p);
	assert_int_equal(webauthn_register(a, &expected, said, attestation(a,
	    "\x66packed", data), &made), WEBAUTHN_ATTESTATION);
	assert_int_equal(webauthn_register(a, &expected, said, attestation(a,
	    "\x63tpm", data), &made), WEBAUTHN_ATTESTATION);
	signature = signature_of(a, &p, data, said);
	buf_add(&b, BYTES("\xa3\x63" "fmt\x66packed\x67" "attStmt\xa2\x63"
	    "alg\x26\x63" "sig"));
	put_bytes(&b, signature.data, signature.n);
	buf_add(&b, BYTES("\x68" "authData"));
	put_bytes(&b, data.data, data.n);
	assert_int_equal(webauthn_register(a, &expected, said, bytes_of(&b),
	    &made), WEBAUTHN_GOOD);
	p.more = ",\"x\":1";
	assert_int_equal(webauthn_register(a, &expected, client_data(a, &p),
	    bytes_of(&b), &made), WEBAUTHN_SIGNATURE);
	p.more = "";
	p.flags = 1;	/* no credential in it */
	assert_int_equal(registered(a, &p, &made), WEBAUTHN_DATA);
	EVP_PKEY_free(p.pair);
	arena_free(a);
}

TEST(weak_and_odd_keys)
{
	struct arena *a = arena_new();
	struct cose_key read;
	struct passkey p = passkey_new(WEBAUTHN_RS256);
	struct buf key = buf_of(a);
	uint8_t *point;

	put_key(&key, &p);
	assert_true(cose_key_read((uint8_t *)key.data, key.len, &read));
	for (size_t n = 0; n < key.len; n++)	/* cut anywhere */
		assert_false(cose_key_read((uint8_t *)key.data, n, &read));
	buf_putc(&key, 0);			/* and with something behind */
	assert_false(cose_key_read((uint8_t *)key.data, key.len, &read));
	EVP_PKEY_free(p.pair);
	p = passkey_new(WEBAUTHN_RS256);
	EVP_PKEY_free(p.pair);
	p.pair = EVP_RSA_gen(1024);		/* too short */
	buf_truncate(&key, 0);
	buf_add(&key, BYTES("\xa4\x01\x03\x03\x39\x01\x00\x20"));
	put_number(&key, p.pair, OSSL_PKEY_PARAM_RSA_N, 128);
	buf_putc(&key, 0x21);
	put_number(&key, p.pair, OSSL_PKEY_PARAM_RSA_E, 3);
	assert_false(cose_key_read((uint8_t *)key.data, key.len, &read));
	EVP_PKEY_free(p.pair);
	p = passkey_new(WEBAUTHN_ES256);
	buf_truncate(&key, 0);
	put_key(&key, &p);
	assert_true(cose_key_read((uint8_t *)key.data, key.len, &read));
	assert_true(cose_key_is_good(&read));
	point = (uint8_t *)key.data + key.len - 1;
	*point ^= 1;				/* no point of the curve */
	assert_true(cose_key_read((uint8_t *)key.data, key.len, &read));
	assert_false(cose_key_is_good(&read));
	EVP_PKEY_free(p.pair);
	arena_free(a);
}

/* Claims of lengths, depths and kinds that are not there. */
TEST(hostile_cbor)
{
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
		{ BYTES("") }, { BYTES("\x59\xff\xff") }, { BYTES("\x18") },
		{ BYTES("\x5b\xff\xff\xff\xff\xff\xff\xff\xff") },
		{ BYTES("\xbb\xff\xff\xff\xff\xff\xff\xff\xff") },
		{ BYTES("\x9b\x7f\xff\xff\xff\xff\xff\xff\xff") },
		{ BYTES("\x1b\xff\xff\xff\xff\xff\xff\xff\xff") },
		{ BYTES("\x3b\xff\xff\xff\xff\xff\xff\xff\xff") },
		{ BYTES("\x9f\x01\xff") }, { BYTES("\xbf\xff") },
		{ BYTES("\x5f\x41x\xff") }, { BYTES("\xc0\x01") },
		{ BYTES("\xff") }, { BYTES("\x1c") }, { BYTES("\xa1\x01") },
		{ BYTES("\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x01") },
	};
	struct cbor_reader left = { (const uint8_t *)"\x82\x01\xf5", 3 };

	assert_true(cbor_reader_skip(&left));
	assert_int_equal(left.n, 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		left = (struct cbor_reader){ (const uint8_t *)bad[i].bytes,
		    bad[i].n };
		if (cbor_reader_skip(&left))
			fail_msg("case %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_key_is_taken),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(nothing_can_be_changed),
		cmocka_unit_test(attestations),
		cmocka_unit_test(weak_and_odd_keys),
		cmocka_unit_test(hostile_cbor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
