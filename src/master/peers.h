/* peers: the channels that the master makes between its children. */
#ifndef MASTER_PEERS_H
#define MASTER_PEERS_H

#include <stdint.h>
#include <sys/types.h>

struct child;
struct master;
struct master_ctl_auth;
struct master_ctl_peer;

/*
 * Joins a login process with auth.  Without an auth process it gets an end
 * whose other end is closed, and a new one when there is an auth process.
 */
void	peers_join_login(struct master *, struct child *login);
/* Makes this auth process the one that all login processes talk to. */
void	peers_use_auth(struct master *, struct child *auth);
/* Starts the workers that auth processes wait for. */
void	peers_fill_workers(struct master *);
/* How many auth processes serve users between them. */
uint32_t	peers_auth_count(const struct master *);
/*
 * Joins wicketctl, the process pid, with the auth process that it asks for.
 * Returns its end of the channel, the caller's, and says in *peer which one
 * it leads to; -1 when there is none.
 */
int	peers_join_ctl(struct master *, pid_t pid,
	    const struct master_ctl_auth *, struct master_ctl_peer *peer)
	    __attribute__((warn_unused_result));
/* Auth gave a worker up: ends it if it is one of that auth process. */
void	peers_kill_worker(struct master *, const struct child *auth,
	    int pid);

#endif
