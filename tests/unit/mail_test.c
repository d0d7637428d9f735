/*
 * What a mail looks like. How it is sent: mail_send_test.c.
 */
#include "net/mail.h"

#include <setjmp.h>
#include <cmocka.h>

#define MAX (256 * 1024)

struct fixture {
	struct arena *arena;
	struct buf out;
	struct mail mail;
	char error[128];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = arena_new();
	buf_init(&f->out, f->arena, MAX);
	f->mail = (struct mail){
		.from_address = "shop@example.org",
		.from_name = "Zoco",
		.to_address = "ana@example.net",
		.subject = "Your order",
		.text = "Hello\n",
		.message_id = "<1@example.org>",
		.date_us = INT64_C(784111777000000),
	};
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(f->arena);
	free(f);
	return 0;
}

static const char *
build(struct fixture *f)
{
	buf_init(&f->out, f->arena, MAX);
	if (!mail_build(&f->mail, &f->out, f->error, sizeof(f->error)))
		fail_msg("%s", f->error);
	return f->out.data;
}

static bool
is_refused(struct fixture *f)
{
	f->error[0] = '\0';
	buf_init(&f->out, f->arena, MAX);
	return !mail_build(&f->mail, &f->out, f->error, sizeof(f->error)) &&
	    f->error[0] != '\0';
}

static void
assert_has(struct fixture *f, const char *text)
{
	const char *whole = build(f);

	if (strstr(whole, text) == NULL)
		fail_msg("no <%s> in\n%s", text, whole);
}

static void
test_whole_message(void **state)
{
	struct fixture *f = *state;
	static const char *const extra[] = {
		"List-Unsubscribe: <https://example.org/u/1>", NULL
	};

	f->mail.to_name = "Ana \"la\" P\\";
	f->mail.html = "<p>Hola, a\xc3\xb1o</p>";
	f->mail.language = "es-ES";
	f->mail.extra_headers = extra;
	assert_string_equal(build(f),
	    "Date: Sun, 06 Nov 1994 08:49:37 +0000\r\n"
	    "From: \"Zoco\" <shop@example.org>\r\n"
	    "To: \"Ana \\\"la\\\" P\\\\\" <ana@example.net>\r\n"
	    "Subject: Your order\r\n"
	    "Message-ID: <1@example.org>\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "Content-Language: es-ES\r\n"
	    "List-Unsubscribe: <https://example.org/u/1>\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/alternative;\r\n"
	    " boundary=\"=_zoco_part\"\r\n"
	    "\r\n"
	    "--=_zoco_part\r\n"
	    "Content-Type: text/plain; charset=UTF-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\n"
	    "Hello\r\n"
	    "--=_zoco_part\r\n"
	    "Content-Type: text/html; charset=UTF-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\n"
	    "<p>Hola, a=C3=B1o</p>\r\n"
	    "--=_zoco_part--\r\n");
	assert_string_equal(f->error, "");
}

static void
test_text_alone(void **state)
{
	struct fixture *f = *state;

	f->mail.from_name = NULL;
	assert_has(f, "From: shop@example.org\r\n");
	assert_has(f, "To: ana@example.net\r\n");
	assert_has(f, "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=UTF-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\nHello\r\n");
	assert_null(strstr(f->out.data, "multipart"));
	assert_null(strstr(f->out.data, "Content-Language"));
}

