/*
 * The options of Perdition, a row each.
 * Runs in: wicketctl.
 * Hostile input: the words of the file.
 * Never: sets anything.
 */
#include <string.h>

#include "config/faults.h"
#include "ctl/convert_perdition_state.h"
#include "lib/strutil.h"

struct perdition_row {
	const char		*name, *letter;		/* letter: or NULL */
	enum perdition_option	 option;
	bool			 is_flag;
	const char		*note;	/* what becomes of it, or NULL */
};

static const char note_domain[] = "a domain cannot be taken from the address "
    "that was connected to: explicit_domain, which is auth_default_realm "
    "here, can be one for all";
static const char note_check[] = "certificates of mail hosts are verified in "
    "full: put that which signs itself into the file of ssl_client_ca_file";
static const char note_texts[] = "the client gets an answer of ours";

static const struct perdition_row perdition_rows[] = {
	{ "add_domain", "A", PERDITION_ADD_DOMAIN, false, NULL },
	{ "authenticate_in", "a", PERDITION_NOTHING, true, "there is no PAM: "
	    "the mail host checks passwords, or a password column" },
	{ "authenticate_timeout", NULL, PERDITION_AUTHENTICATE_TIMEOUT, false,
	    NULL },
	{ "no_bind_banner", "B", PERDITION_NOTHING, true, NULL },
	{ "bind_address", "b", PERDITION_BIND_ADDRESS, false, NULL },
	{ "connection_logging", "C", PERDITION_NOTHING, true, "dialogs are "
	    "not logged" },
	{ "connect_relog", NULL, PERDITION_NOTHING, false, "a session is "
	    "logged at its login and at its end" },
	{ "client_server_specification", "c", PERDITION_NOTHING, true,
	    "clients never name their host" },
	{ "domain_delimiter", "D", PERDITION_DOMAIN_DELIMITER, false, NULL },
	{ "debug", "d", PERDITION_NOTHING, true, "see auth_debug and "
	    "auth_verbose" },
	{ "explicit_domain", "e", PERDITION_EXPLICIT_DOMAIN, false, NULL },
	{ "log_facility", "F", PERDITION_LOG_FACILITY, false, NULL },
	{ "config_file", "f", PERDITION_NOTHING, false, NULL },
	{ "group", "g", PERDITION_NOTHING, false, NULL },
	{ "help", "h", PERDITION_NOTHING, true, NULL },
	{ "capability", "I", PERDITION_CAPABILITY, false, NULL },
	{ "imap_capability", NULL, PERDITION_IMAP_CAPABILITY, false, NULL },
	{ "inetd_mode", "i", PERDITION_NOTHING, true, "mailwicket listens "
	    "itself: take the lines out of inetd.conf" },
	{ "connection_limit", "L", PERDITION_CONNECTION_LIMIT, false, NULL },
	{ "listen_port", "l", PERDITION_LISTEN_PORT, false, NULL },
	{ "login_disabled", NULL, PERDITION_LOGIN_DISABLED, true, NULL },
	{ "log_passwd", NULL, PERDITION_NOTHING, false, "passwords are never "
	    "logged" },
	{ "lower_case", NULL, PERDITION_LOWER_CASE, false, NULL },
	{ "managesieve_capability", NULL, PERDITION_NOTHING, false,
	    "mailwicket does not speak ManageSieve" },
	{ "map_library", "M", PERDITION_MAP_LIBRARY, false, NULL },
	{ "map_library_opt", "m", PERDITION_MAP_LIBRARY_OPT, false, NULL },
	{ "no_daemon", NULL, PERDITION_NOTHING, true, "see the option -F" },
	{ "no_lookup", "n", PERDITION_NOTHING, true, NULL },
	{ "ok_line", "O", PERDITION_NOTHING, false, note_texts },
	{ "server_ok_line", NULL, PERDITION_NOTHING, true, note_texts },
	{ "server_resp_line", "o", PERDITION_NOTHING, true, note_texts },
	{ "pop_capability", NULL, PERDITION_POP_CAPABILITY, false, NULL },
	{ "protocol", "P", PERDITION_PROTOCOL, false, NULL },
	{ "outgoing_port", "p", PERDITION_OUTGOING_PORT, false, NULL },
	{ "outgoing_server", "s", PERDITION_OUTGOING_SERVER, false, NULL },
	{ "pid_file", NULL, PERDITION_NOTHING, false, NULL },
	{ "strip_domain", "S", PERDITION_STRIP_DOMAIN, false, NULL },
	{ "tcp_keepalive", NULL, PERDITION_NOTHING, true, NULL },
	{ "timeout", "t", PERDITION_NOTHING, false, "sessions that are passed "
	    "on may be idle for as long as the mail host allows" },
	{ "username", "u", PERDITION_NOTHING, false, "each kind of process "
	    "has a user of its own: login_user, auth_user, "
	    "auth_worker_user, tls_signer_user" },
	{ "username_from_database", "U", PERDITION_USERNAME_FROM_DATABASE,
	    true, NULL },
	{ "query_key", NULL, PERDITION_QUERY_KEY, false, NULL },
	{ "quiet", "q", PERDITION_NOTHING, true, NULL },
	{ "ssl_mode", NULL, PERDITION_SSL_MODE, false, NULL },
	{ "ssl_ca_chain_file", NULL, PERDITION_NOTHING, false, "append these "
	    "certificates to the file of ssl_cert_file" },
	{ "ssl_ca_file", NULL, PERDITION_SSL_CA_FILE, false, NULL },
	{ "ssl_ca_path", NULL, PERDITION_SSL_CA_PATH, false, NULL },
	{ "ssl_ca_accept_self_signed", NULL, PERDITION_NOTHING, true,
	    note_check },
	{ "ssl_cert_file", NULL, PERDITION_SSL_CERT_FILE, false, NULL },
	{ "ssl_dh_params_file", NULL, PERDITION_NOTHING, false, NULL },
	{ "ssl_cert_accept_self_signed", NULL, PERDITION_NOTHING, true,
	    note_check },
	{ "ssl_cert_accept_expired", NULL, PERDITION_NOTHING, true,
	    note_check },
	{ "ssl_cert_accept_not_yet_valid", NULL, PERDITION_NOTHING, true,
	    note_check },
	{ "ssl_cert_verify_depth", NULL, PERDITION_NOTHING, false, NULL },
	{ "ssl_key_file", NULL, PERDITION_SSL_KEY_FILE, false, NULL },
	{ "ssl_listen_ciphers", NULL, PERDITION_SSL_LISTEN_CIPHERS, false,
	    NULL },
	{ "ssl_outgoing_ciphers", NULL, PERDITION_SSL_OUTGOING_CIPHERS, false,
	    NULL },
	{ "ssl_no_cert_verify", NULL, PERDITION_SSL_NO_CERT_VERIFY, true,
	    NULL },
	{ "ssl_no_client_cert_verify", NULL, PERDITION_NOTHING, true, NULL },
	{ "ssl_no_cn_verify", NULL, PERDITION_SSL_NO_CN_VERIFY, true, NULL },
	{ "ssl_passphrase_fd", NULL, PERDITION_NOTHING, false, "not read: "
	    "give the password as ssl_key_password" },
	{ "ssl_passphrase_file", NULL, PERDITION_NOTHING, false, "not read: "
	    "give the password as ssl_key_password" },
	{ "ssl_listen_min_proto_version", NULL, PERDITION_SSL_LISTEN_MIN,
	    false, NULL },
	{ "ssl_outgoing_min_proto_version", NULL, PERDITION_SSL_OUTGOING_MIN,
	    false, NULL },
	{ "ssl_listen_max_proto_version", NULL, PERDITION_NOTHING, false,
	    "newer versions of TLS cannot be turned off" },
	{ "ssl_outgoing_max_proto_version", NULL, PERDITION_NOTHING, false,
	    "newer versions of TLS cannot be turned off" },
	{ "ssl_listen_compression", NULL, PERDITION_NOTHING, true, NULL },
	{ "ssl_outgoing_compression", NULL, PERDITION_NOTHING, true, NULL },
	{ "ssl_no_cipher_server_preference", NULL, PERDITION_NOTHING, true,
	    NULL },
};

