/*
 * nginx's mail proxy as settings of mailwicket: its servers and listeners.
 * Runs in: wicketctl.
 * Hostile input: the words of the file.
 * Never: leaves a listener out without a fault: a default would take its
 * place.
 */
#include "ctl/convert_nginx.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "config/arena.h"
#include "config/faults.h"
#include "config/settings.h"
#include "ctl/convert_nginx_state.h"
#include "lib/netaddr.h"
#include "lib/strutil.h"

/* Ports that tell the protocol, as nginx has it. */
static const struct {
	uint64_t	 port;
	const char	*protocol;
} nginx_ports[] = {
	{ 25, "smtp" }, { 110, "pop3" }, { 143, "imap" }, { 465, "smtp" },
	{ 587, "smtp" }, { 993, "imap" }, { 995, "pop3" },
};

const char *
nginx_path(const struct convert_nginx *n, const char *path)
{
	const char *slash = strrchr(n->path, '/'), *dir = n->path;
	int len = slash == NULL ? 0 : (int)(slash - n->path);
	char cwd[PATH_MAX];

	if (path[0] == '/')
		return path;
	if (n->path[0] == '/')
		return convert_text(n->out, "%.*s/%s", len, dir, path);
	if (getcwd(cwd, sizeof(cwd)) == NULL)
		return path;
	return convert_text(n->out, "%s/%.*s%s%s", cwd, len, dir,
	    len == 0 ? "" : "/", path);
}

/* Splits "host:port" and "port"; host is "*" without one. */
static int
listen_split(struct convert *c, const char *word, const char **host,
    uint64_t *port)
{
	const char *colon = strrchr(word, ':');
	size_t len = colon == NULL ? 0 : (size_t)(colon - word);

	if (colon != NULL && word[0] == '[' && word[len - 1] != ']')
		return -1;
	*host = colon == NULL ? "*" : convert_text(c, "%.*s", (int)len, word);
	return str_number(colon == NULL ? word : colon + 1,
	    strlen(colon == NULL ? word : colon + 1), 1, 65535, port);
}

/* The host as an address, or NULL. */
static const char *
listen_address(struct convert *c, const char *host)
{
	size_t len = strlen(host);
	struct netaddr addr;

	if (strcmp(host, "*") == 0)
		return host;
	if (strcmp(host, "localhost") == 0)
		return "127.0.0.1";
	if (len > 2 && host[0] == '[' && host[len - 1] == ']')
		return netaddr_parse(&addr, host + 1, len - 2) == 0 &&
		    addr.family == NETADDR_V6 ? host : NULL;
	return netaddr_parse(&addr, host, len) == 0 &&
	    addr.family == NETADDR_V4 ? convert_text(c, "%s", host) : NULL;
}

/* What stands behind the address. */
struct listen_options {
	bool	 is_ssl, is_dual, is_proxied;
};

static void
listen_options_read(struct convert_nginx *n, const struct nginx_node *node,
    struct listen_options *o)
{
	static const char *const ignored[] = { "bind", "backlog=", "rcvbuf=",
	    "sndbuf=", "so_keepalive=", "multipath", "deferred", "reuseport",
	    "fastopen=", "ipv6only=on" };
	const size_t count = sizeof(ignored) / sizeof(ignored[0]);
	size_t k;

	for (size_t i = 2; i < node->nargs; i++) {
		const char *word = node->args[i];

		for (k = 0; k < count; k++)
			if (strncmp(word, ignored[k],
			    strlen(ignored[k])) == 0)
				break;
		if (strcmp(word, "ssl") == 0)
			o->is_ssl = true;
		else if (strcmp(word, "ipv6only=off") == 0)
			o->is_dual = true;
		else if (strcmp(word, "proxy_protocol") == 0)
			o->is_proxied = true;
		else if (k == count)
			faults_add(n->out->faults, &node->place,
			    "listen: unknown word %s", word);
	}
}

/* From whom headers of the PROXY protocol are taken. */
static void
listen_trusted(struct convert_nginx *n, const struct nginx_server *s,
    const struct nginx_node *node)
{
	static const char name[] = "haproxy_trusted_networks";
	const struct nginx_node *from = nginx_effective_list(s,
	    "set_real_ip_from");

	for (; from != NULL; from = from->next) {
		if (strcmp(from->args[0], "set_real_ip_from") != 0)
			continue;
		if (!convert_list_has(convert_get(n->out, CONVERT_TOP, name),
		    from->args[1]))
			(void)convert_add(n->out, &from->place, CONVERT_TOP,
			    name, from->args[1]);
	}
	if (convert_get(n->out, CONVERT_TOP, name) == NULL)
		faults_add(n->out->faults, &node->place, "listen: "
		    "proxy_protocol: set_real_ip_from must name the proxies "
		    "that may connect");
}

