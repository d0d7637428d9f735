#include "crypto/webauthn.h"

#include <json-c/json.h>

#include "base/json.h"
#include "crypto/cbor.h"
#include "crypto/cose.h"
#include "crypto/token.h"

#define DATA_SIZE 37		/* hash, flags, count */
#define AAGUID_SIZE 16

enum { FLAG_UP = 1, FLAG_UV = 4, FLAG_BE = 8, FLAG_BS = 16, FLAG_AT = 64,
	FLAG_ED = 128 };

const char *
webauthn_fault_name(enum webauthn_fault fault)
{
	static const char *const names[WEBAUTHN_FAULT_COUNT] = {
		"good", "client-data", "type", "challenge", "origin", "data",
		"relying-party", "not-present", "not-verified", "attestation",
		"key", "signature",
	};

	return names[fault];
}

/* --- What the browser says (5.8.1) --- */

struct client {
	const char *type, *challenge, *origin;
	bool is_foreign;	/* asked from within another site's page */
};

/* A member that is a text without NUL, or "". */
static const char *
member(struct json_object *object, const char *name)
{
	struct json_object *value = json_member(object, name);
	const char *text;

	if (value == NULL || !json_object_is_type(value, json_type_string))
		return "";
	text = json_object_get_string(value);
	return strlen(text) == (size_t)json_object_get_string_len(value) ?
	    text : "";
}

static bool
read_client(struct arena *a, struct webauthn_bytes bytes,
    struct client *client)
{
	struct json_object *object = json_parse(a, arena_strndup(a,
	    (const char *)bytes.data, bytes.n), bytes.n);

	if (object == NULL || !json_object_is_type(object, json_type_object))
		return false;
	client->type = member(object, "type");
	client->challenge = member(object, "challenge");
	client->origin = member(object, "origin");
	client->is_foreign = json_object_get_boolean(json_member(object,
	    "crossOrigin")) || json_member(object, "topOrigin") != NULL;
	return client->challenge[0] != '\0';
}

const char *
webauthn_challenge(struct arena *a, struct webauthn_bytes client_data)
{
	struct client client;

	return read_client(a, client_data, &client) ? client.challenge : NULL;
}

/* 7.1, steps 5 to 10; 7.2, steps 9 to 14. */
static enum webauthn_fault
check_client(struct arena *a, const struct webauthn_expected *expected,
    const char *type, struct webauthn_bytes bytes)
{
	struct client client;

	if (!read_client(a, bytes, &client))
		return WEBAUTHN_CLIENT_DATA;
	if (!str_eq(client.type, type))
		return WEBAUTHN_TYPE;
	if (!equal_constant_time(client.challenge, expected->challenge))
		return WEBAUTHN_CHALLENGE;
	if (client.is_foreign || !str_eq(client.origin, expected->origin))
		return WEBAUTHN_ORIGIN;
	return WEBAUTHN_GOOD;
}

/* --- What the passkey says (6.1) --- */

/* The credential (6.5.1): AAGUID, the id after its length, the key. */
static bool
read_credential(struct cbor_reader *left, struct webauthn_data *data)
{
	const uint8_t *at = left->at + AAGUID_SIZE;

	if (left->n < AAGUID_SIZE + 2)
		return false;
	data->id.n = (size_t)at[0] << 8 | at[1];
	data->id.data = at + 2;
	if (data->id.n == 0 || data->id.n > WEBAUTHN_ID_MAX ||
	    data->id.n > left->n - AAGUID_SIZE - 2)
		return false;
	left->at = data->key.data = data->id.data + data->id.n;
	left->n -= AAGUID_SIZE + 2 + data->id.n;
	if (!cbor_reader_skip(left))
		return false;
	data->key.n = (size_t)(left->at - data->key.data);
	return true;
}

static bool
skip_extensions(struct cbor_reader *left)
{
	struct cbor_reader copy = *left;
	struct cbor_item_read item;

	return cbor_reader_next(&copy, &item) && item.kind == CBOR_MAP &&
	    cbor_reader_skip(left);
}

bool
webauthn_data_read(struct webauthn_bytes bytes, struct webauthn_data *data)
{
	struct cbor_reader left = { bytes.data + DATA_SIZE, 0 };
	const uint8_t *at = bytes.data + DIGEST_SIZE;
	uint8_t flags;

	if (bytes.n < DATA_SIZE)
		return false;
	left.n = bytes.n - DATA_SIZE;
	flags = at[0];
	*data = (struct webauthn_data){
		.rp_id_hash = bytes.data,
		.is_present = flags & FLAG_UP,
		.is_verified = flags & FLAG_UV,
		.may_be_copied = flags & FLAG_BE,
		.is_copied = flags & FLAG_BS,
		.sign_count = (uint32_t)at[1] << 24 | (uint32_t)at[2] << 16 |
		    (uint32_t)at[3] << 8 | at[4],
	};
	return (data->may_be_copied || !data->is_copied) &&
	    (!(flags & FLAG_AT) || read_credential(&left, data)) &&
	    (!(flags & FLAG_ED) || skip_extensions(&left)) && left.n == 0;
}

/* 7.1, steps 13 to 15; 7.2, steps 15 to 17. */
static enum webauthn_fault
check_data(const struct webauthn_expected *expected,
    struct webauthn_bytes bytes, struct webauthn_data *data)
{
	uint8_t hash[DIGEST_SIZE];

