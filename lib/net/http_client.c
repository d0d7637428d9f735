#include "net/http_client.h"

#include <curl/curl.h>
#include <signal.h>
#include <sys/socket.h>

#include "net/address.h"

#define HEADERS_MAX (64 * 1024)
#define KEEP_CAPACITY (256 * 1024)	/* a buffer of more is not kept */

/* Bytes as they come in. Not the arena's: it may not jump through libcurl. */
struct sink {
	char *data;
	size_t n, capacity, max;
	bool too_large;
};

struct http_client {
	CURL *curl;		/* NULL until the first call, after any fork */
	struct sink body;
	struct sink headers;	/* lines, each with a NUL */
	bool headers_end;	/* only trailers come, or a new response */
	bool address_refused;
	char error[CURL_ERROR_SIZE];
};

/* Sets an option unless an earlier one failed; `curl`, `code` are local. */
#define SET(option, value) \
	(code = code != CURLE_OK ? code : curl_easy_setopt(curl, option, value))

static void
sink_start(struct sink *s, size_t max)
{
	if (s->capacity > KEEP_CAPACITY) {
		free(s->data);
		*s = (struct sink){ 0 };
	}
	s->n = 0;
	s->max = max;
	s->too_large = false;
}

static bool
sink_add(struct sink *s, const char *bytes, size_t n)
{
	if (n > s->max - s->n) {
		s->too_large = true;
		return false;
	}
	if (n > s->capacity - s->n) {
		size_t capacity = s->capacity * 2 + 4096 + n;
		char *data = realloc(s->data, capacity);

		if (data == NULL)
			return false;
		s->data = data;
		s->capacity = capacity;
	}
	if (n > 0)
		memcpy(s->data + s->n, bytes, n);
	s->n += n;
	return true;
}

static size_t
on_body(char *bytes, size_t size, size_t n, void *context)
{
	struct http_client *client = context;

	return sink_add(&client->body, bytes, size * n) ? n : 0;
}

/* A line of the response's head, with its line end and without a NUL. */
static size_t
on_header(char *bytes, size_t size, size_t n, void *context)
{
	struct http_client *client = context;
	size_t length = size * n;

	if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
		/* Also after an interim response, whose headers are no more. */
		client->headers.n = 0;
		client->headers_end = false;
		return n;
	}
	while (length > 0 && strchr(" \t\r\n", bytes[length - 1]) != NULL)
		length--;
	if (length == 0)
		client->headers_end = true;
	if (client->headers_end)
		return n;
	return sink_add(&client->headers, bytes, length) &&
	    sink_add(&client->headers, "", 1) ? n : 0;
}

/* Called with the address that the name was resolved to, before connecting. */
static curl_socket_t
open_public_socket(void *context, curlsocktype purpose,
    struct curl_sockaddr *address)
{
	struct http_client *client = context;

	(void)purpose;
	if (!address_is_public(&address->addr)) {
		client->address_refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol);
}

struct http_client *
http_client_new(void)
{
	struct http_client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		abort();
	/*
	 * CURLOPT_NOSIGNAL, needed for time-outs without SIGALRM, makes libcurl
	 * leave SIGPIPE alone too; a peer that hangs up shall not end us.
	 */
	signal(SIGPIPE, SIG_IGN);
	return client;
}

void
http_client_free(struct http_client *client)
{
	if (client == NULL)
		return;
	curl_easy_cleanup(client->curl);
	free(client->body.data);
	free(client->headers.data);
	free(client);
}

static bool
has_control(const char *s, unsigned char least)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < least || *s == 0x7f)
			return true;
	return false;
}

/* "Name: value" with a name of RFC 9110's token characters. */
static bool
header_is_good(const char *header)
{
	size_t name = strspn(header, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~");

	return name > 0 && header[name] == ':' && !has_control(header, ' ');
}

/* What is wrong with the call as it is written, or NULL. */
static const char *
call_fault(const struct http_call *call)
{
	const char *const *header = call->headers;

	if (call->method[0] == '\0' || call->method[strspn(call->method,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] != '\0')
		return "a method is upper-case letters";
	if (has_control(call->url, '!'))
		return "blank or control character in the URL";
	if (call->public_only && call->unix_socket != NULL)
		return "a Unix socket is not public";
	for (; header != NULL && *header != NULL; header++)
		if (!header_is_good(*header))
			return "malformed header";
	return NULL;
}

static bool
is_repeatable(const char *method)
{
	static const char *const methods[] = {
		"GET", "HEAD", "PUT", "DELETE", "OPTIONS"
	};

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (str_eq(method, methods[i]))
			return true;
	return false;
}

static CURLcode
set_rules(struct http_client *client, const struct http_call *call)
{
	CURL *curl = client->curl;
	CURLcode code = CURLE_OK;
	int64_t connect_ms = call->connect_timeout_ms;

	SET(CURLOPT_ERRORBUFFER, client->error);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L);	/* a slow resolver is not waited for */
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(connect_ms > 0 ? connect_ms : call->timeout_ms));
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, client);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, client);
	if (call->public_only) {
		SET(CURLOPT_OPENSOCKETFUNCTION, open_public_socket);
		SET(CURLOPT_OPENSOCKETDATA, client);
	}
	/* A kept connection was not opened under our eyes, or may be stale. */
	if (call->public_only || !is_repeatable(call->method))
		SET(CURLOPT_FRESH_CONNECT, 1L);
	return code;
}

