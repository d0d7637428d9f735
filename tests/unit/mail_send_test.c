/*
 * How a mail is handed over to a server that misbehaves on demand.
 * mail_server_test.c has one that is not ours.
 */
#include "net/mail.h"

#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/fake_server.h"

/* What the server may answer something else at. */
enum step { GREET, EHLO, AUTH, MAIL, RCPT, DATA, END, QUIT, STEP_COUNT };

#define CLOSE ""	/* hang up instead of an answer */
#define HANG "."	/* say nothing any more */

static const char *const usual[STEP_COUNT] = {
	[GREET] = "220 fake ESMTP\r\n",
	[EHLO] = "250-fake\r\n250-AUTH PLAIN\r\n250 SIZE 10000000\r\n",
	[AUTH] = "235 2.7.0 welcome\r\n",
	[MAIL] = "250 2.1.0 ok\r\n",
	[RCPT] = "250 2.1.5 ok\r\n",
	[DATA] = "354 go ahead\r\n",
	[END] = "250 2.0.0 queued as 42\r\n",
	[QUIT] = "221 bye\r\n",
};

static const struct scenario {
	const char *what;
	enum step step;
	const char *answer;
	enum mail_result result;
	const char *reply;
} scenarios[] = {
	{ "all is well", GREET, "220 fake ESMTP\r\n", MAIL_SENT,
	    "250 2.0.0 queued as 42" },
	{ "busy", GREET, "421 4.3.2 too busy\r\n", MAIL_TEMPORARY,
	    "421 4.3.2 too busy" },
	{ "no mail here", GREET, "554 no service\r\n", MAIL_TEMPORARY,
	    "554 no service" },
	{ "closed at once", GREET, CLOSE, MAIL_TEMPORARY, NULL },
	{ "no SMTP", GREET, "HTTP/1.1 400 Bad Request\r\n", MAIL_TEMPORARY,
	    NULL },
	{ "wrong password", AUTH, "535 5.7.8 bad credentials\r\n",
	    MAIL_TEMPORARY, "535 5.7.8 bad credentials" },
	{ "sender refused", MAIL, "550 5.7.1 not you\r\n", MAIL_PERMANENT,
	    "550 5.7.1 not you" },
	{ "sign-in wanted", MAIL, "530 5.7.0 sign in first\r\n",
	    MAIL_TEMPORARY, "530 5.7.0 sign in first" },
	{ "grey list", RCPT, "451 4.7.1 come back later\r\n", MAIL_TEMPORARY,
	    "451 4.7.1 come back later" },
	{ "no such user", RCPT, "550-5.1.1 Nobody\t\xff\r\n"
	    "550-5.1.1 of that name\r\n550 5.1.1 here\r\n", MAIL_PERMANENT,
	    "550-5.1.1 Nobody?? 5.1.1 of that name 5.1.1 here" },
	{ "cut at RCPT", RCPT, CLOSE, MAIL_TEMPORARY, NULL },
	{ "hangs at RCPT", RCPT, HANG, MAIL_TEMPORARY, NULL },
	{ "DATA refused", DATA, "554 5.5.1 no\r\n", MAIL_PERMANENT,
	    "554 5.5.1 no" },
	{ "DATA later", DATA, "452 4.3.1 disk full\r\n", MAIL_TEMPORARY,
	    "452 4.3.1 disk full" },
	{ "spam", END, "554 5.7.1 spam\r\n", MAIL_PERMANENT,
	    "554 5.7.1 spam" },
	{ "full", END, "452 4.3.1 disk full\r\n", MAIL_TEMPORARY,
	    "452 4.3.1 disk full" },
	{ "shuts down", END, "421 4.3.2 shutting down\r\n", MAIL_TEMPORARY,
	    "421 4.3.2 shutting down" },
	{ "cut after the message", END, CLOSE, MAIL_UNKNOWN, NULL },
	{ "hangs after the message", END, HANG, MAIL_UNKNOWN, NULL },
};

#define WELL 0

