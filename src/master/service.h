/*
 * service: the policy of one kind of child: how many run, when another is
 * started, what happens when they die early.
 */
#ifndef MASTER_SERVICE_H
#define MASTER_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/loop.h"
#include "master/child.h"
#include "master/listeners.h"

struct service;

/* What the settings say of a service. */
struct service_policy {
	const char	*path;		/* of the program; copied */
	bool		 is_per_connection;
	uint32_t	 count;		/* serving, or spare, at least */
	uint32_t	 max;		/* per-connection: in all */
	uint32_t	 log_lines_max;	/* of one child in a second */
};

/* Up to the master; none of them frees a child. */
struct service_hooks {
	/* A child runs: send it what it needs, and START. */
	void	(*started)(struct service *, struct child *);
	void	(*ready)(struct service *, struct child *);
	/* Counts have changed: call service_fill() before the turn ends. */
	void	(*changed)(struct service *);
	/* Gone; is_early: it failed before it was of any use. */
	void	(*ended)(struct service *, struct child *,
		    const struct child_end *, bool is_early);
	/* auth only */
	void	(*worker_wanted)(struct service *, struct child *);
	void	(*worker_hung)(struct service *, struct child *, pid_t);
	/* See struct child_hooks. */
	int	(*mail_ask)(struct service *, struct child *, uint32_t id,
		    const struct child_mail_ask *);
	/* login only */
	int	(*mail_start)(struct service *, struct child *, uint32_t id,
		    const struct child_mail_start *, int fd);
};

struct service {
	enum role_id			 role;
	struct loop			*loop;
	struct master_log		*log;
	const struct service_hooks	*hooks;
	void				*owner;
	struct service_policy		 policy;
	struct buf			 settings;	/* for its children */
	bool				 is_on;
	struct child_head		 children;
	uint32_t			 n[CHILD_STATES];
	/* per-connection: spares wanted now, by the load */
	uint32_t			 spares;
	bool				 was_dry;	/* in this second */
	uint32_t			 nsurplus_ticks;
	/* throttle */
	uint32_t			 nfailures;	/* in a row */
	uint64_t			 failed_ms;	/* the last of them */
	uint32_t			 nrefused;	/* by the system */
	uint64_t			 stalled_until_ms;
	/* room for a client when all processes are taken (room.c) */
	struct listeners		*listeners;	/* login, borrowed */
	struct loop_io			 watches[MASTER_LISTENERS_MAX];
	bool				 is_watching;
	bool				 is_out_of_room;
	struct child			*asked;
	uint64_t			 warned_ms;
};

/* Spares and processes at start are started so many at once. */
#define SERVICE_STARTING_MAX	32
/* Under load spares double up to this, or four times what is configured. */
#define SERVICE_SPARES_MOST	32

void	service_init(struct service *, enum role_id, struct loop *,
	    struct master_log *, const struct service_hooks *, void *owner);
void	service_configure(struct service *, const struct service_policy *);
/* Frees what it has; children are left to themselves. */
void	service_clear(struct service *);

uint32_t	service_total(const struct service *);
/* Starts one child unless a throttle forbids it; NULL if none was started. */
struct child	*service_start(struct service *);
/* Starts as many as the policy wants. */
void	service_fill(struct service *);
/* Once a second. */
void	service_tick(struct service *);

/* After a reload: children of before serve on, but do not count any more. */
void	service_retire(struct service *);
/* Asks the old ones to end with their last client. */
void	service_drain_old(struct service *);
/* For all children: a message; end of the channel; SIGKILL after ms. */
void	service_send(struct service *, enum master_child_type);
void	service_leave(struct service *);
void	service_kill_after(struct service *, uint64_t ms);

void	service_child_to(struct service *, struct child *, enum child_state);

#endif
