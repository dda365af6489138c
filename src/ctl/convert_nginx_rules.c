/*
 * The directives of nginx that bear on its mail proxy, a row each.
 * Runs in: wicketctl.
 * Hostile input: the words of the file.
 * Never: sets anything.
 */
#include <string.h>

#include "config/faults.h"
#include "ctl/convert_nginx_state.h"

#define MAIL	(NGINX_MAIL | NGINX_SERVER)
#define ANY	64	/* words, as many as they like */

struct nginx_rule {
	const char	*name;
	unsigned int	 where;
	size_t		 min, max;	/* arguments */
	const char	*quiet;		/* argument that needs no note */
	const char	*note;		/* or NULL */
};

/*
 * Without a note: taken over, or a limit or a buffer that nobody will miss,
 * or for SMTP.
 */
static const struct nginx_rule nginx_rules[] = {
	{ "user", NGINX_MAIN, 1, 2, NULL, "each kind of process has a user of "
	    "its own: login_user, auth_user, auth_worker_user, "
	    "tls_signer_user" },
	{ "worker_processes", NGINX_MAIN, 1, 1, NULL, NULL },
	{ "worker_connections", NGINX_EVENTS, 1, 1, NULL,
	    "login_max_sessions takes its place: 10000 of each protocol" },
	{ "worker_shutdown_timeout", NGINX_MAIN, 1, 1, NULL,
	    "sessions outlive a reload and a stop, for as long as they like; "
	    "shutdown_clients = yes ends them at a stop" },
	{ "pid", NGINX_MAIN, 1, 1, NULL, "the number stands in master.pid in "
	    "base_dir" },
	{ "http", NGINX_MAIN, 0, 0, NULL, "not for a mail proxy: leave it to "
	    "nginx" },
	{ "stream", NGINX_MAIN, 0, 0, NULL, "not for a mail proxy: leave it "
	    "to nginx" },
	{ "error_log", NGINX_MAIN | MAIL, 1, 2, NULL, "lines go to syslog; "
	    "log_path names a file" },
	{ "server", NGINX_MAIL, 0, 0, NULL, NULL },
	{ "listen", NGINX_SERVER, 1, 16, NULL, NULL },
	{ "protocol", NGINX_SERVER, 1, 1, NULL, NULL },
	{ "server_name", MAIL, 1, 1, NULL, NULL },
	{ "timeout", MAIL, 1, 1, NULL, NULL },
	{ "max_errors", MAIL, 1, 1, NULL, NULL },
	{ "max_commands", MAIL, 1, 1, NULL, "login_timeout limits what comes "
	    "before a login" },
	{ "resolver", MAIL, 1, ANY, "off", "names are resolved as the system "
	    "does it" },
	{ "resolver_timeout", MAIL, 1, 1, NULL, NULL },
	{ "auth_http", MAIL, 1, 1, NULL, NULL },
	{ "auth_http_header", MAIL, 2, 2, NULL, NULL },
	{ "auth_http_timeout", MAIL, 1, 1, NULL, NULL },
	{ "auth_http_pass_client_cert", MAIL, 1, 1, "off",
	    "certificates of clients are not sent to the service" },
	/* Of old; it has no effect any more. */
	{ "proxy", MAIL, 1, 1, NULL, NULL },
	{ "proxy_buffer", MAIL, 1, 1, NULL, NULL },
	{ "proxy_pass_error_message", MAIL, 1, 1, "off", "a refusal of the "
	    "mail host reaches the client with its code, if that is known, "
	    "and without its text" },
	{ "proxy_protocol", MAIL, 1, 1, "off", NULL },
	{ "proxy_smtp_auth", MAIL, 1, 1, NULL, NULL },
	{ "proxy_timeout", MAIL, 1, 1, NULL, "sessions that are passed on may "
	    "be idle for as long as the mail host allows" },
	{ "xclient", MAIL, 1, 1, NULL, NULL },
	{ "imap_auth", MAIL, 1, ANY, NULL, NULL },
	{ "imap_capabilities", MAIL, 1, ANY, NULL, NULL },
	{ "imap_client_buffer", MAIL, 1, 1, NULL, NULL },
	{ "pop3_auth", MAIL, 1, ANY, NULL, NULL },
	{ "pop3_capabilities", MAIL, 1, ANY, NULL, NULL },
	{ "smtp_auth", MAIL, 1, ANY, NULL, NULL },
	{ "smtp_capabilities", MAIL, 1, ANY, NULL, NULL },
	{ "smtp_client_buffer", MAIL, 1, 1, NULL, NULL },
	{ "smtp_greeting_delay", MAIL, 1, 1, NULL, NULL },
	{ "set_real_ip_from", MAIL, 1, 1, NULL, NULL },
	{ "starttls", MAIL, 1, 1, NULL, NULL },
	{ "ssl", MAIL, 1, 1, NULL, NULL },
	{ "ssl_certificate", MAIL, 1, 1, NULL, NULL },
	{ "ssl_certificate_key", MAIL, 1, 1, NULL, NULL },
	{ "ssl_certificate_compression", MAIL, 1, 1, "off",
	    "certificates are not compressed" },
	{ "ssl_ciphers", MAIL, 1, 1, NULL, NULL },
	{ "ssl_client_certificate", MAIL, 1, 1, NULL, NULL },
	{ "ssl_conf_command", MAIL, 2, 2, NULL, "OpenSSL's own settings "
	    "cannot be set" },
	{ "ssl_crl", MAIL, 1, 1, NULL, "append the lists of revoked "
	    "certificates to the file of ssl_ca_file" },
	{ "ssl_dhparam", MAIL, 1, 1, NULL, "Diffie-Hellman parameters are not "
	    "used" },
	{ "ssl_ecdh_curve", MAIL, 1, 1, NULL, NULL },
	{ "ssl_password_file", MAIL, 1, 1, NULL, "not read: give the password "
	    "as ssl_key_password" },
	{ "ssl_prefer_server_ciphers", MAIL, 1, 1, NULL, NULL },
	{ "ssl_protocols", MAIL, 1, 8, NULL, NULL },
	{ "ssl_session_cache", MAIL, 1, 2, NULL, NULL },
	{ "ssl_session_ticket_key", MAIL, 1, 1, NULL, "the keys of tickets "
	    "are made and renewed by the master" },
	{ "ssl_session_tickets", MAIL, 1, 1, "on", "clients are always "
	    "offered tickets" },
	{ "ssl_session_timeout", MAIL, 1, 1, NULL, NULL },
	{ "ssl_trusted_certificate", MAIL, 1, 1, NULL, "put these into the "
	    "file of ssl_ca_file if they may sign certificates of clients" },
	{ "ssl_verify_client", MAIL, 1, 1, NULL, NULL },
	{ "ssl_verify_depth", MAIL, 1, 1, NULL, "the depth of chains is not "
	    "limited in this way" },
};

