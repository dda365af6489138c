/*
 * haproxy: connections that a proxy such as HAProxy hands on begin with a
 * header, which says who the client is; and mail hosts whose rows ask for it
 * get one from us.
 */
#ifndef LOGIN_COMMON_HAPROXY_H
#define LOGIN_COMMON_HAPROXY_H

/* session.front, with its NUL. */
#define HAPROXY_TEXTS_MAX	400

struct loop_timers;
struct session;

/*
 * A connection came to a listener for proxies: the state PROXY_HEADER, or the
 * end if its peer is not in haproxy_trusted_networks.
 */
void	haproxy_start(struct session *);
/* State PROXY_HEADER. */
void	haproxy_step(struct session *);
void	haproxy_timeout(void *session);
struct loop_timers	*haproxy_timers(struct session *);

/* Queues a header to the mail host, if the route asks for one. */
void	haproxy_put(struct session *);

#endif
