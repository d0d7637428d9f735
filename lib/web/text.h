/*
 * Text as it comes from outside: is it UTF-8, is it what it claims to be, and
 * the encodings that bytes travel in. Pure functions; texts are UTF-8.
 *
 * The decoders look at bytes in variable time: keys and passwords go through
 * libsodium's own.
 */
#ifndef ZOCO_WEB_TEXT_H
#define ZOCO_WEB_TEXT_H

#include "base/arena.h"

#define EMAIL_MAX 254		/* bytes; RFC 5321 4.5.3.1.3 less the <> */
#define EMAIL_LOCAL_MAX 64	/* bytes before the @ */
#define SLUG_MAX 100		/* bytes */

/*
 * The code point that s[n] begins with. Returns the bytes it takes, 1 to 4, or
 * 0 for no byte and for what RFC 3629 forbids: a byte out of place, a longer
 * form than needed, a surrogate, more than U+10FFFF.
 */
size_t utf8_decode(const char *s, size_t n, uint32_t *code);

/* The reverse: 1 to 4 bytes into out. The code point must be a valid one. */
size_t utf8_encode(uint32_t code, char out[4]);

/* Is all of s[n] UTF-8? NUL is a character like others here. */
bool utf8_valid(const char *s, size_t n);

/* Code points of valid UTF-8. */
size_t utf8_length(const char *s);

/*
 * Valid UTF-8 without control characters (C0, DEL, C1). The second allows the
 * two that belong into text of several lines, \n and \t. "" is printable.
 */
bool text_is_printable(const char *s);
bool text_is_printable_lines(const char *s);

/*
 * An address that mail can be sent to: the dot-atom form of RFC 5322 3.4.1, a
 * domain name with a dot, the limits of RFC 5321. Quoted local parts, comments,
 * address literals, and non-ASCII are legal elsewhere and refused here.
 */
bool email_is_valid(const char *s);

/* A telephone number of E.164: "+", a country, 7 to 15 digits in all. */
bool phone_is_valid(const char *s);

/* Lower-case ASCII words of letters and digits with single dashes between. */
bool slug_is_valid(const char *s);

/*
 * A slug out of a name in a Latin script ("Jamón ibérico, 1ª" gives
 * "jamon-iberico-1a"), cut at SLUG_MAX. "" when no letter or digit is left.
 */
char *slug_make(struct arena *, const char *text);

/* The value of a hexadecimal digit of either case, -1 for another character. */
int hex_digit(char c);

/* Two lower-case digits a byte. */
char *hex_encode(struct arena *, const void *bytes, size_t n);

/* The bytes of an even number of digits of either case, or NULL. */
unsigned char *hex_decode(struct arena *, const char *s, size_t *n);

/* RFC 4648 5, without padding. */
char *base64url_encode(struct arena *, const void *bytes, size_t n);

/*
 * The bytes, or NULL for anything that base64url_encode would not have made: a
 * foreign character (white space, padding), an impossible length, or bits set
 * behind the last byte. So two texts never mean the same bytes.
 */
unsigned char *base64url_decode(struct arena *, const char *s, size_t *n);

#endif
