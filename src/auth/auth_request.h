/*
 * auth_request: one login that a login process asks about, from REQUEST to
 * OK or FAIL.  Each login process has a map.  See auth_exchange, auth_chain.
 */
#ifndef AUTH_AUTH_REQUEST_H
#define AUTH_AUTH_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/auth_lookup.h"
#include "auth/auth_request_env.h"
#include "auth/mech.h"
#include "auth/passdb.h"
#include "auth/penalty.h"
#include "auth/worker_pool.h"
#include "ipc/login_auth.h"
#include "lib/digest.h"
#include "lib/log.h"

enum auth_request_state {
	AUTH_REQUEST_EXCHANGE,	/* the client's response is awaited */
	AUTH_REQUEST_HELD,	/* others have failed before: its turn */
	AUTH_REQUEST_LOOKUP,	/* a row */
	AUTH_REQUEST_VERIFY,	/* a verdict on the password */
	AUTH_REQUEST_WAIT,	/* for the time that a row gives */
	AUTH_REQUEST_RESOLVE,	/* addresses of a host */
	AUTH_REQUEST_USERDB,	/* as whom a mail process is to run */
	AUTH_REQUEST_TICKET,	/* the master's word on that */
	AUTH_REQUEST_DELAY,	/* refused; the client shall wait */
	AUTH_REQUEST_STATES
};

/* One request; its map owns it. */
struct auth_request {
	struct auth_request_node node;
	struct auth_request_map	*map;
	struct auth_request_env	*env;
	enum auth_request_state	 state;
	uint8_t			 service;	/* enum service_id */
	uint16_t		 attempt;	/* of this client */
	bool			 is_secured, is_delay_over, is_master_asked;
	bool			 is_dummy;	/* verifies for nobody */
	bool			 has_verified;	/* a password was looked at */
	bool			 is_match, is_proven;	/* right here; before */
	bool			 has_refused;	/* a cached hash: refused[] */
	bool			 has_fault;	/* a passdb did not answer */
	bool			 has_nodelay;	/* said a row that refused */
	uint8_t			 passdb;	/* the one that is asked */
	uint8_t			 passdb_first;	/* whose fields count */
	uint8_t			 refused[DIGEST_BYTES_MAX];	/* its digest */
	uint8_t			 nhosts_done, nfound;
	struct netaddr		 found[LOGIN_AUTH_ADDRS_MAX];
	uint8_t			 found_host[LOGIN_AUTH_ADDRS_MAX];
	char			 session[LOGIN_AUTH_SESSION_MAX + 1];
	char			 cert_user[LOGIN_AUTH_USER_MAX + 1];
	struct login_auth_cert	 cert;		/* that the client has shown */
	char			 user[LOGIN_AUTH_USER_MAX + 1];
	char			 master[LOGIN_AUTH_USER_MAX + 1];
	/* The client's; those of the peer itself, which may be a proxy. */
	struct netaddr		 rip, lip, real_rip, real_lip;
	struct login_auth_forward forward;	/* what that peer said */
	struct loop_timer	 timeout, delay, wait;
	uint64_t		 wait_until_s;	/* by the wall clock */
	void			(*wait_then)(struct auth_request *);
	struct auth_lookup	 lookup;
	struct worker_task	 task;		/* but a lookup */
	struct login_auth_fail	 fail;		/* waits in DELAY */
	struct mech_exchange	 exchange;
	struct penalty_try	 turn;
	struct passdb_fields	 fields;
	bool			 has_prefetch;	/* userdb: a row of passdb */
	uint8_t			 nuserdbs;	/* asked in vain */
	struct userdb_fields	*userdb;	/* or NULL */
	struct auth_local_ask	 ask;
};

struct auth_request	*auth_request_find(struct auth_request_map *,
			    uint32_t id);
/* The id must be free.  Its time runs from now. */
struct auth_request	*auth_request_new(struct auth_request_map *,
			    uint32_t id, const struct login_auth_request *);
/* The only writer of the state; a step that the table lacks is fatal(). */
void	auth_request_to(struct auth_request *, enum auth_request_state);
/* Sends an answer that is not the last. */
void	auth_request_reply(const struct auth_request *,
	    const struct auth_reply *);
/* Sends the last answer and frees the request, as all that end one do. */
void	auth_request_answer(struct auth_request *, const struct auth_reply *);
/* Ends in OK, if the user may have one more session. */
void	auth_request_allow(struct auth_request *, struct login_auth_route *);
/* Ends in FAIL, after the delay if the code tells about users. */
void	auth_request_fail(struct auth_request *, enum login_auth_code);
/* Ends in a temporary failure that is explained elsewhere in the log. */
void	auth_request_unavailable(struct auth_request *, const char *what);
/* Ends in a temporary failure with an error line. */
void	auth_request_trouble(struct auth_request *, const char *what);
/* The same for a row that is of no use until somebody mends it. */
void	auth_request_unusable(struct auth_request *, const char *what);
/* The same for want of room, which many requests may meet at once. */
void	auth_request_overload(struct auth_request *, const char *what);
/*
 * What a worker is asked for it, by this passdb: all but the names and the
 * password, which are "" until the caller puts them in.
 */
void	auth_request_lookup(const struct auth_request *, uint8_t passdb,
	    struct auth_worker_lookup *);
/* Its time runs from now, anew. */
void	auth_request_start_timeout(struct auth_request *);
/* The client owes a proof: AUTH_REQUEST_PROOF_MS from now. */
void	auth_request_hurry(struct auth_request *);
/* The credentials are there: the delay of a refusal counts from now. */
void	auth_request_start_delay(struct auth_request *);
/* A line about the request; nothing in it may be a secret. */
void	auth_request_log(const struct auth_request *, enum log_level,
	    const char *, ...) __attribute__((format(printf, 3, 4)));
/* Why a user is refused, for those who want to know (auth_verbose). */
void	auth_request_say(const struct auth_request *, const char *reason);
/* CANCEL; an unknown id is fine. */
void	auth_request_cancel(struct auth_request_map *, uint32_t id);
/* The login process is gone. */
void	auth_request_cancel_all(struct auth_request_map *);

#endif
