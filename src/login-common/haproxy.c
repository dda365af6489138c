/*
 * haproxy: a proxy's header at the begin of a connection.
 * Runs in: login processes.
 * Hostile input: headers, from who is in haproxy_trusted_networks.
 * Never: reads a byte that stands behind the header; lets a header make a
 * connection protected unless the administrator says so.
 */
#include "login-common/haproxy.h"

#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "lib/xmem.h"
#include "login-common/login_process.h"
#include "login-common/proxy_header.h"
#include "login-common/session.h"

/* Texts of a header in log lines: each is cut. */
#define HAPROXY_TEXT_MAX	100

void
haproxy_start(struct session *s)
{
	const struct settings_nets *nets =
	    &s->process->set->haproxy_trusted_networks;

	session_to(s, SESSION_PROXY_HEADER);
	for (size_t i = 0; i < nets->n; i++)
		if (netaddr_net_has(&nets->items[i], &s->real_rip))
			return;
	session_close(s, SESSION_REASON_HAPROXY_UNTRUSTED);
}

/* " key=<text>", or nothing when there is none. */
static const char *
haproxy_field(char *dst, size_t size, const char *key,
    struct proxy_header_text t)
{
	char safe[HAPROXY_TEXT_MAX];

	dst[0] = '\0';
	if (t.len > 0)
		(void)snprintf(dst, size, " %s=<%s>", key,
		    log_safe(safe, sizeof(safe), t.text, t.len));
	return dst;
}

/* What goes into the log lines of this session. */
static void
haproxy_note(struct session *s, const struct proxy_header *h)
{
	char all[HAPROXY_TEXTS_MAX], name[HAPROXY_TEXT_MAX + 20];
	char id[HAPROXY_TEXT_MAX + 20], cert[HAPROXY_TEXT_MAX + 20];

	(void)snprintf(all, sizeof(all), "%s%s%s%s",
	    h->is_tls ? " front_tls=yes" : "",
	    haproxy_field(name, sizeof(name), "front_sni", h->host_name),
	    haproxy_field(cert, sizeof(cert), "front_cert", h->cert_name),
	    haproxy_field(id, sizeof(id), "front_id", h->id));
	if (all[0] != '\0')
		s->front = xstrdup(all);
}

static void
haproxy_done(struct session *s, const struct proxy_header *h)
{
	stream_skip(&s->client, h->len);
	if (!h->is_local) {
		s->rip = h->src;
		s->lip = h->dst;
	}
	haproxy_note(s, h);
	if (h->is_tls && s->process->set->haproxy_trust_ssl) {
		s->login->is_secured = true;
		s->login->has_transport = s->login->is_client_tls = true;
	}
	session_begin(s);
}

void
haproxy_step(struct session *s)
{
	uint8_t bytes[PROXY_HEADER_MAX];
	struct proxy_header h;
	size_t n = stream_peek(&s->client, bytes, sizeof(bytes));

	if (stream_is_over(&s->client)) {
		session_close(s, SESSION_REASON_CLIENT_GONE);
		return;
	}
	switch (proxy_header_parse(&h, bytes, n)) {
	case PROXY_HEADER_MORE:
		/* Nothing more will come; what is there stays unread. */
		if (s->client.is_ending)
			session_close(s, SESSION_REASON_CLIENT_GONE);
		break;
	case PROXY_HEADER_DONE:
		haproxy_done(s, &h);
		break;
	case PROXY_HEADER_BAD:
		session_close(s, SESSION_REASON_HAPROXY_HEADER);
		break;
	}
}

void
haproxy_timeout(void *arg)
{
	session_close(arg, SESSION_REASON_HAPROXY_TIMEOUT);
}

struct loop_timers *
haproxy_timers(struct session *s)
{
	return &s->process->haproxy_timers;
}

/*
 * A trusted proxy may have told an address without a port.  Dovecot takes no
 * header with port 0: the connection's own stands for it.
 */
static struct netaddr
haproxy_addr(const struct netaddr *told, const struct netaddr *real)
{
	struct netaddr a = *told;

	if (a.port == 0)
		a.port = real->port;
	return a;
}

void
haproxy_put(struct session *s)
{
	const struct netaddr src = haproxy_addr(&s->rip, &s->real_rip);
	const struct netaddr dst = haproxy_addr(&s->lip, &s->real_lip);
	uint8_t header[PROXY_HEADER_PUT_MAX];
	uint8_t version = s->login->route.how.haproxy;

	if (version == 0)
		return;
	session_backend_put(s, (const char *)header,
	    proxy_header_put(header, version, &src, &dst, s->id));
}
