/*
 * login_auth: a login process asks auth who a client is and where to send it.
 *
 * Trust: auth treats the login process as hostile (a violation closes that
 * channel only); the login process trusts auth.  The id of a frame is chosen
 * by the login process and names one request from REQUEST to FAIL or CANCEL.
 * After OK it names the grant: TRIED tells of addresses that were of no use,
 * OUTCOME what became of the login at the mail host; all but LOGGED_IN end the
 * grant, and then END does.  HOST_DOWN tells whose routes before it name this
 * host that it is of no use.  SESSION tells a new auth of a session that lives.
 * EOF ends all that was open.
 * Violations: an id in use or in the wrong state, an unknown one in CONTINUE.
 * Responses and challenges are bytes, never base64.
 */
#ifndef IPC_LOGIN_AUTH_H
#define IPC_LOGIN_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/login_auth_cert.h"
#include "ipc/login_auth_forward.h"
#include "ipc/login_auth_limits.h"
#include "ipc/login_auth_local.h"
#include "ipc/login_auth_outcome.h"
#include "ipc/login_auth_referral.h"
#include "ipc/login_auth_route.h"
#include "lib/channel.h"
#include "lib/netaddr.h"

#define LOGIN_AUTH_VERSION	12
extern const struct channel_contract login_auth_contract;

enum login_auth_type {
	/* login to auth */
	LOGIN_AUTH_REQUEST = 1,
	LOGIN_AUTH_CONTINUE = 2,
	LOGIN_AUTH_CANCEL = 3,		/* no body */
	LOGIN_AUTH_OUTCOME = 4,
	LOGIN_AUTH_END = 5,		/* no body */
	LOGIN_AUTH_SESSION = 6,
	LOGIN_AUTH_TRIED = 7,
	/* auth to login */
	LOGIN_AUTH_OK = 101,
	LOGIN_AUTH_CHALLENGE = 102,
	LOGIN_AUTH_FAIL = 103,
	LOGIN_AUTH_LOCAL = 104,		/* instead of OK: a mail process here */
	LOGIN_AUTH_HOST_DOWN = 105,	/* id 0 */
};

#define LOGIN_AUTH_OPEN_MAX	16384	/* requests; more is a violation */

/* A run of bytes, borrowed: from the body after _get, the caller's on _put. */
struct login_auth_bytes {
	const uint8_t	*data;
	size_t		 len;
};

struct login_auth_request {
	uint8_t			 service;	/* enum service_id */
	bool			 is_secured, has_initial;  /* trusted or TLS */
	uint16_t		 attempt;	/* of this client, from 1 */
	char			 mech[LOGIN_AUTH_MECH_MAX + 1];
	char			 session[LOGIN_AUTH_SESSION_MAX + 1];
	/* The user whom a verified certificate of the client names, or "". */
	char			 cert_user[LOGIN_AUTH_USER_MAX + 1];
	struct login_auth_cert	 cert;	/* verified or not */
	/* With ports; a trusted peer of ours may have named the first two. */
	struct netaddr		 rip, lip, real_rip, real_lip;
	struct login_auth_forward forward;	/* what that peer said */
	struct login_auth_bytes	 initial;	/* initial response */
};

enum login_auth_code {
	LOGIN_AUTH_CODE_CREDENTIALS,	/* unknown user or wrong password */
	LOGIN_AUTH_CODE_TEMP,		/* our trouble: database, worker */
	LOGIN_AUTH_CODE_AUTHZ,		/* authzid differs */
	LOGIN_AUTH_CODE_DISABLED,	/* nologin; reason for the client */
	LOGIN_AUTH_CODE_BAD,		/* the mechanism's syntax was broken */
	LOGIN_AUTH_CODE_MECH,		/* no such mechanism here */
	LOGIN_AUTH_CODE_LIMIT,		/* too many sessions: userip */
	LOGIN_AUTH_CODE_PENALTY,	/* too many failures before this */
	LOGIN_AUTH_CODE_HOST,		/* his mail hosts are all down */
	LOGIN_AUTH_CODE_REFERRAL,	/* there is another server for him */
};
#define LOGIN_AUTH_CODE_LAST	LOGIN_AUTH_CODE_REFERRAL
const char	*login_auth_code_word(uint8_t code);	/* for logs */

struct login_auth_fail {
	uint8_t	 code;		/* enum login_auth_code */
	char	 user[LOGIN_AUTH_USER_MAX + 1];	/* "" when not known */
	char	 reason[LOGIN_AUTH_REASON_MAX + 1];	/* "" or for client */
	struct login_auth_referral referral;
};

void	login_auth_request_put(struct wire_writer *,
	    const struct login_auth_request *);
int	login_auth_request_get(struct wire_reader *,
	    struct login_auth_request *);
/* CONTINUE and CHALLENGE. */
void	login_auth_bytes_put(struct wire_writer *,
	    const struct login_auth_bytes *);
int	login_auth_bytes_get(struct wire_reader *, struct login_auth_bytes *);
void	login_auth_fail_put(struct wire_writer *,
	    const struct login_auth_fail *);
int	login_auth_fail_get(struct wire_reader *, struct login_auth_fail *);

#endif
