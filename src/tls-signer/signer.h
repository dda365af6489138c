/*
 * signer: serves the login processes.  Each has a channel, at most
 * LOGIN_SIGNER_OPEN_MAX requests wait on it, and the channels take turns, so
 * that no process can keep the others waiting.
 */
#ifndef TLS_SIGNER_SIGNER_H
#define TLS_SIGNER_SIGNER_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keys;
struct loop;
struct signer_peer;

TAILQ_HEAD(signer_peers, signer_peer);

struct signer {
	struct loop		*loop;
	struct keys		*keys;		/* borrowed */
	struct signer_peers	 peers;
	size_t			 npeers;
	size_t			 nwaiting;	/* requests of all */
	bool			 is_draining;
	uint64_t		 warned_ms;	/* of refusals, or 0 */
	uint32_t		 nrefused;	/* since then */
};

void	signer_init(struct signer *, struct loop *, struct keys *);
void	signer_clear(struct signer *);
/* A login process, by its pid; takes the fd. */
void	signer_add(struct signer *, int fd, uint32_t pid);
/* Ends with the last channel. */
void	signer_drain(struct signer *);
bool	signer_is_over(const struct signer *);
/* One request of each channel that has one. */
void	signer_round(struct signer *);

#endif
