/*
 * Mails sent to aiosmtpd and read by Python's parser: programs that know
 * nothing of ours. Skipped where they are not installed.
 */
#include "net/mail.h"

#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/fake_server.h"

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
mailer_to(const char *host, int port)
{
	char url[64];

	snprintf(url, sizeof(url), "smtp://%s:%d", host, port);
	return mailer_new(url, NULL, NULL, 5000);
}

#define PYTHON "/usr/bin/python3"

/* Prints subject, names, addresses and bodies of the mails in a Maildir. */
static const char reader[] =
    "import sys, os, email, email.policy\n"
    "folder = sys.argv[1]\n"
    "for name in os.listdir(folder):\n"
    "    m = email.message_from_bytes(open(folder + '/' + name, 'rb').read(),\n"
    "        policy=email.policy.default)\n"
    "    assert not m.defects, m.defects\n"
    "    to, sender = m['To'].addresses, m['From'].addresses\n"
    "    assert len(to) == 1 and len(sender) == 1\n"
    "    out = '/'.join((sys.argv[2], m['Message-ID'].strip('<>')))\n"
    "    def put(kind, text):\n"
    "        open(out + '.' + kind, 'wb').write(text.encode())\n"
    "    put('subject', m['Subject'])\n"
    "    put('to', to[0].display_name + '|' + to[0].addr_spec)\n"
    "    put('from', sender[0].display_name + '|' + sender[0].addr_spec)\n"
    "    put('envelope', m['X-MailFrom'] + '|' + m['X-RcptTo'])\n"
    "    put('date', str(m['Date'].datetime.timestamp()))\n"
    "    put('types', ' '.join(p.get_content_type() for p in m.walk()))\n"
    "    assert not any(p.defects for p in m.walk())\n"
    "    put('text', m.get_body(('plain',)).get_content())\n"
    "    html = m.get_body(('html',))\n"
    "    if html is not None: put('html', html.get_content())\n";

struct sink {
	char folder[32];
	int port;
	pid_t pid;
};

static bool
sink_answers(const struct sink *sink)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	    .sin_port = htons((uint16_t)sink->port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool answers = connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0;

	close(fd);
	return answers;
}

