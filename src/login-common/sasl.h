/*
 * sasl: the AUTHENTICATE and AUTH exchange with a client: base64 lines,
 * initial response, cancel.  The mechanism itself runs in auth.
 */
#ifndef LOGIN_COMMON_SASL_H
#define LOGIN_COMMON_SASL_H

#include <stddef.h>
#include <stdint.h>

#include "login-common/protocol.h"

struct session;

/*
 * Begins an exchange; initial is the text of the initial response or NULL
 * (NULL with RFC 4959's "=" as a text of its own).
 */
enum cmd_result	sasl_start(struct session *, const char *mech, size_t mlen,
		    const char *initial, size_t ilen);
/* Auth's challenge goes to the client, whose turn it is then. */
void	sasl_challenge(struct session *, const uint8_t *, size_t);
/* State SASL_REPLY: looks for the client's next line. */
void	sasl_step(struct session *);

#endif
