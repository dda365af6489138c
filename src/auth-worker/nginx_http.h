/*
 * nginx_http: a passdb that is an HTTP service with nginx's auth_http
 * protocol, or several of them, asked in order until one answers.
 */
#ifndef AUTH_WORKER_NGINX_HTTP_H
#define AUTH_WORKER_NGINX_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "auth-worker/sql.h"
#include "ipc/auth_worker.h"

struct nginx_http;

/* By the args of the passdb; connects to nobody.  NULL with a reason. */
struct nginx_http	*nginx_http_new(const char *args, char *err,
			    size_t err_size);
void			 nginx_http_free(struct nginx_http *);
/*
 * Asks the services that are not to be skipped until due_ms (of clock_ms()).
 * The row says ONE, REFUSED, or FAULT when none gave a usable answer, and
 * what was wrong with those that were asked.
 */
void	nginx_http_find(struct nginx_http *, const struct auth_worker_lookup *,
	    uint64_t due_ms, struct sql_row *);
/* Does this service take connections?  -1 with a fault. */
int	nginx_http_probe(struct nginx_http *, unsigned int service,
	    uint64_t due_ms, struct sql_fault *)
	    __attribute__((warn_unused_result));

#endif
