/*
 * Where a session goes.
 * Runs in: auth.
 * Hostile input: fields of a row; addresses that a resolver gave.
 * Never: sends a session to ourselves.
 */
#include "auth/passdb_route.h"

#include <bsd/string.h>
#include <string.h>

#include "auth/passdb_fields.h"
#include "config/settings.h"
#include "ipc/roles.h"
#include "lib/strutil.h"

static const struct {
	uint16_t	plain, ssl;
} passdb_ports[] = {
	[SERVICE_IMAP] = { 143, 993 },
	[SERVICE_POP3] = { 110, 995 },
};

/* Where no mail host can be; 0.0.0.0 would be this machine. */
static const struct {
	struct netaddr_net	 net;
	const char		*what;
} passdb_refused_nets[] = {
	{ { { NETADDR_V4, 0, { 0 } }, 8 }, "unspecified address" },
	{ { { NETADDR_V6, 0, { 0 } }, 128 }, "unspecified address" },
	{ { { NETADDR_V4, 0, { 169, 254 } }, 16 }, "link-local address" },
	{ { { NETADDR_V6, 0, { 0xfe, 0x80 } }, 10 }, "link-local address" },
	{ { { NETADDR_V4, 0, { 224 } }, 4 }, "multicast address" },
	{ { { NETADDR_V6, 0, { 0xff } }, 8 }, "multicast address" },
};

static const struct netaddr_net passdb_loopback[] = {
	{ { NETADDR_V4, 0, { 127 } }, 8 },
	{ { NETADDR_V6, 0, { [15] = 1 } }, 128 },
};

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static bool
is_wildcard(const struct netaddr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->ip, zero, sizeof(zero)) == 0;
}

/* An address of this machine, as far as that can be told from here. */
static bool
is_local(const struct netaddr *a, const struct netaddr *lip)
{
	for (size_t i = 0; i < NELEM(passdb_loopback); i++)
		if (netaddr_net_has(&passdb_loopback[i], a))
			return true;
	return netaddr_same_ip(a, lip);
}

static bool
is_listener(const struct netaddr *a, const struct settings_addrs *listen,
    const struct netaddr *lip)
{
	for (size_t i = 0; i < listen->n; i++) {
		const struct netaddr *l = &listen->items[i];

		/* Port 0: the kernel has picked one; lip may have it. */
		if ((l->port != 0 ? l->port : lip->port) != a->port ||
		    l->family != a->family)
			continue;
		if (is_wildcard(l) ? is_local(a, lip) :
		    netaddr_same_ip(l, a))
			return true;
	}
	return false;
}

static const char *
net_refusal(const struct netaddr *a, const struct settings_nets *allowed)
{
	for (size_t i = 0; i < allowed->n; i++)
		if (netaddr_net_has(&allowed->items[i], a))
			return NULL;
	if (allowed->n != 0)
		return "not in proxy_allowed_nets";
	for (size_t i = 0; i < NELEM(passdb_refused_nets); i++)
		if (netaddr_net_has(&passdb_refused_nets[i].net, a))
			return passdb_refused_nets[i].what;
	return NULL;
}

const char *
passdb_route_refusal(const struct netaddr *a,
    const struct passdb_route_login *login)
{
	const struct settings *s = login->settings;

	const char *why = net_refusal(a, &s->proxy_allowed_nets);

	if (why != NULL)
		return why;
	if (netaddr_same(a, login->lip))
		return "the proxy itself";
	for (size_t i = 0; i < SETTINGS_SERVICES; i++) {
		const struct settings_service *sv = &s->services[i];

		if (sv->is_enabled &&
		    (is_listener(a, &sv->listen, login->lip) ||
		    is_listener(a, &sv->ssl_listen, login->lip) ||
		    is_listener(a, &sv->haproxy_listen, login->lip) ||
		    is_listener(a, &sv->haproxy_ssl_listen, login->lip)))
			return "the proxy itself";
	}
	return NULL;
}

/* The text of the hosts, for logs; of the first if that is too long. */
static void
passdb_route_host(struct login_auth_route *route,
    const struct passdb_fields *f)
{
	size_t len = strlen(f->host);

	if (len > LOGIN_AUTH_HOST_MAX)
		len = f->hosts[0].len;
	memcpy(route->host, f->host, len);
	route->host[len] = '\0';
}