	if (!webauthn_data_read(bytes, data))
		return WEBAUTHN_DATA;
	digest_sha256(expected->rp_id, strlen(expected->rp_id), hash);
	if (memcmp(hash, data->rp_id_hash, sizeof(hash)) != 0)
		return WEBAUTHN_RP;
	if (!data->is_present)
		return WEBAUTHN_NOT_PRESENT;
	if (expected->needs_verified && !data->is_verified)
		return WEBAUTHN_NOT_VERIFIED;
	return WEBAUTHN_GOOD;
}

/* The signature is over both: what the passkey said, and the hash of what the
 * browser said (6.3.3, step 11). */
static bool
is_signed(struct arena *a, const struct cose_key *key,
    struct webauthn_bytes data, struct webauthn_bytes client_data,
    struct webauthn_bytes signature)
{
	uint8_t *text = arena_alloc(a, data.n + DIGEST_SIZE);

	memcpy(text, data.data, data.n);
	digest_sha256(client_data.data, client_data.n, text + data.n);
	return cose_verify(key, text, data.n + DIGEST_SIZE, signature.data,
	    signature.n);
}

/* --- A new credential --- */

/* An attestation object (6.5.4), as far as we take it. */
struct attestation {
	bool is_none, is_packed, has_others;
	int64_t algorithm;	/* of "packed" */
	struct webauthn_bytes data, signature;
};

/* attStmt: {} of "none", {alg, sig} of "packed" that vouches for itself. */
static bool
read_statement(struct cbor_reader *left, struct attestation *out)
{
	struct cbor_item_read map, name, value;

	if (!cbor_reader_next(left, &map) || map.kind != CBOR_MAP)
		return false;
	for (size_t i = 0; i < map.n; i++) {
		struct cbor_reader before;

		if (!cbor_reader_next(left, &name))
			return false;
		before = *left;
		if (!cbor_reader_next(left, &value))
			return false;
		if (cbor_item_is(&name, "alg") && value.kind == CBOR_NUMBER) {
			out->algorithm = value.number;
		} else if (cbor_item_is(&name, "sig") &&
		    value.kind == CBOR_BYTES) {
			out->signature = (struct webauthn_bytes){ value.data,
			    value.n };
		} else {
			out->has_others = true;
			*left = before;
			if (!cbor_reader_skip(left))
				return false;
		}
	}
	return true;
}

static bool
read_member(struct cbor_reader *left, struct attestation *out)
{
	struct cbor_item_read name, value;

	if (!cbor_reader_next(left, &name))
		return false;
	if (cbor_item_is(&name, "attStmt"))
		return read_statement(left, out);
	if (!cbor_reader_next(left, &value))
		return false;
	if (cbor_item_is(&name, "fmt")) {
		out->is_none = cbor_item_is(&value, "none");
		out->is_packed = cbor_item_is(&value, "packed");
	} else if (cbor_item_is(&name, "authData") && value.kind == CBOR_BYTES) {
		out->data = (struct webauthn_bytes){ value.data, value.n };
	} else {
		return false;
	}
	return true;
}

static bool
read_attestation(struct webauthn_bytes bytes, struct attestation *out)
{
	struct cbor_reader left = { bytes.data, bytes.n };
	struct cbor_item_read map;

	*out = (struct attestation){ .is_none = false };
	if (!cbor_reader_next(&left, &map) || map.kind != CBOR_MAP || map.n != 3)
		return false;
	for (size_t i = 0; i < map.n; i++)
		if (!read_member(&left, out))
			return false;
	return left.n == 0 && out->data.data != NULL;
}

enum webauthn_fault
webauthn_register(struct arena *a, const struct webauthn_expected *expected,
    struct webauthn_bytes client_data, struct webauthn_bytes bytes,
    struct webauthn_data *made)
{
	enum webauthn_fault fault = check_client(a, expected, "webauthn.create",
	    client_data);
	struct attestation attestation;
	struct cose_key key;
	bool is_bare;

	if (fault != WEBAUTHN_GOOD)
		return fault;
	if (!read_attestation(bytes, &attestation))
		return WEBAUTHN_ATTESTATION;
	if ((fault = check_data(expected, attestation.data, made)) !=
	    WEBAUTHN_GOOD)
		return fault;
	if (made->id.n == 0)
		return WEBAUTHN_DATA;
	if (!cose_key_read(made->key.data, made->key.n, &key))
		return WEBAUTHN_KEY;
	is_bare = attestation.is_none && !attestation.has_others &&
	    attestation.signature.n == 0;
	if (!is_bare && (!attestation.is_packed || attestation.has_others ||
	    attestation.algorithm != key.algorithm))
		return WEBAUTHN_ATTESTATION;
	return is_bare ? cose_key_is_good(&key) ? WEBAUTHN_GOOD : WEBAUTHN_KEY :
	    is_signed(a, &key, attestation.data, client_data,
	    attestation.signature) ? WEBAUTHN_GOOD : WEBAUTHN_SIGNATURE;
}

/* --- A known one --- */

enum webauthn_fault
webauthn_verify(struct arena *a, const struct webauthn_expected *expected,
    struct webauthn_bytes key_bytes, struct webauthn_bytes client_data,
    struct webauthn_bytes authenticator_data, struct webauthn_bytes signature,
    struct webauthn_data *shown)
{
	enum webauthn_fault fault = check_client(a, expected, "webauthn.get",
	    client_data);
	struct cose_key key;

	if (fault == WEBAUTHN_GOOD)
		fault = check_data(expected, authenticator_data, shown);
	if (fault != WEBAUTHN_GOOD)
		return fault;
	if (!cose_key_read(key_bytes.data, key_bytes.n, &key))
		return WEBAUTHN_KEY;
	return is_signed(a, &key, authenticator_data, client_data, signature) ?
	    WEBAUTHN_GOOD : WEBAUTHN_SIGNATURE;
}
