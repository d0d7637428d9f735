#include "net/mail.h"

#include <curl/curl.h>
#include <signal.h>

#define MESSAGE_MAX (4 * 1024 * 1024)	/* bytes, encoded */
#define CONNECT_TIMEOUT_MS 10000

struct mailer {
	CURL *curl;		/* NULL until the first mail, after any fork */
	struct arena *arena;	/* for the texts that follow */
	const char *url, *user, *password;
	bool needs_tls;
	int64_t timeout_ms;

	struct arena *mail_arena;	/* for one mail */
	struct buf message;
	size_t given;		/* bytes of it that libcurl has taken */
	bool has_data;		/* DATA was answered by 354 */
	bool is_away;
	bool is_final;		/* the reply's last line has come */
	int code;		/* of the last reply, or 0 */
	char reply[512];
	char error[CURL_ERROR_SIZE];
};

/* Sets an option unless an earlier one failed; `curl`, `code` are local. */
#define SET(option, value) \
	(code = code != CURLE_OK ? code : curl_easy_setopt(curl, option, value))

/* Is the URL's host this machine? A URL that cannot be read is not. */
static bool
is_loopback(const char *url)
{
	CURLU *parsed = curl_url();
	char *host = NULL;
	bool answer = false;

	if (parsed != NULL &&
	    curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK)
		answer = str_eq(host, "localhost") || str_eq(host, "[::1]") ||
		    (str_starts(host, "127.") &&
		    host[strspn(host, "0123456789.")] == '\0');
	curl_free(host);
	curl_url_cleanup(parsed);
	return answer;
}

struct mailer *
mailer_new(const char *url, const char *user, const char *password,
    int64_t timeout_ms)
{
	struct arena *arena = arena_new();
	struct mailer *m = arena_new_of(arena, struct mailer);

	assert(timeout_ms > 0);
	m->arena = arena;
	m->mail_arena = arena_new();
	m->url = arena_strdup(arena, url);
	m->user = arena_strdup(arena, user != NULL ? user : "");
	m->password = arena_strdup(arena, password != NULL ? password : "");
	m->needs_tls = !is_loopback(url);
	m->timeout_ms = timeout_ms;
	/* See http_client_new. */
	signal(SIGPIPE, SIG_IGN);
	return m;
}

void
mailer_free(struct mailer *m)
{
	if (m == NULL)
		return;
	curl_easy_cleanup(m->curl);
	arena_free(m->mail_arena);
	arena_free(m->arena);
}

static size_t
on_read(char *out, size_t size, size_t n, void *context)
{
	struct mailer *m = context;
	size_t rest = m->message.len - m->given;

	if (size * n < rest)
		rest = size * n;
	memcpy(out, m->message.data + m->given, rest);
	m->given += rest;
	return rest;
}

/* Adds to the reply what is printable of a server's line. */
static void
keep_reply(struct mailer *m, const char *text, size_t n)
{
	size_t at = strlen(m->reply);

	while (n > 0 && (text[n - 1] == '\r' || text[n - 1] == '\n'))
		n--;
	for (size_t i = 0; i < n && at < sizeof(m->reply) - 1; i++)
		m->reply[at++] = text[i] >= ' ' && text[i] <= '~' ?
		    text[i] : '?';
	m->reply[at] = '\0';
}

/* A line of a reply: "250-more follows" or "250 the end". */
static size_t
on_reply(char *line, size_t size, size_t n, void *context)
{
	struct mailer *m = context;
	size_t length = size * n, skip = 0;	/* the line stays libcurl's */

	if (length < 4 || !isdigit((unsigned char)line[0]) ||
	    !isdigit((unsigned char)line[1]) ||
	    !isdigit((unsigned char)line[2]))
		return n;
	/* libcurl says QUIT after a refusal; the answer says nothing. */
	if (memcmp(line, "221", 3) == 0)
		return n;
	if (m->is_final)
		m->reply[0] = '\0';
	else if (m->reply[0] != '\0')
		skip = 4;
	m->is_final = line[3] != '-';
	m->code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
	if (m->code == 354)
		m->has_data = true;
	if (skip > 0)
		keep_reply(m, " ", 1);
	keep_reply(m, line + skip, length - skip);
	return n;
}

