/*
 * Perdition's options as settings of mailwicket.
 * Runs in: wicketctl.
 * Hostile input: the words of the file.
 * Never: sends a password elsewhere than Perdition would, or in clear where
 * it would not.
 */
#include "ctl/convert_perdition.h"

#include <string.h>
#include <unistd.h>

#include "config/arena.h"
#include "config/faults.h"
#include "config/settings.h"
#include "ctl/convert_perdition_state.h"
#include "lib/netaddr.h"
#include "lib/strutil.h"

#define PERDITION_CERT	"/etc/perdition/perdition.crt.pem"
#define PERDITION_KEY	"/etc/perdition/perdition.key.pem"

static const struct {
	const char	*name;
	bool		 is_imap, is_pop3, is_secure;
} perdition_protocols[] = {
	{ "IMAP4", true, false, false }, { "IMAP4S", true, false, true },
	{ "IMAPS", true, false, true }, { "POP3", false, true, false },
	{ "POP3S", false, true, true },
};

/* By the option, or by perdition.PROTOCOL.conf, or all four. */
static const char *
protocol_name(struct convert_perdition *p)
{
	static const char begin[] = "perdition.", end[] = ".conf";
	const char *name = perdition_value(p, PERDITION_PROTOCOL);
	const char *slash = strrchr(p->path, '/');
	size_t len;

	if (name != NULL)
		return name;
	name = slash == NULL ? p->path : slash + 1;
	len = strlen(name);
	if (len <= sizeof(begin) - 1 + sizeof(end) - 1 ||
	    strncmp(name, begin, sizeof(begin) - 1) != 0 ||
	    strcmp(name + len - (sizeof(end) - 1), end) != 0)
		return NULL;
	return convert_text(p->out, "%.*s", (int)(len - (sizeof(begin) - 1) -
	    (sizeof(end) - 1)), name + sizeof(begin) - 1);
}

static void
take_protocol(struct convert_perdition *p)
{
	const struct config_place file = { .file = p->path };
	const struct config_place *place = perdition_place(p,
	    PERDITION_PROTOCOL);
	const char *name = protocol_name(p);

	if (name == NULL) {
		p->is_any = p->has_imap = p->has_pop3 = true;
		faults_notice(p->out->faults, &file, "no protocol: taken for "
		    "the configuration of perdition.imap4, imap4s, pop3 and "
		    "pop3s together; what their command lines say comes on "
		    "top");
		return;
	}
	for (size_t i = 0; i < sizeof(perdition_protocols) /
	    sizeof(perdition_protocols[0]); i++) {
		if (!str_span_is(name, strlen(name),
		    perdition_protocols[i].name))
			continue;
		p->has_imap = perdition_protocols[i].is_imap;
		p->has_pop3 = perdition_protocols[i].is_pop3;
		p->is_secure = perdition_protocols[i].is_secure;
		return;
	}
	faults_add(p->out->faults, place == NULL ? &file : place,
	    "protocol %s: mailwicket speaks IMAP and POP3", name);
}

static void
take_ssl_mode(struct convert_perdition *p)
{
	const char *mode = perdition_value(p, PERDITION_SSL_MODE);
	struct perdition_tls *t = &p->tls;
	static const struct {
		const char	*word;
		bool		 is_listen, is_outgoing, is_tls, is_forced;
	} rows[] = {
		{ "none", false, false, false, false },
		{ "ssl_listen", true, false, false, false },
		{ "ssl_outgoing", false, true, false, false },
		{ "ssl_all", true, true, false, false },
		{ "tls_listen", true, false, true, false },
		{ "tls_outgoing", false, true, true, false },
		{ "tls_all", true, true, true, false },
		{ "tls_listen_force", true, false, true, true },
		{ "tls_outgoing_force", false, true, true, true },
		{ "tls_all_force", true, true, true, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!convert_list_has(mode, rows[i].word))
			continue;
		t->listen_ssl |= rows[i].is_listen && !rows[i].is_tls;
		t->listen_tls |= rows[i].is_listen && rows[i].is_tls;
		t->listen_force |= rows[i].is_listen && rows[i].is_forced;
		t->outgoing_ssl |= rows[i].is_outgoing && !rows[i].is_tls;
		t->outgoing_tls |= rows[i].is_outgoing && rows[i].is_tls;
		t->outgoing_force |= rows[i].is_outgoing && rows[i].is_forced;
	}
	if (mode == NULL && p->is_secure)
		t->listen_ssl = t->outgoing_ssl = true;
	if (t->outgoing_ssl)
		t->outgoing_tls = false;
	if (t->outgoing_tls && !t->outgoing_force)
		faults_notice(p->out->faults, perdition_place(p,
		    PERDITION_SSL_MODE), "ssl_mode: tls_outgoing is "
		    "tls_outgoing_force here: a host that does not offer TLS "
		    "gets no password");
}

