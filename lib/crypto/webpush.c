#include "crypto/webpush.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>

#include "crypto/token.h"

#define KEY_SIZE 16
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define RECORD_SIZE 4096

bool
webpush_public_key(const uint8_t private_key[WEBPUSH_PRIVATE_SIZE],
    uint8_t public_key[WEBPUSH_PUBLIC_SIZE])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	BIGNUM *scalar = BN_bin2bn(private_key, WEBPUSH_PRIVATE_SIZE, NULL);
	EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
	bool good = point != NULL && scalar != NULL && !BN_is_zero(scalar) &&
	    BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0 &&
	    EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) == 1 &&
	    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED,
	    public_key, WEBPUSH_PUBLIC_SIZE, NULL) == WEBPUSH_PUBLIC_SIZE;

	EC_POINT_free(point);
	BN_clear_free(scalar);
	EC_GROUP_free(group);
	return good;
}

/* A key of P-256; private_key may be NULL. The caller's, or NULL. */
static EVP_PKEY *
key_of(const uint8_t *private_key,
    const uint8_t public_key[WEBPUSH_PUBLIC_SIZE])
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	BIGNUM *scalar = private_key == NULL ? NULL :
	    BN_bin2bn(private_key, WEBPUSH_PRIVATE_SIZE, NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (build != NULL && context != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
	    "prime256v1", 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
	    public_key, WEBPUSH_PUBLIC_SIZE) == 1 &&
	    (scalar == NULL || OSSL_PARAM_BLD_push_BN(build,
	    OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1) &&
	    (params = OSSL_PARAM_BLD_to_param(build)) != NULL &&
	    EVP_PKEY_fromdata_init(context) == 1)
		EVP_PKEY_fromdata(context, &key, scalar != NULL ?
		    EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	BN_clear_free(scalar);
	return key;
}

/* The shared secret of ECDH. */
static bool
agree(EVP_PKEY *ours, EVP_PKEY *theirs, uint8_t secret[32])
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(ours, NULL);
	size_t n = 32;
	bool good = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
	    EVP_PKEY_derive_set_peer(context, theirs) == 1 &&
	    EVP_PKEY_derive(context, secret, &n) == 1 && n == 32;

	EVP_PKEY_CTX_free(context);
	return good;
}

/* HKDF with SHA-256 (RFC 5869). */
static bool
derive(const void *salt, size_t salt_n, const void *key, size_t key_n,
    const void *info, size_t info_n, uint8_t *out, size_t n)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	bool good = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
	    EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256()) == 1 &&
	    EVP_PKEY_CTX_set1_hkdf_salt(context, salt, (int)salt_n) == 1 &&
	    EVP_PKEY_CTX_set1_hkdf_key(context, key, (int)key_n) == 1 &&
	    EVP_PKEY_CTX_add1_hkdf_info(context, info, (int)info_n) == 1 &&
	    EVP_PKEY_derive(context, out, &n) == 1;

	EVP_PKEY_CTX_free(context);
	return good;
}

static bool
put_sealed(const uint8_t key[KEY_SIZE], const uint8_t nonce[NONCE_SIZE],
    const void *text, size_t n, struct buf *body)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t sealed[WEBPUSH_TEXT_MAX + 1], tag[TAG_SIZE];
	static const uint8_t last_record = 2;
	int text_n = 0, end_n = 0, none = 0;
	bool good = context != NULL && EVP_EncryptInit_ex(context,
	    EVP_aes_128_gcm(), NULL, key, nonce) == 1 &&
	    EVP_EncryptUpdate(context, sealed, &text_n, text, (int)n) == 1 &&
	    EVP_EncryptUpdate(context, sealed + text_n, &end_n, &last_record,
	    1) == 1 && EVP_EncryptFinal_ex(context, tag, &none) == 1 &&
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, tag) == 1;

	EVP_CIPHER_CTX_free(context);
	buf_add(body, sealed, (size_t)(text_n + end_n));
	buf_add(body, tag, TAG_SIZE);
	return good && !body->overflow;
}

