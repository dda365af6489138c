/*
 * tls_server: what the side of the mail programs needs for TLS: certificates
 * by name, whose keys are elsewhere (lib/tls_sign.h), keys of tickets, and
 * how clients' certificates are checked.
 */
#ifndef LIB_TLS_SERVER_H
#define LIB_TLS_SERVER_H

#include "lib/tls.h"
#include "lib/tls_sign.h"

/* Two certificates, so that clients of either kind are served. */
struct tls_certs {
	struct tls_chain	 first;
	struct tls_chain	 alt;	/* other kind of key; may be none */
};

/* Whether clients are asked for a certificate. */
enum tls_ask {
	TLS_ASK_NONE,
	TLS_ASK_WANTED,		/* one that is shown must be good */
	TLS_ASK_REQUIRED,	/* and one must be shown */
	/*
	 * The same, but nobody has to vouch for it: it counts as verified if
	 * somebody of ca does.  One that is revoked is never taken.
	 */
	TLS_ASK_ANY,
	TLS_ASK_ANY_REQUIRED,
};

/*
 * Everything is borrowed until tls_server_free() and the end of the last
 * connection: the bytes may be mapped from somewhere.
 */
struct tls_server_config {
	struct tls_policy	 policy;
	struct tls_certs	 certs;	/* for names that nothing else fits */
	/* The protocol (ALPN) that a client which names some must name. */
	const char		*alpn;
	/*
	 * Where tickets are good, e.g. the service's name; certificates, ask
	 * and ca are part of it without being named here.
	 */
	const char		*context;
	enum tls_ask		 ask;
	/* PEM; with CRLs: those are checked.  ANY can do without. */
	const char		*ca;
	size_t			 ca_len;
	tls_sign_fn		 sign;
	void			*sign_arg;
};

/* How many keys of tickets there may be: one that makes, two of before. */
#define TLS_TICKET_KEYS_MAX	3

struct tls_ticket_key {
	uint8_t	name[16];
	uint8_t	aes[32];	/* AES-256-CBC, and then HMAC-SHA-256: */
	uint8_t	mac[32];
};

/* NULL with the text of the fault. */
struct tls_server	*tls_server_new(const struct tls_server_config *,
			    struct tls_error *);
/* Connections keep it for as long as they need it; NULL is allowed. */
void	tls_server_free(struct tls_server *);
/*
 * Certificates for clients that ask for one of n names ("*.example.net" fits
 * one label).  They are parsed when first asked for.  n == 0: for the names
 * that the first certificate is made out to, which is parsed now.  A name
 * that is there already stays as it is.  -1 with the fault.
 */
int	tls_server_add(struct tls_server *, const char *const *names,
	    size_t n, const struct tls_certs *, struct tls_error *)
	    __attribute__((warn_unused_result));
/*
 * The keys of tickets, the one that makes new ones first; at any time.  They
 * are copied, and wiped.  None: no tickets are made.
 */
void	tls_server_tickets(struct tls_server *,
	    const struct tls_ticket_key *, size_t n);
/*
 * Proves by handshakes in memory that keys sign for their certificates, once
 * in each version, of the first sets_max sets; costs as much as clients do.
 * -1 with the fault.
 */
int	tls_server_self_test(struct tls_server *, size_t sets_max,
	    struct tls_error *)
	    __attribute__((warn_unused_result));

#endif
