#include "crypto/cbor.h"

#include <cbor.h>

/* What libcbor calls back with; `is_bad` for what we do not read. */
struct heard {
	struct cbor_item_read item;
	bool is_bad;
};

static void
number(struct heard *heard, int64_t value)
{
	heard->item.kind = CBOR_NUMBER;
	heard->item.number = value;
}

static void
on_uint8(void *heard, uint8_t value)
{
	number(heard, value);
}

static void
on_uint16(void *heard, uint16_t value)
{
	number(heard, value);
}

static void
on_uint32(void *heard, uint32_t value)
{
	number(heard, value);
}

static void
on_uint64(void *heard, uint64_t value)
{
	((struct heard *)heard)->is_bad = value > INT64_MAX;
	number(heard, (int64_t)value);
}

/* CBOR's -1 - value. */
static void
on_negint8(void *heard, uint8_t value)
{
	number(heard, -1 - (int64_t)value);
}

static void
on_negint16(void *heard, uint16_t value)
{
	number(heard, -1 - (int64_t)value);
}

static void
on_negint32(void *heard, uint32_t value)
{
	number(heard, -1 - (int64_t)value);
}

static void
on_negint64(void *heard, uint64_t value)
{
	((struct heard *)heard)->is_bad = value > INT64_MAX;
	number(heard, -1 - (int64_t)(value & INT64_MAX));
}

static void
text(struct heard *heard, enum cbor_kind kind, const uint8_t *data, size_t n)
{
	heard->item = (struct cbor_item_read){ .kind = kind, .data = data,
	    .n = n };
}

static void
on_bytes(void *heard, cbor_data data, size_t n)
{
	text(heard, CBOR_BYTES, data, n);
}

static void
on_string(void *heard, cbor_data data, size_t n)
{
	text(heard, CBOR_TEXT, data, n);
}

static void
on_array(void *heard, size_t n)
{
	text(heard, CBOR_ARRAY, NULL, n);
}

static void
on_map(void *heard, size_t n)
{
	text(heard, CBOR_MAP, NULL, n);
}

/* Lengths that come later, and tags. */
static void
on_refused(void *heard)
{
	((struct heard *)heard)->is_bad = true;
}

static void
on_tag(void *heard, uint64_t value)
{
	(void)value;
	on_refused(heard);
}

bool
cbor_reader_next(struct cbor_reader *reader, struct cbor_item_read *item)
{
	struct cbor_callbacks callbacks = cbor_empty_callbacks;
	struct heard heard = { .item = { .kind = CBOR_OTHER } };
	struct cbor_decoder_result result;

	callbacks.uint8 = on_uint8;
	callbacks.uint16 = on_uint16;
	callbacks.uint32 = on_uint32;
	callbacks.uint64 = on_uint64;
	callbacks.negint8 = on_negint8;
	callbacks.negint16 = on_negint16;
	callbacks.negint32 = on_negint32;
	callbacks.negint64 = on_negint64;
	callbacks.byte_string = on_bytes;
	callbacks.string = on_string;
	callbacks.array_start = on_array;
	callbacks.map_start = on_map;
	callbacks.byte_string_start = callbacks.string_start = on_refused;
	callbacks.indef_array_start = callbacks.indef_map_start = on_refused;
	callbacks.indef_break = on_refused;
	callbacks.tag = on_tag;
	result = cbor_stream_decode(reader->at, reader->n, &callbacks, &heard);
	if (result.status != CBOR_DECODER_FINISHED || heard.is_bad ||
	    result.read == 0 || result.read > reader->n)
		return false;
	reader->at += result.read;
	reader->n -= result.read;
	*item = heard.item;
	return true;
}

static bool
skip(struct cbor_reader *reader, int depth)
{
	struct cbor_item_read item;
	size_t left;

	if (depth > CBOR_DEPTH_MAX || !cbor_reader_next(reader, &item))
		return false;
	if (item.kind != CBOR_ARRAY && item.kind != CBOR_MAP)
		return true;
	if (item.n > reader->n)
		return false;	/* each takes a byte at least */
	for (left = item.kind == CBOR_MAP ? 2 * item.n : item.n; left > 0; left--)
		if (!skip(reader, depth + 1))
			return false;
	return true;
}

bool
cbor_reader_skip(struct cbor_reader *reader)
{
	return skip(reader, 0);
}

bool
cbor_item_is(const struct cbor_item_read *item, const char *word)
{
	return item->kind == CBOR_TEXT && item->n == strlen(word) &&
	    memcmp(item->data, word, item->n) == 0;
}