static void
nginx_listen(struct convert_nginx *n, struct nginx_server *s,
    const struct nginx_node *node)
{
	static const char *const names[2][2] = {
		{ "listen", "ssl_listen" },
		{ "haproxy_listen", "haproxy_ssl_listen" },
	};
	const struct nginx_node *ssl = nginx_effective(s, "ssl");
	const char *word = node->args[1], *host, *address;
	struct listen_options o = { .is_ssl = ssl != NULL &&
	    nginx_is_on(n->out, ssl) };
	uint64_t port;

	if (strncmp(word, "unix:", 5) == 0) {
		faults_add(n->out->faults, &node->place, "listen %s: "
		    "mailwicket listens on addresses only: take this line out",
		    word);
		return;
	}
	if (listen_split(n->out, word, &host, &port) == -1) {
		faults_add(n->out->faults, &node->place, "listen %s: expected "
		    "address:port or port", word);
		return;
	}
	if ((address = listen_address(n->out, host)) == NULL) {
		faults_add(n->out->faults, &node->place, "listen %s: put an "
		    "address in place of the name", word);
		return;
	}
	listen_options_read(n, node, &o);
	s->has_ssl |= o.is_ssl;
	s->has_plain |= !o.is_ssl;
	if (o.is_proxied)
		listen_trusted(n, s, node);
	word = convert_text(n->out, o.is_dual && strcmp(host, "[::]") == 0 ?
	    "%s:%u, *:%u" : "%s:%u", address, (unsigned int)port,
	    (unsigned int)port);
	if (!convert_add(n->out, &node->place, s->section,
	    names[o.is_proxied][o.is_ssl], word))
		faults_add(n->out->faults, &node->place, "listen %s: cannot be "
		    "taken over", word);
}

/* The protocol of a server, from its name or its first port; or NULL. */
static const char *
nginx_protocol(struct convert_nginx *n, const struct nginx_node *server)
{
	const struct nginx_node *node = nginx_last(server->children,
	    "protocol");
	const char *host;
	uint64_t port;

	if (node != NULL)
		return node->args[1];
	for (node = server->children; node != NULL; node = node->next) {
		if (strcmp(node->args[0], "listen") != 0 ||
		    listen_split(n->out, node->args[1], &host, &port) == -1)
			continue;
		for (size_t i = 0; i < sizeof(nginx_ports) /
		    sizeof(nginx_ports[0]); i++)
			if (nginx_ports[i].port == port)
				return nginx_ports[i].protocol;
	}
	return NULL;
}

static void
nginx_server_add(struct convert_nginx *n, const struct nginx_node *mail,
    const struct nginx_node *server)
{
	const char *protocol = nginx_protocol(n, server);
	struct nginx_server *s = &n->servers[n->nservers];

	if (protocol == NULL) {
		faults_add(n->out->faults, &server->place,
		    "a server without a protocol");
		return;
	}
	if (strcmp(protocol, "smtp") == 0) {
		faults_notice(n->out->faults, &server->place,
		    "server: mailwicket does not speak SMTP: leave it to "
		    "nginx");
		return;
	}
	if (strcmp(protocol, "imap") != 0 && strcmp(protocol, "pop3") != 0) {
		faults_add(n->out->faults, &server->place, "protocol %s: "
		    "unknown", protocol);
		return;
	}
	if (n->nservers == CONVERT_NGINX_SERVERS_MAX) {
		faults_add(n->out->faults, &server->place, "too many servers");
		return;
	}
	n->nservers++;
	s->node = server;
	s->mail = mail;
	s->section = strcmp(protocol, "imap") == 0 ? CONVERT_IMAP :
	    CONVERT_POP3;
	if (nginx_last(server->children, "listen") == NULL)
		faults_add(n->out->faults, &server->place,
		    "a server without \"listen\"");
	for (const struct nginx_node *node = server->children; node != NULL;
	    node = node->next)
		if (strcmp(node->args[0], "listen") == 0)
			nginx_listen(n, s, node);
}