static void
test_subjects(void **state)
{
	static const struct {
		const char *subject, *line;
	} rows[] = {
		{ "", "\r\nSubject: \r\n" },
		{ "a", "\r\nSubject: a\r\n" },
		{ "Factura n\xc2\xba 7",
		    "\r\nSubject: =?UTF-8?Q?Factura_n=C2=BA_7?=\r\n" },
		{ " blank ", "\r\nSubject: =?UTF-8?Q?_blank_?=\r\n" },
		{ "=?utf-8?q?a?=",
		    "\r\nSubject: =?UTF-8?Q?=3D=3Futf-8=3Fq=3Fa=3F=3D?=\r\n" },
		{ "a_b?c=d\xe2\x82\xac",
		    "\r\nSubject: =?UTF-8?Q?a=5Fb=3Fc=3Dd=E2=82=AC?=\r\n" },
		/* 67 characters fit behind "Subject: ", 68 do not. */
		{ "0123456789012345678901234567890123456789"
		    "012345678901234567890123456",
		    "\r\nSubject: 0123456789012345678901234567890123456789"
		    "012345678901234567890123456\r\n" },
		{ "0123456789012345678901234567890123456789"
		    "0123456789012345678901234567",
		    "\r\nSubject: =?UTF-8?Q?"
		    "0123456789012345678901234567890123456789"
		    "012345678901234?=\r\n =?UTF-8?Q?5678901234567?=\r\n" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		f->mail.subject = rows[i].subject;
		assert_has(f, rows[i].line);
	}
}

static int
digit(char c)
{
	return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* Takes encoded-words apart again, as RFC 2047 says, checking each. */
static void
decode_words(const char *line, struct buf *out)
{
	while (*line != '\r') {
		const char *word = line;

		assert_int_equal(strncmp(line, "=?UTF-8?Q?", 10), 0);
		for (line += 10; strncmp(line, "?=", 2) != 0; line++) {
			char c = *line == '_' ? ' ' : *line;

			if (c == '=') {
				c = (char)(digit(line[1]) << 4 |
				    digit(line[2]));
				line += 2;
			}
			buf_putc(out, c);
		}
		line += 2;
		assert_in_range(line - word, 12, 75);
		/* Whole characters: a word does not end within one. */
		assert_int_not_equal((unsigned char)out->data[out->len - 1] &
		    0xc0, 0xc0);
		if (strncmp(line, "\r\n ", 3) == 0)
			line += 3;
	}
}

static void
assert_short_lines(const char *message, size_t most)
{
	while (*message != '\0') {
		size_t n = strcspn(message, "\r\n");

		if (n > most)
			fail_msg("a line of %zu: %.*s", n, (int)n, message);
		message += n;
		assert_int_equal(strncmp(message, "\r\n", 2), 0);
		message += 2;
	}
}

/* Characters of every width, begun at every place of the line. */
static void
test_long_subjects(void **state)
{
	static const char *const units[] = {
		"a", "\xc3\xb1", "\xe2\x82\xac", "\xf0\x9f\x9b\x92",
		"\xc3\xb1 a",
	};
	struct fixture *f = *state;

	for (size_t unit = 0; unit < ARRAY_LEN(units); unit++)
		for (int shift = 0; shift < 14; shift++) {
			struct buf subject, decoded;
			const char *line;

			buf_init(&subject, f->arena, 1000);
			buf_init(&decoded, f->arena, 1000);
			buf_puts(&subject, "\xc3\xb1");
			for (int i = 0; i < shift; i++)
				buf_putc(&subject, 'x');
			for (int i = 0; i < 60; i++)
				buf_puts(&subject, units[unit]);
			f->mail.subject = subject.data;
			line = strstr(build(f), "\r\nSubject: ") + 11;
			decode_words(line, &decoded);
			assert_string_equal(decoded.data, subject.data);
			assert_short_lines(f->out.data, 76);
		}
}

static void
test_names(void **state)
{
	struct fixture *f = *state;
	char name[257];

	f->mail.to_name = "";
	assert_has(f, "\r\nTo: ana@example.net\r\n");
	f->mail.to_name = "Jos\xc3\xa9 \"x\" (y), <z@example.com>";
	assert_has(f, "\r\nTo: =?UTF-8?Q?Jos=C3=A9_=22x=22_=28y=29=2C_"
	    "=3Cz=40example=2Ecom=3E?=\r\n <ana@example.net>\r\n");
	f->mail.to_name = "a, <z@example.com>";
	assert_has(f, "\r\nTo: \"a, <z@example.com>\" <ana@example.net>\r\n");
	f->mail.to_name = "=?utf-8?q?z?=";
	assert_has(f, "\r\nTo: =?UTF-8?Q?=3D=3Futf-8=3Fq=3Fz=3F=3D?= <ana@");
	memset(name, 'n', 256);
	name[256] = '\0';
	f->mail.to_name = name;
	assert_short_lines(build(f), 76);
	f->mail.from_name = "0123456789012345678901234567890123456789"
	    "01234567890123456789";
	assert_has(f, "\r\nFrom: \"0123456789012345678901234567890123456789"
	    "01234567890123456789\"\r\n <shop@example.org>\r\n");
}

static void
test_bodies(void **state)
{
	static const struct {
		const char *text, *body;
	} rows[] = {
		{ "", "" },
		{ "a", "a\r\n" },
		{ "a\n", "a\r\n" },
		{ "a\r\nb\rc\n\nd", "a\r\nb\r\nc\r\n\r\nd\r\n" },
		{ "1 = 1", "1 =3D 1\r\n" },
		{ "end \nend\t\r\nend ", "end=20\r\nend=09\r\nend=20\r\n" },
		{ "a\tb  c", "a\tb  c\r\n" },
		{ "\xe2\x82\xac", "=E2=82=AC\r\n" },
		{ ".\n..\n", ".\r\n..\r\n" },
		{ "\x01\x1b\x7f", "=01=1B=7F\r\n" },
		{ "--=_zoco_part--\n", "--=3D_zoco_part--\r\n" },
		/* 75 characters and a soft break are the longest line. */
		{ "01234567890123456789012345678901234567890123456789"
		    "0123456789012345678901234",
		    "01234567890123456789012345678901234567890123456789"
		    "0123456789012345678901234\r\n" },
		{ "01234567890123456789012345678901234567890123456789"
		    "012345678901234567890123\xc3\xb1",
		    "01234567890123456789012345678901234567890123456789"
		    "012345678901234567890123=\r\n=C3=B1\r\n" },
		{ "01234567890123456789012345678901234567890123456789"
		    "01234567890123456789012345",
		    "01234567890123456789012345678901234567890123456789"
		    "0123456789012345678901234=\r\n5\r\n" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		f->mail.text = rows[i].text;
		assert_string_equal(strstr(build(f), "\r\n\r\n") + 4,
		    rows[i].body);
		assert_short_lines(f->out.data, 76);
	}
}

static void
test_bad_addresses(void **state)
{
	static const char *const bad[] = {
		"", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b c", "<a@b>",
		"a@b>", "a@b\r\nBcc: x@y", "a\n@b", "a@b\n", ".a@b", "a.@b",
		"a..b@c", "\"a b\"@c", "a@-b", "a@b-", "a@b..c", "a@.b", "a@b.",
		"a@[127.0.0.1]", "a@b_c", "a,b@c", "a;b@c", "a:b@c", "a(b)@c",
		"a\\b@c", "\xc3\xb1@b", "a@\xc3\xb1", "a\x7f@b", "a@b%c",
		"01234567890123456789012345678901234567890123456789"
		    "012345678901234@example.org",
		"a@0123456789012345678901234567890123456789"
		    "012345678901234567890123.org",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		f->mail.to_address = bad[i];
		assert_true(is_refused(f));
		assert_string_equal(f->error,
		    "the recipient's address is not valid");
		f->mail.to_address = "ana@example.net";
		f->mail.from_address = bad[i];
		assert_true(is_refused(f));
		f->mail.from_address = "shop@example.org";
	}
}

static void
test_good_addresses(void **state)
{
	static const char *const good[] = {
		"a@b", "a.b+c@d-e.f9", "o'neill/x=y@example.org",
		"!#$%&'*+-/=?^_`{|}~@example.org", "a@xn--espaa-rta.example",
		"0123456789012345678901234567890123456789"
		    "012345678901234567890123@example.org",
	};
	struct fixture *f = *state;
	char address[256];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		f->mail.to_address = good[i];
		assert_has(f, arena_printf(f->arena, "\r\nTo: %s\r\n",
		    good[i]));
	}
	memset(address, 'a', sizeof(address));
	for (int i = 60; i < 255; i += 60)
		address[i] = i == 60 ? '@' : '.';
	address[254] = '\0';
	f->mail.to_address = address;
	build(f);
	address[254] = 'a';
	address[255] = '\0';
	assert_true(is_refused(f));
}

static void
test_no_way_into_the_headers(void **state)
{
	static const char *const bad[] = {
		"a\r\nBcc: x@y", "a\nb", "a\rb", "\r\n", "a\tb", "a\x01",
		"a\x7f", "a\xc2\x85z", "a\xff", "a\xc0\x8a", "\xe2\x82", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "\xe0\x80\x8a", "a\x1b[2J",
		"\xc1\x81", "\xe0\x82\xa9", "\xf0\x82\x82\xac",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct mail good = f->mail;

		f->mail.subject = bad[i];
		assert_true(is_refused(f));
		f->mail = good;
		f->mail.from_name = bad[i];
		assert_true(is_refused(f));
		f->mail = good;
		f->mail.to_name = bad[i];
		assert_true(is_refused(f));
		f->mail = good;
		f->mail.language = bad[i];
		assert_true(is_refused(f));
		f->mail = good;
		f->mail.message_id = arena_printf(f->arena, "<%s@b>", bad[i]);
		assert_true(is_refused(f));
		f->mail = good;
	}
	build(f);
}

static void
test_bad_message_ids(void **state)
{
	static const char *const bad[] = {
		"", "<>", "<@>", "a@b", "<a@b", "a@b>", "<a@>", "<@b>",
		"<a b@c>", "<a@b> ", "<a@b>\r\nX: y", "<a@b@c>", "<<a@b>>", "<", "@",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		f->mail.message_id = bad[i];
		assert_true(is_refused(f));
		assert_string_equal(f->error, "the Message-ID is not valid");
	}
	f->mail.message_id = "<0190-f00.7@mail.example.org>";
	assert_has(f, "\r\nMessage-ID: <0190-f00.7@mail.example.org>\r\n");
}

static void
test_extra_headers(void **state)
{
	static const char *const bad[] = {
		"", ":", "X-A", "X-A:", "X-A: ", "X-A:b", "X A: b", ": b",
		"X-A: b\r\nBcc: x@y", "X-A: b\n", "X-A\n: b", "X-A: \xc3\xb1",
		"X-A: b\x7f", "From: x@y", "to: x@y", "CC: x@y", "Bcc: x@y",
		"Subject: b", "Date: b", "message-id: <a@b>", "Sender: x@y",
		"MIME-Version: 2.0", "Content-Type: text/html", "content-x: b",
		"Received: b", "Return-Path: <x@y>", "Resent-To: x@y",
		"Auto-Submitted: no",
	};
	struct fixture *f = *state;
	const char *one[2] = { NULL };
	char longest[1000];

	f->mail.extra_headers = one;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		one[0] = bad[i];
		if (!is_refused(f))
			fail_msg("taken: %s", bad[i]);
	}
	one[0] = "Reply-To: help@example.org";
	assert_has(f, "\r\nReply-To: help@example.org\r\n");
	snprintf(longest, sizeof(longest), "X-A: %0994d", 0);
	one[0] = longest;
	assert_true(is_refused(f));
	longest[998] = '\0';
	build(f);
}

static void
test_other_limits(void **state)
{
	struct fixture *f = *state;
	char *text = arena_alloc(f->arena, MAX + 1);

	memset(text, 's', MAX);
	text[1001] = '\0';
	f->mail.subject = text;
	assert_true(is_refused(f));
	f->mail.subject = "";
	text[257] = '\0';
	f->mail.to_name = text;
	assert_true(is_refused(f));
	f->mail.to_name = NULL;
	f->mail.text = "a\xff";
	assert_true(is_refused(f));
	f->mail.text = "";
	f->mail.html = "a\xff";
	assert_true(is_refused(f));
	f->mail.html = NULL;
	memset(text, 's', MAX);
	f->mail.text = text;
	assert_true(is_refused(f));
	assert_string_equal(f->error, "the message is too large");
	text[MAX / 2] = '\0';
	build(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_whole_message),
		TEST(test_text_alone),
		TEST(test_subjects),
		TEST(test_long_subjects),
		TEST(test_names),
		TEST(test_bodies),
		TEST(test_bad_addresses),
		TEST(test_good_addresses),
		TEST(test_no_way_into_the_headers),
		TEST(test_bad_message_ids),
		TEST(test_extra_headers),
		TEST(test_other_limits),
	};

	return cmocka_run_group_tests_name("mail", tests, NULL, NULL);
}
