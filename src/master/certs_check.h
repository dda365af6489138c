/* certs_check: what certificates and keys say, found out by a tls-signer. */
#ifndef MASTER_CERTS_CHECK_H
#define MASTER_CERTS_CHECK_H

#include <stdbool.h>

struct certs;
struct certs_faults;
struct certs_item;
struct settings;
struct wire_writer;

/* Then something is wrong; each key takes about a millisecond. */
#define CERTS_CHECK_MS	10000
#define CERTS_CHECK_KEY_MS	10

/*
 * Has them looked at, and fills in the items' info.  Certificates out of date
 * are faults if they are not those of old (NULL: then they are warnings);
 * other faults always are.  -1 with faults.  The master stands still so long,
 * but no longer than CERTS_CHECK_MS and CERTS_CHECK_KEY_MS for each key.
 */
int	certs_check(struct certs *, const struct settings *,
	    const struct certs *old, struct certs_faults *faults,
	    struct certs_faults *warnings) __attribute__((warn_unused_result));
/* Was there a certificate of the same bytes among those of old? */
bool	certs_item_is_old(const struct certs *, const struct certs_item *,
	    const struct certs *old);
/* The settings of a tls-signer: a body of MASTER_SIGNER. */
void	certs_signer_put(struct wire_writer *, const struct settings *,
	    const char *root, const char *password);

#endif