/* All servers of a mail block, when nothing is wrong with its words. */
static void
nginx_mail(struct convert_nginx *n, const struct nginx_node *mail)
{
	const struct nginx_node *node;

	nginx_rules_check(n->out, mail->children, NGINX_MAIL);
	for (node = mail->children; node != NULL; node = node->next)
		if (strcmp(node->args[0], "server") == 0)
			nginx_rules_check(n->out, node->children,
			    NGINX_SERVER);
	if (n->out->faults->n > 0)
		return;
	for (node = mail->children; node != NULL; node = node->next)
		if (strcmp(node->args[0], "server") == 0)
			nginx_server_add(n, mail, node);
}

/*
 * nginx opens one socket for "*:143" and "192.0.2.1:143"; the kernel takes no
 * second one, and the first has the connections of both.
 */
static void
nginx_listen_once(struct convert_nginx *n, enum convert_section section,
    const char *name)
{
	const struct config_place file = { .file = n->path };
	const char *list = convert_get(n->out, section, name), *kept = "";
	const char *word, *all;
	size_t len;

	for (const char *p = list; p != NULL && *p != '\0'; p += len) {
		p += strspn(p, ", ");
		len = strcspn(p, ", ");
		word = convert_text(n->out, "%.*s", (int)len, p);
		all = convert_text(n->out, "%s%s", word[0] == '[' ? "[::]" :
		    "*", len == 0 ? "" : strrchr(word, ':'));
		if (strcmp(word, all) != 0 && convert_list_has(list, all))
			faults_notice(n->out->faults, &file, "listen %s: is "
			    "one of %s, and was left out", word, all);
		else
			kept = convert_text(n->out, "%s%s%s", kept,
			    kept[0] == '\0' ? "" : ", ", word);
	}
	if (list != NULL)
		(void)convert_set(n->out, NULL, section, name, kept);
}

/* What is served, and that nothing else is. */
static void
nginx_protocols(struct convert_nginx *n)
{
	static const struct {
		enum convert_section	 section;
		bool			 is_ssl;
		const char		*word;
	} rows[] = {
		{ CONVERT_IMAP, false, "imap" },
		{ CONVERT_IMAP, true, "imaps" },
		{ CONVERT_POP3, false, "pop3" },
		{ CONVERT_POP3, true, "pop3s" },
	};
	const char *words = "";
	bool has_direct, has_proxied;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *direct = rows[i].is_ssl ? "ssl_listen" : "listen";
		const char *proxied = rows[i].is_ssl ? "haproxy_ssl_listen" :
		    "haproxy_listen";

		nginx_listen_once(n, rows[i].section, direct);
		nginx_listen_once(n, rows[i].section, proxied);
		has_direct = convert_get(n->out, rows[i].section, direct) !=
		    NULL;
		has_proxied = convert_get(n->out, rows[i].section, proxied) !=
		    NULL;
		if (!has_direct && !has_proxied)
			continue;
		/* Its default is all addresses. */
		if (!has_direct && !rows[i].is_ssl)
			(void)convert_set(n->out, NULL, rows[i].section,
			    "listen", "");
		words = convert_text(n->out, "%s%s%s", words,
		    words[0] == '\0' ? "" : " ", rows[i].word);
		n->has_tls |= rows[i].is_ssl;
	}
	convert_set(n->out, NULL, CONVERT_TOP, "protocols", words);
}

static void
nginx_workers(struct convert_nginx *n, const struct nginx_node *top)
{
	const struct nginx_node *node = nginx_last(top, "worker_processes");

	convert_set(n->out, NULL, CONVERT_TOP, "login_process_per_connection",
	    "no");
	if (node != NULL && strcmp(node->args[1], "auto") != 0)
		convert_set(n->out, &node->place, CONVERT_TOP,
		    "login_processes_count", node->args[1]);
}

void
convert_nginx(struct convert *c, const struct nginx_node *top,
    const char *path)
{
	const struct config_place place = { .file = path };
	struct convert_nginx *n = arena_alloc(c->arena, sizeof(*n));
	const struct nginx_node *mail = nginx_last(top, "mail"), *events;

	n->out = c;
	n->path = path;
	nginx_rules_check(c, top, NGINX_MAIN);
	events = nginx_last(top, "events");
	if (events != NULL)
		nginx_rules_check(c, events->children, NGINX_EVENTS);
	if (mail == NULL || !mail->is_block) {
		faults_add(c->faults, mail == NULL ? &place : &mail->place,
		    "no \"mail\" block");
		return;
	}
	nginx_mail(n, mail);
	if (c->faults->n > 0)
		return;
	if (n->nservers == 0) {
		faults_add(c->faults, &mail->place, "no server for IMAP or "
		    "POP3");
		return;
	}
	nginx_protocols(n);
	nginx_workers(n, top);
	nginx_values_set(n);
	nginx_auth_set(n);
}
