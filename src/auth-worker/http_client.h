/*
 * http_client: one question to an HTTP service at a time, with libcurl.
 * Connections are kept alive between them.  A build without libcurl has a
 * client that cannot be made (http_none.c).
 */
#ifndef AUTH_WORKER_HTTP_CLIENT_H
#define AUTH_WORKER_HTTP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "auth-worker/sql.h"

struct http_args;
struct http_client;
struct http_reply;
struct http_request;

/* The args are borrowed.  NULL with a reason in err. */
struct http_client	*http_client_new(const struct http_args *, char *err,
			    size_t err_size);
/* Closes its connections; NULL is allowed. */
void			 http_client_free(struct http_client *);
/*
 * Asks URL number i; the reply must be initialized.  -1 with a fault when
 * there is no answer until due_ms (of clock_ms()): CONNECT when it takes no
 * connection, DEADLINE when it was too slow, QUERY when it hung up or so.
 */
int	http_client_ask(struct http_client *, size_t i,
	    const struct http_request *, uint64_t due_ms,
	    struct http_reply *, struct sql_fault *)
	    __attribute__((warn_unused_result));
/* Does URL number i take connections, with TLS where it wants that? */
int	http_client_probe(struct http_client *, size_t i, uint64_t due_ms,
	    struct sql_fault *) __attribute__((warn_unused_result));

#endif
