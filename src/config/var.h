/*
 * var: %variables of Dovecot 1.x, as in %u, %Ld, %-3.3n, %{user}.
 *
 * A template is compiled to pieces once and expanded often.  Known are
 * %u user, %n local part, %d domain, %s service, %r and %l remote and local
 * address, %b and %a their ports, %p process, %m mechanism, %c "secured",
 * %{session}, %{login_user}, %{auth_user}, %{forward_NAME} (what a trusted
 * proxy has told of the client), %{real_rip}, %{real_lip}, %{real_rport} and
 * %{real_lport} (of such a proxy's own connection), %{ssl_client_cert_fp} and
 * %{ssl_client_cert_pubkey_fp} (hexadecimal), and %% for a percent sign;
 * modifiers L U T R E D and [offset.]width.
 */
#ifndef CONFIG_VAR_H
#define CONFIG_VAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netaddr;

enum var_id {
	VAR_LITERAL,
	VAR_USER,
	VAR_USERNAME,
	VAR_DOMAIN,
	VAR_SERVICE,
	VAR_PID,
	VAR_SECURED,
	VAR_FORWARD,
	/* One of several, by its place in struct var_values. */
	VAR_TEXT,
	VAR_ADDR,
	VAR_PORT,		/* of an address */
	VAR_PRINT,
};

/* Longest NAME of %{forward_NAME}. */
#define VAR_FORWARD_NAME_MAX	20
/* Longest fingerprint. */
#define VAR_PRINT_MAX		64

/* NULL texts and addresses count as "". */
struct var_values {
	const char		*user;		/* "name@domain" or "name" */
	/* Of a master's login: as whom, and who; else both are the user. */
	const char		*login_user, *auth_user;
	const char		*service;
	const char		*mech;
	const char		*session;
	const struct netaddr	*rip, *lip;	/* with ports */
	const struct netaddr	*real_rip, *real_lip;	/* of TCP itself */
	/* Fingerprints of the client's certificate, print_bytes each. */
	const uint8_t		*cert_print, *cert_key_print;
	size_t			 print_bytes;	/* 0: no certificate */
	/* Each "name=value" and a NUL; names in lower case. */
	const char		*forward;
	size_t			 forward_len;
	bool			 is_secured;
	uint32_t		 pid;
};

#define VAR_MODIFIERS_MAX	4

/* A run of literal text, or one variable with what is done to its value. */
struct var_piece {
	enum var_id	 id;
	const char	*text;		/* VAR_LITERAL */
	size_t		 off;		/* from VAR_TEXT on: the place */
	char		 modifiers[VAR_MODIFIERS_MAX + 1];
	int		 offset;	/* negative: from the end */
	size_t		 width;		/* 0 = all */
	bool		 has_zeros;	/* padded with zeros to the width */
	char		 forward[VAR_FORWARD_NAME_MAX + 1];
};

/*
 * Reads one variable behind the '%' at *text and moves *text behind it.
 * "%%" yields a literal.  -1 with a text in err on an unknown one.
 */
int	var_parse(const char **text, struct var_piece *, char *err,
	    size_t err_size) __attribute__((warn_unused_result));
/*
 * Is the text made of what may be in a name: literals, %u, %n and %d?  -1
 * with a text in err.
 */
int	var_check_name(const char *text, char *err, size_t err_size)
	    __attribute__((warn_unused_result));
/* Appends to the text in dst; -1 when it does not fit. */
int	var_append(const struct var_piece *, const struct var_values *,
	    char *dst, size_t size) __attribute__((warn_unused_result));
/*
 * Compiles and expands at once, for templates that are used rarely or are
 * short; -1 on an unknown variable or when it does not fit (dst is "").
 */
int	var_expand(const char *text, const struct var_values *, char *dst,
	    size_t size) __attribute__((warn_unused_result));

#endif
