/* resolver: host names to addresses, waiting for the answer. */
#ifndef AUTH_WORKER_RESOLVER_H
#define AUTH_WORKER_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/auth_worker.h"

/*
 * Could this be a name of the DNS?  Letters, digits, "-", "_" and dots, and
 * the last label is no number: getaddrinfo() takes "127.1" and "0x7f000001"
 * for addresses (RFC 1123, 2.1).
 */
bool	resolver_is_name(const char *name);
/*
 * Asks the system for the addresses of a name, in its order, without
 * repetitions.  Servers that do not answer are given up in about timeout_ms.
 */
void	resolver_ask(const char *name, uint32_t timeout_ms,
	    struct auth_worker_resolved *);

#endif
