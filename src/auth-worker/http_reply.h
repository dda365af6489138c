/*
 * http_reply: what a service of nginx's auth_http protocol has answered.
 *
 * The lines of the head come one by one; then the answer is a row, a refusal
 * or a fault.  The body means nothing.
 */
#ifndef AUTH_WORKER_HTTP_REPLY_H
#define AUTH_WORKER_HTTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth-worker/sql.h"
#include "ipc/auth_worker.h"

/* Of head and body; nginx takes a head of 1,024 bytes. */
#define HTTP_REPLY_BYTES_MAX	16384
/* Headers that mean something; a row cannot hold more. */
#define HTTP_REPLY_HEADERS_MAX	AUTH_WORKER_COLUMNS_MAX

struct http_header {
	char		 name[AUTH_WORKER_NAME_MAX + 1];	/* lower case */
	uint16_t	 off, len;	/* of the value */
};

/* Holds a secret: Auth-Pass. */
struct http_reply {
	bool			 is_compat;	/* read as nginx reads */
	bool			 has_head;	/* the empty line came */
	unsigned int		 status;	/* 0: no status line yet */
	size_t			 nbytes;	/* head and body */
	const char		*fault;		/* the first one, or NULL */
	char			 culprit[AUTH_WORKER_NAME_MAX + 1];
	size_t			 nheaders, used;
	struct http_header	 headers[HTTP_REPLY_HEADERS_MAX];
	char			 values[HTTP_REPLY_BYTES_MAX];
};

void	http_reply_init(struct http_reply *, bool is_compat);
/* Wipes. */
void	http_reply_clear(struct http_reply *);
/*
 * A line of the head with its line end, the status line and the empty line
 * among them.  -1 when there is no need to read on.
 */
int	http_reply_line(struct http_reply *, const char *, size_t)
	    __attribute__((warn_unused_result));
/* So many bytes of the body came; -1 when that is too much. */
int	http_reply_body(struct http_reply *, size_t)
	    __attribute__((warn_unused_result));
/*
 * The whole answer came: ONE, REFUSED, or FAULT with a reason.  A refusal has
 * the columns reason (for the log: printable ASCII) and nodelay.
 */
enum auth_worker_found	http_reply_row(const struct http_reply *,
			    struct sql_row *, struct sql_fault *);

#endif