static enum step
step_of(const char *line)
{
	static const struct {
		const char *word;
		enum step step;
	} rows[] = {
		{ "EHLO", EHLO }, { "HELO", EHLO }, { "AUTH", AUTH },
		{ "MAIL", MAIL }, { "RCPT", RCPT }, { "DATA", DATA },
		{ "QUIT", QUIT },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_starts(line, rows[i].word))
			return rows[i].step;
	return STEP_COUNT;
}

static void
say(int fd, const struct scenario *s, enum step step)
{
	const char *answer = s->step == step ? s->answer : usual[step];

	if (str_eq(answer, CLOSE))
		_exit(0);
	if (str_eq(answer, HANG))
		for (;;)
			pause();
	fake_puts(fd, answer);
}

/* Adds the line to the record, as long as there is room. */
static void
record(struct fake_seen *seen, const char *line)
{
	size_t at = strlen(seen->last);

	snprintf(seen->last + at, sizeof(seen->last) - at, "%s", line);
}

static void
serve(int fd, struct fake_seen *seen, int tag)
{
	const struct scenario *s = &scenarios[tag];
	FILE *in = fdopen(fd, "r");
	char line[2048];
	bool in_data = false;

	say(fd, s, GREET);
	while (fgets(line, sizeof(line), in) != NULL) {
		enum step step = step_of(line);

		record(seen, line);
		if (in_data) {
			if (!str_eq(line, ".\r\n"))
				continue;
			in_data = false;
			__atomic_add_fetch(&seen->requests, 1,
			    __ATOMIC_SEQ_CST);
			say(fd, s, END);
		} else if (step == STEP_COUNT) {
			fake_puts(fd, "500 what?\r\n");
		} else if (step == AUTH) {
			fake_puts(fd, "334 \r\n");
			if (fgets(line, sizeof(line), in) != NULL)
				record(seen, line);
			say(fd, s, AUTH);
		} else {
			say(fd, s, step);
			in_data = step == DATA && (s->step != DATA);
		}
	}
}

static const struct mail usual_mail = {
	.from_address = "shop@example.org",
	.from_name = "Zoco",
	.to_address = "ana@example.net",
	.subject = "Your order",
	.text = "Hello\n",
	.message_id = "<1@example.org>",
	.date_us = INT64_C(784111777000000),
};

static struct mailer *
mailer_to(const char *host, int port, const char *user)
{
	char url[64];

	snprintf(url, sizeof(url), "smtp://%s:%d", host, port);
	return mailer_new(url, user, "open sesame", 500);
}

static void
test_scenarios(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
		const struct scenario *s = &scenarios[i];
		struct fake_server fake;
		struct mailer *m;
		enum mail_result result;

		fake_start(&fake, false, serve, (int)i);
		m = mailer_to("127.0.0.1", fake.port, "zoco");
		result = mailer_send(m, &usual_mail);
		if (result != s->result)
			fail_msg("%s: %d, %s", s->what, result,
			    mailer_reply(m));
		/* What fails every mail fails before this one, or at our name. */
		if (mailer_is_away(m) != (result == MAIL_TEMPORARY &&
		    (s->step < MAIL || strstr(s->what, "sign-in") != NULL)))
			fail_msg("%s: away is %d", s->what, mailer_is_away(m));
		if (s->reply != NULL)
			assert_string_equal(mailer_reply(m), s->reply);
		else
			assert_string_not_equal(mailer_reply(m), "");
		mailer_free(m);
		fake_stop(&fake);
	}
}

/* Cut in the middle of a long message: it cannot have been taken. */
static void
serve_half(int fd, struct fake_seen *seen, int tag)
{
	char bytes[4096];

	(void)tag;
	(void)seen;
	fake_puts(fd, usual[GREET]);
	if (read(fd, bytes, sizeof(bytes)) > 0)
		fake_puts(fd, "250 fake\r\n");
	for (enum step step = MAIL; step <= DATA; step++)
		if (read(fd, bytes, sizeof(bytes)) > 0)
			fake_puts(fd, usual[step]);
	for (int i = 0; i < 4; i++)
		if (read(fd, bytes, sizeof(bytes)) <= 0)
			return;
}

