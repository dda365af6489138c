/*
 * Settings that follow from a directive of nginx each, and TLS.
 * Runs in: wicketctl.
 * Hostile input: the words of the file.
 * Never: makes a login weaker than it was without a note.
 */
#include <string.h>

#include "config/faults.h"
#include "ctl/convert_nginx_state.h"
#include "lib/strutil.h"

/* The value for the setting, or NULL: nothing, or told already. */
typedef const char *(*nginx_value_fn)(struct convert_nginx *,
    const struct nginx_node *);

struct nginx_value {
	const char	*directive, *setting;
	nginx_value_fn	 value;
	enum convert_section section;	/* TOP: of all servers */
	bool		 is_tls;	/* of no use without TLS */
};

/* Units of nginx; bare numbers are seconds. */
static const struct {
	const char	*unit;
	uint64_t	 ms;
} nginx_units[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
	{ "d", 86400000 }, { "w", 604800000 }, { "", 1000 },
};
#define NGINX_UNITS	(sizeof(nginx_units) / sizeof(nginx_units[0]))
/* A year: no sum overflows. */
#define NGINX_TIME_MAX	UINT64_C(31536000000)

int
nginx_time(const char *text, uint64_t *ms)
{
	uint64_t number;
	size_t digits, letters, i;

	if (text[0] == '\0')
		return -1;
	for (*ms = 0; *text != '\0'; text += digits + letters) {
		digits = strspn(text, "0123456789");
		letters = strspn(text + digits, "mshdw");
		if (str_number(text, digits, 0, NGINX_TIME_MAX, &number) == -1)
			return -1;
		for (i = 0; i < NGINX_UNITS; i++)
			if (str_span_is(text + digits, letters,
			    nginx_units[i].unit))
				break;
		if (i == NGINX_UNITS || number > NGINX_TIME_MAX /
		    nginx_units[i].ms)
			return -1;
		*ms += number * nginx_units[i].ms;
		if (*ms > NGINX_TIME_MAX || (letters == 0 &&
		    text[digits] != '\0'))
			return -1;
	}
	return 0;
}

static const char *
value_time(struct convert_nginx *n, const struct nginx_node *node)
{
	uint64_t ms;

	if (nginx_time(node->args[1], &ms) == 0)
		return convert_time(n->out, ms);
	faults_add(n->out->faults, &node->place, "%s %s: expected a time",
	    node->args[0], node->args[1]);
	return NULL;
}

static const char *
value_word(struct convert_nginx *n, const struct nginx_node *node)
{
	(void)n;
	return node->args[1];
}

static const char *
value_path(struct convert_nginx *n, const struct nginx_node *node)
{
	return nginx_path(n, node->args[1]);
}

static const char *
value_switch(struct convert_nginx *n, const struct nginx_node *node)
{
	return nginx_is_on(n->out, node) ? "yes" : "no";
}

static const char *
value_curves(struct convert_nginx *n, const struct nginx_node *node)
{
	(void)n;
	return strcmp(node->args[1], "auto") == 0 ? NULL : node->args[1];
}

/* Versions older than TLS 1.2 are never spoken. */
static const char *
value_protocols(struct convert_nginx *n, const struct nginx_node *node)
{
	bool has_12 = false, has_13 = false, has_old = false;

	for (size_t i = 1; i < node->nargs; i++) {
		has_12 |= strcmp(node->args[i], "TLSv1.2") == 0;
		has_13 |= strcmp(node->args[i], "TLSv1.3") == 0;
		has_old |= strncmp(node->args[i], "TLSv1.", 6) != 0 ||
		    strcmp(node->args[i], "TLSv1.1") == 0;
	}
	if (has_old)
		faults_notice(n->out->faults, &node->place,
		    "ssl_protocols: versions before TLS 1.2 are never spoken");
	if (!has_13)
		faults_notice(n->out->faults, &node->place,
		    "ssl_protocols: TLS 1.3 cannot be turned off");
	return has_13 && !has_12 && !has_old ? "TLSv1.3" : "TLSv1.2";
}

static const char *
value_verify(struct convert_nginx *n, const struct nginx_node *node)
{
	if (strcmp(node->args[1], "optional_no_ca") == 0)
		faults_notice(n->out->faults, &node->place, "ssl_verify_client "
		    "optional_no_ca: certificates that nobody vouches for are "
		    "not accepted; clients are not asked for one");
	return strcmp(node->args[1], "on") == 0 ||
	    strcmp(node->args[1], "optional") == 0 ? "yes" : NULL;
}

