/*
 * session: one client's life, from accept to the last byte.
 *
 * What is needed only until the client is logged in is in session_login,
 * which goes back to a pool then: an idle relayed session is this struct,
 * two fds and its user's name.
 */
#ifndef LOGIN_COMMON_SESSION_H
#define LOGIN_COMMON_SESSION_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/login_auth.h"
#include "lib/loop.h"
#include "lib/netaddr.h"
#include "lib/stream.h"
#include "login-common/protocol.h"
#include "login-common/sasl_decode.h"
#include "login-common/session_state.h"

struct listener;
struct login_process;

/* The longest command (with two literals) and something behind it. */
#define SESSION_CLIENT_IN_MAX	40960
/* Answers before login are short; relayed: what one read may leave over. */
#define SESSION_CLIENT_OUT_MAX	(96u * 1024)
/* A line of a mail host before login, by SECURITY's figure, and the next. */
#define SESSION_BACKEND_LINE_MAX	4096
#define SESSION_BACKEND_IN_MAX	8192
#define SESSION_BACKEND_OUT_MAX	(96u * 1024)
/* Text of an id: 12 random bytes in base64url, or what a proxy calls it. */
#define SESSION_OWN_ID_MAX	16
#define SESSION_ID_MAX		LOGIN_AUTH_SESSION_MAX
/* A detail for a log line. */
#define SESSION_DETAIL_MAX	160

/* Until the client is logged in. */
struct session_login {
	SLIST_ENTRY(session_login)	 pooled;
	RB_ENTRY(session_login)		 by_id;	/* auth's open requests */
	struct session			*session;
	uint32_t			 auth_id;	/* 0: none is open */
	struct loop_timer		 deadline;	/* to log in */
	bool				 is_overdue;
	bool				 is_secured;
	bool				 is_trusted;	/* to say who it is */
	bool				 has_transport, is_client_tls;
	uint8_t				 ttl;	/* proxies that may follow */
	struct netaddr			 peer_rip, peer_lip; /* had before */
	char				 own_id[SESSION_OWN_ID_MAX + 1];
	struct login_auth_forward	 forward;	/* said by it */
	bool				 has_asked_name; /* auth was not */
	bool				 is_tls_port;
	unsigned int			 nbad;		/* commands */
	unsigned int			 ntries;	/* to log in */
	char				 mech[LOGIN_AUTH_MECH_MAX + 1];
	char				*token;		/* NULL: none */
	char				*token_error;	/* of the mail host */
	bool				 has_told_error; /* and it may reply */
	struct sasl_line		 sasl_line;
	struct login_auth_route		 route;
	unsigned int			 next_addr;
	bool		 has_heard, has_sent_login, is_unfit;	/* mail host */
	uint64_t			 backend_until_ms, backend_since_ms;
	uint64_t			 try_until_ms;	/* this address */
	char				 backend_code[32];  /* of its refusal */
	enum login_answer		 delayed;	/* said after DELAY */
	size_t				 backend_scanned;
	uint32_t			 local_id, mail_pid; /* state LOCAL */
	bool				 is_handed_over; /* or about to be */
	char				 detail[SESSION_DETAIL_MAX];
	_Alignas(max_align_t) unsigned char	 protocol[];
};

struct session {
	TAILQ_ENTRY(session)	 entry;
	struct login_process	*process;
	struct session_login	*login;		/* NULL: logged in */
	struct stream		 client, backend;
	struct loop_timer	 timer;		/* of the state */
	struct loop_deferred	 deferred;	/* go on, or free */
	enum session_state	 state;
	enum session_reason	 reason;	/* the first one */
	uint32_t		 grant_id;	/* auth's; 0: it knows none */
	uint32_t		 auth_number;	/* see auth_choice() */
	uint8_t			 auth;		/* process that was asked */
	uint8_t			 addr;		/* of the route */
	bool			 is_dead;	/* freed when the turn ends */
	bool			 is_local;	/* the host is a process here */
	bool			 has_keepalive;	/* towards the mail host */
	uint8_t			 bulk_in, bulk_out;	/* see relay.c */
	char			 id[SESSION_ID_MAX + 1];
	char			 mech[LOGIN_AUTH_MECH_MAX + 1];
	struct netaddr		 rip, lip;	/* the client's */
	struct netaddr		 real_rip, real_lip, host;
	char			*user;		/* NULL: not known */
	char			*front;		/* for logs; NULL: nothing */
	uint64_t		 start_ms;
	uint64_t		 asked_ms;	/* see parting.h */
	uint32_t		 leave_ms;
	uint64_t		 bytes_in;	/* relayed, from the client */
	uint64_t		 bytes_out;	/* relayed, to the client */
};

/* Takes an accepted connection: greets it, or says that there is no room. */
void	session_new(struct login_process *, int fd, const struct netaddr *rip,
	    const struct listener *);
/* Whose connection it is is known: it speaks TLS, or is greeted. */
void	session_begin(struct session *);
/*
 * Ends the session: the first reason counts.  The object lives until the end
 * of the loop's turn; nothing else frees it.
 */
void	session_close(struct session *, enum session_reason);
/* The only writer of session.state: checks the table, sets the timer. */
void	session_to(struct session *, enum session_state);
/* Looks at what can be done now, in the session's state. */
void	session_run(struct session *);
/* Runs it at the end of this turn of the loop. */
void	session_run_later(struct session *);

/* Queues text to the client; a failure closes the session. */
void	session_put(struct session *, const char *, size_t);
void	session_printf(struct session *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));
/* The same to the mail host. */
void	session_backend_put(struct session *, const char *, size_t);
void	session_backend_printf(struct session *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* The protocol's own state until login. */
static inline void *
session_protocol(struct session *s)
{
	return s->login->protocol;
}

/* The client is logged in: login is wiped and pooled, the session counted. */
void	session_logged_in(struct session *);
/* Ends it without more ado, at the end of this turn. */
void	session_die(struct session *);
/* The oldest client that may make room goes; false if there is none. */
bool	session_evict(struct login_process *);

#endif
