/* master: the one context of the master process. */
#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/host_order.h"
#include "ipc/roles.h"
#include "lib/loop.h"
#include "master/ctl_server.h"
#include "master/listeners.h"
#include "master/mail.h"
#include "master/rundir.h"
#include "master/service.h"
#include "master/signers.h"
#include "master/tickets.h"

struct certs;
struct child;
struct master_log;
struct reload_job;
struct settings;

enum master_service {
	MASTER_AUTH,
	MASTER_WORKER,
	MASTER_SIGNER_SERVICE,
	MASTER_IMAP_LOGIN,
	MASTER_POP3_LOGIN,
};
#define MASTER_SERVICES		(MASTER_POP3_LOGIN + 1)

/* A signal may come more often than it makes sense to follow. */
struct master_wish {
	bool		 is_open;
	uint64_t	 granted_ms;
};

struct master {
	const char		*config_path;
	bool			 is_foreground;
	bool			 has_root;
	int			 ready_fd;	/* the starter waits; -1 */
	struct loop		*loop;
	struct loop_timers	 seconds;
	struct loop_timer	 second;
	struct loop_deferred	 fill;
	struct master_log	*log;
	struct settings		*settings;
	struct rundir		 rundir;
	struct ctl_server	 ctl;
	uint64_t		 started_ms;
	struct listeners	 listeners[SERVICE_LAST + 1];
	struct service		 services[MASTER_SERVICES];
	struct child		*auths[MASTER_AUTHS_MAX]; /* that login
						   processes use, or NULL */
	uint32_t		 nauths;	/* so many at a time */
	struct master_secret	 secret;	/* of all auth processes */
	struct host_orders	 orders;	/* about mail hosts */
	struct signers		 signers;
	struct certs		*certs;		/* in force */
	struct tickets		 tickets;
	struct mails		 mails;
	struct reload_job	*job;	/* a reload under way, or NULL */
	uint64_t		 looked_ms;	/* at files of certificates */
	char			 refused[256];	/* why, to tell it once */
	struct master_wish	 reload, reopen;
	bool			 is_up;		/* all were READY once */
	bool			 is_stopping;
	struct loop_timers	 ends, login_ends;
	struct loop_timer	 grace;		/* for login processes */
	bool			 is_grace_over;
	int			 status;	/* of our exit */
};

/*
 * Runs the suite until SIGTERM; returns the exit status.  Takes the settings
 * and what master_tls_load() made of them.
 * ready_fd, -1 or that of proc_detach(), hears of a good start.
 */
int	master_run(struct settings *, struct certs *,
	    const char *config_path, bool is_foreground, int ready_fd);
/* Makes the services follow m->settings (start and reload). */
void	master_configure_services(struct master *);
/* Tells all children where their lines go without a master. */
void	master_send_fallbacks(struct master *);
/* No second reload before the first has come to its end. */
bool	master_can_reload(const struct master *);
/* Begins to end everything; harmless when called again. */
void	master_stop(struct master *);

#endif
