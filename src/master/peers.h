/* peers: the channels that the master makes between its children. */
#ifndef MASTER_PEERS_H
#define MASTER_PEERS_H

#include <stdint.h>
#include <sys/types.h>

struct child;
struct host_order;
struct master;
struct master_ctl_auth;
struct master_ctl_peer;

/*
 * Joins a login process with each auth process.  For one that is missing it
 * gets an end whose other end is closed, and a new one when that is there.
 */
void	peers_join_login(struct master *, struct child *login);
/* The lowest number that no other auth process of these settings has. */
uint32_t	peers_free_index(const struct master *, const struct child *);
/* Makes this auth process the one of its number for all login processes. */
void	peers_use_auth(struct master *, struct child *auth);
/* The same for all that serve, in place of those from before a reload. */
void	peers_use_new_auths(struct master *);
/* It is gone. */
void	peers_forget_auth(struct master *, const struct child *auth);
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

/* Tells an auth process of what was ordered about mail hosts so far. */
void	peers_send_orders(const struct master *, struct child *);
/* One more order: remembered, and told to all auth; -1: no room. */
int	peers_order_host(struct master *, const struct host_order *)
	    __attribute__((warn_unused_result));

#endif
