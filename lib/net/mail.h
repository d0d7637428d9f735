/*
 * Mail out: a message of RFC 5322 and MIME with a text and an HTML form, and
 * its hand-over to a mail server by SMTP (RFC 5321), over libcurl.
 *
 * Sending is not something that either happens or not: when the connection is
 * lost between the end of the message and the server's answer, nobody knows
 * (MAIL_UNKNOWN). Whoever sends again then must use the same Message-ID, so
 * that the reader's server may notice. Queueing and trying again are the
 * caller's; DKIM is the mail server's.
 */
#ifndef ZOCO_NET_MAIL_H
#define ZOCO_NET_MAIL_H

#include "base/buf.h"

#define MAIL_ADDRESS_MAX 254	/* bytes; RFC 5321 4.5.3.1.3 less the <> */

/* Texts are UTF-8; what may be NULL or "" says so. */
struct mail {
	const char *from_address;
	const char *from_name;		/* or NULL */
	const char *to_address;
	const char *to_name;		/* or NULL */
	const char *subject;
	const char *text;		/* plain text, any kind of line ends */
	const char *html;		/* the same as HTML, or NULL */
	const char *message_id;		/* whole: "<id@domain>" */
	int64_t date_us;		/* when it was decided to write it */
	const char *language;		/* "es", "pt-BR"; or NULL */
	/* More headers, "Name: value" in ASCII, ended by NULL; or NULL. */
	const char *const *extra_headers;
};

/*
 * Writes the message with CRLF line ends, as it goes after DATA (but for the
 * doubled dots). It is always `Auto-Submitted: auto-generated` (RFC 3834).
 *
 * False, with a sentence in error[n], when a header would hold a control
 * character or what is not UTF-8, an address is not one, an extra header is
 * malformed or one that belongs to us, or the message passes the buf's
 * maximum. So nobody writes headers or recipients by way of a name.
 */
bool mail_build(const struct mail *, struct buf *out, char *error, size_t n);

enum mail_result {
	MAIL_SENT,		/* the server has taken it over */
	MAIL_TEMPORARY,		/* not taken, but later it may be */
	MAIL_PERMANENT,		/* not taken, and this message never will be */
	MAIL_UNKNOWN		/* perhaps taken: the answer was lost */
};

struct mailer;	/* keeps its connection from one mail to the next */

/*
 * A way to a mail server: smtp://host:port (25 if left out) or
 * smtps://host:port. To another machine than this one smtp:// insists on
 * STARTTLS with a verified certificate; "localhost", 127.x and [::1] are this
 * machine. `user` may be NULL or "". timeout_ms is for one mail.
 *
 * All is copied; nothing is connected yet. The caller's, to mailer_free. Its
 * memory is its own, and when there is no more the program ends.
 */
struct mailer *mailer_new(const char *url, const char *user,
    const char *password, int64_t timeout_ms);

/* Says QUIT and waits for the answer, as long as for a mail. NULL is fine. */
void mailer_free(struct mailer *);

/*
 * Sends one mail. A refused sign-in is MAIL_TEMPORARY whatever its code: it
 * is the configuration's fault and not the message's.
 */
enum mail_result mailer_send(struct mailer *, const struct mail *);

/*
 * Was the last mail MAIL_TEMPORARY for a reason that any other would meet too:
 * nobody there, no SMTP, no TLS, a refused sign-in? Then others may wait.
 */
bool mailer_is_away(const struct mailer *);

/*
 * What the server said last ("550 5.1.1 no such user", printable ASCII), or
 * else what went wrong, until the next mailer_send. May hold the recipient's
 * address: it is for the delivery record, not for the log.
 */
const char *mailer_reply(const struct mailer *);

#endif
