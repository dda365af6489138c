/* convert_perdition_state: what the parts of convert_perdition share. */
#ifndef CTL_CONVERT_PERDITION_STATE_H
#define CTL_CONVERT_PERDITION_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/convert_out.h"
#include "ctl/perdition_conf.h"

/* Options that mean something here. */
enum perdition_option {
	PERDITION_NOTHING,	/* told of, or not missed */
	PERDITION_ADD_DOMAIN,
	PERDITION_AUTHENTICATE_TIMEOUT,
	PERDITION_BIND_ADDRESS,
	PERDITION_CAPABILITY,
	PERDITION_CONNECTION_LIMIT,
	PERDITION_DOMAIN_DELIMITER,
	PERDITION_EXPLICIT_DOMAIN,
	PERDITION_IMAP_CAPABILITY,
	PERDITION_LISTEN_PORT,
	PERDITION_LOG_FACILITY,
	PERDITION_LOGIN_DISABLED,
	PERDITION_LOWER_CASE,
	PERDITION_MAP_LIBRARY,
	PERDITION_MAP_LIBRARY_OPT,
	PERDITION_OUTGOING_PORT,
	PERDITION_OUTGOING_SERVER,
	PERDITION_POP_CAPABILITY,
	PERDITION_PROTOCOL,
	PERDITION_QUERY_KEY,
	PERDITION_SSL_CA_FILE,
	PERDITION_SSL_CA_PATH,
	PERDITION_SSL_CERT_FILE,
	PERDITION_SSL_KEY_FILE,
	PERDITION_SSL_LISTEN_CIPHERS,
	PERDITION_SSL_LISTEN_MIN,
	PERDITION_SSL_MODE,
	PERDITION_SSL_NO_CERT_VERIFY,
	PERDITION_SSL_NO_CN_VERIFY,
	PERDITION_SSL_OUTGOING_CIPHERS,
	PERDITION_SSL_OUTGOING_MIN,
	PERDITION_STRIP_DOMAIN,
	PERDITION_USERNAME_FROM_DATABASE,
	PERDITION_OPTIONS
};

/* What ssl_mode and the protocol say. */
struct perdition_tls {
	bool	 listen_ssl, listen_tls, listen_force;
	bool	 outgoing_ssl, outgoing_tls, outgoing_force;
};

struct convert_perdition {
	struct convert			*out;
	const struct perdition_line	*options[PERDITION_OPTIONS];
	const char			*path, *map;
	bool				 has_imap, has_pop3;
	bool				 is_secure;	/* IMAP4S, POP3S */
	bool				 is_any;	/* no protocol told */
	struct perdition_tls		 tls;
	/* Names, as variables: looked up, and told to the mail host. */
	const char			*long_name, *short_name, *domain;
	const char			*destuser;	/* NULL: as it came */
	const char			*delimiter;
	/* More fields of each row: as columns, and for passdb static. */
	const char			*columns, *fields;
};

/*
 * Sorts the lines by their options, with a fault for an unknown one and a note
 * for one that comes to nothing.
 */
void	perdition_options_read(struct convert_perdition *,
	    const struct perdition_line *);
/* The value of an option, or NULL; and its place. */
const char	*perdition_value(const struct convert_perdition *,
		    enum perdition_option);
const struct config_place	*perdition_place(
		    const struct convert_perdition *, enum perdition_option);
/* A port by number or name; 0 when it is neither. */
unsigned int	perdition_port(const char *);
/* The popmap: a passdb sql with its file and data, if there is one. */
void	perdition_popmap(struct convert_perdition *);
/*
 * The popmap of regular expressions as patterns of SQLite's GLOB; NULL for
 * one that cannot be told so.  *is_user_first: its first group is all that
 * stands before an '@'.
 */
char	*perdition_glob(struct convert *, const char *regex,
	    bool *is_user_first);

#endif
