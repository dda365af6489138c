/*
 * login_process: what one login process owns; its only context.
 */
#ifndef LOGIN_COMMON_LOGIN_PROCESS_H
#define LOGIN_COMMON_LOGIN_PROCESS_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"
#include "lib/loop.h"
#include "lib/splice.h"
#include "login-common/listener.h"
#include "login-common/protocol.h"
#include "login-common/source.h"

struct auth_client;
struct channel;
struct login_tls;
struct session_login;

TAILQ_HEAD(session_list, session);
SLIST_HEAD(session_login_pool, session_login);

/*
 * Timeouts of a length that is only known at run time, hosts' own: a list for
 * each power of two of these steps, the longest of which is over an hour.
 */
#define LOGIN_TIMER_STEP_MS	500u
#define LOGIN_TIMERS_MAX	14

struct login_process {
	const struct login_protocol	*protocol;
	const struct settings		*set;
	const struct settings_service	*service;
	struct loop			*loop;
	struct channel			*master;
	struct auth_client		*auth;
	struct login_tls		*tls;	/* NULL: none */
	struct listeners		 listeners;
	struct sources			 sources;
	struct splice			 pipe;	/* of all relays, in turn */

	struct session_list		 waiting;  /* not logged in, by age */
	struct session_list		 relayed;
	unsigned int			 nwaiting, nrelayed;
	struct session_list		 unused; /* memory for sessions */
	struct session_login_pool	 pool;	/* unused session_logins */
	unsigned int			 npool;

	struct loop_timers		 login_timers;	/* to log in */
	struct loop_timers		 tls_timers;	/* handshakes */
	struct loop_timers		 haproxy_timers;	/* headers */
	struct loop_timers		 auth_timers;
	struct loop_timers		 delay_timers;	/* after a refusal */
	struct loop_timers		 check_timers;	/* relayed */
	struct loop_timers		 linger_timers;	/* half closed */
	struct loop_timers		 parting_timers;
	struct loop_timers		 closing_timers;
	struct loop_timers		 host_timers[LOGIN_TIMERS_MAX];
	struct loop_timers		 status_timers;
	struct loop_timer		 status;

	uint32_t			 last_local_id;

	bool	 is_single;	/* login_process_per_connection */
	bool	 has_served;	/* is_single: the client came */
	bool	 is_draining;	/* no new clients; end when idle */
};

/*
 * The longest timers that expire by then, or those of one step: a timeout of
 * another length is started again for what is left of it.
 */
struct loop_timers	*login_process_timers(struct login_process *,
			    uint64_t ms);
/* Takes no more clients and ends when the last session has. */
void	login_process_drain(struct login_process *);
/* A session came, logged in or went: end if idle, tell the master later. */
void	login_process_changed(struct login_process *);

#endif
