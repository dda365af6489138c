/*
 * Questions of nginx's auth_http protocol.
 * Runs in: auth-worker.
 * Hostile input: names and passwords of clients.
 * Never: lets a byte of a value end its header.
 */
#include "auth-worker/http_request.h"

#include <stdio.h>
#include <string.h>

#include "config/http_args.h"
#include "ipc/auth_worker.h"
#include "ipc/roles.h"
#include "lib/netaddr.h"
#include "lib/xmem.h"

/* The longest value, each byte escaped. */
#define HTTP_VALUE_MAX	(3 * LOGIN_AUTH_PASS_MAX)

void
http_request_escape(char *dst, const char *src)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *src != '\0'; src++) {
		const unsigned char c = (unsigned char)*src;

		if (c > ' ' && c != '%') {
			*dst++ = *src;
			continue;
		}
		*dst++ = '%';
		*dst++ = digits[c >> 4];
		*dst++ = digits[c & 15];
	}
	*dst = '\0';
}

/* An empty value is written with ';' for libcurl, which sends a ':'. */
static void
http_request_add(struct http_request *r, const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + sizeof(": ");
	char *line = xcalloc(1, size);

	(void)snprintf(line, size, "%s%s%s", name,
	    value[0] == '\0' ? ";" : ": ", value);
	r->lines[r->n++] = line;
}

static void
http_request_add_number(struct http_request *r, const char *name,
    unsigned int number)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", number);
	http_request_add(r, name, text);
}

static void
http_request_add_escaped(struct http_request *r, const char *name,
    const char *value)
{
	char text[HTTP_VALUE_MAX + 1];

	http_request_escape(text, value);
	http_request_add(r, name, text);
	explicit_bzero(text, sizeof(text));
}

void
http_request_init(struct http_request *r, const struct auth_worker_lookup *m)
{
	char rip[NETADDR_TEXT_MAX], lip[NETADDR_TEXT_MAX];

	r->n = 0;
	/* Those of nginx, in its order. */
	http_request_add(r, "Auth-Method", "plain");
	http_request_add_escaped(r, "Auth-User", m->user);
	http_request_add_escaped(r, "Auth-Pass", m->pass);
	http_request_add(r, "Auth-Protocol",
	    service_name((enum service_id)m->service));
	http_request_add_number(r, "Auth-Login-Attempt", m->attempt);
	http_request_add(r, "Client-IP", netaddr_text(&m->rip, rip));
	/* Ours. */
	http_request_add_number(r, "Client-Port", m->rip.port);
	http_request_add(r, "Server-Addr", netaddr_text(&m->lip, lip));
	http_request_add_number(r, "Auth-Port", m->lip.port);
	http_request_add_escaped(r, "Auth-Session", m->session);
}

void
http_request_add_lines(struct http_request *r, const struct http_args *args)
{
	_Static_assert(10 + HTTP_ARGS_HEADERS_MAX <= HTTP_REQUEST_LINES_MAX,
	    "room for all headers");

	for (size_t i = 0; i < args->nheaders; i++)
		r->lines[r->n++] = xstrdup(args->headers[i]);
}

void
http_request_clear(struct http_request *r)
{
	for (size_t i = 0; i < r->n; i++)
		xfree_secret(r->lines[i]);
	r->n = 0;
}