static CURLcode
set_request(CURL *curl, const struct http_call *call)
{
	CURLcode code = CURLE_OK;
	bool needs_body = !str_eq(call->method, "GET") &&
	    !str_eq(call->method, "DELETE") && !str_eq(call->method, "OPTIONS");

	SET(CURLOPT_URL, call->url);
	SET(CURLOPT_UNIX_SOCKET_PATH, call->unix_socket);
	SET(CURLOPT_USERAGENT, "zoco/" ZOCO_VERSION);
	if (str_eq(call->method, "HEAD")) {
		SET(CURLOPT_NOBODY, 1L);
		return code;
	}
	if (call->body != NULL || needs_body) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)(call->body != NULL ? call->body_n : 0));
		SET(CURLOPT_POSTFIELDS, call->body != NULL ? call->body : "");
	}
	SET(CURLOPT_CUSTOMREQUEST, call->method);
	return code;
}

static bool
append(struct curl_slist **list, const char *header)
{
	struct curl_slist *longer = curl_slist_append(*list, header);

	if (longer != NULL)
		*list = longer;
	return longer != NULL;
}

/* The caller's headers, less what libcurl would add by itself. */
static bool
make_headers(const struct http_call *call, struct curl_slist **list)
{
	bool has_type = false, good = append(list, "Expect:");
	const char *const *header = call->headers;

	for (; good && header != NULL && *header != NULL; header++) {
		if (strncasecmp(*header, "Content-Type:", 13) == 0)
			has_type = true;
		good = append(list, *header);
	}
	return good && (has_type || append(list, "Content-Type:"));
}

static enum http_result
judge(struct http_client *client, CURLcode code)
{
	long sent = 0;

	/* libcurl is content with a head that is cut off after its status. */
	if (code == CURLE_OK)
		return client->headers_end ? HTTP_ANSWERED : HTTP_UNKNOWN;
	if (client->body.too_large || client->headers.too_large)
		return HTTP_TOO_LARGE;
	/* Of the request, without TLS: so 0 says that nobody has read it. */
	curl_easy_getinfo(client->curl, CURLINFO_REQUEST_SIZE, &sent);
	return sent == 0 ? HTTP_UNREACHABLE : HTTP_UNKNOWN;
}

static const char *
explain(const struct http_client *client, CURLcode code)
{
	if (client->body.too_large || client->headers.too_large)
		return "the answer is too large";
	if (client->address_refused)
		return "the address is not public";
	if (code == CURLE_OK)
		return "the answer's head is cut off";
	return client->error[0] != '\0' ? client->error :
	    curl_easy_strerror(code);
}

/* All that libcurl does; what it gives is left in the client's sinks. */
static enum http_result
perform(struct http_client *client, const struct http_call *call,
    struct http_answer *answer)
{
	struct curl_slist *headers = NULL;
	enum http_result result;
	long status = 0;
	CURLcode code;

	if ((code = set_rules(client, call)) == CURLE_OK)
		code = set_request(client->curl, call);
	if (code == CURLE_OK && !make_headers(call, &headers))
		code = CURLE_OUT_OF_MEMORY;
	if (code == CURLE_OK)
		code = curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER,
		    headers);
	if (code == CURLE_OK)
		code = curl_easy_perform(client->curl);
	result = judge(client, code);
	if (result != HTTP_ANSWERED)
		snprintf(answer->error, sizeof(answer->error), "%s",
		    explain(client, code));
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	answer->status = (int)status;
	/* libcurl holds on to the list, the body and the error buffer. */
	curl_easy_reset(client->curl);
	curl_slist_free_all(headers);
	return result;
}

static enum http_result
refuse(struct http_answer *answer, const char *why)
{
	snprintf(answer->error, sizeof(answer->error), "%s", why);
	return HTTP_UNREACHABLE;
}

static char *
copy(struct arena *arena, const struct sink *s)
{
	return arena_strndup(arena, s->data, s->n);
}

enum http_result
http_client_run(struct http_client *client, struct arena *arena,
    const struct http_call *call, struct http_answer *answer)
{
	const char *fault = call_fault(call);
	enum http_result result;

	assert(call->timeout_ms > 0);
	*answer = (struct http_answer){ .content_type = "", .headers = "" };
	answer->body = arena_alloc(arena, 1);
	if (fault != NULL)
		return refuse(answer, fault);
	if (client->curl == NULL && (client->curl = curl_easy_init()) == NULL)
		return refuse(answer, "libcurl does not start");
	sink_start(&client->body, call->max_bytes);
	sink_start(&client->headers, HEADERS_MAX);
	client->headers_end = client->address_refused = false;
	client->error[0] = '\0';
	if ((result = perform(client, call, answer)) != HTTP_ANSWERED)
		return result;
	answer->n = client->body.n;
	answer->body = copy(arena, &client->body);
	answer->headers = copy(arena, &client->headers);
	answer->content_type = http_answer_header(answer, "Content-Type");
	return result;
}

const char *
http_answer_header(const struct http_answer *answer, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = answer->headers; *line != '\0';
	    line += strlen(line) + 1)
		if (strncasecmp(line, name, n) == 0 && line[n] == ':')
			return line + n + 1 + strspn(line + n + 1, " \t");
	return "";
}
