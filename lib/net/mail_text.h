/*
 * Texts in a mail: what may stand where, and how it is written. For mail.c.
 */
#ifndef ZOCO_NET_MAIL_TEXT_H
#define ZOCO_NET_MAIL_TEXT_H

#include "base/buf.h"

#define MAIL_LINE 76	/* characters; RFC 2045 and RFC 2047 allow no more */

/* UTF-8 at all; and UTF-8 without control characters (C0, DEL, C1). */
bool mail_text_is_utf8(const char *);
bool mail_text_is_printable(const char *);

/*
 * An address that we send to or from: a dot-atom (RFC 5322 3.2.3) of at most
 * 64 bytes, @, a host name in ASCII; 254 bytes in all. No quoted local parts,
 * no address literals.
 */
bool mail_text_is_address(const char *);

/* "<left@right>", each a dot-atom; 250 bytes at most. */
bool mail_text_is_message_id(const char *);

/*
 * A header's text, written behind `column` characters of its line: as it is if
 * it is ASCII and fits, else as encoded-words (RFC 2047), on several lines if
 * need be. Returns the column it ends at. The text is printable.
 */
size_t mail_text_put_words(struct buf *, const char *text, size_t column);

/* The same for a name before an address: quoted, or as encoded-words. */
size_t mail_text_put_name(struct buf *, const char *name, size_t column);

/*
 * The body of a part as quoted-printable (RFC 2045 6.7), ended by CRLF. CRLF,
 * LF and CR are all line ends. No line can begin with "--=_".
 */
void mail_text_put_body(struct buf *, const char *text);

#endif
