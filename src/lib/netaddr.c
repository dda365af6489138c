/*
 * netaddr: IPv4 and IPv6 addresses, ports and networks as values.
 * Runs in: every process.
 * Hostile input: texts from databases and peers.
 * Never: resolves names; accepts the short forms of inet_aton(3).
 */
#include "lib/netaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/strutil.h"

static const uint8_t v4_mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255 };

/* A v4-mapped address is the v4 one: RFC 4291, 2.5.5.2. */
static void
netaddr_set_v6(struct netaddr *a, const uint8_t ip[16])
{
	memset(a->ip, 0, sizeof(a->ip));
	if (memcmp(ip, v4_mapped, sizeof(v4_mapped)) == 0) {
		a->family = NETADDR_V4;
		memcpy(a->ip, ip + 12, 4);
	} else {
		a->family = NETADDR_V6;
		memcpy(a->ip, ip, 16);
	}
}

int
netaddr_parse(struct netaddr *a, const char *text, size_t len)
{
	char copy[NETADDR_TEXT_MAX];
	struct in6_addr six;
	struct in_addr four;

	memset(a, 0, sizeof(*a));
	if (memchr(text, '\0', len) != NULL ||
	    str_copy(copy, sizeof(copy), text, len) == -1)
		return -1;
	if (inet_pton(AF_INET, copy, &four) == 1) {
		a->family = NETADDR_V4;
		memcpy(a->ip, &four, 4);
		return 0;
	}
	if (inet_pton(AF_INET6, copy, &six) != 1)
		return -1;
	netaddr_set_v6(a, six.s6_addr);
	return 0;
}

int
netaddr_net_parse(struct netaddr_net *net, const char *text, size_t len)
{
	const char *slash = memchr(text, '/', len);
	size_t alen = slash == NULL ? len : (size_t)(slash - text);
	uint64_t bits;
	unsigned int all;

	memset(net, 0, sizeof(*net));
	if (netaddr_parse(&net->addr, text, alen) == -1)
		return -1;
	all = net->addr.family == NETADDR_V4 ? 32 : 128;
	bits = all;
	if (slash != NULL &&
	    str_number(slash + 1, len - alen - 1, 0, all, &bits) == -1)
		return -1;
	net->bits = (uint8_t)bits;
	return 0;
}

bool
netaddr_net_has(const struct netaddr_net *net, const struct netaddr *a)
{
	size_t whole = net->bits / 8;
	unsigned int rest = net->bits % 8;
	uint8_t mask;

	if (net->addr.family != a->family)
		return false;
	if (memcmp(net->addr.ip, a->ip, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	mask = (uint8_t)(0xff << (8 - rest));
	return ((net->addr.ip[whole] ^ a->ip[whole]) & mask) == 0;
}

bool
netaddr_same_ip(const struct netaddr *a, const struct netaddr *b)
{
	return a->family == b->family &&
	    memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

bool
netaddr_same(const struct netaddr *a, const struct netaddr *b)
{
	return a->port == b->port && netaddr_same_ip(a, b);
}

struct netaddr
netaddr_source(const struct netaddr *a)
{
	struct netaddr source = { .family = a->family };

	memcpy(source.ip, a->ip, a->family == NETADDR_V6 ? 8 : 4);
	return source;
}

/* The number's digits; where they end.  A login needs some dozens of these. */
static char *
netaddr_digits(char *dst, unsigned int n)
{
	if (n >= 10)
		dst = netaddr_digits(dst, n / 10);
	*dst++ = (char)('0' + n % 10);
	return dst;
}

static const char *
netaddr_text_v4(const uint8_t ip[4], char *dst)
{
	char *end = dst;
	int i;

	for (i = 0; i < 4; i++) {
		end = netaddr_digits(end, ip[i]);
		*end++ = '.';
	}
	end[-1] = '\0';
	return dst;
}

const char *
netaddr_text(const struct netaddr *a, char *dst)
{
	const char *s = NULL;

	if (a->family == NETADDR_V4)
		s = netaddr_text_v4(a->ip, dst);
	else if (a->family == NETADDR_V6)
		s = inet_ntop(AF_INET6, a->ip, dst, NETADDR_TEXT_MAX);
	if (s == NULL)
		(void)snprintf(dst, NETADDR_TEXT_MAX, "-");
	return dst;
}

const char *
netaddr_port_text(const struct netaddr *a, char *dst)
{
	bool is_v6 = a->family == NETADDR_V6;
	char *end = dst;

	if (is_v6)
		*end++ = '[';
	end += strlen(netaddr_text(a, end));
	if (is_v6)
		*end++ = ']';
	*end++ = ':';
	*netaddr_digits(end, a->port) = '\0';
	return dst;
}

socklen_t
netaddr_to_sockaddr(const struct netaddr *a, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };

	memset(ss, 0, sizeof(*ss));
	if (a->family == NETADDR_V4) {
		four.sin_port = htons(a->port);
		memcpy(&four.sin_addr, a->ip, 4);
		memcpy(ss, &four, sizeof(four));
		return sizeof(four);
	}
	six.sin6_port = htons(a->port);
	memcpy(&six.sin6_addr, a->ip, 16);
	memcpy(ss, &six, sizeof(six));
	return sizeof(six);
}

int
netaddr_from_sockaddr(struct netaddr *a, const struct sockaddr *sa)
{
	struct sockaddr_in6 six;
	struct sockaddr_in four;

	memset(a, 0, sizeof(*a));
	if (sa->sa_family == AF_INET) {
		memcpy(&four, sa, sizeof(four));
		a->family = NETADDR_V4;
		a->port = ntohs(four.sin_port);
		memcpy(a->ip, &four.sin_addr, 4);
		return 0;
	}
	if (sa->sa_family != AF_INET6)
		return -1;
	memcpy(&six, sa, sizeof(six));
	netaddr_set_v6(a, six.sin6_addr.s6_addr);
	a->port = ntohs(six.sin6_port);
	return 0;
}
