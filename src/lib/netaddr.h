/* netaddr: IPv4 and IPv6 addresses, ports and networks as values. */
#ifndef LIB_NETADDR_H
#define LIB_NETADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Longest text of an address, with NUL: INET6_ADDRSTRLEN. */
#define NETADDR_TEXT_MAX	46
/* "[addr]:port" with NUL. */
#define NETADDR_PORT_TEXT_MAX	56

enum netaddr_family { NETADDR_NONE = 0, NETADDR_V4 = 4, NETADDR_V6 = 6 };

struct netaddr {
	uint8_t		family;		/* enum netaddr_family */
	uint16_t	port;		/* host byte order, 0 = none */
	uint8_t		ip[16];		/* v4 in the first 4 bytes */
};

struct netaddr_net {
	struct netaddr	addr;
	uint8_t		bits;
};

/*
 * Strict text: dotted quad of four decimal numbers without leading zeros, or
 * RFC 4291 IPv6 text; a v4-mapped v6 address becomes v4.  No brackets, no
 * blanks, no scope.  -1 when it is not that.  The port is left 0.
 */
int	netaddr_parse(struct netaddr *, const char *text, size_t len)
	    __attribute__((warn_unused_result));
/* "1.2.3.0/24", "::/0", or an address alone (all bits). */
int	netaddr_net_parse(struct netaddr_net *, const char *text, size_t len)
	    __attribute__((warn_unused_result));
bool	netaddr_net_has(const struct netaddr_net *, const struct netaddr *);
/* Same address; ports are not compared. */
bool	netaddr_same_ip(const struct netaddr *, const struct netaddr *);
/* Same address and port. */
bool	netaddr_same(const struct netaddr *, const struct netaddr *);
/*
 * What may count as one client: an IPv4 address, of IPv6 the /64, in which a
 * client can take any address it likes.  Without port.
 */
struct netaddr	netaddr_source(const struct netaddr *);
/* Text of the address without port; dst of NETADDR_TEXT_MAX; returns dst. */
const char	*netaddr_text(const struct netaddr *, char *dst);
/* "addr:port" or "[addr]:port"; dst of NETADDR_PORT_TEXT_MAX; returns dst. */
const char	*netaddr_port_text(const struct netaddr *, char *dst);
/* To and from the kernel's form; a v4-mapped address becomes v4. */
socklen_t	netaddr_to_sockaddr(const struct netaddr *,
		    struct sockaddr_storage *);
int	netaddr_from_sockaddr(struct netaddr *, const struct sockaddr *)
	    __attribute__((warn_unused_result));

#endif
