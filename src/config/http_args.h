/* http_args: "args" of a passdb nginx-http, as its parts. */
#ifndef CONFIG_HTTP_ARGS_H
#define CONFIG_HTTP_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Services that are asked in order; as many as a database may have hosts. */
#define HTTP_ARGS_URLS_MAX	8
#define HTTP_ARGS_URL_MAX	511
#define HTTP_ARGS_PATH_MAX	255
#define HTTP_ARGS_HOST_MAX	255	/* RFC 1035, 2.3.4 */
#define HTTP_ARGS_SOCKET_MAX	107	/* sun_path */
/* Further headers of each question: a shared secret, and some. */
#define HTTP_ARGS_HEADERS_MAX	4
#define HTTP_ARGS_HEADER_MAX	511	/* "Name: value" */
/* "https://[", host, "]:65535" */
#define HTTP_ARGS_LABEL_MAX	(HTTP_ARGS_HOST_MAX + 18)

struct http_url {
	bool		 is_tls;
	bool		 is_address;		/* host is one */
	uint16_t	 port;
	char		 host[HTTP_ARGS_HOST_MAX + 1];	/* no brackets */
	char		 socket[HTTP_ARGS_SOCKET_MAX + 1];	/* or "" */
	char		 text[HTTP_ARGS_URL_MAX + 1];	/* as a client has it */
};

struct http_args {
	size_t		 nurls;
	struct http_url	 urls[HTTP_ARGS_URLS_MAX];
	bool		 is_compat;		/* nginx_compat=yes */
	uint32_t	 timeout_ms;		/* for one URL */
	char		 ca[HTTP_ARGS_PATH_MAX + 1];	/* "": the system's */
	char		 cert[HTTP_ARGS_PATH_MAX + 1];
	char		 key[HTTP_ARGS_PATH_MAX + 1];
	size_t		 nheaders;
	char		 headers[HTTP_ARGS_HEADERS_MAX]
			    [HTTP_ARGS_HEADER_MAX + 1];
};

/*
 * -1 with a reason in err, which shows no value of a header.  No file is
 * looked at.
 */
int	http_args_parse(struct http_args *, const char *args, char *err,
	    size_t err_size) __attribute__((warn_unused_result));
/*
 * What stands for the service in a log, dst of HTTP_ARGS_LABEL_MAX: without
 * the path, which may hold a key.  Returns dst.
 */
const char	*http_url_label(const struct http_url *, char *dst);
/* Is this a header that a question has anyway, or that HTTP needs? */
bool	http_args_is_own_header(const char *name);
/* Would a password cross a network in clear on its way there? */
bool	http_url_is_in_clear(const struct http_url *);

#endif
