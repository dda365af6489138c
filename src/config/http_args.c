/*
 * The arguments of a passdb that is an HTTP service.
 * Runs in: master (to check), auth-worker.
 * Hostile input: none that counts: the configuration is root's.
 * Never: expands a variable; connects.
 */
#include "config/http_args.h"

#include <stdio.h>
#include <string.h>

#include "config/setting_value.h"
#include "config/settings_table.h"
#include "lib/netaddr.h"
#include "lib/strutil.h"

/* Three dead services fit into auth_worker_timeout then. */
static const struct setting http_timeout = {
	.name = "timeout", .type = SETTING_MS, .unit = 1000, .min = 100,
	.max = UINT64_C(3600) * 1000,
};
#define HTTP_TIMEOUT_MS	10000
/* Longer names are nobody's; the value has the rest of the line. */
#define HTTP_HEADER_NAME_MAX	127

static const char http_default_path[] = "/";
/* Headers that nobody may set: those of the question, and of HTTP. */
static const char *const http_own_headers[] = {
	"Accept", "Auth-Login-Attempt", "Auth-Method", "Auth-Pass",
	"Auth-Port", "Auth-Protocol", "Auth-Session", "Auth-User",
	"Client-IP", "Client-Port", "Connection", "Content-Length", "Expect",
	"Host", "Server-Addr", "TE", "Trailer", "Transfer-Encoding",
	"Upgrade",
};
/* Who a socket belongs to is not said; nginx says this as well. */
static const char http_socket_host[] = "localhost";

struct http_span {
	const char	*text;
	size_t		 len;
};

/* Takes the beginning off, if it is there. */
static bool
http_skip(struct http_span *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->len < n || !str_span_is(s->text, n, prefix))
		return false;
	s->text += n;
	s->len -= n;
	return true;
}

