/*
 * sasl_mech: which mechanisms a client may use on its connection.
 */
#ifndef LOGIN_COMMON_SASL_MECH_H
#define LOGIN_COMMON_SASL_MECH_H

#include <stdbool.h>

struct session;

/*
 * Would it be used here, now?  Not one that shows a secret on an unprotected
 * connection, nor EXTERNAL without a verified certificate.  The name as the
 * settings have it, upper-case.
 */
bool	sasl_mech_is_offered(const struct session *, const char *mech);
/*
 * Must nothing be said about it before there is TLS?  So it is for what
 * nobody knows, too.
 */
bool	sasl_mech_needs_tls(const struct session *, const char *mech);
/*
 * What auth would say first, base64; NULL: it is to be asked at once, also
 * about what the settings do not allow.
 */
const char	*sasl_mech_prompt(const struct session *, const char *mech);

#endif
