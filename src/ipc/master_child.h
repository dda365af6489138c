/*
 * master_child: the master and each of its children.
 *
 * Trust: the child trusts the master; the master treats what a child says as
 * hostile and closes the channel (and kills the child) on a violation.
 * Order: HELLO both ways; SETTINGS_PART..., LOG_FALLBACK, LISTENER... (login),
 * AUTH_PEER (login, worker), AUTH_SELF, AUTH_SECRET (auth), what TLS needs,
 * START; the child jails itself and says READY.  Later LOG_FALLBACK, AUTH_PEER,
 * SIGNER_PEER and TICKETS may come again, LOGIN_PEER (auth, signer),
 * WORKER_PEER and CTL_PEER (auth) at any time after START.  EOF: the master is
 * gone.
 * After DRAIN a login process closes its listeners and ends with its last
 * session; auth answers what it was asked and ends with its last login peer.
 */
#ifndef IPC_MASTER_CHILD_H
#define IPC_MASTER_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/channel.h"
#include "lib/netaddr.h"

#define MASTER_CHILD_VERSION	8

extern const struct channel_contract master_child_contract;

enum master_child_type {
	/* master to child */
	MASTER_SETTINGS_PART = 1,	/* a run of bytes of the settings */
	MASTER_LOG_FALLBACK = 2,	/* fd: lines without a master */
	MASTER_LISTENER = 3,		/* fd: a listening socket */
	MASTER_AUTH_PEER = 4,		/* fd: channel to auth */
	MASTER_LOGIN_PEER = 5,		/* fd: channel to a login process;
					   auth, signer */
	MASTER_WORKER_PEER = 6,		/* fd: channel to an auth-worker */
	MASTER_START = 7,		/* all is said: jail yourself, serve */
	MASTER_DRAIN = 8,		/* no new clients, end when idle */
	MASTER_EVICT = 9,		/* make room: drop your oldest client
					   that has not logged in */
	MASTER_STOP = 10,		/* end all sessions, politely */
	MASTER_CTL_PEER = 11,		/* fd: channel to wicketctl */
	/* bodies and more: ipc/master_tls.h */
	MASTER_SIGNER_PEER = 12,	/* login, fd: channel to tls-signer */
	MASTER_CERTS = 13,		/* login, fd: a cert_set */
	MASTER_TICKETS = 14,		/* login: keys of tickets */
	MASTER_SIGNER = 15,		/* signer: its settings */
	MASTER_KEYS = 16,		/* signer, fd: a key_set */
	MASTER_CHECK = 17,		/* signer, instead of START, fd: the
					   cert_set that the keys are for */
	MASTER_AUTH_SELF = 18,		/* auth: which of how many you are */
	/* bodies and more: ipc/master_mail.h */
	MASTER_MAIL_TICKET = 19,	/* auth: answer to MAIL_ASK */
	MASTER_MAIL_SESSION = 20,	/* auth: one that lives */
	MASTER_MAIL_ENDED = 21,		/* auth: a place is free */
	MASTER_MAIL_STARTED = 22,	/* login: answer to MAIL_START */
	MASTER_HOST = 23,		/* auth: a host_order */
	MASTER_AUTH_SECRET = 24,	/* auth: the same for all and always */
	/* child to master */
	CHILD_READY = 101,
	CHILD_TAKEN = 102,		/* per-connection: I have my client */
	CHILD_KEPT = 103,		/* answer to EVICT: none to drop */
	CHILD_WORKER_WANTED = 104,	/* auth: one more worker, please */
	CHILD_STATUS = 105,		/* login: how full I am */
	CHILD_WORKER_HUNG = 106,	/* auth: kill this worker (struct
					   master_peer), I gave it up */
	CHILD_TLS_CERT = 107,		/* signer: what CHECK has found */
	CHILD_TLS_FAULT = 108,
	CHILD_TLS_CHECKED = 109,	/* that was all */
	CHILD_MAIL_ASK = 110,		/* auth: he may log in here */
	CHILD_MAIL_START = 111,		/* login, fd: a connection */
};

#define MASTER_SETTINGS_PART_MAX	16000
/* All parts together: bounds what a child allocates. */
#define MASTER_SETTINGS_MAX		(1024u * 1024)
#define MASTER_LISTENERS_MAX		32
/* Each login process has a channel to each of them. */
#define MASTER_AUTHS_MAX		16
#define MASTER_SECRET_BYTES		32	/* for HMAC-SHA-256 and more */

struct master_settings_part {
	const uint8_t	*data;		/* borrowed */
	size_t		 len;
};

struct master_log_fallback {
	uint8_t		 kind;		/* enum log_fallback */
};

struct master_listener {
	bool		 is_tls;	/* ssl_listen, haproxy_ssl_listen */
	bool		 is_haproxy;	/* a proxy's header comes first */
	struct netaddr	 addr;
};

/* LOGIN_PEER, WORKER_PEER, CTL_PEER: whom the channel leads to, for logs. */
struct master_peer {
	uint32_t	 pid;
};

/* AUTH_PEER, AUTH_SELF: which auth process it is, of how many. */
struct master_auth {
	uint8_t		 index;		/* below count */
	uint8_t		 count;		/* 1 to MASTER_AUTHS_MAX */
};

/* What an auth process makes up from it stays so when it is replaced. */
struct master_secret {
	uint8_t		 bytes[MASTER_SECRET_BYTES];
};

struct child_status {
	uint32_t	 waiting;	/* clients that have not logged in */
	uint32_t	 sessions;	/* relayed sessions */
};

void	master_settings_part_put(struct wire_writer *,
	    const struct master_settings_part *);
int	master_settings_part_get(struct wire_reader *,
	    struct master_settings_part *);
void	master_log_fallback_put(struct wire_writer *,
	    const struct master_log_fallback *);
int	master_log_fallback_get(struct wire_reader *,
	    struct master_log_fallback *);
void	master_listener_put(struct wire_writer *,
	    const struct master_listener *);
int	master_listener_get(struct wire_reader *, struct master_listener *);
void	master_peer_put(struct wire_writer *, const struct master_peer *);
int	master_peer_get(struct wire_reader *, struct master_peer *);
void	master_auth_put(struct wire_writer *, const struct master_auth *);
int	master_auth_get(struct wire_reader *, struct master_auth *);
void	master_secret_put(struct wire_writer *, const struct master_secret *);
int	master_secret_get(struct wire_reader *, struct master_secret *);
void	child_status_put(struct wire_writer *, const struct child_status *);
int	child_status_get(struct wire_reader *, struct child_status *);

#endif