static const char *
value_require(struct convert_nginx *n, const struct nginx_node *node)
{
	if (strcmp(node->args[1], "on") != 0)
		return NULL;
	faults_notice(n->out->faults, &node->place, "ssl_verify_client on: "
	    "without TLS there is no login any more, for want of a "
	    "certificate");
	return "yes";
}

/* What depends on the connection and on auth_mechanisms is added there. */
static bool
is_added_capability(const char *word)
{
	static const char *const added[] = { "STARTTLS", "STLS",
	    "LOGINDISABLED", "USER", "SASL", "CAPA", "APOP" };

	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++) {
		if (str_span_is(word, strlen(word), added[i]))
			return true;
	}
	return strncmp(word, "AUTH=", 5) == 0 || strncmp(word, "SASL ", 5) == 0;
}

static const char *
value_capabilities(struct convert_nginx *n, const struct nginx_node *node)
{
	const char *words = "";

	for (size_t i = 1; i < node->nargs; i++) {
		const char *word = node->args[i];

		if (is_added_capability(word))
			continue;
		if (strchr(word, ' ') != NULL) {
			faults_notice(n->out->faults, &node->place,
			    "%s: \"%s\" was left out: it holds a blank",
			    node->args[0], word);
			continue;
		}
		words = convert_text(n->out, "%s%s%s", words,
		    words[0] == '\0' ? "" : " ", word);
	}
	return words;
}

static const struct nginx_value nginx_values[] = {
	{ "timeout", "login_timeout", value_time, CONVERT_TOP, false },
	{ "timeout", "login_proxy_timeout", value_time, CONVERT_TOP, false },
	{ "max_errors", "login_bad_commands", value_word, CONVERT_TOP, false },
	{ "imap_capabilities", "imap_capability", value_capabilities,
	    CONVERT_IMAP, false },
	{ "pop3_capabilities", "pop3_capability", value_capabilities,
	    CONVERT_POP3, false },
	{ "ssl_protocols", "ssl_min_protocol", value_protocols, CONVERT_TOP,
	    true },
	{ "ssl_ciphers", "ssl_cipher_list", value_word, CONVERT_TOP, true },
	{ "ssl_ecdh_curve", "ssl_curve_list", value_curves, CONVERT_TOP,
	    true },
	{ "ssl_prefer_server_ciphers", "ssl_prefer_server_ciphers",
	    value_switch, CONVERT_TOP, true },
	{ "ssl_client_certificate", "ssl_ca_file", value_path, CONVERT_TOP,
	    true },
	{ "ssl_verify_client", "ssl_verify_client_cert", value_verify,
	    CONVERT_TOP, true },
	{ "ssl_verify_client", "auth_ssl_require_client_cert", value_require,
	    CONVERT_TOP, true },
};

static bool
is_same(const struct nginx_node *a, const struct nginx_node *b)
{
	if (a->nargs != b->nargs)
		return false;
	for (size_t i = 0; i < a->nargs; i++) {
		if (strcmp(a->args[i], b->args[i]) != 0)
			return false;
	}
	return true;
}

/* One setting for all servers: that of the first which has it. */
static void
value_set(struct convert_nginx *n, const struct nginx_value *row)
{
	const struct nginx_node *first = NULL, *node;
	const char *value;
	bool is_missing = false;

	for (size_t i = 0; i < n->nservers; i++) {
		if (row->section != CONVERT_TOP &&
		    row->section != n->servers[i].section)
			continue;
		node = nginx_effective(&n->servers[i], row->directive);
		is_missing |= node == NULL;
		if (node != NULL && first == NULL)
			first = node;
		else if (node != NULL && !is_same(node, first))
			faults_notice(n->out->faults, &node->place,
			    "%s: not the same in all servers; that of line %u "
			    "counts", row->directive, first->place.line);
	}
	if (first == NULL)
		return;
	if (is_missing)
		faults_notice(n->out->faults, &first->place,
		    "%s: counts for all servers now", row->directive);
	if ((value = row->value(n, first)) != NULL)
		(void)convert_set(n->out, &first->place, row->section,
		    row->setting, value);
}

/* TLS. */

static const char *
starttls_word(const struct nginx_server *s)
{
	const struct nginx_node *node = nginx_effective(s, "starttls");

	return node == NULL ? "off" : node->args[1];
}

