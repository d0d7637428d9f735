/*
 * Whatever a passkey may say is read within its bytes, and what is read of it
 * keeps its promises.
 */
#include "crypto/webauthn.h"

#include "crypto/cbor.h"
#include "crypto/cose.h"
#include "tests/fuzz/fuzz.h"

static bool
is_within(const uint8_t *at, size_t at_n, const uint8_t *data, size_t n)
{
	return at_n == 0 || (at >= data && at_n <= n &&
	    (size_t)(at - data) <= n - at_n);
}

/* Item by item to the end, or to what is none. */
static void
check_items(const uint8_t *data, size_t n)
{
	struct cbor_reader left = { data, n }, whole = left;
	struct cbor_item_read item;

	while (cbor_reader_next(&left, &item)) {
		assert(is_within(left.at, left.n, data, n));
		if (item.kind == CBOR_BYTES || item.kind == CBOR_TEXT)
			assert(is_within(item.data, item.n, data, n));
	}
	if (cbor_reader_skip(&whole))
		assert(whole.at > data && whole.n < n);
}

static void
check_data(struct webauthn_bytes bytes)
{
	struct webauthn_data read;
	struct cose_key key;

	if (!webauthn_data_read(bytes, &read))
		return;
	assert(bytes.n >= 37 && read.id.n <= WEBAUTHN_ID_MAX);
	assert(is_within(read.id.data, read.id.n, bytes.data, bytes.n));
	assert(is_within(read.key.data, read.key.n, bytes.data, bytes.n));
	assert(read.may_be_copied || !read.is_copied);
	if (read.key.n > 0 && cose_key_read(read.key.data, read.key.n, &key))
		assert(key.algorithm == WEBAUTHN_ES256 ||
		    key.algorithm == WEBAUTHN_EDDSA ||
		    key.algorithm == WEBAUTHN_RS256);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char client[] = "{\"type\":\"webauthn.create\","
	    "\"challenge\":\"x\",\"origin\":\"https://shop.example\"}";
	static const struct webauthn_expected expected = {
		"x", "https://shop.example", "shop.example", false
	};
	const struct webauthn_bytes bytes = { data, n };
	struct arena *a = arena_new();
	struct webauthn_data made;

	check_items(data, n);
	check_data(bytes);
	webauthn_challenge(a, bytes);
	if (webauthn_register(a, &expected, (struct webauthn_bytes){
	    (const uint8_t *)client, sizeof(client) - 1 }, bytes, &made) ==
	    WEBAUTHN_GOOD)
		assert(is_within(made.key.data, made.key.n, data, n));
	arena_free(a);
	return 0;
}