bool
webpush_encrypt_with(const uint8_t ua_public[WEBPUSH_PUBLIC_SIZE],
    const uint8_t auth[WEBPUSH_AUTH_SIZE],
    const uint8_t as_private[WEBPUSH_PRIVATE_SIZE],
    const uint8_t salt[WEBPUSH_SALT_SIZE], const void *text, size_t n,
    struct buf *body)
{
	static const char key_info[] = "Content-Encoding: aes128gcm";
	static const char nonce_info[] = "Content-Encoding: nonce";
	uint8_t as_public[WEBPUSH_PUBLIC_SIZE], secret[32], seed[32];
	uint8_t info[14 + 2 * WEBPUSH_PUBLIC_SIZE] = "WebPush: info";
	uint8_t key[KEY_SIZE], nonce[NONCE_SIZE];
	const uint8_t head[] = { 0, 0, RECORD_SIZE >> 8, 0, WEBPUSH_PUBLIC_SIZE };
	EVP_PKEY *ours, *theirs;
	bool good;

	if (n > WEBPUSH_TEXT_MAX || !webpush_public_key(as_private, as_public))
		return false;
	memcpy(info + 14, ua_public, WEBPUSH_PUBLIC_SIZE);
	memcpy(info + 14 + WEBPUSH_PUBLIC_SIZE, as_public, WEBPUSH_PUBLIC_SIZE);
	ours = key_of(as_private, as_public);
	theirs = key_of(NULL, ua_public);
	good = ours != NULL && theirs != NULL && agree(ours, theirs, secret) &&
	    derive(auth, WEBPUSH_AUTH_SIZE, secret, sizeof(secret), info,
	    sizeof(info), seed, sizeof(seed)) &&
	    derive(salt, WEBPUSH_SALT_SIZE, seed, sizeof(seed), key_info,
	    sizeof(key_info), key, sizeof(key)) &&
	    derive(salt, WEBPUSH_SALT_SIZE, seed, sizeof(seed), nonce_info,
	    sizeof(nonce_info), nonce, sizeof(nonce));
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
	if (!good)
		return false;
	buf_add(body, salt, WEBPUSH_SALT_SIZE);
	buf_add(body, head, sizeof(head));
	buf_add(body, as_public, WEBPUSH_PUBLIC_SIZE);
	return put_sealed(key, nonce, text, n, body);
}

bool
webpush_encrypt(const uint8_t ua_public[WEBPUSH_PUBLIC_SIZE],
    const uint8_t auth[WEBPUSH_AUTH_SIZE], const void *text, size_t n,
    struct buf *body)
{
	uint8_t as_private[WEBPUSH_PRIVATE_SIZE], salt[WEBPUSH_SALT_SIZE];

	random_bytes(as_private, sizeof(as_private));
	random_bytes(salt, sizeof(salt));
	return webpush_encrypt_with(ua_public, auth, as_private, salt, text, n,
	    body);
}

bool
webpush_sign(const uint8_t private_key[WEBPUSH_PRIVATE_SIZE],
    const char *text, uint8_t signature[64])
{
	uint8_t public_key[WEBPUSH_PUBLIC_SIZE], der[80];
	const uint8_t *at = der;
	size_t n = sizeof(der);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY *key = webpush_public_key(private_key, public_key) ?
	    key_of(private_key, public_key) : NULL;
	ECDSA_SIG *pair = NULL;
	bool good = key != NULL && context != NULL &&
	    EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(context, der, &n, (const uint8_t *)text,
	    strlen(text)) == 1 &&
	    (pair = d2i_ECDSA_SIG(NULL, &at, (long)n)) != NULL &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32) == 32 &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32) == 32;

	ECDSA_SIG_free(pair);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}
