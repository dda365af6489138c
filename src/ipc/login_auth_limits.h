/*
 * login_auth_limits: how long what a login process and auth tell each other
 * may be.
 */
#ifndef IPC_LOGIN_AUTH_LIMITS_H
#define IPC_LOGIN_AUTH_LIMITS_H

#define LOGIN_AUTH_MECH_MAX	20	/* RFC 4422, 3.1 */
#define LOGIN_AUTH_USER_MAX	255	/* RFC 4616 must be accepted */
#define LOGIN_AUTH_PASS_MAX	1024
#define LOGIN_AUTH_SESSION_MAX	64	/* Dovecot takes no longer */
#define LOGIN_AUTH_RESPONSE_MAX	9216	/* a 12,288 byte line of base64 */
#define LOGIN_AUTH_HOST_MAX	255	/* RFC 1035, 2.3.4 */
#define LOGIN_AUTH_REASON_MAX	255
#define LOGIN_AUTH_ADDRS_MAX	8	/* of a route, tried in order */

#endif
