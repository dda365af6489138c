/*
 * protocol: what the IMAP and the POP3 login process do differently.  One
 * const struct each; login-common calls it and knows nothing of either.
 */
#ifndef LOGIN_COMMON_PROTOCOL_H
#define LOGIN_COMMON_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/login_auth.h"
#include "ipc/roles.h"
#include "login-common/session_reason.h"

struct session;

/* What became of the command that was looked at. */
enum cmd_result {
	CMD_MORE,	/* no whole command is there yet */
	CMD_DONE,	/* answered */
	CMD_LATER,	/* an answer will come: auth, SASL, delay, mail host */
	CMD_CLOSE,	/* session_close() was called */
	CMD_TLS,	/* it was STARTTLS or STLS, and may be */
};

/* Answers to a login that did not succeed. */
enum login_answer {
	LOGIN_ANSWER_CREDENTIALS,	/* wrong, or of nobody */
	LOGIN_ANSWER_AUTHZ,
	LOGIN_ANSWER_TEMP,		/* our trouble or the mail host's */
	LOGIN_ANSWER_DISABLED,		/* text: the reason, may be "" */
	LOGIN_ANSWER_BAD,		/* SASL syntax */
	LOGIN_ANSWER_CANCELLED,		/* the client took it back */
	LOGIN_ANSWER_MECH,		/* no such mechanism */
	LOGIN_ANSWER_PRIVACY,		/* plaintext is refused here */
	LOGIN_ANSWER_LIMIT,		/* too many sessions */
	LOGIN_ANSWER_HOST,		/* text: the host's response code */
	LOGIN_ANSWER_REFERRAL,		/* text: user@host, " ", a reason */
};
#define LOGIN_ANSWER_LAST	LOGIN_ANSWER_REFERRAL

/* What a line of the mail host means for the login there. */
enum backend_result {
	BACKEND_MORE,		/* go on; more lines will come */
	BACKEND_READY,		/* logged in: relay */
	BACKEND_TLS,		/* it lets TLS begin */
	BACKEND_REFUSED,	/* it refused this user; see backend_code */
	BACKEND_BROKEN,		/* not what a mail host says: try the next */
};

struct login_protocol {
	enum service_id	 service;
	enum role_id	 role;
	const char	*name;			/* "imap-login" */
	size_t		 state_size;		/* of session_login.protocol */

	/* Queues the greeting; readies the protocol's state. */
	void		(*greet)(struct session *);
	/*
	 * Queues that TLS may begin; forgets what the client said before.
	 */
	void		(*begin_tls)(struct session *);
	/* Looks at the command at the head of the client's buffer. */
	enum cmd_result	(*command)(struct session *);
	/* Queues a SASL challenge: base64 text. */
	void		(*challenge)(struct session *, const char *b64);
	/* Queues the answer that ends a try to log in; back to COMMAND. */
	void		(*answer)(struct session *, enum login_answer,
			    const char *text);
	/* Queues the last line to a client that is not logged in. */
	void		(*bye)(struct session *, enum session_reason);

	/* The mail host is connected: forget what another one said. */
	void		(*backend_start)(struct session *);
	/*
	 * TLS has begun in mid-connection: forget what the host said in
	 * clear, go on.  MORE or BROKEN.
	 */
	enum backend_result	(*backend_secured)(struct session *);
	/* One line of the mail host, without line end. */
	enum backend_result	(*backend_line)(struct session *,
				    const char *, size_t);
	/*
	 * The host is a mail process.  With its tag, if there are any, it is
	 * to say that the user is logged in; to us if is_relayed, which may be
	 * set here, else to the client.
	 */
	const char	*(*local)(struct session *, bool *is_relayed);
	/* Queues to the client that it is logged in. */
	void		(*logged_in)(struct session *);
};

#endif