static bool
http_is_host_name(const char *name)
{
	static const char bytes[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	size_t len = strlen(name);

	return len > 0 && strspn(name, bytes) == len && name[0] != '-' &&
	    name[0] != '.' && strspn(name, "0123456789.") < len;
}

/* unix:/path:/uri, where ":/uri" may be missing; "unix:" is off already. */
static const char *
http_read_socket(struct http_url *url, struct http_span *rest)
{
	const char *colon = memchr(rest->text, ':', rest->len);
	size_t len = colon == NULL ? rest->len : (size_t)(colon - rest->text);

	if (url->is_tls)
		return "no https over a socket";
	if (len == 0 || rest->text[0] != '/' ||
	    str_copy(url->socket, sizeof(url->socket), rest->text, len) == -1)
		return "expected unix:/path:/uri with a path of up to 107 "
		    "bytes";
	rest->text += len;
	rest->len -= len;
	if (rest->len > 0)
		(void)http_skip(rest, ":");
	memcpy(url->host, http_socket_host, sizeof(http_socket_host));
	url->port = 80;
	return NULL;
}

static const char *
http_read_port(struct http_url *url, struct http_span *rest)
{
	uint64_t port;
	size_t len = 0;

	url->port = url->is_tls ? 443 : 80;
	if (!http_skip(rest, ":"))
		return NULL;
	while (len < rest->len && rest->text[len] != '/' &&
	    rest->text[len] != '?')
		len++;
	if (str_number(rest->text, len, 1, 65535, &port) == -1)
		return "bad port";
	url->port = (uint16_t)port;
	rest->text += len;
	rest->len -= len;
	return NULL;
}

/* host[:port], or [address][:port] */
static const char *
http_read_authority(struct http_url *url, struct http_span *rest)
{
	bool has_brackets = http_skip(rest, "[");
	const char *ends = has_brackets ? "]" : ":/?";
	struct netaddr addr;
	size_t len = 0;

	while (len < rest->len && strchr("/?@", rest->text[len]) == NULL)
		len++;
	if (len < rest->len && rest->text[len] == '@')
		return "no name and no password in a URL";
	len = 0;
	while (len < rest->len && strchr(ends, rest->text[len]) == NULL)
		len++;
	if (str_copy(url->host, sizeof(url->host), rest->text, len) == -1)
		return "the host is too long";
	rest->text += len;
	rest->len -= len;
	url->is_address = netaddr_parse(&addr, url->host, len) == 0;
	if (has_brackets && (!http_skip(rest, "]") || !url->is_address))
		return "expected an IPv6 address in brackets";
	if (!url->is_address && !http_is_host_name(url->host))
		return "bad host";
	return http_read_port(url, rest);
}

/* The URL as a client library reads it. */
static const char *
http_write(struct http_url *url, const struct http_span *path)
{
	const bool has_colon = strchr(url->host, ':') != NULL;
	const char *text = path->len == 0 ? http_default_path : path->text;
	size_t len = path->len == 0 ? 1 : path->len;
	int n;

	if (text[0] != '/')
		return "expected a path that begins with a slash";
	if (memchr(text, '#', len) != NULL)
		return "no fragment in a URL";
	for (size_t i = 0; i < len; i++)
		if (text[i] < '!' || text[i] > '~')
			return "bytes of a path that have to be encoded";
	n = snprintf(url->text, sizeof(url->text), "%s://%s%s%s:%u%.*s",
	    url->is_tls ? "https" : "http", has_colon ? "[" : "", url->host,
	    has_colon ? "]" : "", url->port, (int)len, text);
	return n < 0 || (size_t)n >= sizeof(url->text) ?
	    "the URL is too long" : NULL;
}

static const char *
http_read_url(struct http_args *a, const char *word, size_t len)
{
	struct http_url *url = &a->urls[a->nurls];
	struct http_span rest = { word, len };
	const char *fault;
	bool has_scheme;

	if (a->nurls == HTTP_ARGS_URLS_MAX)
		return "more than 8 URLs";
	memset(url, 0, sizeof(*url));
	url->is_tls = http_skip(&rest, "https://");
	has_scheme = url->is_tls || http_skip(&rest, "http://");
	if (http_skip(&rest, "unix:"))
		fault = http_read_socket(url, &rest);
	else if (has_scheme)
		fault = http_read_authority(url, &rest);
	else
		fault = "expected http://, https:// or unix:/path:/uri";
	if (fault == NULL)
		fault = http_write(url, &rest);
	if (fault == NULL)
		a->nurls++;
	return fault;
}

static const char *
http_read_bool(bool *is_on, const char *text, size_t len)
{
	*is_on = str_span_is(text, len, "yes");
	return *is_on || str_span_is(text, len, "no") ? NULL :
	    "expected yes or no";
}

static const char *
http_read_path(char *dst, const char *text, size_t len)
{
	if (len == 0 || text[0] != '/' || memchr(text, '%', len) != NULL)
		return "expected the absolute path of a file, without "
		    "variables";
	return str_copy(dst, HTTP_ARGS_PATH_MAX + 1, text, len) == -1 ?
	    "the path is too long" : NULL;
}

static const char *
http_read_timeout(struct http_args *a, const char *text, size_t len)
{
	struct setting_value_ctx ctx = { .port = 0 };
	char copy[64];

	if (str_copy(copy, sizeof(copy), text, len) == -1 ||
	    setting_value_set(&http_timeout, &a->timeout_ms, copy,
	    &ctx) == -1)
		return "expected a time from 100ms to 1h, without blanks";
	return NULL;
}

bool
http_args_is_own_header(const char *name)
{
	const size_t n = sizeof(http_own_headers) / sizeof(http_own_headers[0]);

	for (size_t i = 0; i < n; i++) {
		if (str_span_is(name, strlen(name), http_own_headers[i]))
			return true;
	}
	return false;
}

/* A byte that may stand as %XX; -1: there is none. */
static int
http_read_byte(const char **text, const char *end)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	unsigned int byte;

	if (**text != '%')
		return (unsigned char)*(*text)++;
	if (end - *text < 3 || strchr(digits, (*text)[1]) == NULL ||
	    strchr(digits, (*text)[2]) == NULL ||
	    sscanf(*text + 1, "%2x", &byte) != 1)
		return -1;
	*text += 3;
	return (int)byte;
}