#define NGINX_RULES	(sizeof(nginx_rules) / sizeof(nginx_rules[0]))

static const struct nginx_rule *
nginx_rule_find(const char *name)
{
	for (size_t i = 0; i < NGINX_RULES; i++) {
		if (strcmp(nginx_rules[i].name, name) == 0)
			return &nginx_rules[i];
	}
	return NULL;
}

/* Other modules than that of mail have directives outside of mail, too. */
static void
nginx_rule_check(struct convert *c, const struct nginx_node *node,
    unsigned int where)
{
	const struct nginx_rule *rule = nginx_rule_find(node->args[0]);
	const char *name = node->args[0];
	bool is_block = strcmp(name, "server") == 0 ||
	    strcmp(name, "http") == 0 || strcmp(name, "stream") == 0;

	if (rule == NULL || (rule->where & where) == 0) {
		if ((where & MAIL) != 0)
			faults_add(c->faults, &node->place, "%s: %s", name,
			    rule == NULL ? "unknown directive" :
			    "does not belong here");
	} else if (node->is_block != is_block)
		faults_add(c->faults, &node->place, node->is_block ?
		    "%s is no block" : "%s: expected a block", name);
	else if (node->nargs - 1 < rule->min || node->nargs - 1 > rule->max)
		faults_add(c->faults, &node->place, "%s: wrong number of "
		    "arguments", name);
	else if (rule->note != NULL && (rule->quiet == NULL ||
	    strcmp(rule->quiet, node->args[1]) != 0))
		faults_notice(c->faults, &node->place, "%s: %s", name,
		    rule->note);
}

void
nginx_rules_check(struct convert *c, const struct nginx_node *first,
    unsigned int where)
{
	for (const struct nginx_node *node = first; node != NULL;
	    node = node->next)
		nginx_rule_check(c, node, where);
}

const struct nginx_node *
nginx_last(const struct nginx_node *node, const char *name)
{
	const struct nginx_node *found = NULL;

	for (; node != NULL; node = node->next) {
		if (strcmp(node->args[0], name) == 0)
			found = node;
	}
	return found;
}

const struct nginx_node *
nginx_effective_list(const struct nginx_server *s, const char *name)
{
	if (nginx_last(s->node->children, name) != NULL)
		return s->node->children;
	return nginx_last(s->mail->children, name) != NULL ?
	    s->mail->children : NULL;
}

const struct nginx_node *
nginx_effective(const struct nginx_server *s, const char *name)
{
	return nginx_last(nginx_effective_list(s, name), name);
}

bool
nginx_is_on(struct convert *c, const struct nginx_node *node)
{
	if (strcmp(node->args[1], "on") != 0 &&
	    strcmp(node->args[1], "off") != 0)
		faults_add(c->faults, &node->place, "%s: expected on or off",
		    node->args[0]);
	return strcmp(node->args[1], "on") == 0;
}
