/*
 * mail_host: which mail hosts are up, as the logins of all clients find out.
 * Login processes tell of each address that they have tried; routes name
 * those first that are up, and nobody waits for hosts that are all down.
 *
 * A host is down when two different clients have failed there and none has
 * been answered meanwhile.  Then it is asked again by a client from time to
 * time, and used as before as soon as it has answered one.
 */
#ifndef AUTH_MAIL_HOST_H
#define AUTH_MAIL_HOST_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/host_order.h"
#include "ipc/login_auth.h"
#include "lib/netaddr.h"

/* Beyond this, hosts are not remembered; the idlest make room. */
#define MAIL_HOSTS_MAX		4096
/* So many of them for the word of a login process alone (SESSION). */
#define MAIL_HOSTS_SAID_MAX	1024
/* Those of whom somebody is looked for that can make room. */
#define MAIL_HOSTS_SCAN		64
/* Two failures that are further apart are no sign. */
#define MAIL_HOST_WINDOW_MS	60000
/*
 * A host that is down is asked by one client in this time (and up to a
 * quarter more, so that not all hosts are asked at once).
 */
#define MAIL_HOST_PROBE_MS	1000
/*
 * A client who has another host to go to gives it so long to answer; twice as
 * long after each time that it has not, and is sent half as often then.
 */
#define MAIL_HOST_ASK_MS	2000
#define MAIL_HOST_ASK_LONGEST_MS	16000

RB_HEAD(mail_host_tree, mail_host);
TAILQ_HEAD(mail_host_list, mail_host);
LIST_HEAD(mail_host_waits, mail_host_wait);

/* A login that may be waiting for a host to answer; part of its grant. */
struct mail_host_wait {
	LIST_ENTRY(mail_host_wait)	 entry;
	struct grant_map		*map;	/* of its login process */
};

/* Who has failed at a host. */
struct mail_host_failure {
	/* Numbers of the client, for what he may be to blame for or not. */
	uint64_t		 suspect, witness;
	bool			 has_login;	/* he may be to blame */
};

struct mail_host {
	RB_ENTRY(mail_host)	 entry;
	TAILQ_ENTRY(mail_host)	 used;		/* the last one is latest */
	struct mail_host_waits	 waits;
	struct netaddr		 addr;
	uint32_t		 nlogins;	/* under way, or tried next */
	uint32_t		 nsessions;
	uint64_t		 nfailures;	/* since auth began */
	bool			 is_down, is_asked;
	bool			 has_first;	/* one client has failed */
	uint8_t			 trouble;	/* enum login_auth_trouble */
	struct mail_host_failure first;		/* he */
	uint64_t		 first_ms;
	uint64_t		 since_ms;	/* up or down; 0: never seen */
	uint64_t		 asked_ms;	/* by the last probe */
	uint32_t		 wait_ms;	/* until the next one */
	uint32_t		 ask_ms;
};

struct mail_hosts {
	struct mail_host_tree	 tree;
	struct mail_host_list	 used;
	size_t			 n;
	struct host_orders	 orders;
};

void	mail_hosts_init(struct mail_hosts *);
/* Nobody holds a host any more. */
void	mail_hosts_clear(struct mail_hosts *);
/*
 * The host with this address and port, new if need be; NULL when there is no
 * room for one more.  Who keeps it counts in nlogins or nsessions.
 */
struct mail_host	*mail_hosts_get(struct mail_hosts *,
			    const struct netaddr *);
/* The same, but a new one only while there are few. */
struct mail_host	*mail_hosts_said(struct mail_hosts *,
			    const struct netaddr *);
/* The one that follows in the order of addresses, of NULL the first. */
struct mail_host	*mail_hosts_next(struct mail_hosts *,
			    struct mail_host *);
/* Is it in the table? */
bool	mail_hosts_has(struct mail_hosts *, const struct netaddr *);

/* A client could not log in there.  true: it is down from now on. */
bool	mail_host_failed(struct mail_host *, enum login_auth_trouble,
	    const struct mail_host_failure *);
/* It has answered a login, whatever the answer. */
void	mail_host_answered(struct mail_host *);
/* When the next client is let through while it is down; clock_ms(). */
uint64_t	mail_host_due_ms(const struct mail_host *,
		    bool has_other);

/*
 * Puts the hosts of a route in order: those that are up, as the row has them,
 * those to be drained last; behind them the others.  One that is due to be
 * asked comes first, if the login may do that, and is to be drained only where
 * there is no other.  Those that are ordered down are left out.
 * When all are down, but not all for grace_ms yet, they are tried as they are.
 * false: there is nobody to go to.  since_ms: when that began at the latest.
 */
bool	mail_hosts_sort(struct mail_hosts *, struct login_auth_route *,
	    bool may_ask, uint32_t grace_ms, uint64_t *since_ms)
	    __attribute__((warn_unused_result));

#endif
