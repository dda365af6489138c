/*
 * HTTP by libcurl, with everything off that is not asked for.
 * Runs in: auth-worker.
 * Hostile input: what the service sends, names that resolve.
 * Never: follows a redirect, takes a proxy or a file from the environment,
 * speaks another protocol, leaves a password in freed memory.
 */
#include "auth-worker/http_client.h"

/* For CURLOPT_PROTOCOLS: what has taken its place came in 7.85. */
#define CURL_DISABLE_DEPRECATION
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth-worker/http_reply.h"
#include "auth-worker/http_request.h"
#include "auth-worker/http_tls.h"
#include "auth-worker/resolver.h"
#include "config/http_args.h"
#include "lib/clock.h"
#include "lib/netaddr.h"
#include "lib/xmem.h"

/* A host that is there takes a connection within this time. */
#define HTTP_CONNECT_MS		3000
/* Addresses of a host are asked for again after this time. */
#define HTTP_RESOLVE_MS		30000
/* "-host:port", "host:port:" and eight addresses. */
#define HTTP_RESOLVE_MAX \
	(HTTP_ARGS_HOST_MAX + 16 + LOGIN_AUTH_ADDRS_MAX * NETADDR_TEXT_MAX)
/* libcurl looks whether time is over this often, at least. */
#define HTTP_POLL_MS		1000

/* Addresses of a URL's host. */
struct http_place {
	uint64_t		 until_ms;
	struct curl_slist	*resolve;	/* NULL: not needed, or none */
};

struct http_client {
	const struct http_args	*args;
	CURLM			*multi;		/* keeps the connections */
	struct http_place	 places[HTTP_ARGS_URLS_MAX];
};

/* What the functions that libcurl calls work on. */
struct http_transfer {
	struct http_reply	*reply;
	char			 error[CURL_ERROR_SIZE];
};

/*
 * libcurl's memory: it copies headers into buffers of its own and does not
 * wipe them.  The size stands in front of each piece.
 */
union http_piece {
	size_t		size;
	max_align_t	align;
};

static void *
http_calloc(size_t n, size_t size)
{
	union http_piece *p;

	if (size != 0 && n > (SIZE_MAX - sizeof(*p)) / size)
		return NULL;
	p = xcalloc(1, sizeof(*p) + n * size);
	p->size = n * size;
	return p + 1;
}

static void *
http_malloc(size_t size)
{
	return http_calloc(1, size);
}

static void
http_free(void *memory)
{
	union http_piece *p = memory;

	if (p == NULL)
		return;
	p--;
	explicit_bzero(p, sizeof(*p) + p->size);
	free(p);
}

static void *
http_realloc(void *memory, size_t size)
{
	const union http_piece *old = memory;
	void *new = http_calloc(1, size);

	if (old != NULL && new != NULL) {
		memcpy(new, memory, old[-1].size < size ? old[-1].size :
		    size);
		http_free(memory);
	}
	return new;
}

static char *
http_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = http_calloc(1, size);

	if (copy != NULL)
		memcpy(copy, text, size);
	return copy;
}

/* Once a process; before any other call. */
static bool
http_library_init(void)
{
	static bool is_ready;

	if (!is_ready)
		is_ready = curl_global_init_mem(CURL_GLOBAL_ALL, http_malloc,
		    http_free, http_realloc, http_strdup, http_calloc) ==
		    CURLE_OK;
	return is_ready;
}

struct http_client *
http_client_new(const struct http_args *args, char *err, size_t err_size)
{
	struct http_client *c;

	if (!http_library_init()) {
		(void)snprintf(err, err_size, "libcurl cannot be used");
		return NULL;
	}
	c = xcalloc(1, sizeof(*c));
	c->args = args;
	c->multi = curl_multi_init();
	if (c->multi == NULL || curl_multi_setopt(c->multi,
	    CURLMOPT_MAXCONNECTS, (long)args->nurls) != CURLM_OK) {
		(void)snprintf(err, err_size, "libcurl does not start");
		http_client_free(c);
		return NULL;
	}
	return c;
}

void
http_client_free(struct http_client *c)
{
	if (c == NULL)
		return;
	if (c->multi != NULL)
		(void)curl_multi_cleanup(c->multi);
	for (size_t i = 0; i < HTTP_ARGS_URLS_MAX; i++)
		curl_slist_free_all(c->places[i].resolve);
	free(c);
}

/* "host:port:address,address" */
static void
http_place_text(const struct http_url *url,
    const struct auth_worker_resolved *found, char *dst, size_t size)
{
	char text[NETADDR_TEXT_MAX];
	size_t used;

	used = (size_t)snprintf(dst, size, "%s:%u:", url->host, url->port);
	for (unsigned int i = 0; i < found->naddrs && used < size; i++)
		used += (size_t)snprintf(dst + used, size - used,
		    found->addrs[i].family == NETADDR_V6 ? "%s[%s]" : "%s%s",
		    i == 0 ? "" : ",",
		    netaddr_text(&found->addrs[i], text));
}