static void
test_cut_within_the_message(void **state)
{
	struct fake_server fake;
	struct mail mail = usual_mail;
	char *text = malloc(3000001);
	struct mailer *m;

	(void)state;
	memset(text, 'x', 3000000);
	text[3000000] = '\0';
	mail.text = text;
	fake_start(&fake, false, serve_half, 0);
	m = mailer_to("127.0.0.1", fake.port, NULL);
	assert_int_equal(mailer_send(m, &mail), MAIL_TEMPORARY);
	assert_string_not_equal(mailer_reply(m), "");
	mailer_free(m);
	fake_stop(&fake);
	free(text);
}

static void
test_nobody_there(void **state)
{
	struct mailer *m;
	int port;

	(void)state;
	close(fake_listen(&port, 1));
	m = mailer_to("127.0.0.1", port, NULL);
	assert_int_equal(mailer_send(m, &usual_mail), MAIL_TEMPORARY);
	assert_non_null(strstr(mailer_reply(m), "connect"));
	assert_true(mailer_is_away(m));
	mailer_free(m);
}

static void
test_bad_urls(void **state)
{
	static const char *const urls[] = {
		"", "http://127.0.0.1/", "file:///dev/null", "smtp://",
		"imap://127.0.0.1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct mailer *m = mailer_new(urls[i], "", "", 500);

		assert_int_equal(mailer_send(m, &usual_mail), MAIL_TEMPORARY);
		assert_string_not_equal(mailer_reply(m), "");
		mailer_free(m);
	}
	mailer_free(NULL);
	mailer_free(mailer_new("smtp://127.0.0.1:1", NULL, NULL, 500));
}

static void
test_conversation(void **state)
{
	struct fake_server fake;
	struct mailer *m;

	(void)state;
	fake_start(&fake, false, serve, WELL);
	m = mailer_to("127.0.0.1", fake.port, "zoco");
	assert_int_equal(mailer_send(m, &usual_mail), MAIL_SENT);
	/* base64 of "\0zoco\0open sesame" */
	assert_non_null(strstr(fake.seen->last,
	    "AUTH PLAIN\r\nAHpvY28Ab3BlbiBzZXNhbWU=\r\n"));
	assert_non_null(strstr(fake.seen->last,
	    "MAIL FROM:<shop@example.org>"));
	assert_non_null(strstr(fake.seen->last,
	    "RCPT TO:<ana@example.net>\r\nDATA\r\nDate: Sun, 06 Nov 1994"));
	assert_non_null(strstr(fake.seen->last, "\r\nHello\r\n.\r\n"));
	mailer_free(m);
	fake_stop(&fake);

	fake_start(&fake, false, serve, WELL);
	m = mailer_to("127.0.0.1", fake.port, NULL);
	assert_int_equal(mailer_send(m, &usual_mail), MAIL_SENT);
	assert_null(strstr(fake.seen->last, "AUTH"));
	mailer_free(m);
	fake_stop(&fake);
}

static void
test_connection_is_kept(void **state)
{
	struct fake_server fake;
	struct mail bad = usual_mail;
	struct mailer *m;

	(void)state;
	bad.subject = "a\r\nBcc: x@example.com";
	fake_start(&fake, false, serve, WELL);
	m = mailer_to("127.0.0.1", fake.port, "zoco");
	for (int i = 0; i < 5; i++) {
		assert_int_equal(mailer_send(m, &usual_mail), MAIL_SENT);
		/* One that is refused here does not reach the server at all. */
		assert_int_equal(mailer_send(m, &bad), MAIL_PERMANENT);
		assert_string_equal(mailer_reply(m),
		    "the subject is not printable, or too long");
	}
	assert_int_equal(fake.seen->connections, 1);
	assert_int_equal(fake.seen->requests, 5);
	assert_null(strstr(fake.seen->last, "Bcc"));
	assert_null(strstr(fake.seen->last, "QUIT"));
	mailer_free(m);
	for (int i = 0; i < 100 && strstr(fake.seen->last, "QUIT") == NULL; i++)
		usleep(10000);
	assert_non_null(strstr(fake.seen->last, "QUIT\r\n"));
	fake_stop(&fake);
}

