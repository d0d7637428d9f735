#include "net/mail_text.h"

#include "net/mail.h"

#define LOCAL_MAX 64		/* RFC 5321 4.5.3.1.1 */
#define LABEL_MAX 63		/* RFC 1035 2.3.4 */
#define MESSAGE_ID_MAX 250

#define WORD_START "=?UTF-8?Q?"
#define WORD_END "?="

static bool
is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

/* The bytes of the character at s and its code point; 0 when it is not one. */
static size_t
decode(const char *s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char c = (unsigned char)s[0];
	size_t n = c < 0x80 ? 1 : c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 :
	    c < 0xf8 ? 4 : 0;

	*code = n < 2 ? c : c & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (n == 0 || *code < least[n] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return n;
}

bool
mail_text_is_utf8(const char *s)
{
	uint32_t code;
	size_t n;

	for (; *s != '\0'; s += n)
		if ((n = decode(s, &code)) == 0)
			return false;
	return true;
}

bool
mail_text_is_printable(const char *s)
{
	uint32_t code;
	size_t n;

	for (; *s != '\0'; s += n)
		if ((n = decode(s, &code)) == 0 || code < ' ' ||
		    (code >= 0x7f && code < 0xa0))
			return false;
	return true;
}

/* RFC 5322 3.2.3: atoms of atext with single dots between. */
static bool
is_dot_atom(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '.' && i > 0 && s[i - 1] != '.')
			continue;
		if (s[i] == '\0' || (!is_alphanumeric(s[i]) &&
		    strchr("!#$%&'*+-/=?^_`{|}~", s[i]) == NULL))
			return false;
	}
	return n > 0 && s[n - 1] != '.';
}

/* Labels of letters, digits and inner dashes, with single dots between. */
static bool
is_host_name(const char *s)
{
	size_t label = 0;

	for (; *s != '\0'; s++) {
		if (*s == '.') {
			if (label == 0 || s[-1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!is_alphanumeric(*s) && (*s != '-' || label == 0))
			return false;
		if (++label > LABEL_MAX)
			return false;
	}
	return label > 0 && s[-1] != '-';
}

bool
mail_text_is_address(const char *s)
{
	const char *at = strchr(s, '@');

	return at != NULL && strlen(s) <= MAIL_ADDRESS_MAX &&
	    at - s <= LOCAL_MAX && is_dot_atom(s, (size_t)(at - s)) &&
	    is_host_name(at + 1);
}

bool
mail_text_is_message_id(const char *s)
{
	const char *at = strchr(s, '@');
	size_t n = strlen(s);

	return at != NULL && n <= MESSAGE_ID_MAX && s[0] == '<' &&
	    s[n - 1] == '>' && is_dot_atom(s + 1, (size_t)(at - s - 1)) &&
	    is_dot_atom(at + 1, (size_t)(s + n - 2 - at));
}

static void
put_hex(struct buf *out, char c)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char byte = (unsigned char)c;

	buf_putc(out, '=');
	buf_putc(out, digits[byte >> 4]);
	buf_putc(out, digits[byte & 15]);
}

/* RFC 2047 5 (3): what may stand as it is, also in a name. */
static bool
is_word_literal(char c)
{
	return is_alphanumeric(c) || (c != '\0' && strchr("!*+-/", c) != NULL);
}

static size_t
word_width(const char *character, size_t n)
{
	return n > 1 ? 3 * n :
	    is_word_literal(*character) || *character == ' ' ? 1 : 3;
}

static void
put_word_character(struct buf *out, const char *character, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (character[i] == ' ')
			buf_putc(out, '_');
		else if (is_word_literal(character[i]))
			buf_putc(out, character[i]);
		else
			put_hex(out, character[i]);
	}
}

/* As many whole characters as fit in the line; returns where they end. */
static const char *
put_word(struct buf *out, const char *text, size_t *column)
{
	uint32_t code;
	size_t n, width;

	buf_puts(out, WORD_START);
	*column += strlen(WORD_START);
	for (; *text != '\0'; text += n) {
		n = decode(text, &code);
		width = word_width(text, n);
		if (*column + width + strlen(WORD_END) > MAIL_LINE)
			break;
		put_word_character(out, text, n);
		*column += width;
	}
	buf_puts(out, WORD_END);
	*column += strlen(WORD_END);
	return text;
}

static size_t
put_words(struct buf *out, const char *text, size_t column)
{
	while (*(text = put_word(out, text, &column)) != '\0') {
		buf_puts(out, "\r\n ");
		column = 1;
	}
	return column;
}

/* Nothing in it needs encoding, nor looks encoded, nor could get lost. */
static bool
is_plain(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return n == 0 || (text[0] != ' ' && text[n - 1] != ' ' &&
	    strstr(text, "=?") == NULL);
}

size_t
mail_text_put_words(struct buf *out, const char *text, size_t column)
{
	size_t n = strlen(text);

	if (!is_plain(text) || column + n > MAIL_LINE)
		return put_words(out, text, column);
	buf_add(out, text, n);
	return column + n;
}

size_t
mail_text_put_name(struct buf *out, const char *name, size_t column)
{
	size_t n = strlen(name) + 2;

	for (const char *s = name; *s != '\0'; s++)
		n += *s == '"' || *s == '\\';
	if (!is_plain(name) || column + n > MAIL_LINE)
		return put_words(out, name, column);
	buf_putc(out, '"');
	for (const char *s = name; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *s);
	}
	buf_putc(out, '"');
	return column + n;
}

/* A blank at the end of a line would get lost on the way. */
static bool
is_body_literal(const char *s)
{
	if (*s == ' ' || *s == '\t')
		return s[1] != '\0' && s[1] != '\r' && s[1] != '\n';
	return *s > ' ' && *s <= '~' && *s != '=';
}

void
mail_text_put_body(struct buf *out, const char *text)
{
	size_t column = 0;

	for (const char *s = text; *s != '\0'; s++) {
		bool is_literal = is_body_literal(s);
		size_t width = is_literal ? 1 : 3;

		if (*s == '\r' && s[1] == '\n')
			continue;
		if (*s == '\r' || *s == '\n') {
			buf_puts(out, "\r\n");
			column = 0;
			continue;
		}
		if (column + width > MAIL_LINE - 1) {
			buf_puts(out, "=\r\n");
			column = 0;
		}
		if (is_literal)
			buf_putc(out, *s);
		else
			put_hex(out, *s);
		column += width;
	}
	if (column > 0)
		buf_puts(out, "\r\n");
}
