/*
 * tls_client: what the side of the mail hosts needs for TLS: whom to trust,
 * our own certificate if hosts want one, and sessions to be resumed.
 */
#ifndef LIB_TLS_CLIENT_H
#define LIB_TLS_CLIENT_H

#include "lib/tls.h"
#include "lib/tls_sign.h"

/* How many sessions are kept, the least recently used one goes. */
#define TLS_CLIENT_SESSIONS_MAX	64

/* Borrowed until tls_client_free() and the end of the last connection. */
struct tls_client_config {
	struct tls_policy	 policy;
	/*
	 * PEM of the authorities that are trusted, parsed when first needed;
	 * with CRLs: hosts' certificates must be covered by one.
	 */
	const char		*ca;
	size_t			 ca_len;
	struct tls_chain	 chain;		/* our own; may be none */
	tls_sign_fn		 sign;
	void			*sign_arg;
};

/* One mail host. */
struct tls_target {
	/* The name, or IP address, that its certificate must be made out to. */
	const char	*name;
	/* Sessions are resumed only with the same where, name and check. */
	const char	*where;
	/* Whoever answers is believed. */
	bool		 is_any_cert;
};

/* NULL with the text of the fault. */
struct tls_client	*tls_client_new(const struct tls_client_config *,
			    struct tls_error *);
/* Connections keep it for as long as they need it; NULL is allowed. */
void	tls_client_free(struct tls_client *);

#endif
