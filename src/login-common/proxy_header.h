/*
 * proxy_header: the header by which a proxy such as HAProxy tells who the
 * client of a connection is (the PROXY protocol, versions 1 and 2), read and
 * written.  It comes before everything else, TLS included.
 */
#ifndef LOGIN_COMMON_PROXY_HEADER_H
#define LOGIN_COMMON_PROXY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/netaddr.h"

/* Version 1 with its CR LF; the protocol allows no more. */
#define PROXY_HEADER_V1_MAX	107
/* Version 2: 16 bytes, and addresses and extras of at most so many. */
#define PROXY_HEADER_V2_FIXED	16
#define PROXY_HEADER_V2_BODY_MAX	1500
#define PROXY_HEADER_MAX \
	(PROXY_HEADER_V2_FIXED + PROXY_HEADER_V2_BODY_MAX)
/* Of an id that a header of ours carries, by the protocol. */
#define PROXY_HEADER_ID_MAX	128
/* A header that proxy_header_put() makes. */
#define PROXY_HEADER_PUT_MAX	(PROXY_HEADER_V2_FIXED + 36 + 3 + \
	PROXY_HEADER_ID_MAX)

enum proxy_header_result {
	PROXY_HEADER_MORE,	/* good so far, and not all of it */
	PROXY_HEADER_DONE,
	PROXY_HEADER_BAD,
};

/* Bytes within the header; anything may be in them. */
struct proxy_header_text {
	const char	*text;
	size_t		 len;	/* 0: it is not there */
};

struct proxy_header {
	size_t		 len;	/* of the header; what follows is not its */
	/*
	 * The connection is the proxy's own (LOCAL), or its client's addresses
	 * are not ones of IP: what the socket says holds.
	 */
	bool		 is_local;
	struct netaddr	 src, dst;	/* with ports; NONE if is_local */
	bool		 is_tls;	/* between the client and the proxy */
	/* Of a client's certificate that the proxy has verified. */
	struct proxy_header_text cert_name;
	struct proxy_header_text host_name;	/* that the client asked for */
	struct proxy_header_text id;	/* of the connection, at the proxy */
};

/*
 * Looks at the first bytes of a connection, as many as there are.  A header is
 * BAD as soon as that can be seen: when it is none, of another version, of a
 * datagram, longer than allowed, or not exactly what the protocol says.
 */
enum proxy_header_result	proxy_header_parse(struct proxy_header *,
				    const void *, size_t);

/*
 * Writes a header of version 1 or 2 into dst of PROXY_HEADER_PUT_MAX bytes;
 * its length.  Version 2 carries the id.  Addresses of two families go as
 * IPv6; if one is missing, the header says that nothing is known.
 */
size_t	proxy_header_put(uint8_t *dst, unsigned int version,
	    const struct netaddr *src, const struct netaddr *dst_addr,
	    const char *id);

#endif