/* Name:value, kept as "Name: value". */
static const char *
http_read_header(struct http_args *a, const char *text, size_t len)
{
	static const char bytes[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
	const char *end = text + len, *colon = memchr(text, ':', len);
	size_t used = colon == NULL ? 0 : (size_t)(colon - text);
	char *line;
	int byte;

	if (a->nheaders == HTTP_ARGS_HEADERS_MAX)
		return "more than 4 headers";
	line = a->headers[a->nheaders++];
	if (used == 0 || strspn(text, bytes) != used ||
	    str_copy(line, HTTP_HEADER_NAME_MAX + 1, text, used) == -1)
		return "expected Name:value";
	if (http_args_is_own_header(line))
		return "this header is set already";
	line[used++] = ':';
	line[used++] = ' ';
	for (text = colon + 1; text < end;) {
		byte = http_read_byte(&text, end);
		if (byte < ' ' || byte == 0x7f)
			return "no control characters, and a percent sign "
			    "is %25";
		if (used == HTTP_ARGS_HEADER_MAX)
			return "the header is too long";
		line[used++] = (char)byte;
	}
	line[used] = '\0';
	return line[used - 1] == ' ' ? "a value that does not end with a "
	    "blank is needed" : NULL;
}

/* "key=value"; *is_known tells whether there is such a key. */
static const char *
http_read_option(struct http_args *a, const char *word, size_t len,
    bool *is_known)
{
	const char *eq = memchr(word, '=', len), *value;
	size_t key = eq == NULL ? len : (size_t)(eq - word), left;

	*is_known = eq != NULL;
	if (eq == NULL)
		return NULL;
	value = eq + 1;
	left = len - key - 1;
	if (str_span_is(word, key, "nginx_compat"))
		return http_read_bool(&a->is_compat, value, left);
	if (str_span_is(word, key, "timeout"))
		return http_read_timeout(a, value, left);
	if (str_span_is(word, key, "ssl_ca"))
		return http_read_path(a->ca, value, left);
	if (str_span_is(word, key, "cert"))
		return http_read_path(a->cert, value, left);
	if (str_span_is(word, key, "key"))
		return http_read_path(a->key, value, left);
	if (str_span_is(word, key, "header"))
		return http_read_header(a, value, left);
	*is_known = false;
	return NULL;
}

static const char *
http_check(const struct http_args *a)
{
	bool has_tls = false;

	if (a->nurls == 0)
		return "a URL is missing";
	for (size_t i = 0; i < a->nurls; i++)
		has_tls |= a->urls[i].is_tls;
	if ((a->cert[0] == '\0') != (a->key[0] == '\0'))
		return "cert and key go together";
	if (!has_tls && (a->ca[0] != '\0' || a->cert[0] != '\0'))
		return "ssl_ca, cert and key are for https";
	return NULL;
}

/* What is wrong with a word; the value of a header is not shown. */
static void
http_tell(const char *word, size_t len, const char *fault, char *err,
    size_t err_size)
{
	static const char header[] = "header=";
	const char *colon = memchr(word, ':', len);

	if (len >= sizeof(header) - 1 &&
	    str_span_is(word, sizeof(header) - 1, header))
		len = colon == NULL ? sizeof(header) - 1 :
		    (size_t)(colon - word);
	snprintf(err, err_size, "%.*s: %s", len > 100 ? 100 : (int)len, word,
	    fault);
}

int
http_args_parse(struct http_args *a, const char *args, char *err,
    size_t err_size)
{
	const char *fault = NULL;
	bool is_option;
	size_t len;

	memset(a, 0, sizeof(*a));
	a->timeout_ms = HTTP_TIMEOUT_MS;
	for (;; args += len) {
		args += strspn(args, " \t");
		len = strcspn(args, " \t");
		if (len == 0)
			break;
		fault = http_read_option(a, args, len, &is_option);
		if (!is_option)
			fault = http_read_url(a, args, len);
		if (fault != NULL) {
			http_tell(args, len, fault, err, err_size);
			return -1;
		}
	}
	fault = http_check(a);
	if (fault == NULL)
		return 0;
	snprintf(err, err_size, "%s", fault);
	return -1;
}

const char *
http_url_label(const struct http_url *url, char *dst)
{
	const bool has_colon = strchr(url->host, ':') != NULL;

	if (url->socket[0] != '\0')
		snprintf(dst, HTTP_ARGS_LABEL_MAX, "unix:%s", url->socket);
	else
		snprintf(dst, HTTP_ARGS_LABEL_MAX, "%s://%s%s%s:%u",
		    url->is_tls ? "https" : "http", has_colon ? "[" : "",
		    url->host, has_colon ? "]" : "", url->port);
	return dst;
}

bool
http_url_is_in_clear(const struct http_url *url)
{
	static const char loopback[] = "127.0.0.0/8";
	struct netaddr_net net;
	struct netaddr addr;

	if (url->is_tls || url->socket[0] != '\0' ||
	    str_span_is(url->host, strlen(url->host), "localhost"))
		return false;
	if (!url->is_address)
		return true;
	if (netaddr_parse(&addr, url->host, strlen(url->host)) == -1 ||
	    netaddr_net_parse(&net, loopback, sizeof(loopback) - 1) == -1)
		return true;
	return strcmp(url->host, "::1") != 0 &&
	    !netaddr_net_has(&net, &addr);
}
