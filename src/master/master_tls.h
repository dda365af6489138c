/* master_tls: the master's part of TLS: who gets what, and when it changes. */
#ifndef MASTER_MASTER_TLS_H
#define MASTER_MASTER_TLS_H

#include <stdbool.h>
#include <stdint.h>

struct certs;
struct certs_faults;
struct certs_item;
struct child;
struct master;
struct settings;

/*
 * Certificates and keys of these settings, looked at, for a start: waits.
 * NULL with faults; warnings may come either way.
 */
struct certs	*master_tls_load(const struct settings *,
		    struct certs_faults *faults,
		    struct certs_faults *warnings);
/* Does the suite need a tls-signer? */
bool		 master_tls_has_keys(const struct master *);
/* What a login process or a tls-signer must have before START. */
void		 master_tls_send(struct master *, struct child *);
/* Once a second: new keys of tickets, files that changed, expiry. */
void		 master_tls_tick(struct master *);
/* Before the end the log, and "wicketctl status", tell of it. */
#define MASTER_TLS_WARN_S	(14 * 86400)

/* Is that certificate's end so near, or past? */
bool		 master_tls_expires(const struct certs_item *,
		    int64_t within_s);
/* A line on each certificate that is about to expire, or has. */
void		 master_tls_warn(const struct certs *);
void		 master_tls_clear(struct master *);

#endif