static void
passdb_route_tls(struct login_auth_tls *t, const struct passdb_fields *f)
{
	if (f->ssl != PASSDB_OFF)
		t->kind = LOGIN_AUTH_TLS_IMPLICIT;
	else if (f->starttls != PASSDB_OFF)
		t->kind = LOGIN_AUTH_TLS_STARTTLS;
	t->is_any_cert = f->ssl == PASSDB_ANY_CERT ||
	    f->starttls == PASSDB_ANY_CERT;
}

static void
passdb_route_how(struct login_auth_host *how, const struct passdb_fields *f)
{
	login_auth_host_init(how);
	how->source = f->source;
	how->is_untrusted = f->is_untrusted;
	how->has_nopipelining = f->has_nopipelining;
	how->haproxy = f->haproxy;
	if (f->has_leave)
		how->leave_ms = f->leave_ms;
}

/* What the client's proxy has said; a row's word counts more. */
static int
passdb_route_forward(struct login_auth_forward *to,
    const struct passdb_fields *f, const struct login_auth_forward *from)
{
	const char *name, *value;
	size_t pos = 0, nlen;

	if (from != NULL)
		*to = *from;
	while (login_auth_forward_next(&f->forward, &pos, &name, &nlen,
	    &value))
		if (login_auth_forward_set(to, name, nlen, value,
		    strlen(value)) == -1)
			return -1;
	return 0;
}

int
passdb_route_begin(struct login_auth_route *route,
    const struct passdb_fields *f, const struct passdb_route_login *login)
{
	const char *user = f->user[0] != '\0' ? f->user : login->user;
	const char *destuser = f->destuser[0] != '\0' ? f->destuser : user;
	const char *master = f->master[0] != '\0' ? f->master : login->master;
	const char *pass = f->pass[0] != '\0' ? f->pass : login->pass;

	memset(route, 0, sizeof(*route));
	(void)strlcpy(route->user, user, sizeof(route->user));
	(void)strlcpy(route->destuser, destuser, sizeof(route->destuser));
	(void)strlcpy(route->master, master, sizeof(route->master));
	(void)strlcpy(route->pass, pass, sizeof(route->pass));
	route->way = master[0] != '\0' ? LOGIN_AUTH_WAY_PLAIN : f->way;
	passdb_route_host(route, f);
	route->timeout_ms = f->timeout_ms;
	route->has_nodelay = f->has_nodelay;
	route->is_patient = f->down_ms > 0;
	passdb_route_how(&route->how, f);
	passdb_route_tls(&route->tls, f);
	return passdb_route_forward(&route->forward, f, login->forward);
}

/* Whom the certificate of the next address must name. */
static int
passdb_route_name(struct login_auth_route *route,
    const struct passdb_fields *f, const struct netaddr *addr, size_t host)
{
	char text[NETADDR_TEXT_MAX], name[LOGIN_AUTH_NAME_MAX + 1];
	const struct passdb_host *h = &f->hosts[host];

	if (route->tls.kind == LOGIN_AUTH_TLS_NONE)
		return 0;
	if (f->ssl_hostname[0] != '\0')
		return login_auth_tls_add(&route->tls, route->naddrs,
		    f->ssl_hostname);
	if (host >= f->nhosts || h->addr.family != NETADDR_NONE)
		return login_auth_tls_add(&route->tls, route->naddrs,
		    netaddr_text(host >= f->nhosts ? addr : &h->addr, text));
	if (str_copy(name, sizeof(name), f->host + h->off, h->len) == -1)
		return -1;
	return login_auth_tls_add(&route->tls, route->naddrs, name);
}

const char *
passdb_route_add(struct login_auth_route *route,
    const struct passdb_fields *f, const struct netaddr *addr, size_t host,
    const struct passdb_route_login *login)
{
	struct netaddr a = *addr;
	const char *why;

	if (f->port != 0)
		a.port = f->port;
	else if (route->tls.kind == LOGIN_AUTH_TLS_IMPLICIT)
		a.port = passdb_ports[login->service].ssl;
	else
		a.port = passdb_ports[login->service].plain;
	why = passdb_route_refusal(&a, login);
	if (why != NULL || route->naddrs == LOGIN_AUTH_ADDRS_MAX)
		return why;
	if (f->source.family != NETADDR_NONE && f->source.family != a.family)
		return "source_ip is of the other family";
	if (passdb_route_name(route, f, addr, host) == -1)
		return "no room for its name";
	route->addrs[route->naddrs++] = a;
	return NULL;
}
