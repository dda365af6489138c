/*
 * backend_tls: the connection to a mail host becomes TLS, as its route asks
 * for: from the first byte on, or when the host has agreed to it.
 */
#ifndef LOGIN_COMMON_BACKEND_TLS_H
#define LOGIN_COMMON_BACKEND_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct session;

/* TLS is asked for by STARTTLS or STLS, and has not begun: no login yet. */
bool	backend_tls_is_due(const struct session *);
/*
 * Begins the handshake with the host that is being connected to; -1 with the
 * reason in login->detail.
 */
int	backend_tls_start(struct session *)
	    __attribute__((warn_unused_result));
/*
 * The host's answer, which is out of the buffer, lets TLS begin.  What came
 * behind it was not protected: this host is of no use.
 */
void	backend_tls_upgrade(struct session *);
/* State BACKEND_TLS. */
void	backend_step_tls(struct session *);
/* Why the connection broke, for the log. */
const char	*backend_tls_error(struct session *);

/* Room for the fields of a log line. */
#define BACKEND_TLS_TEXT_MAX	160
/*
 * " host_tls=... host_cipher=... host_verified=... host_resumed=...", or ""
 * without TLS.  Returns dst.
 */
const char	*backend_tls_text(const struct session *, char *dst, size_t);

#endif