/*
 * Finds the addresses of the host, with the system's resolver: libcurl's own
 * way wants a thread, and a worker may not start any.
 */
static int
http_place_find(struct http_client *c, size_t i, uint32_t left_ms,
    struct sql_fault *fault)
{
	const struct http_url *url = &c->args->urls[i];
	struct http_place *place = &c->places[i];
	struct auth_worker_resolved found;
	char old[HTTP_RESOLVE_MAX], new[HTTP_RESOLVE_MAX];

	if (url->is_address || url->socket[0] != '\0' ||
	    (place->resolve != NULL && clock_ms() < place->until_ms))
		return 0;
	curl_slist_free_all(place->resolve);
	place->resolve = NULL;
	resolver_ask(url->host, left_ms, &found);
	if (found.naddrs == 0) {
		sql_fault_set(fault, SQL_FAULT_CONNECT, "host %s has no "
		    "address%s", url->host, found.is_temporary ? " now" : "");
		return -1;
	}
	http_place_text(url, &found, new, sizeof(new));
	(void)snprintf(old, sizeof(old), "-%s:%u", url->host, url->port);
	place->resolve = curl_slist_append(NULL, old);
	if (place->resolve == NULL ||
	    curl_slist_append(place->resolve, new) == NULL) {
		sql_fault_set(fault, SQL_FAULT_CONNECT, "no memory");
		return -1;
	}
	place->until_ms = clock_ms() + HTTP_RESOLVE_MS;
	return 0;
}

static size_t
http_on_header(char *line, size_t one, size_t len, void *arg)
{
	struct http_transfer *t = arg;

	(void)one;
	return http_reply_line(t->reply, line, len) == -1 ? len + 1 : len;
}

static size_t
http_on_body(char *data, size_t one, size_t len, void *arg)
{
	struct http_transfer *t = arg;

	(void)one;
	(void)data;
	return http_reply_body(t->reply, len) == -1 ? len + 1 : len;
}

#define HTTP_SET(option, value) \
	(curl_easy_setopt(easy, (option), (value)) == CURLE_OK)

/* Nothing that a service or the machine could turn to its use. */
static bool
http_set_limits(CURL *easy, const struct http_url *url)
{
	return HTTP_SET(CURLOPT_PROTOCOLS, url->is_tls ?
	    (long)CURLPROTO_HTTPS : (long)CURLPROTO_HTTP) &&
	    HTTP_SET(CURLOPT_FOLLOWLOCATION, 0L) &&
	    HTTP_SET(CURLOPT_PROXY, "") &&
	    HTTP_SET(CURLOPT_NOPROXY, "*") &&
	    HTTP_SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
	    HTTP_SET(CURLOPT_HTTP09_ALLOWED, 0L) &&
	    HTTP_SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
	    HTTP_SET(CURLOPT_NOSIGNAL, 1L) &&
	    HTTP_SET(CURLOPT_PATH_AS_IS, 1L) &&
	    HTTP_SET(CURLOPT_SSL_VERIFYPEER, 1L) &&
	    HTTP_SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
	    HTTP_SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static CURLcode
http_on_tls(CURL *easy, void *ssl_ctx, void *arg)
{
	(void)easy;
	(void)arg;
	http_tls_wipe(ssl_ctx);
	return CURLE_OK;
}

/* Only where libcurl's TLS is that of which http_tls.c knows. */
static bool
http_set_wipe(CURL *easy)
{
	static const char name[] = "OpenSSL/3";
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	return v->ssl_version == NULL ||
	    strncmp(v->ssl_version, name, sizeof(name) - 1) != 0 ||
	    HTTP_SET(CURLOPT_SSL_CTX_FUNCTION, http_on_tls);
}

static bool
http_set_files(CURL *easy, const struct http_args *args,
    const struct http_url *url)
{
	if (url->socket[0] != '\0' &&
	    !HTTP_SET(CURLOPT_UNIX_SOCKET_PATH, url->socket))
		return false;
	/* The system's directory would be trusted beside the file. */
	if (args->ca[0] != '\0' && (!HTTP_SET(CURLOPT_CAINFO, args->ca) ||
	    !HTTP_SET(CURLOPT_CAPATH, NULL)))
		return false;
	return args->cert[0] == '\0' ||
	    (HTTP_SET(CURLOPT_SSLCERT, args->cert) &&
	    HTTP_SET(CURLOPT_SSLKEY, args->key));
}

static bool
http_set_transfer(CURL *easy, struct http_transfer *t, long left_ms)
{
	return HTTP_SET(CURLOPT_ERRORBUFFER, t->error) &&
	    HTTP_SET(CURLOPT_HEADERFUNCTION, http_on_header) &&
	    HTTP_SET(CURLOPT_HEADERDATA, t) &&
	    HTTP_SET(CURLOPT_WRITEFUNCTION, http_on_body) &&
	    HTTP_SET(CURLOPT_WRITEDATA, t) &&
	    HTTP_SET(CURLOPT_TIMEOUT_MS, left_ms) &&
	    HTTP_SET(CURLOPT_CONNECTTIMEOUT_MS, left_ms < HTTP_CONNECT_MS ?
	    left_ms : (long)HTTP_CONNECT_MS);
}

/* The headers as libcurl wants them; NULL when there is no memory. */
static struct curl_slist *
http_headers_new(const struct http_request *request)
{
	struct curl_slist *list = curl_slist_append(NULL, "Accept:"), *more;

	for (size_t i = 0; i < request->n && list != NULL; i++) {
		more = curl_slist_append(list, request->lines[i]);
		if (more == NULL)
			curl_slist_free_all(list);
		list = more;
	}
	return list;
}

/* Waits for the end of the only transfer. */
static CURLcode
http_wait(CURLM *multi)
{
	CURLMsg *msg;
	int nrunning = 1, nleft;

	while (curl_multi_perform(multi, &nrunning) == CURLM_OK) {
		if (nrunning == 0)
			break;
		if (curl_multi_poll(multi, NULL, 0, HTTP_POLL_MS, NULL) !=
		    CURLM_OK)
			return CURLE_FAILED_INIT;
	}
	while ((msg = curl_multi_info_read(multi, &nleft)) != NULL)
		if (msg->msg == CURLMSG_DONE)
			return msg->data.result;
	return CURLE_FAILED_INIT;
}

/*
 * What is the service's fault, and what that of one question?  A service that
 * hangs up on somebody may be there for others.
 */
static enum sql_fault_kind
http_fault_kind(CURL *easy, CURLcode code)
{
	long sent = 0;

	if (curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent) !=
	    CURLE_OK || sent == 0)
		return SQL_FAULT_CONNECT;
	return code == CURLE_OPERATION_TIMEDOUT ? SQL_FAULT_DEADLINE :
	    SQL_FAULT_QUERY;
}

