#include "net/mail.h"

#include "base/clock.h"
#include "net/mail_text.h"

#define HEADER_MAX 998	/* bytes of a line; RFC 5322 2.1.1 */
#define NAME_MAX_BYTES 256
#define SUBJECT_MAX 1000
#define LANGUAGE_MAX 35	/* RFC 5646 4.4.1 */

/*
 * "=_" never occurs in quoted-printable, so this line cannot be in a part
 * (RFC 2045 6.7), whatever the part says.
 */
#define BOUNDARY "=_zoco_part"

static bool
is_short_printable(const char *s, size_t max)
{
	return strlen(s) <= max && mail_text_is_printable(s);
}

static bool
is_language(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

	return n > 0 && n <= LANGUAGE_MAX && s[n] == '\0';
}

/* Those that we write ourselves, or that only a mail server may write. */
static bool
is_ours(const char *header, size_t name)
{
	static const char *const ours[] = {
		"Date", "From", "Sender", "To", "Cc", "Bcc", "Subject",
		"Message-ID", "Auto-Submitted", "MIME-Version",
		"Return-Path", "Received",
	};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (name == strlen(ours[i]) &&
		    strncasecmp(header, ours[i], name) == 0)
			return true;
	return strncasecmp(header, "Content-", 8) == 0 ||
	    strncasecmp(header, "Resent-", 7) == 0;
}

/* "Name: value", both ASCII, the name without blanks, the value not empty. */
static bool
is_extra_header(const char *header)
{
	size_t name = 0;

	while (header[name] > ' ' && header[name] <= '~' && header[name] != ':')
		name++;
	if (name == 0 || is_ours(header, name) ||
	    header[name] != ':' || header[name + 1] != ' ' ||
	    header[name + 2] == ' ' || header[name + 2] == '\0')
		return false;
	for (const char *s = header + name; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			return false;
	return strlen(header) <= HEADER_MAX;
}

/* What stands against sending it, or NULL. */
static const char *
find_fault(const struct mail *m)
{
	const char *const *header = m->extra_headers;

	if (!mail_text_is_address(m->from_address))
		return "the sender's address is not valid";
	if (!mail_text_is_address(m->to_address))
		return "the recipient's address is not valid";
	if (m->from_name != NULL &&
	    !is_short_printable(m->from_name, NAME_MAX_BYTES))
		return "the sender's name is not printable, or too long";
	if (m->to_name != NULL &&
	    !is_short_printable(m->to_name, NAME_MAX_BYTES))
		return "the recipient's name is not printable, or too long";
	if (!is_short_printable(m->subject, SUBJECT_MAX))
		return "the subject is not printable, or too long";
	if (!mail_text_is_message_id(m->message_id))
		return "the Message-ID is not valid";
	if (m->language != NULL && !is_language(m->language))
		return "the language is not valid";
	if (!mail_text_is_utf8(m->text) ||
	    (m->html != NULL && !mail_text_is_utf8(m->html)))
		return "the text is not UTF-8";
	for (; header != NULL && *header != NULL; header++)
		if (!is_extra_header(*header))
			return "an extra header is malformed or not allowed";
	return NULL;
}

/* "From" or "To". */
static void
put_mailbox(struct buf *out, const char *header, const char *name,
    const char *address)
{
	size_t column = strlen(header) + 2;

	buf_printf(out, "%s: ", header);
	if (name == NULL || name[0] == '\0') {
		buf_printf(out, "%s\r\n", address);
		return;
	}
	column = mail_text_put_name(out, name, column);
	if (column + strlen(address) + 3 > MAIL_LINE)
		buf_puts(out, "\r\n");
	buf_printf(out, " <%s>\r\n", address);
}

static void
put_headers(struct buf *out, const struct mail *m)
{
	const char *const *header = m->extra_headers;
	char date[CLOCK_TEXT_SIZE];

	buf_printf(out, "Date: %s\r\n", clock_format_imf(m->date_us, date));
	put_mailbox(out, "From", m->from_name, m->from_address);
	put_mailbox(out, "To", m->to_name, m->to_address);
	buf_puts(out, "Subject: ");
	mail_text_put_words(out, m->subject, strlen("Subject: "));
	buf_printf(out, "\r\nMessage-ID: %s\r\n", m->message_id);
	buf_puts(out, "Auto-Submitted: auto-generated\r\n");
	if (m->language != NULL)
		buf_printf(out, "Content-Language: %s\r\n", m->language);
	for (; header != NULL && *header != NULL; header++)
		buf_printf(out, "%s\r\n", *header);
	buf_puts(out, "MIME-Version: 1.0\r\n");
}

static void
put_part(struct buf *out, const char *type, const char *text)
{
	buf_printf(out, "Content-Type: text/%s; charset=UTF-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n", type);
	mail_text_put_body(out, text);
}

bool
mail_build(const struct mail *m, struct buf *out, char *error, size_t n)
{
	const char *fault = find_fault(m);

	if (fault != NULL) {
		snprintf(error, n, "%s", fault);
		return false;
	}
	put_headers(out, m);
	if (m->html == NULL) {
		put_part(out, "plain", m->text);
	} else {
		buf_puts(out, "Content-Type: multipart/alternative;\r\n"
		    " boundary=\"" BOUNDARY "\"\r\n\r\n--" BOUNDARY "\r\n");
		put_part(out, "plain", m->text);
		buf_puts(out, "--" BOUNDARY "\r\n");
		put_part(out, "html", m->html);
		buf_puts(out, "--" BOUNDARY "--\r\n");
	}
	if (out->overflow)
		snprintf(error, n, "the message is too large");
	return !out->overflow;
}
