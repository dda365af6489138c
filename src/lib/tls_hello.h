/* tls_hello: what a client writes into its first message. */
#ifndef LIB_TLS_HELLO_H
#define LIB_TLS_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest host name, RFC 1035, 2.3.4; and NUL. */
#define TLS_HELLO_NAME_MAX	256

/*
 * Letters (made small), digits, '-', '_' and single dots between labels of at
 * most 63: dst of TLS_HELLO_NAME_MAX; -1 when it is no host name.
 */
int	tls_hello_host(const char *, size_t, char *dst)
	    __attribute__((warn_unused_result));
/*
 * The host name in the body of a server_name extension (RFC 6066, 3), made
 * small, to dst of TLS_HELLO_NAME_MAX; -1 when there is no good one.
 */
int	tls_hello_name(const uint8_t *, size_t, char *dst)
	    __attribute__((warn_unused_result));
/*
 * Looks for a protocol in a list of them, each behind its length (RFC 7301,
 * 3.1): where it begins in the list, or NULL when it is not there or the list
 * is malformed.
 */
const uint8_t	*tls_hello_protocol(const uint8_t *list, size_t,
		    const char *protocol);

#endif
