/*
 * ctl_server: the control socket, base_dir/control, on which wicketctl asks
 * the master.  Root alone may connect, or the user that the master runs as.
 * Connections are few, must say something within seconds, and cost the
 * master no more than that whatever they say.
 */
#ifndef MASTER_CTL_SERVER_H
#define MASTER_CTL_SERVER_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/host_order.h"
#include "ipc/master_ctl.h"
#include "lib/loop.h"

struct ctl_conn;
struct rundir;

/* Open at once; one more is closed before it was heard. */
#define CTL_SERVER_CONNS_MAX	16
/* For the first command, between two, and to read an answer. */
#define CTL_SERVER_IDLE_MS	5000

/* What the commands do; each answers with ctl_conn_send_...(). */
struct ctl_hooks {
	/* Answers with ctl_conn_done(), now or later, unless it is gone. */
	void			(*reload)(void *owner, struct ctl_conn *);
	void			(*gone)(void *owner, struct ctl_conn *);
	enum master_ctl_result	(*stop)(void *owner, struct ctl_conn *);
	enum master_ctl_result	(*status)(void *owner, struct ctl_conn *);
	enum master_ctl_result	(*tls)(void *owner, struct ctl_conn *);
	enum master_ctl_result	(*auth)(void *owner, struct ctl_conn *,
				    const struct master_ctl_auth *);
	enum master_ctl_result	(*host)(void *owner, struct ctl_conn *,
				    const struct host_order *);
};

LIST_HEAD(ctl_conn_head, ctl_conn);

struct ctl_server {
	struct loop			*loop;
	const struct ctl_hooks		*hooks;
	void				*owner;
	const struct rundir		*rundir;	/* borrowed */
	int				 fd;		/* -1: closed */
	dev_t				 dev;		/* of the socket's */
	ino_t				 ino;		/* name */
	struct loop_io			 io;
	struct ctl_conn_head		 conns;
	size_t				 nconns;
	struct loop_timers		 idle;
	uint64_t			 warned_ms;	/* 0: never */
};

void	ctl_server_init(struct ctl_server *, struct loop *,
	    const struct ctl_hooks *, void *owner);
/*
 * Makes the socket in the directory whose pid file this process holds; what
 * a master that died has left there is replaced.  -1 with a text.
 */
int	ctl_server_open(struct ctl_server *, const struct rundir *,
	    char *fault, size_t size) __attribute__((warn_unused_result));
/* Removes the socket; who is connected may hear the end of his answer. */
void	ctl_server_close(struct ctl_server *);
/* Closes all connections too; their last answers leave. */
void	ctl_server_clear(struct ctl_server *);
/* Once a second: listens again after a want of fds. */
void	ctl_server_tick(struct ctl_server *);

/* The answer to a command is complete. */
void	ctl_conn_done(struct ctl_conn *, enum master_ctl_result);
/* Who is connected. */
pid_t	ctl_conn_pid(const struct ctl_conn *);
void	ctl_conn_send_suite(struct ctl_conn *,
	    const struct master_ctl_suite *);
void	ctl_conn_send_process(struct ctl_conn *,
	    const struct master_ctl_process *);
void	ctl_conn_send_cert(struct ctl_conn *, const struct master_ctl_cert *);
/* Foreign text is cleaned and cut. */
void	ctl_conn_send_fault(struct ctl_conn *, const char *text);
/* The fd stays the caller's. */
void	ctl_conn_send_peer(struct ctl_conn *, const struct master_ctl_peer *,
	    int fd);

#endif