static CURLcode
set_options(struct mailer *m, const struct mail *mail,
    struct curl_slist *recipient)
{
	CURL *curl = m->curl;
	CURLcode code = CURLE_OK;
	int64_t connect_ms = m->timeout_ms < CONNECT_TIMEOUT_MS ?
	    m->timeout_ms : CONNECT_TIMEOUT_MS;

	SET(CURLOPT_ERRORBUFFER, m->error);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L);	/* a slow resolver is not waited for */
	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_URL, m->url);
	SET(CURLOPT_USE_SSL,
	    (long)(m->needs_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (m->user[0] != '\0') {
		SET(CURLOPT_USERNAME, m->user);
		SET(CURLOPT_PASSWORD, m->password);
	}
	SET(CURLOPT_TIMEOUT_MS, (long)m->timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
	/* Else the answer to a QUIT is waited for two minutes. */
	SET(CURLOPT_SERVER_RESPONSE_TIMEOUT,
	    (long)(m->timeout_ms / 1000 + 1));
	SET(CURLOPT_HEADERFUNCTION, on_reply);
	SET(CURLOPT_HEADERDATA, m);
	SET(CURLOPT_MAIL_FROM, mail->from_address);
	SET(CURLOPT_MAIL_RCPT, recipient);
	SET(CURLOPT_UPLOAD, 1L);
	SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)m->message.len);
	SET(CURLOPT_READFUNCTION, on_read);
	SET(CURLOPT_READDATA, m);
	return code;
}

static enum mail_result
judge(const struct mailer *m, CURLcode code)
{
	if (code == CURLE_OK)
		return MAIL_SENT;
	if (m->has_data && m->code / 100 == 2)
		return MAIL_SENT;	/* what failed came after it */
	if (m->has_data && m->code == 354)
		/* The end of the message may have been sent or not. */
		return m->given < m->message.len ? MAIL_TEMPORARY :
		    MAIL_UNKNOWN;
	/*
	 * libcurl calls a refused sender, recipient or DATA a send error. All
	 * else is about the server and us, and so are 530 to 539 (RFC 4954).
	 */
	if ((m->has_data || code == CURLE_SEND_ERROR) &&
	    m->code / 100 == 5 && m->code / 10 != 53)
		return MAIL_PERMANENT;
	return MAIL_TEMPORARY;
}

/* Did it fail before the server had heard of this mail, or at our name? */
static bool
failed_early(const struct mailer *m, CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_LOGIN_DENIED:
	case CURLE_USE_SSL_FAILED:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
		return true;
	default:
		return m->code == 0 || m->code / 10 == 53;
	}
}

static enum mail_result
perform(struct mailer *m, const struct mail *mail)
{
	struct curl_slist *recipient = curl_slist_append(NULL,
	    mail->to_address);
	enum mail_result result;
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (recipient != NULL)
		code = set_options(m, mail, recipient);
	if (code == CURLE_OK)
		code = curl_easy_perform(m->curl);
	result = judge(m, code);
	m->is_away = result == MAIL_TEMPORARY && !m->has_data &&
	    failed_early(m, code);
	/* The server's own words, unless it was not the server that failed. */
	if (result != MAIL_SENT && m->code < 400) {
		m->reply[0] = '\0';
		keep_reply(m, m->error, strlen(m->error));
		if (m->reply[0] == '\0')
			keep_reply(m, curl_easy_strerror(code),
			    strlen(curl_easy_strerror(code)));
	}
	curl_easy_reset(m->curl);
	curl_slist_free_all(recipient);
	return result;
}

enum mail_result
mailer_send(struct mailer *m, const struct mail *mail)
{
	enum mail_result result = MAIL_PERMANENT;

	m->given = 0;
	m->has_data = m->is_final = m->is_away = false;
	m->code = 0;
	m->reply[0] = m->error[0] = '\0';
	buf_init(&m->message, m->mail_arena, MESSAGE_MAX);
	if (mail_build(mail, &m->message, m->reply, sizeof(m->reply))) {
		if (m->curl == NULL && (m->curl = curl_easy_init()) == NULL)
			abort();
		result = perform(m, mail);
	}
	arena_reset(m->mail_arena);
	return result;
}

bool
mailer_is_away(const struct mailer *m)
{
	return m->is_away;
}

const char *
mailer_reply(const struct mailer *m)
{
	return m->reply;
}