static void
take_certificate(struct convert_perdition *p)
{
	const char *cert = perdition_value(p, PERDITION_SSL_CERT_FILE);
	const char *key = perdition_value(p, PERDITION_SSL_KEY_FILE);
	bool is_wanted = p->tls.listen_ssl || p->tls.listen_tls;

	/* The daemons with "s" have one, if any. */
	if (!is_wanted && !(p->is_any && (cert != NULL ||
	    access(PERDITION_CERT, F_OK) == 0))) {
		(void)convert_set(p->out, NULL, CONVERT_TOP, "ssl", "no");
		return;
	}
	if (p->is_any && !p->tls.listen_tls)
		p->tls.listen_ssl = true;
	(void)convert_set(p->out, perdition_place(p, PERDITION_SSL_CERT_FILE),
	    CONVERT_TOP, "ssl_cert_file", cert == NULL ? PERDITION_CERT :
	    cert);
	(void)convert_set(p->out, perdition_place(p, PERDITION_SSL_KEY_FILE),
	    CONVERT_TOP, "ssl_key_file", key == NULL ? PERDITION_KEY : key);
}

/* One word of bind_address as address:port. */
static const char *
bind_word(struct convert_perdition *p, const char *word, unsigned int port)
{
	const struct config_place *place = perdition_place(p,
	    PERDITION_BIND_ADDRESS);
	const char *colon = strchr(word, ':');
	struct netaddr addr;
	char text[NETADDR_TEXT_MAX];
	size_t len = colon == NULL ? strlen(word) : (size_t)(colon - word);

	if (colon != NULL)
		port = perdition_port(colon + 1);
	if (port == 0 || netaddr_parse(&addr, word, len) == -1 ||
	    addr.family != NETADDR_V4) {
		faults_add(p->out->faults, place, "bind_address %s: expected "
		    "an IPv4 address, with or without a port", word);
		return "";
	}
	return convert_text(p->out, "%s:%u", netaddr_text(&addr, text), port);
}

/* Listeners of one protocol, with or without TLS from the first byte on. */
static void
take_listeners(struct convert_perdition *p, enum convert_section section,
    bool is_ssl, unsigned int port)
{
	const char *bind = perdition_value(p, PERDITION_BIND_ADDRESS);
	const char *name = is_ssl ? "ssl_listen" : "listen", *word;
	size_t len;

	if (bind == NULL) {
		(void)convert_set(p->out, NULL, section, name,
		    convert_text(p->out, "*:%u", port));
		return;
	}
	for (; *bind != '\0'; bind += len) {
		bind += strspn(bind, ", ");
		len = strcspn(bind, ", ");
		if (len == 0)
			continue;
		word = bind_word(p, convert_text(p->out, "%.*s", (int)len,
		    bind), port);
		if (word[0] != '\0' && !convert_add(p->out,
		    perdition_place(p, PERDITION_BIND_ADDRESS), section, name,
		    word))
			faults_add(p->out->faults, perdition_place(p,
			    PERDITION_BIND_ADDRESS), "too many addresses");
	}
}