/* One transfer that is all set. */
static int
http_run(struct http_client *c, CURL *easy, const struct http_transfer *t,
    struct sql_fault *fault)
{
	CURLcode code = CURLE_FAILED_INIT;

	if (curl_multi_add_handle(c->multi, easy) == CURLM_OK) {
		code = http_wait(c->multi);
		(void)curl_multi_remove_handle(c->multi, easy);
	}
	/* What is wrong with the answer is for its reader to tell. */
	if (code == CURLE_OK ||
	    (t->reply != NULL && t->reply->fault != NULL))
		return 0;
	sql_fault_set(fault, http_fault_kind(easy, code), "%s",
	    t->error[0] != '\0' ? t->error : curl_easy_strerror(code));
	return -1;
}

/* A handle with all but the question; NULL with a fault. */
static CURL *
http_easy_new(struct http_client *c, size_t i, uint64_t due_ms,
    struct http_transfer *t, struct sql_fault *fault)
{
	const struct http_url *url = &c->args->urls[i];
	uint64_t now_ms = clock_ms();
	CURL *easy;

	sql_fault_set(fault, SQL_FAULT_DEADLINE, "no time left");
	if (now_ms >= due_ms || http_place_find(c, i,
	    (uint32_t)(due_ms - now_ms), fault) == -1)
		return NULL;
	now_ms = clock_ms();
	if (now_ms >= due_ms)
		return NULL;
	easy = curl_easy_init();
	if (easy != NULL && HTTP_SET(CURLOPT_URL, url->text) &&
	    HTTP_SET(CURLOPT_RESOLVE, c->places[i].resolve) &&
	    http_set_limits(easy, url) && http_set_wipe(easy) &&
	    http_set_files(easy, c->args, url) &&
	    http_set_transfer(easy, t, (long)(due_ms - now_ms)))
		return easy;
	curl_easy_cleanup(easy);
	sql_fault_set(fault, SQL_FAULT_CONNECT, "libcurl refuses an option");
	return NULL;
}

int
http_client_ask(struct http_client *c, size_t i,
    const struct http_request *request, uint64_t due_ms,
    struct http_reply *reply, struct sql_fault *fault)
{
	struct http_transfer t = { .reply = reply };
	struct curl_slist *headers;
	CURL *easy;
	int rc = -1;

	easy = http_easy_new(c, i, due_ms, &t, fault);
	if (easy == NULL)
		return -1;
	headers = http_headers_new(request);
	if (headers != NULL && HTTP_SET(CURLOPT_HTTPHEADER, headers))
		rc = http_run(c, easy, &t, fault);
	else
		sql_fault_set(fault, SQL_FAULT_CONNECT, "no memory");
	/* Frees, and so wipes, all but the connection. */
	curl_easy_cleanup(easy);
	curl_slist_free_all(headers);
	return rc;
}

int
http_client_probe(struct http_client *c, size_t i, uint64_t due_ms,
    struct sql_fault *fault)
{
	struct http_transfer t = { .reply = NULL };
	CURL *easy;
	int rc = -1;

	easy = http_easy_new(c, i, due_ms, &t, fault);
	if (easy == NULL)
		return -1;
	if (HTTP_SET(CURLOPT_CONNECT_ONLY, 1L))
		rc = http_run(c, easy, &t, fault);
	curl_easy_cleanup(easy);
	return rc;
}
