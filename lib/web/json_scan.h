/*
 * Is this text JSON? Asked before json-c sees it, which even when strict lets
 * pass duplicate members, names cut at NUL, NaN, lone surrogates, raw line
 * breaks, and clamps numbers that it cannot hold.
 *
 * JSON_GRAMMAR is RFC 8259 to the letter. What that leaves open: text that is
 * not UTF-8, a byte order mark, and nesting beyond JSON_GRAMMAR_DEPTH are
 * refused; lone surrogates in escapes and numbers of any size are accepted.
 *
 * JSON_STRICT is I-JSON (RFC 7493), for everything that is sent to us, with the
 * limits below. Whatever it accepts, json-c reads as it stands.
 *
 * One pass; the time is linear in n, since a name is compared with at most
 * JSON_MEMBERS_MAX others.
 */
#ifndef ZOCO_WEB_JSON_SCAN_H
#define ZOCO_WEB_JSON_SCAN_H

#include "base/arena.h"

#define JSON_GRAMMAR_DEPTH 100	/* objects and arrays in one another */
#define JSON_DEPTH_MAX 16	/* likewise, strict */
#define JSON_ELEMENTS_MAX 1000	/* of an array, strict */
#define JSON_MEMBERS_MAX 200	/* of an object, strict */
#define JSON_NUMBER_MAX 64	/* characters of a fraction, strict */

enum json_mode { JSON_GRAMMAR, JSON_STRICT };

/* X(name, code for programs, message for people); strict only from NUL on. */
#define JSON_FAULTS(X) \
	X(GOOD, "good", "The text is valid JSON") \
	X(SYNTAX, "syntax", "This character is not expected here") \
	X(INCOMPLETE, "incomplete", "The text ends too early") \
	X(TRAILING, "trailing", "Something follows the end of the value") \
	X(CONTROL, "control_character", \
	    "A control character in a string must be escaped") \
	X(ESCAPE, "bad_escape", "This escape sequence does not exist") \
	X(ENCODING, "bad_utf8", "The text is not valid UTF-8") \
	X(DEPTH, "too_deep", "Objects and arrays are nested too deeply") \
	X(NUL, "nul", "The character U+0000 is not allowed") \
	X(SURROGATE, "lone_surrogate", "Half of a surrogate pair is missing") \
	X(NONCHARACTER, "noncharacter", "This code point is not a character") \
	X(DUPLICATE, "duplicate_member", \
	    "The object has a member of this name already") \
	X(INTEGER, "integer_range", "The integer does not fit into 64 bits") \
	X(NUMBER, "number_range", \
	    "The number is too large or has too many digits") \
	X(ELEMENTS, "too_many_elements", "The array has too many elements") \
	X(MEMBERS, "too_many_members", "The object has too many members")

#define JSON_FAULT_NAME(name, code, message) JSON_##name,
enum json_fault { JSON_FAULTS(JSON_FAULT_NAME) JSON_FAULT_COUNT };
#undef JSON_FAULT_NAME

/*
 * Checks text[n], which may hold any bytes and needs no NUL behind it. On a
 * fault *offset is the byte where it shows: of a duplicate, the second name; of
 * a number, its beginning; of a bad escape, its backslash. When good it is n.
 * The arena is used for a strict scan's list of names only.
 */
enum json_fault json_scan(struct arena *, const char *text, size_t n,
    enum json_mode, size_t *offset);

/* Stable words and sentences of the table above. */
const char *json_fault_code(enum json_fault);
const char *json_fault_message(enum json_fault);

#endif