static void
take_protocols(struct convert_perdition *p)
{
	static const struct {
		enum convert_section	 section;
		bool			 is_ssl;
		unsigned int		 port;
		const char		*word;
	} rows[] = {
		{ CONVERT_IMAP, false, 143, "imap" },
		{ CONVERT_IMAP, true, 993, "imaps" },
		{ CONVERT_POP3, false, 110, "pop3" },
		{ CONVERT_POP3, true, 995, "pop3s" },
	};
	const char *port_text = perdition_value(p, PERDITION_LISTEN_PORT);
	unsigned int port = port_text == NULL ? 0 : perdition_port(port_text);
	const char *words = "";

	if (port_text != NULL && (port == 0 || p->is_any))
		faults_add(p->out->faults, perdition_place(p,
		    PERDITION_LISTEN_PORT), port == 0 ?
		    "listen_port %s: unknown" :
		    "listen_port %s: of which protocol?", port_text);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool is_there = rows[i].section == CONVERT_IMAP ?
		    p->has_imap : p->has_pop3;

		if (!is_there || (!p->is_any &&
		    rows[i].is_ssl != p->tls.listen_ssl) ||
		    (rows[i].is_ssl && !p->tls.listen_ssl))
			continue;
		take_listeners(p, rows[i].section, rows[i].is_ssl,
		    port != 0 ? port : rows[i].port);
		words = convert_text(p->out, "%s%s%s", words,
		    words[0] == '\0' ? "" : " ", rows[i].word);
		if (!rows[i].is_ssl)
			(void)convert_set(p->out, NULL, rows[i].section,
			    "disable_plaintext_auth", p->tls.listen_force ?
			    "yes" : "no");
	}
	(void)convert_set(p->out, NULL, CONVERT_TOP, "protocols", words);
}

/* Does a state of strip_domain and its like hold? */
static bool
has_state(const struct convert_perdition *p, enum perdition_option o,
    const char *state)
{
	return convert_list_has(perdition_value(p, o), state) ||
	    convert_list_has(perdition_value(p, o), "all");
}

static void
take_names(struct convert_perdition *p)
{
	static const char lookup[] = "servername_lookup";
	static const char remote[] = "remote_login";
	bool is_lower = has_state(p, PERDITION_LOWER_CASE, lookup);
	const char *delimiter = perdition_value(p, PERDITION_DOMAIN_DELIMITER);
	const char *realm = perdition_value(p, PERDITION_EXPLICIT_DOMAIN);

	p->short_name = is_lower ? "%Ln" : "%n";
	p->domain = is_lower ? "%Ld" : "%d";
	p->long_name = has_state(p, PERDITION_STRIP_DOMAIN, lookup) ?
	    p->short_name : is_lower ? "%Lu" : "%u";
	is_lower = has_state(p, PERDITION_LOWER_CASE, remote);
	if (has_state(p, PERDITION_STRIP_DOMAIN, remote))
		p->destuser = is_lower ? "%Ln" : "%n";
	else if (is_lower)
		p->destuser = "%Lu";
	p->delimiter = delimiter == NULL ? "@" : delimiter;
	(void)convert_set(p->out, NULL, CONVERT_AUTH, "username_chars", "");
	if (perdition_value(p, PERDITION_ADD_DOMAIN) != NULL && realm != NULL)
		(void)convert_set(p->out, perdition_place(p,
		    PERDITION_EXPLICIT_DOMAIN), CONVERT_AUTH, "default_realm",
		    realm);
	if (strcmp(p->delimiter, "@") == 0)
		return;
	if (strlen(p->delimiter) != 1)
		faults_add(p->out->faults, perdition_place(p,
		    PERDITION_DOMAIN_DELIMITER), "domain_delimiter: one "
		    "character at most");
	(void)convert_set(p->out, perdition_place(p,
	    PERDITION_DOMAIN_DELIMITER), CONVERT_AUTH, "username_translation",
	    convert_text(p->out, "%s@", p->delimiter));
	faults_notice(p->out->faults, perdition_place(p,
	    PERDITION_DOMAIN_DELIMITER), "domain_delimiter: becomes an '@' "
	    "when a name arrives, and is one in what is looked up and told to "
	    "the mail host");
}

