/* http_request: the headers of a question in nginx's auth_http protocol. */
#ifndef AUTH_WORKER_HTTP_REQUEST_H
#define AUTH_WORKER_HTTP_REQUEST_H

#include <stddef.h>

struct auth_worker_lookup;
struct http_args;

/* Ten of each question, and those of the configuration. */
#define HTTP_REQUEST_LINES_MAX	16

/* "Name: value" each; holds a secret. */
struct http_request {
	size_t	 n;
	char	*lines[HTTP_REQUEST_LINES_MAX];	/* on the heap */
};

/*
 * Writes %XX in place of control characters, blanks and '%', as nginx does.
 * dst has three bytes for each of src, and one.
 */
void	http_request_escape(char *dst, const char *src);
void	http_request_init(struct http_request *,
	    const struct auth_worker_lookup *);
/* Adds the headers that the configuration has. */
void	http_request_add_lines(struct http_request *,
	    const struct http_args *);
/* Wipes and frees. */
void	http_request_clear(struct http_request *);

#endif