#define PERDITION_ROWS	(sizeof(perdition_rows) / sizeof(perdition_rows[0]))

/* Ports that the files name. */
static const struct {
	const char	*name;
	unsigned int	 port;
} perdition_ports[] = {
	{ "imap", 143 }, { "imap2", 143 }, { "imap4", 143 }, { "imaps", 993 },
	{ "pop3", 110 }, { "pop-3", 110 }, { "pop3s", 995 },
};

static const struct perdition_row *
perdition_row_find(const char *key)
{
	for (size_t i = 0; i < PERDITION_ROWS; i++) {
		const struct perdition_row *row = &perdition_rows[i];

		if (strcmp(row->name, key) == 0 || (row->letter != NULL &&
		    strcmp(row->letter, key) == 0))
			return row;
	}
	return NULL;
}

/* No value, or an empty one, is as if the option was not there. */
static void
perdition_option_read(struct convert_perdition *p,
    const struct perdition_line *line)
{
	const struct perdition_row *row = perdition_row_find(line->key);

	if (row == NULL) {
		faults_add(p->out->faults, &line->place, "unknown option %s",
		    line->key);
		return;
	}
	if (row->option != PERDITION_NOTHING)
		p->options[row->option] = line;
	if (row->note != NULL && (row->is_flag || line->value[0] != '\0'))
		faults_notice(p->out->faults, &line->place, "%s: %s", row->name,
		    row->note);
}

void
perdition_options_read(struct convert_perdition *p,
    const struct perdition_line *line)
{
	for (; line != NULL; line = line->next)
		perdition_option_read(p, line);
	if (p->options[PERDITION_ADD_DOMAIN] != NULL &&
	    p->options[PERDITION_EXPLICIT_DOMAIN] == NULL)
		faults_notice(p->out->faults, perdition_place(p,
		    PERDITION_ADD_DOMAIN), "add_domain: %s", note_domain);
}

const char *
perdition_value(const struct convert_perdition *p, enum perdition_option o)
{
	const struct perdition_line *line = p->options[o];

	return line == NULL || line->value[0] == '\0' ? NULL : line->value;
}

const struct config_place *
perdition_place(const struct convert_perdition *p, enum perdition_option o)
{
	return p->options[o] == NULL ? NULL : &p->options[o]->place;
}

unsigned int
perdition_port(const char *text)
{
	uint64_t port;

	if (str_number(text, strlen(text), 1, 65535, &port) == 0)
		return (unsigned int)port;
	for (size_t i = 0; i < sizeof(perdition_ports) /
	    sizeof(perdition_ports[0]); i++)
		if (strcmp(perdition_ports[i].name, text) == 0)
			return perdition_ports[i].port;
	return 0;
}