/* How mail hosts are connected to, for all of them. */
static void
take_fields(struct convert_perdition *p)
{
	bool is_unverified = p->options[PERDITION_SSL_NO_CERT_VERIFY] != NULL ||
	    p->options[PERDITION_SSL_NO_CN_VERIFY] != NULL;
	const char *name = p->tls.outgoing_ssl ? "ssl" :
	    p->tls.outgoing_tls ? "starttls" : NULL;
	const struct config_place file = { .file = p->path };
	const char *how = is_unverified ? "any-cert" : "yes";

	p->columns = p->fields = "";
	if (name != NULL) {
		p->columns = convert_text(p->out, ", '%s' AS %s", how, name);
		p->fields = convert_text(p->out, " %s=%s", name, how);
	} else if (p->is_any)
		faults_notice(p->out->faults, &file, "mail hosts are connected "
		    "to without TLS, on behalf of all clients; the column ssl "
		    "or starttls changes that");
	if (name != NULL && p->options[PERDITION_SSL_NO_CN_VERIFY] != NULL)
		faults_notice(p->out->faults, perdition_place(p,
		    PERDITION_SSL_NO_CN_VERIFY), "ssl_no_cn_verify: without "
		    "the name a certificate says nothing: not verified at "
		    "all; see the field ssl_hostname");
}

/* Options that become one setting each. */
static void
take_values(struct convert_perdition *p)
{
	static const struct {
		enum perdition_option	 option;
		enum convert_section	 section;
		const char		*setting;
	} rows[] = {
		{ PERDITION_CAPABILITY, CONVERT_IMAP, "imap_capability" },
		{ PERDITION_IMAP_CAPABILITY, CONVERT_IMAP, "imap_capability" },
		{ PERDITION_CONNECTION_LIMIT, CONVERT_TOP,
		    "login_max_sessions" },
		{ PERDITION_AUTHENTICATE_TIMEOUT, CONVERT_TOP,
		    "login_timeout" },
		{ PERDITION_SSL_CA_FILE, CONVERT_TOP, "ssl_client_ca_file" },
		{ PERDITION_SSL_CA_PATH, CONVERT_TOP, "ssl_client_ca_dir" },
		{ PERDITION_SSL_LISTEN_CIPHERS, CONVERT_TOP,
		    "ssl_cipher_list" },
		{ PERDITION_SSL_OUTGOING_CIPHERS, CONVERT_TOP,
		    "ssl_client_cipher_list" },
	};
	const char *value;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		value = perdition_value(p, rows[i].option);
		if (value == NULL || (rows[i].section == CONVERT_IMAP &&
		    !p->has_imap) || (strcmp(value, "0") == 0 &&
		    rows[i].section == CONVERT_TOP))
			continue;
		if (rows[i].option == PERDITION_AUTHENTICATE_TIMEOUT)
			value = convert_text(p->out, "%s secs", value);
		(void)convert_set(p->out, perdition_place(p, rows[i].option),
		    rows[i].section, rows[i].setting, value);
	}
}

/* "UIDL.USER"; USER is told anyway, where it works. */
static void
take_pop_capability(struct convert_perdition *p)
{
	const char *list = perdition_value(p, PERDITION_POP_CAPABILITY);
	const char *words = "";
	size_t len;

	if (list == NULL || !p->has_pop3)
		return;
	for (; *list != '\0'; list += len) {
		list += strspn(list, ". ");
		len = strcspn(list, ". ");
		if (len > 0 && !str_span_is(list, len, "USER"))
			words = convert_text(p->out, "%s%s%.*s", words,
			    words[0] == '\0' ? "" : " ", (int)len, list);
	}
	(void)convert_set(p->out, perdition_place(p,
	    PERDITION_POP_CAPABILITY), CONVERT_POP3, "pop3_capability",
	    words);
}

/* A facility of syslog, the path of a file, or the standard output. */
static void
take_log(struct convert_perdition *p)
{
	const char *value = perdition_value(p, PERDITION_LOG_FACILITY);

	if (value == NULL)
		return;
	if (strcmp(value, "-") == 0 || strcmp(value, "+") == 0)
		value = "/dev/stderr";
	(void)convert_set(p->out, perdition_place(p, PERDITION_LOG_FACILITY),
	    CONVERT_TOP, value[0] == '/' ? "log_path" : "syslog_facility",
	    value);
}

