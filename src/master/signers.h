/*
 * signers: which tls-signer serves which login processes.  Keys have numbers
 * that are known to the login processes that got them; after a change other
 * keys have them.  So each set of keys has its tls-signer, for as long as a
 * login process of its time may still ask it.
 */
#ifndef MASTER_SIGNERS_H
#define MASTER_SIGNERS_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

struct child;
struct keyring;
struct master;

SLIST_HEAD(keyring_head, keyring);

struct signers {
	struct keyring_head	 keyrings;	/* the one in force first */
	uint32_t		 last;		/* number of the newest */
	uint32_t		 next;		/* of whom is started; 0 */
};

/* The keys of m->certs are in force from here on, if there are some. */
void	signers_renew(struct master *);
/* To a tls-signer or a login process, before START. */
void	signers_send(struct master *, struct child *);
/* A tls-signer was told to START: the login processes of its time get it. */
void	signers_use(struct master *, struct child *signer);
/*
 * The tls-signer of the keys in force reads them, and has not served yet: a
 * login process that was started now would wait for it.
 */
bool	signers_are_starting(struct master *);
/*
 * Lets go of keys that nobody needs, and starts a tls-signer for those of
 * before a reload whose own one has died.
 */
void	signers_fill(struct master *);
void	signers_clear(struct master *);

#endif
