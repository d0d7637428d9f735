/*
 * Reading CBOR (RFC 8949) as authenticators write it: definite lengths, whole
 * numbers, texts, bytes, arrays, maps. libcbor decodes item by item, so nothing
 * is allocated for a length that somebody only claims.
 */
#ifndef ZOCO_CRYPTO_CBOR_H
#define ZOCO_CRYPTO_CBOR_H

#include "base/base.h"

#define CBOR_DEPTH_MAX 8

enum cbor_kind {
	CBOR_OTHER,		/* true, null, a fraction: of no use to us */
	CBOR_NUMBER,		/* `number` */
	CBOR_BYTES, CBOR_TEXT,	/* `data` of `n` bytes, in the input */
	CBOR_ARRAY, CBOR_MAP,	/* of `n` elements or pairs, which follow */
};

struct cbor_item_read {
	enum cbor_kind kind;
	int64_t number;
	const uint8_t *data;
	size_t n;
};

/* What is left of the input. */
struct cbor_reader {
	const uint8_t *at;
	size_t n;
};

/* The next item; false at the end, and for what is none or of no kind above. */
bool cbor_reader_next(struct cbor_reader *, struct cbor_item_read *);

/* Over the next item and all that is in it, down to CBOR_DEPTH_MAX. */
bool cbor_reader_skip(struct cbor_reader *);

/* Is the item this text? */
bool cbor_item_is(const struct cbor_item_read *, const char *text);

#endif
