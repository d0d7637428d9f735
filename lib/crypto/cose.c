#include "crypto/cose.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "crypto/cbor.h"
#include "crypto/webauthn.h"

#define POINT_SIZE 32
#define MODULUS_MIN 256
#define MODULUS_MAX 512
#define EXPONENT_MAX 4

/* RFC 9052, table 4, and the parameters of each type. */
enum { LABEL_TYPE = 1, LABEL_ALGORITHM = 3, LABEL_CURVE = -1, LABEL_X = -2,
	LABEL_Y = -3, LABEL_MODULUS = -1, LABEL_EXPONENT = -2 };
enum { TYPE_OKP = 1, TYPE_EC2 = 2, TYPE_RSA = 3 };
enum { CURVE_P256 = 1, CURVE_ED25519 = 6 };

static bool
put(struct cose_part *part, const struct cbor_item_read *item)
{
	if (item->kind != CBOR_BYTES || part->data != NULL)
		return false;
	*part = (struct cose_part){ item->data, item->n };
	return true;
}

static bool
put_number(int64_t *number, const struct cbor_item_read *item)
{
	if (item->kind != CBOR_NUMBER || *number != 0)
		return false;
	*number = item->number;
	return true;
}

/* -1 is a curve, or of RSA the modulus: told apart by what it holds. */
static bool
put_label(struct cose_key *key, int64_t label,
    const struct cbor_item_read *item)
{
	switch (label) {
	case LABEL_TYPE:
		return put_number(&key->type, item);
	case LABEL_ALGORITHM:
		return put_number(&key->algorithm, item);
	case LABEL_CURVE:
		return item->kind == CBOR_BYTES ? put(&key->modulus, item) :
		    put_number(&key->curve, item);
	case LABEL_X:
		return put(&key->x, item);
	case LABEL_Y:
		return put(&key->y, item);
	default:
		return false;	/* nothing else belongs into a public key */
	}
}

static bool
is_known(const struct cose_key *k)
{
	switch (k->algorithm) {
	case WEBAUTHN_ES256:
		return k->type == TYPE_EC2 && k->curve == CURVE_P256 &&
		    k->x.n == POINT_SIZE && k->y.n == POINT_SIZE;
	case WEBAUTHN_EDDSA:
		return k->type == TYPE_OKP && k->curve == CURVE_ED25519 &&
		    k->x.n == POINT_SIZE && k->y.data == NULL;
	case WEBAUTHN_RS256:
		return k->type == TYPE_RSA && k->modulus.n >= MODULUS_MIN &&
		    k->modulus.n <= MODULUS_MAX && k->modulus.data[0] != 0 &&
		    k->modulus.data[k->modulus.n - 1] & 1 && k->x.n > 0 &&
		    k->x.n <= EXPONENT_MAX && k->x.data[k->x.n - 1] & 1 &&
		    (k->x.n > 1 || k->x.data[0] > 1) && k->y.data == NULL;
	default:
		return false;
	}
}

bool
cose_key_read(const uint8_t *bytes, size_t n, struct cose_key *key)
{
	struct cbor_reader left = { bytes, n };
	struct cbor_item_read map, label, value;

	*key = (struct cose_key){ .type = 0 };
	if (!cbor_reader_next(&left, &map) || map.kind != CBOR_MAP)
		return false;
	for (size_t i = 0; i < map.n; i++)
		if (!cbor_reader_next(&left, &label) ||
		    label.kind != CBOR_NUMBER ||
		    !cbor_reader_next(&left, &value) ||
		    !put_label(key, label.number, &value))
			return false;
	return left.n == 0 && is_known(key);
}

static bool
push_number(OSSL_PARAM_BLD *build, const char *name,
    const struct cose_part *part, BIGNUM **number)
{
	*number = BN_bin2bn(part->data, (int)part->n, NULL);
	return *number != NULL && OSSL_PARAM_BLD_push_BN(build, name, *number) == 1;
}

/* The parameters of a key of P-256 or RSA; numbers live as long as they do. */
static bool
push_key(OSSL_PARAM_BLD *build, const struct cose_key *k,
    uint8_t point[1 + 2 * POINT_SIZE], BIGNUM *numbers[2])
{
	if (k->type == TYPE_RSA)
		return push_number(build, OSSL_PKEY_PARAM_RSA_N, &k->modulus,
		    &numbers[0]) && push_number(build, OSSL_PKEY_PARAM_RSA_E, &k->x,
		    &numbers[1]);
	point[0] = POINT_CONVERSION_UNCOMPRESSED;
	memcpy(point + 1, k->x.data, POINT_SIZE);
	memcpy(point + 1 + POINT_SIZE, k->y.data, POINT_SIZE);
	return OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
	    "prime256v1", 0) == 1 && OSSL_PARAM_BLD_push_octet_string(build,
	    OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * POINT_SIZE) == 1;
}

/* The caller's, or NULL. */
static EVP_PKEY *
openssl_key(const struct cose_key *k)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL,
	    k->type == TYPE_RSA ? "RSA" : "EC", NULL);
	uint8_t point[1 + 2 * POINT_SIZE];
	BIGNUM *numbers[2] = { NULL, NULL };
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (k->type == TYPE_OKP)
		key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
		    k->x.data, k->x.n);
	else if (build != NULL && context != NULL &&
	    push_key(build, k, point, numbers) &&
	    (params = OSSL_PARAM_BLD_to_param(build)) != NULL &&
	    EVP_PKEY_fromdata_init(context) == 1)
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	BN_free(numbers[0]);
	BN_free(numbers[1]);
	return key;
}

bool
cose_key_is_good(const struct cose_key *k)
{
	EVP_PKEY *key = openssl_key(k);
	EVP_PKEY_CTX *context = key == NULL ? NULL :
	    EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool good = context != NULL && (k->type == TYPE_OKP ||
	    EVP_PKEY_public_check_quick(context) == 1);

	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

bool
cose_verify(const struct cose_key *k, const uint8_t *text, size_t text_n,
    const uint8_t *signature, size_t signature_n)
{
	EVP_PKEY *key = openssl_key(k);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = key != NULL && context != NULL &&
	    EVP_DigestVerifyInit(context, NULL, k->type == TYPE_OKP ? NULL :
	    EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestVerify(context, signature, signature_n, text, text_n) == 1;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}
