/*
 * passdb_fields: the columns of one passdb row as checked values.
 * What a row says is taken as it stands or not at all: a value that cannot
 * be used makes the whole row a fault, never a guess.
 */
#ifndef AUTH_PASSDB_FIELDS_H
#define AUTH_PASSDB_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/auth_worker.h"
#include "ipc/login_auth.h"
#include "lib/netaddr.h"
#include "lib/password.h"

/* The text of "host", which may name several. */
#define PASSDB_HOST_MAX		1023
#define PASSDB_TIMEOUT_MAX_S	3600
/* No login is put off for longer. */
#define PASSDB_DELAY_MAX_S	300
/* Room for the reason why a row is refused. */
#define PASSDB_WHY_MAX		160

/* Fields that protect a connection. */
enum passdb_switch {
	PASSDB_OFF,
	PASSDB_ON,
	PASSDB_ANY_CERT,	/* on, whoever answers */
};

/* What a row says of the client's certificate, against the one shown. */
enum passdb_print {
	PASSDB_PRINT_ABSENT,	/* nothing */
	PASSDB_PRINT_MATCH,
	PASSDB_PRINT_DIFFERS,
};

/* One of the hosts: an address, or a name to resolve (family NONE). */
struct passdb_host {
	struct netaddr	 addr;
	uint16_t	 off, len;	/* of its text in host */
};

struct passdb_fields {
	/* The password that this row asks for; has_password: not NULL. */
	bool			 has_password, has_nopassword;
	bool			 is_password_empty;	/* '' */
	char			 hash[PASSWORD_HASH_MAX + 1];	/* full */
	bool			 has_noauthenticate;	/* only sets fields */
	bool			 is_failed;		/* it says so */
	bool			 is_net_refused, is_real_net_refused;
	enum passdb_print	 print, cert_print, key_print;
	uint64_t		 delay_until_s;	/* since 1970 */
	uint32_t		 delay_random_s;	/* up to so many more */
	/* Where to and as whom. */
	bool			 is_proxy, is_proxy_maybe;
	bool			 is_proxy_off;	/* it says so */
	bool			 is_nologin, has_nodelay;
	uint8_t			 nhosts;
	struct passdb_host	 hosts[LOGIN_AUTH_ADDRS_MAX];
	struct netaddr		 hostip;	/* family NONE: not given */
	uint16_t		 port;		/* 0: default of the service */
	struct netaddr		 source;	/* family NONE: the setting */
	bool			 is_untrusted, has_nopipelining;
	uint8_t			 haproxy;	/* version; 0: none */
	bool			 has_leave;	/* and not the setting */
	uint32_t		 leave_ms, down_ms;	/* spread; grace */
	/* TLS to the host. */
	enum passdb_switch	 ssl, starttls;
	char			 ssl_hostname[LOGIN_AUTH_NAME_MAX + 1];
	uint32_t		 timeout_ms;	/* 0: setting */
	char			 host[PASSDB_HOST_MAX + 1];
	char			 user[LOGIN_AUTH_USER_MAX + 1];	/* "": same */
	char			 destuser[LOGIN_AUTH_USER_MAX + 1];
	uint8_t			 way;		/* enum login_auth_way */
	char			 master[LOGIN_AUTH_USER_MAX + 1];
	char			 pass[LOGIN_AUTH_PASS_MAX + 1];
	char			 reason[LOGIN_AUTH_REASON_MAX + 1];
	struct login_auth_forward forward;	/* for the host */
	uint64_t		 is_given;	/* bits of the table's rows */
};

/* What the meaning of a row depends on; note may be NULL. */
struct passdb_asker {
	const char		*user;		/* who is asked for */
	const struct netaddr	*rip, *real_rip;	/* true, and of TCP */
	const struct login_auth_cert *cert;
	const char		*default_scheme;
	void			(*note)(void *arg, const char *);
	void			*arg;
};

/* Empty fields; wipes what was there. */
void	passdb_fields_clear(struct passdb_fields *);
/*
 * Takes a row's columns over what fields hold from earlier passdbs (of which
 * the password part is forgotten).  -1 with a reason in why, of
 * PASSDB_WHY_MAX, that holds no secret: the row cannot be used.
 */
int	passdb_fields_read(struct passdb_fields *,
	    const struct auth_worker_row *, const struct passdb_asker *,
	    char *why) __attribute__((warn_unused_result));
/*
 * A host name of letters, digits and hyphens (RFC 1123, 2.1), whose last
 * label is no number in any of the ways that inet_aton(3) reads.
 */
bool	passdb_is_host_name(const char *, size_t);

#endif
