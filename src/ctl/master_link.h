/* master_link: wicketctl asks the master. */
#ifndef CTL_MASTER_LINK_H
#define CTL_MASTER_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/host_order.h"
#include "ipc/master_ctl.h"

struct channel;

/* Children of a suite, as they came; more are not kept. */
#define MASTER_LINK_PROCESSES_MAX	16384
#define MASTER_LINK_CERTS_MAX		MASTER_CTL_CERTS_MAX

struct master_link {
	struct channel			*channel;
	bool				 is_done;
	struct master_ctl_done		 done;
	struct master_ctl_suite		 suite;
	struct master_ctl_process	*processes;
	size_t				 nprocesses;
	struct master_ctl_cert		*certs;
	size_t				 ncerts;
	struct master_ctl_peer		 peer;
	int				 peer_fd;	/* -1: none came */
};

/* Takes the fd of link_connect(). */
void	master_link_open(struct master_link *, int fd);
void	master_link_close(struct master_link *);
/*
 * Asks for RELOAD, STOP, STATUS or TLS, or, with `auth`, for AUTH, for as
 * long as the answer is "not now".  The result, faults being printed; -1 when
 * the master does not answer.
 */
int	master_link_ask(struct master_link *, enum master_ctl_type,
	    const struct master_ctl_auth *auth)
	    __attribute__((warn_unused_result));

/* The same with an order about a mail host. */
int	master_link_order(struct master_link *, const struct host_order *)
	    __attribute__((warn_unused_result));

#endif
