/* child: one running process of the suite, as the master sees it. */
#ifndef MASTER_CHILD_H
#define MASTER_CHILD_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/master_child.h"
#include "ipc/master_mail.h"
#include "ipc/roles.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "master/child_log.h"

struct channel;
struct child;
struct master_log;
struct wire_writer;

enum child_state {
	CHILD_IS_STARTING,	/* until READY */
	CHILD_IS_SERVING,	/* per-connection: a spare without a client */
	CHILD_IS_BUSY,		/* per-connection: it has its client */
	CHILD_IS_OLD,		/* serves with settings of before a reload */
	CHILD_IS_DRAINING,	/* was told to take no more clients */
	CHILD_IS_ENDING,	/* cut off, killed, or it closed its channel */
};
#define CHILD_STATES	(CHILD_IS_ENDING + 1)

/* How a child ended: as in siginfo_t. */
struct child_end {
	int	 code;		/* CLD_EXITED, CLD_KILLED, CLD_DUMPED */
	int	 status;	/* exit status or signal */
};

/* What a child tells its owner.  None of them may free the child but ended. */
struct child_hooks {
	void	(*ready)(struct child *);
	void	(*taken)(struct child *);
	void	(*kept)(struct child *);
	void	(*worker_wanted)(struct child *);
	void	(*worker_hung)(struct child *, pid_t);
	/* -1: it has broken the rules; the fd is the hook's. */
	int	(*mail_ask)(struct child *, uint32_t id,
		    const struct child_mail_ask *);
	int	(*mail_start)(struct child *, uint32_t id,
		    const struct child_mail_start *, int fd);
	/* It was cut off or closed its channel, and will end. */
	void	(*ending)(struct child *);
	/* It is gone; the hook calls child_free(). */
	void	(*ended)(struct child *, const struct child_end *);
};

struct child_config {
	struct loop			*loop;
	struct master_log		*log;
	const char			*path;	/* of the program */
	enum role_id			 role;
	uint32_t			 log_lines_max;	/* a second */
	const struct child_hooks	*hooks;
	void				*owner;
};

struct child {
	TAILQ_ENTRY(child)	 entry;		/* its owner's list */
	struct child_config	 config;
	enum child_state	 state;
	pid_t			 pid;
	int			 pidfd;
	struct channel		*channel;	/* NULL: closed */
	struct loop_io		 exit_io;
	struct child_log	 log;
	uint64_t		 started_ms;
	uint64_t		 ready_ms;	/* 0: not yet */
	uint64_t		 asked_ms;	/* EVICT was sent, 0: never */
	uint64_t		 kept_ms;	/* KEPT came, 0: never */
	uint64_t		 kill_at_ms;	/* SIGKILL then, 0: never */
	bool			 is_left;	/* by child_leave() */
	pid_t			 auth;		/* worker: whom it serves */
	uint32_t		 keyring;	/* TLS: see signers.h; 0 */
	struct master_auth	 self;		/* auth: which it is */
	uint32_t		 nwanted;	/* auth: workers it waits for */
	struct child_status	 status;	/* login: what it said last */
};

TAILQ_HEAD(child_head, child);

/* Starts a program; NULL with errno.  The caller puts it into its list. */
struct child	*child_new(const struct child_config *);
/* Of a child that ended, or that is left to itself when the master ends. */
void		 child_free(struct child *);

void	child_send_settings(struct child *, const uint8_t *, size_t);
void	child_send_fallback(struct child *, enum log_fallback, int fd);
void	child_send_listener(struct child *, const struct master_listener *,
	    int fd);
/* A message without a body, with an fd. */
void	child_send_fd(struct child *, enum master_child_type, int fd);
/* One that is written already; wiped. */
void	child_send_body(struct child *, enum master_child_type,
	    struct wire_writer *);
/* Its end of a channel to this auth process. */
void	child_send_auth(struct child *, const struct master_auth *, int fd);
/* To auth: which it is, of how many. */
void	child_send_self(struct child *, const struct master_auth *);
/* To auth: AUTH_SECRET. */
void	child_send_secret(struct child *, const struct master_secret *);
/* To auth: LOGIN_PEER or WORKER_PEER, the channel to the process pid. */
void	child_send_peer(struct child *, enum master_child_type, pid_t pid,
	    int fd);
/* A message without a body. */
void	child_send(struct child *, enum master_child_type);
/* One about mail processes, with its id; wiped.  NULL: without a body. */
void	child_send_mail(struct child *, enum master_child_type, uint32_t id,
	    struct wire_writer *);
/* Closes the channel: to the child the master is gone. */
void	child_leave(struct child *);
/* SIGKILL, by pidfd. */
void	child_kill(struct child *);
/* A new second: its log is read again. */
void	child_tick(struct child *);

bool		 child_is_login(const struct child *);
const char	*child_name(const struct child *);
/* What an end means, in words, for the log; returns dst. */
const char	*child_end_text(const struct child_end *, char *dst, size_t);

#endif
