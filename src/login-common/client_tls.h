/*
 * client_tls: a client's connection becomes TLS: at once on a listener for
 * it, or by STARTTLS or STLS.
 */
#ifndef LOGIN_COMMON_CLIENT_TLS_H
#define LOGIN_COMMON_CLIENT_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct login_auth_cert;
struct loop_timers;
struct session;

/* A handshake takes no longer; clients far away need 2 s. */
#define CLIENT_TLS_MS	15000

/*
 * Begins a handshake.  A client of a listener for TLS is greeted after it.
 */
void	client_tls_start(struct session *);
/*
 * The client asked for TLS, and its command is out of the buffer.  What came
 * behind it was not protected and closes the connection; else the client is
 * told to begin, and all that it said before is forgotten.
 */
void	client_tls_upgrade(struct session *);
/* Could the client ask for TLS now? */
bool	client_tls_is_offered(const struct session *);
/* Does it see what we say?  Not between a connection and its handshake. */
bool	client_tls_can_talk(const struct session *);
/* TLS failed, the connection did not: the reason of an end. */
bool	client_tls_has_failed(const struct session *);
/*
 * The user whom the client's verified certificate names, "" if there is none;
 * the field is ssl_cert_username_field.
 */
void	client_tls_user(const struct session *, char *dst, size_t);

/* The certificate that it has shown, whoever vouches for that, or none. */
void	client_tls_cert(const struct session *, struct login_auth_cert *);

/* State TLS_HANDSHAKE. */
void	client_tls_step(struct session *);
void	client_tls_timeout(void *session);
struct loop_timers	*client_tls_timers(struct session *);

/* Room for the fields of a log line. */
#define CLIENT_TLS_TEXT_MAX	900
/*
 * " tls=... cipher=... sni=<...> resumed=...", or "" without TLS; and in a
 * session that ends " truncated=yes", " error=\"...\"" where that is so.
 * Returns dst.
 */
const char	*client_tls_text(const struct session *, bool is_end,
		    char *dst, size_t);

#endif
