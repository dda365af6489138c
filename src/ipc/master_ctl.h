/*
 * master_ctl: wicketctl asks the master, over the control socket.
 *
 * Trust: the master lets in root (or its own user, when it runs without
 * root) only, and still takes what comes as hostile: a violation closes that
 * connection, nothing else.  wicketctl trusts the master.  One command after
 * the other; each is answered by any number of SUITE, PROCESS, FAULT and
 * AUTH_PEER and then one DONE.  AUTH_PEER brings a channel to an auth process
 * (ipc/ctl_auth.h), so that the master sees no password and no row.
 */
#ifndef IPC_MASTER_CTL_H
#define IPC_MASTER_CTL_H

#include <stdint.h>

#include "ipc/roles.h"
#include "lib/channel.h"

#define MASTER_CTL_VERSION	4

extern const struct channel_contract master_ctl_contract;

enum master_ctl_type {
	/* wicketctl to master */
	MASTER_CTL_RELOAD = 1,		/* no body */
	MASTER_CTL_STOP = 2,		/* no body */
	MASTER_CTL_STATUS = 3,		/* no body */
	MASTER_CTL_AUTH = 4,		/* a channel to auth, please */
	MASTER_CTL_TLS = 5,		/* no body */
	MASTER_CTL_HOST = 6,		/* ipc/host_order.h */
	/* master to wicketctl */
	MASTER_CTL_SUITE = 101,		/* about the whole suite */
	MASTER_CTL_PROCESS = 102,	/* about one child */
	MASTER_CTL_FAULT = 103,		/* one reason of a refusal */
	MASTER_CTL_AUTH_PEER = 104,	/* fd: channel to auth */
	MASTER_CTL_DONE = 105,		/* how it ended */
	MASTER_CTL_CERT = 106,		/* about one certificate */
};

/* Name of the socket in base_dir. */
#define MASTER_CTL_SOCKET	"control"

#define MASTER_CTL_USER_MAX	255
#define MASTER_CTL_TEXT_MAX	1023
#define MASTER_CTL_WORD_MAX	63

/* Which auth process: the one of a user, or when user is "" that of index. */
struct master_ctl_auth {
	char		 user[MASTER_CTL_USER_MAX + 1];
	uint16_t	 index;
};

struct master_ctl_suite {
	char		 version[MASTER_CTL_WORD_MAX + 1];
	char		 config[MASTER_CTL_TEXT_MAX + 1];
	uint32_t	 pid;
	uint32_t	 uptime_s;
	uint16_t	 nauth;		/* auth processes that serve */
	/* Mail processes by service, those about to start, the most. */
	uint32_t	 nmail[SERVICE_LAST + 1], nmail_tickets, nmail_max;
};

enum master_ctl_state {
	MASTER_CTL_STARTING,
	MASTER_CTL_SERVING,
	MASTER_CTL_BUSY,	/* per-connection: it has its client */
	MASTER_CTL_OLD,		/* with settings of before a reload */
	MASTER_CTL_DRAINING,
	MASTER_CTL_ENDING,
};
#define MASTER_CTL_STATE_LAST	MASTER_CTL_ENDING

struct master_ctl_process {
	uint8_t		 role;		/* enum role_id */
	uint8_t		 state;		/* enum master_ctl_state */
	uint32_t	 pid;
	uint32_t	 uptime_s;
	uint32_t	 waiting;	/* login: clients not logged in */
	uint32_t	 sessions;	/* login: relayed */
	uint32_t	 auth;		/* worker: pid of the one it serves */
};

struct master_ctl_fault {
	char		 text[MASTER_CTL_TEXT_MAX + 1];
};

/* Certificates in one answer; the first ones. */
#define MASTER_CTL_CERTS_MAX	4096
#define MASTER_CTL_CERT_TEXT_MAX	255

struct master_ctl_cert {
	uint64_t	 not_before_s, not_after_s;	/* Unix time */
	char		 kind[MASTER_CTL_WORD_MAX + 1];
	char		 names[MASTER_CTL_CERT_TEXT_MAX + 1];
	char		 use[MASTER_CTL_CERT_TEXT_MAX + 1];
	char		 file[MASTER_CTL_CERT_TEXT_MAX + 1];
};

/* Which of how many came with the fd. */
struct master_ctl_peer {
	uint16_t	 index, count;
	uint32_t	 pid;
};

enum master_ctl_result {
	MASTER_CTL_OK,
	MASTER_CTL_REFUSED,	/* the faults say why */
	MASTER_CTL_NOT_NOW,	/* no fault; ask again in a moment */
};
#define MASTER_CTL_RESULT_LAST	MASTER_CTL_NOT_NOW

struct master_ctl_done {
	uint8_t		 result;	/* enum master_ctl_result */
};

void	master_ctl_auth_put(struct wire_writer *,
	    const struct master_ctl_auth *);
int	master_ctl_auth_get(struct wire_reader *, struct master_ctl_auth *);
void	master_ctl_suite_put(struct wire_writer *,
	    const struct master_ctl_suite *);
int	master_ctl_suite_get(struct wire_reader *, struct master_ctl_suite *);
void	master_ctl_process_put(struct wire_writer *,
	    const struct master_ctl_process *);
int	master_ctl_process_get(struct wire_reader *,
	    struct master_ctl_process *);
void	master_ctl_fault_put(struct wire_writer *,
	    const struct master_ctl_fault *);
int	master_ctl_fault_get(struct wire_reader *, struct master_ctl_fault *);
void	master_ctl_cert_put(struct wire_writer *,
	    const struct master_ctl_cert *);
int	master_ctl_cert_get(struct wire_reader *, struct master_ctl_cert *);
void	master_ctl_peer_put(struct wire_writer *,
	    const struct master_ctl_peer *);
int	master_ctl_peer_get(struct wire_reader *, struct master_ctl_peer *);
void	master_ctl_done_put(struct wire_writer *,
	    const struct master_ctl_done *);
int	master_ctl_done_get(struct wire_reader *, struct master_ctl_done *);

#endif
