/*
 * identity: who a client is, in the words that proxies use for it: ID in IMAP
 * and XCLIENT in POP3, both as Dovecot speaks them.  Collected from one
 * command, value by value; all of it counts, or nothing.
 */
#ifndef LOGIN_COMMON_IDENTITY_H
#define LOGIN_COMMON_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/login_auth_forward.h"
#include "ipc/login_auth_limits.h"
#include "lib/netaddr.h"

enum identity_word {
	IDENTITY_RIP,		/* the client's address and port */
	IDENTITY_RPORT,
	IDENTITY_LIP,		/* those that it connected to */
	IDENTITY_LPORT,
	IDENTITY_SESSION,	/* its session's id at the proxy */
	IDENTITY_TTL,		/* how many more proxies may follow */
	IDENTITY_TRANSPORT,	/* does it speak TLS with the proxy? */
	IDENTITY_NONE,		/* something else, which says nothing to us */
};
#define IDENTITY_WORDS	IDENTITY_NONE

struct identity {
	bool		 has[IDENTITY_WORDS];
	bool		 is_bad;	/* a value was not what it must be */
	bool		 is_tls;
	uint8_t		 ttl;
	uint16_t	 rport, lport;
	struct netaddr	 rip, lip;	/* without port */
	char		 session[LOGIN_AUTH_SESSION_MAX + 1];
	struct login_auth_forward forward;
};

/* The word's names in both protocols. */
const char	*identity_imap_name(enum identity_word);
const char	*identity_pop3_name(enum identity_word);
/* Which word is it?  Case-blind. */
enum identity_word	identity_imap_word(const char *, size_t);
enum identity_word	identity_pop3_word(const char *, size_t);

void	identity_init(struct identity *);
/*
 * Takes a value: an address, never a name; a port or a number in digits; an
 * id of letters, digits and "+/=_.:-"; "TLS" or "insecure".  What is said
 * twice, or is anything else, makes the whole identity bad.
 */
void	identity_set(struct identity *, enum identity_word, const char *value,
	    size_t len);
/* Takes a pair to be forwarded, on the same terms. */
void	identity_forward(struct identity *, const char *name, size_t nlen,
	    const char *value, size_t vlen);
/* Takes pairs as XCLIENT has them: base64 of NAME=VALUE, tabs between. */
void	identity_forward_all(struct identity *, const char *b64, size_t len);

#endif