/* After a refusal, or a server that went away, the next mail gets through. */
static void
serve_once(int fd, struct fake_seen *seen, int tag)
{
	char bytes[4096];

	if (seen->connections == 1) {
		(void)tag;
		fake_puts(fd, usual[GREET]);
		if (read(fd, bytes, sizeof(bytes)) > 0)
			fake_puts(fd, "250 fake\r\n");
		if (read(fd, bytes, sizeof(bytes)) > 0)
			fake_puts(fd, usual[MAIL]);
		if (read(fd, bytes, sizeof(bytes)) > 0)
			fake_puts(fd, "550 nobody\r\n");
		return;
	}
	serve(fd, seen, WELL);
}

static void
test_next_mail_after_a_refusal(void **state)
{
	struct fake_server fake;
	struct mailer *m;

	(void)state;
	fake_start(&fake, false, serve_once, 0);
	m = mailer_to("127.0.0.1", fake.port, NULL);
	assert_int_equal(mailer_send(m, &usual_mail), MAIL_PERMANENT);
	assert_int_equal(mailer_send(m, &usual_mail), MAIL_SENT);
	assert_int_equal(fake.seen->requests, 1);
	mailer_free(m);
	fake_stop(&fake);
}

/*
 * A server that does not answer QUIT does not hold up the end of a job for
 * long, nor the next mail after a refusal. `tag` is what it says to RCPT.
 */
static void
serve_deaf(int fd, struct fake_seen *seen, int tag)
{
	FILE *in = fdopen(fd, "r");
	char line[2048];

	fake_puts(fd, usual[GREET]);
	while (fgets(line, sizeof(line), in) != NULL) {
		enum step step = step_of(line);

		record(seen, line);
		if (str_eq(line, ".\r\n"))
			fake_puts(fd, usual[END]);
		else if (step == RCPT && tag == 550)
			fake_puts(fd, "550 nobody\r\n");
		else if (step < QUIT)
			fake_puts(fd, usual[step]);
	}
}

static void
test_quit_is_not_waited_for(void **state)
{
	static const int tags[] = { 250, 550 };
	struct fake_server fake;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		struct mailer *m;
		time_t start = time(NULL);

		fake_start(&fake, false, serve_deaf, tags[i]);
		m = mailer_to("127.0.0.1", fake.port, NULL);
		assert_int_equal(mailer_send(m, &usual_mail),
		    tags[i] == 550 ? MAIL_PERMANENT : MAIL_SENT);
		mailer_free(m);
		assert_in_range(time(NULL) - start, 0, 3);
		fake_stop(&fake);
	}
}

/*
 * Any name but "localhost" is another machine (this one resolves to loopback
 * all the same): without STARTTLS it learns nothing, above all no password.
 */
static void
test_other_machines_need_tls(void **state)
{
	struct fake_server fake;
	struct mailer *m;

	(void)state;
	fake_start(&fake, false, serve, WELL);
	m = mailer_to("mail.localhost", fake.port, "zoco");
	assert_int_equal(mailer_send(m, &usual_mail), MAIL_TEMPORARY);
	assert_non_null(strstr(mailer_reply(m), "STARTTLS"));
	mailer_free(m);
	assert_int_equal(fake.seen->connections, 1);
	assert_null(strstr(fake.seen->last, "AUTH"));
	assert_null(strstr(fake.seen->last, "MAIL"));
	m = mailer_to("localhost", fake.port, "zoco");
	assert_int_equal(mailer_send(m, &usual_mail), MAIL_SENT);
	mailer_free(m);
	fake_stop(&fake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenarios),
		cmocka_unit_test(test_cut_within_the_message),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_bad_urls),
		cmocka_unit_test(test_conversation),
		cmocka_unit_test(test_connection_is_kept),
		cmocka_unit_test(test_next_mail_after_a_refusal),
		cmocka_unit_test(test_quit_is_not_waited_for),
		cmocka_unit_test(test_other_machines_need_tls),
	};

	return cmocka_run_group_tests_name("mail_send", tests, NULL, NULL);
}