static bool
server_has_tls(const struct nginx_server *s)
{
	return s->has_ssl || strcmp(starttls_word(s), "off") != 0;
}

/* The number-th directive of that name which counts for the server. */
static const struct nginx_node *
nginx_nth(const struct nginx_server *s, const char *name, size_t number)
{
	const struct nginx_node *node = nginx_effective_list(s, name);

	for (; node != NULL; node = node->next) {
		if (strcmp(node->args[0], name) == 0 && number-- == 0)
			return node;
	}
	return NULL;
}

static void
tls_files(struct convert_nginx *n, const struct nginx_server *s)
{
	static const struct {
		const char	*cert, *key;
	} settings[] = {
		{ "ssl_cert_file", "ssl_key_file" },
		{ "ssl_alt_cert_file", "ssl_alt_key_file" },
	};
	const struct nginx_node *cert, *key;
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		cert = nginx_nth(s, "ssl_certificate", i);
		key = nginx_nth(s, "ssl_certificate_key", i);
		if (cert == NULL && key == NULL && i > 0)
			return;
		if (cert == NULL || key == NULL) {
			faults_add(n->out->faults, &s->node->place,
			    "a server with TLS needs ssl_certificate and "
			    "ssl_certificate_key");
			return;
		}
		(void)convert_set(n->out, &cert->place, CONVERT_TOP,
		    settings[i].cert, nginx_path(n, cert->args[1]));
		(void)convert_set(n->out, &key->place, CONVERT_TOP,
		    settings[i].key, nginx_path(n, key->args[1]));
	}
	if ((cert = nginx_nth(s, "ssl_certificate", i)) != NULL)
		faults_notice(n->out->faults, &cert->place,
		    "ssl_certificate: two kinds of keys at most");
}

static void
tls_certificates(struct convert_nginx *n)
{
	const struct nginx_server *first = NULL, *s;
	const struct nginx_node *cert;

	for (s = n->servers; s < n->servers + n->nservers; s++) {
		if (!server_has_tls(s))
			continue;
		if (first == NULL) {
			tls_files(n, s);
			first = s;
			continue;
		}
		cert = nginx_nth(s, "ssl_certificate", 0);
		if (cert != NULL && nginx_nth(first, "ssl_certificate",
		    0) != NULL && !is_same(cert, nginx_nth(first,
		    "ssl_certificate", 0)))
			faults_notice(n->out->faults, &cert->place,
			    "ssl_certificate: another one than the first "
			    "server's: they are chosen by name only, in "
			    "local_name sections");
	}
	if (first == NULL)
		(void)convert_set(n->out, NULL, CONVERT_TOP, "ssl", "no");
	n->has_tls = first != NULL;
}

/* "starttls only" of one server refuses passwords in clear to them all. */
static void
tls_plaintext(struct convert_nginx *n, enum convert_section section)
{
	const struct nginx_server *s, *open = NULL, *strict = NULL;

	for (s = n->servers; s < n->servers + n->nservers; s++) {
		if (s->section != section || !s->has_plain)
			continue;
		if (strcmp(starttls_word(s), "only") == 0)
			strict = s;
		else
			open = s;
		if (n->has_tls && strcmp(starttls_word(s), "off") == 0)
			faults_notice(n->out->faults, &s->node->place,
			    "starttls off: it is offered, since there is a "
			    "certificate");
	}
	if (open == NULL && strict == NULL)
		return;
	if (open != NULL && strict != NULL)
		faults_notice(n->out->faults, &open->node->place,
		    "server: passwords in clear are refused here, too, since "
		    "another server of this protocol has \"starttls only\"; "
		    "whom login_trusted_networks names may send them");
	(void)convert_set(n->out, &(strict != NULL ? strict :
	    open)->node->place, section, "disable_plaintext_auth",
	    strict != NULL ? "yes" : "no");
}

void
nginx_values_set(struct convert_nginx *n)
{
	const size_t count = sizeof(nginx_values) / sizeof(nginx_values[0]);

	tls_certificates(n);
	for (size_t i = 0; i < count; i++) {
		if (n->has_tls || !nginx_values[i].is_tls)
			value_set(n, &nginx_values[i]);
	}
	tls_plaintext(n, CONVERT_IMAP);
	tls_plaintext(n, CONVERT_POP3);
}