/* Versions of TLS: ours are never older than 1.2. */
static void
take_versions(struct convert_perdition *p)
{
	static const struct {
		enum perdition_option	 option;
		const char		*name;
	} rows[] = {
		{ PERDITION_SSL_LISTEN_MIN, "ssl_listen_min_proto_version" },
		{ PERDITION_SSL_OUTGOING_MIN,
		    "ssl_outgoing_min_proto_version" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *value = perdition_value(p, rows[i].option);

		if (value != NULL && strcmp(value, "tlsv1.2") != 0)
			faults_notice(p->out->faults, perdition_place(p,
			    rows[i].option), "%s: versions before TLS 1.2 are "
			    "never spoken", rows[i].name);
	}
}

/* The servers for users who are not in the popmap, or for all. */
static void
take_servers(struct convert_perdition *p)
{
	const struct config_place *place = perdition_place(p,
	    PERDITION_OUTGOING_SERVER);
	const char *list = perdition_value(p, PERDITION_OUTGOING_SERVER);
	const char *port_text = perdition_value(p, PERDITION_OUTGOING_PORT);
	unsigned int first = 0, port;
	const char *hosts = "", *colon;
	size_t len, n = 0;

	if (list == NULL)
		return;
	for (; *list != '\0'; list += len) {
		list += strspn(list, ", ");
		len = strcspn(list, ", ");
		if (len == 0)
			continue;
		colon = memchr(list, ':', len);
		port = colon != NULL ? perdition_port(convert_text(p->out,
		    "%.*s", (int)(len - (size_t)(colon + 1 - list)),
		    colon + 1)) : port_text != NULL ?
		    perdition_port(port_text) : 0;
		if (n++ == 0)
			first = port;
		if (port != first || (port == 0 && colon != NULL))
			faults_add(p->out->faults, place, "outgoing_server: "
			    "the servers must have one port, by number or as "
			    "imap, imaps, pop3, pop3s");
		hosts = convert_text(p->out, "%s%s%.*s", hosts,
		    hosts[0] == '\0' ? "" : ",", (int)(colon == NULL ? len :
		    (size_t)(colon - list)), list);
	}
	if (n > 1)
		faults_notice(p->out->faults, place, "outgoing_server: the "
		    "servers are tried in this order, not in turn");
	hosts = convert_text(p->out, "proxy=y nopassword=y host=%s", hosts);
	if (first != 0)
		hosts = convert_text(p->out, "%s port=%u", hosts, first);
	if (p->destuser != NULL)
		hosts = convert_text(p->out, "%s destuser=%s", hosts,
		    p->destuser);
	(void)convert_passdb_add(p->out, "static", convert_text(p->out,
	    "%s%s", hosts, p->fields));
}

void
convert_perdition(struct convert *c, const struct perdition_line *lines,
    const char *path, const char *map)
{
	struct convert_perdition *p = arena_alloc(c->arena, sizeof(*p));
	const struct config_place place = { .file = path };

	p->out = c;
	p->path = path;
	p->map = map;
	perdition_options_read(p, lines);
	if (p->options[PERDITION_LOGIN_DISABLED] != NULL)
		faults_add(c->faults, perdition_place(p,
		    PERDITION_LOGIN_DISABLED), "login_disabled: nobody could "
		    "log in");
	take_protocol(p);
	if (c->faults->n > 0)
		return;
	take_ssl_mode(p);
	take_certificate(p);
	take_protocols(p);
	(void)convert_set(c, NULL, CONVERT_TOP,
	    "login_process_per_connection", "yes");
	take_names(p);
	take_fields(p);
	take_log(p);
	take_values(p);
	take_pop_capability(p);
	take_versions(p);
	(void)convert_set(c, NULL, CONVERT_AUTH, "mechanisms", "plain");
	perdition_popmap(p);
	take_servers(p);
	if (c->npassdbs == 0 && c->faults->n == 0)
		faults_add(c->faults, &place, "neither a popmap nor an "
		    "outgoing_server: nobody could log in");
}
