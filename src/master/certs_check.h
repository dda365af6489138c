/* certs_check: what certificates and keys say, found out by a tls-signer. */
#ifndef MASTER_CERTS_CHECK_H
#define MASTER_CERTS_CHECK_H

#include <stdbool.h>

struct certs;
struct certs_check;
struct certs_faults;
struct certs_item;
struct loop;
struct settings;
struct wire_writer;

/* Then something is wrong; each key takes about a millisecond. */
#define CERTS_CHECK_MS	10000
#define CERTS_CHECK_KEY_MS	10

/*
 * What is to be looked at; the items' info is filled in.  Certificates out of
 * date are faults if they are not those of old (NULL: then they are
 * warnings); other faults always are.  All is borrowed until done is called.
 */
struct certs_check_job {
	struct certs		*certs;
	const struct settings	*set;
	const struct certs	*old;
	struct certs_faults	*faults, *warnings;
	void			(*done)(void *arg, int result);	/* 0; -1 */
	void			*arg;
};

/*
 * Calls done once, with -1 if there are faults: at the end of a turn of the
 * loop, after CERTS_CHECK_MS and CERTS_CHECK_KEY_MS for each key at the
 * latest.
 */
struct certs_check	*certs_check_start(struct loop *,
			    const struct certs_check_job *);
/* Before done was called; it is not called any more. */
void	certs_check_cancel(struct certs_check *);
/* The same in a loop of its own, for a start: waits. */
int	certs_check(struct certs *, const struct settings *,
	    struct certs_faults *faults, struct certs_faults *warnings)
	    __attribute__((warn_unused_result));
/* Was there a certificate of the same bytes among those of old? */
bool	certs_item_is_old(const struct certs *, const struct certs_item *,
	    const struct certs *old);
/* The settings of a tls-signer: a body of MASTER_SIGNER. */
void	certs_signer_put(struct wire_writer *, const struct settings *,
	    const char *root, const char *password);

#endif