/* False when there is no aiosmtpd, or (with TLS) no openssl program. */
static bool
sink_start(struct sink *sink, bool tls)
{
	char address[32], maildir[64], key[64], certificate[64];

	if (system(PYTHON " -c 'import aiosmtpd' 2>/dev/null") != 0)
		return false;
	snprintf(sink->folder, sizeof(sink->folder), "/tmp/zoco-mail-XXXXXX");
	assert_non_null(mkdtemp(sink->folder));
	close(fake_listen(&sink->port, 1));
	snprintf(address, sizeof(address), "127.0.0.1:%d", sink->port);
	snprintf(maildir, sizeof(maildir), "%s/box", sink->folder);
	snprintf(key, sizeof(key), "--tlskey=%s/key.pem", sink->folder);
	snprintf(certificate, sizeof(certificate), "--tlscert=%s/cert.pem",
	    sink->folder);
	if (tls && !fake_certificate(sink->folder))
		return false;
	if ((sink->pid = fork()) == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(126);
		execl(PYTHON, PYTHON, "-m", "aiosmtpd", "-n", "-l", address,
		    tls ? key : "-n", tls ? certificate : "-n", "-c",
		    "aiosmtpd.handlers.Mailbox", maildir, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 100; i++) {
		if (sink_answers(sink))
			return true;
		usleep(100000);
	}
	fail_msg("aiosmtpd does not start");
	return false;
}

static void
sink_stop(struct sink *sink)
{
	char clean[64];

	kill(sink->pid, SIGTERM);
	waitpid(sink->pid, NULL, 0);
	snprintf(clean, sizeof(clean), "rm -r %s", sink->folder);
	assert_int_equal(system(clean), 0);
}

/* Reads what the reader wrote about one mail. */
static const char *
read_back(const struct sink *sink, struct arena *arena, const char *id,
    const char *kind)
{
	char *path = arena_printf(arena, "%s/%s.%s", sink->folder, id, kind);
	char *text = arena_alloc(arena, 1 << 20);
	FILE *f = fopen(path, "r");

	if (f == NULL)
		fail_msg("not there: %s", path);
	text[fread(text, 1, (1 << 20) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static void
parse_all(const struct sink *sink)
{
	char maildir[64];
	int status;
	pid_t pid;

	snprintf(maildir, sizeof(maildir), "%s/box/new", sink->folder);
	if ((pid = fork()) == 0) {
		execl(PYTHON, PYTHON, "-c", reader, maildir, sink->folder,
		    (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Dots at line starts over more than libcurl's and the server's buffers. */
static const char *
dotted_text(struct arena *arena)
{
	struct buf b;

	buf_init(&b, arena, 512 * 1024);
	buf_puts(&b, ".\n..\n...\n.leading dot\n\n.\n");
	for (int i = 0; i < 4000; i++)
		buf_printf(&b, ".%.*s\n", i % 77, "..dots and words, and dots."
		    " ...................................................");
	buf_puts(&b, ".\n");
	return b.data;
}

static const char *
long_lines(struct arena *arena)
{
	struct buf b;

	buf_init(&b, arena, 64 * 1024);
	for (int i = 0; i < 3000; i++)
		buf_puts(&b, i % 7 == 0 ? "\xc3\xb1" : i % 11 == 0 ? " " : "w");
	buf_puts(&b, "\n");
	for (int i = 0; i < 3000; i++)
		buf_puts(&b, "\xe2\x82\xac");
	buf_puts(&b, "\n");
	return b.data;
}

static void
test_real_server(void **state)
{
	struct arena *arena = arena_new();
	const char *dots = dotted_text(arena), *lines = long_lines(arena);
	const char words[] = "Hola, Jos\xc3\xa9:\n\n\ttab and blanks at the"
	    " end   \nFrom the beginning\n--=_zoco_part\n=3D =\n"
	    "\xf0\x9f\x9b\x92 \xe2\x82\xac 12,00\n";
	const char html[] = "<!doctype html>\n<p title=\"=_\">.\n.<br>\n"
	    "\xc3\xb1</p>\n";
	struct mail mail = usual_mail;
	struct sink sink;
	struct mailer *m;

	(void)state;
	if (!sink_start(&sink, false)) {
		arena_free(arena);
		print_message("skipped: no aiosmtpd\n");
		skip();
	}
	m = mailer_to("127.0.0.1", sink.port);
	assert_int_equal(mailer_send(m, &mail), MAIL_SENT);

	mail.message_id = "<2@example.org>";
	mail.subject = "Confirmaci\xc3\xb3n del pedido n\xc2\xba Z000123 de la"
	    " tienda \xe2\x80\x9cZoco\xe2\x80\x9d: gracias por tu compra"
	    " \xf0\x9f\x9b\x92";
	mail.to_name = "Jos\xc3\xa9 \"Pepe\" N\xc3\xba\xc3\xb1""ez, S.L.";
	mail.from_name = "Zoco, \"the\" \\shop";
	mail.text = words;
	mail.html = html;
	mail.language = "es";
	assert_int_equal(mailer_send(m, &mail), MAIL_SENT);

	mail.message_id = "<3@example.org>";
	mail.text = dots;
	assert_int_equal(mailer_send(m, &mail), MAIL_SENT);
	mail.message_id = "<4@example.org>";
	mail.text = lines;
	mail.html = NULL;
	assert_int_equal(mailer_send(m, &mail), MAIL_SENT);
	mailer_free(m);

	parse_all(&sink);
	assert_string_equal(read_back(&sink, arena, "1@example.org", "text"),
	    "Hello\n");
	assert_string_equal(read_back(&sink, arena, "1@example.org", "types"),
	    "text/plain");
	assert_string_equal(read_back(&sink, arena, "1@example.org", "to"),
	    "|ana@example.net");
	assert_string_equal(read_back(&sink, arena, "1@example.org", "date"),
	    "784111777.0");
	assert_string_equal(read_back(&sink, arena, "2@example.org", "types"),
	    "multipart/alternative text/plain text/html");
	assert_string_equal(read_back(&sink, arena, "2@example.org", "subject"),
	    mail.subject);
	assert_string_equal(read_back(&sink, arena, "2@example.org", "to"),
	    "Jos\xc3\xa9 \"Pepe\" N\xc3\xba\xc3\xb1""ez, S.L.|ana@example.net");
	assert_string_equal(read_back(&sink, arena, "2@example.org", "from"),
	    "Zoco, \"the\" \\shop|shop@example.org");
	assert_string_equal(
	    read_back(&sink, arena, "2@example.org", "envelope"),
	    "shop@example.org|ana@example.net");
	/* The line end before a boundary is the boundary's. */
	assert_string_equal(arena_printf(arena, "%s\n",
	    read_back(&sink, arena, "2@example.org", "text")), words);
	assert_string_equal(arena_printf(arena, "%s\n",
	    read_back(&sink, arena, "2@example.org", "html")), html);
	assert_string_equal(arena_printf(arena, "%s\n",
	    read_back(&sink, arena, "3@example.org", "text")), dots);
	assert_string_equal(read_back(&sink, arena, "4@example.org", "text"),
	    lines);
	sink_stop(&sink);
	arena_free(arena);
}

/* STARTTLS is used, and a certificate that nobody vouches for is refused. */
static void
test_certificate_is_verified(void **state)
{
	struct sink sink;
	struct mailer *m;

	(void)state;
	if (!sink_start(&sink, true)) {
		print_message("skipped: no aiosmtpd, or no openssl program\n");
		skip();
	}
	m = mailer_to("mail.localhost", sink.port);
	assert_int_equal(mailer_send(m, &usual_mail), MAIL_TEMPORARY);
	assert_non_null(strstr(mailer_reply(m), "certificate"));
	mailer_free(m);
	sink_stop(&sink);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_server),
		cmocka_unit_test(test_certificate_is_verified),
	};

	return cmocka_run_group_tests_name("mail_server", tests, NULL, NULL);
}
