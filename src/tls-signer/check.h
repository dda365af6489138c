/* check: what certificates and keys say, for the master. */
#ifndef TLS_SIGNER_CHECK_H
#define TLS_SIGNER_CHECK_H

#include <stddef.h>

struct child_tls_cert;
struct child_tls_fault;
struct keys;

/* What was found, one by one. */
struct check_tell {
	void	(*cert)(void *arg, const struct child_tls_cert *);
	void	(*fault)(void *arg, const struct child_tls_fault *);
	void	*arg;
};

/*
 * Looks at each certificate of a mapped cert_set: its key (one that is
 * missing among the keys was told by keys_new), order of the chain, dates, and
 * what it is for.  -1: the set is malformed.
 */
int	check_certs(const void *, size_t, const struct keys *,
	    const struct check_tell *) __attribute__((warn_unused_result));

#endif
