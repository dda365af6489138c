/*
 * The header of the PROXY protocol, read and written.
 * Runs in: login processes.
 * Hostile input: the first bytes of connections to listeners for proxies.
 * Never: allocates; reads behind what it was given; looks at an extra before
 * the header's length is known to hold.
 */
#include "login-common/proxy_header.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lib/strutil.h"

static const uint8_t v2_signature[12] = "\r\n\r\n\0\r\nQUIT\n";

#define V2_VERSION	0x20	/* with the command in the lower half */
#define V2_LOCAL	0
#define V2_PROXY	1
#define V2_TCP		1	/* lower half of the family's byte */
#define TLV_HEAD	3	/* type, length */
#define TLV_AUTHORITY	0x02
#define TLV_UNIQUE_ID	0x05
#define TLV_SSL		0x20
#define TLV_SSL_CN	0x22
#define SSL_HEAD	5	/* flags, result of the verification */
#define SSL_IS_TLS	0x01
#define SSL_HAS_CERT	0x06	/* in this connection, or in the session */

static size_t
get_u16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

/* Takes the word before the next blank, which must be there, and the blank. */
static bool
take_word(const char **p, const char *end, struct proxy_header_text *word)
{
	const char *blank = memchr(*p, ' ', (size_t)(end - *p));

	if (blank == NULL)
		return false;
	*word = (struct proxy_header_text){ *p, (size_t)(blank - *p) };
	*p = blank + 1;
	return true;
}

/* The text of an address must be of the family that was named. */
static bool
v1_addr(struct netaddr *a, struct proxy_header_text word, bool is_v6)
{
	bool has_colon = memchr(word.text, ':', word.len) != NULL;

	return has_colon == is_v6 &&
	    netaddr_parse(a, word.text, word.len) == 0;
}

static bool
v1_port(struct netaddr *a, const char *text, size_t len)
{
	uint64_t n;

	if (len > 1 && text[0] == '0')
		return false;
	if (str_number(text, len, 0, UINT16_MAX, &n) == -1)
		return false;
	a->port = (uint16_t)n;
	return true;
}

/* The line behind "PROXY ", without its end. */
static bool
v1_line(struct proxy_header *h, const char *p, const char *end)
{
	struct proxy_header_text family, src, dst, port;
	bool is_v6;

	if (!take_word(&p, end, &family)) {
		h->is_local = true;
		return end - p == 7 && memcmp(p, "UNKNOWN", 7) == 0;
	}
	/* What follows UNKNOWN is to be passed over. */
	if (family.len == 7 && memcmp(family.text, "UNKNOWN", 7) == 0) {
		h->is_local = true;
		return true;
	}
	if (family.len != 4 || memcmp(family.text, "TCP", 3) != 0 ||
	    (family.text[3] != '4' && family.text[3] != '6'))
		return false;
	is_v6 = family.text[3] == '6';
	return take_word(&p, end, &src) && v1_addr(&h->src, src, is_v6) &&
	    take_word(&p, end, &dst) && v1_addr(&h->dst, dst, is_v6) &&
	    take_word(&p, end, &port) &&
	    v1_port(&h->src, port.text, port.len) &&
	    v1_port(&h->dst, p, (size_t)(end - p));
}

static enum proxy_header_result
v1_parse(struct proxy_header *h, const char *text, size_t len)
{
	static const char begin[] = "PROXY ";
	size_t n = sizeof(begin) - 1;
	size_t most = len < PROXY_HEADER_V1_MAX ? len : PROXY_HEADER_V1_MAX;
	const char *end;

	if (memcmp(text, begin, len < n ? len : n) != 0)
		return PROXY_HEADER_BAD;
	end = memchr(text, '\r', most);
	if (end == NULL || end == text + len - 1)
		return len < PROXY_HEADER_V1_MAX ? PROXY_HEADER_MORE :
		    PROXY_HEADER_BAD;
	h->len = (size_t)(end - text) + 2;
	if (end < text + n || end[1] != '\n' ||
	    memchr(text, '\n', (size_t)(end - text)) != NULL ||
	    h->len > PROXY_HEADER_V1_MAX || !v1_line(h, text + n, end))
		return PROXY_HEADER_BAD;
	return PROXY_HEADER_DONE;
}

/* One extra, or one within the extra about TLS; its length was checked. */
static bool
v2_tlv(struct proxy_header *h, uint8_t type, const uint8_t *p, size_t len)
{
	struct proxy_header_text value = { (const char *)p, len };

	switch (type) {
	case TLV_AUTHORITY:
		h->host_name = value;
		return true;
	case TLV_UNIQUE_ID:
		h->id = value;
		return len <= PROXY_HEADER_ID_MAX;
	default:
		return true;
	}
}

/* The client's certificate; its name counts if the proxy has verified it. */
static bool
v2_ssl(struct proxy_header *h, const uint8_t *p, size_t len)
{
	static const uint8_t is_verified[4];
	bool has_name;
	size_t n;

	if (len < SSL_HEAD)
		return false;
	h->is_tls = (p[0] & SSL_IS_TLS) != 0;
	has_name = h->is_tls && (p[0] & SSL_HAS_CERT) != 0 &&
	    memcmp(p + 1, is_verified, sizeof(is_verified)) == 0;
	for (p += SSL_HEAD, len -= SSL_HEAD; len > 0; p += n, len -= n) {
		if (len < TLV_HEAD)
			return false;
		n = TLV_HEAD + get_u16(p + 1);
		if (n > len)
			return false;
		if (p[0] == TLV_SSL_CN && has_name)
			h->cert_name = (struct proxy_header_text){
			    (const char *)p + TLV_HEAD, n - TLV_HEAD };
	}
	return true;
}

static bool
v2_tlvs(struct proxy_header *h, const uint8_t *p, size_t len)
{
	size_t n;

	for (; len > 0; p += n, len -= n) {
		if (len < TLV_HEAD)
			return false;
		n = TLV_HEAD + get_u16(p + 1);
		if (n > len)
			return false;
		if (!(p[0] == TLV_SSL ?
		    v2_ssl(h, p + TLV_HEAD, n - TLV_HEAD) :
		    v2_tlv(h, p[0], p + TLV_HEAD, n - TLV_HEAD)))
			return false;
	}
	return true;
}

static void
v2_addr(struct netaddr *a, int family, const uint8_t *ip, const uint8_t *port)
{
	char text[INET6_ADDRSTRLEN];

	/* By its text: what is mapped into IPv6 becomes IPv4 there. */
	if (inet_ntop(family, ip, text, sizeof(text)) == NULL ||
	    netaddr_parse(a, text, strlen(text)) == -1)
		memset(a, 0, sizeof(*a));
	a->port = (uint16_t)get_u16(port);
}

/* Families by the upper half of their byte; what belongs to them is there. */
static const struct {
	int	family;		/* AF_UNSPEC: addresses are passed over */
	size_t	ip, len;	/* of one address; of all, with ports */
} v2_families[] = {
	{ AF_UNSPEC, 0, 0 },
	{ AF_INET, 4, 12 },
	{ AF_INET6, 16, 36 },
	{ AF_UNSPEC, 0, 216 },	/* UNIX sockets */
};

#define V2_FAMILIES	(sizeof(v2_families) / sizeof(v2_families[0]))

static bool
v2_proxied(struct proxy_header *h, uint8_t what, const uint8_t *p, size_t len)
{
	unsigned int f = what >> 4;
	size_t ip;

	/* 0x00 is "unknown"; all others must be streams. */
	if (f >= V2_FAMILIES || (what & 0xf) != (f == 0 ? 0 : V2_TCP) ||
	    len < v2_families[f].len)
		return false;
	if (v2_families[f].family == AF_UNSPEC) {
		h->is_local = true;
		/* Unknown addresses may be there in unknown length. */
		return f == 0 ||
		    v2_tlvs(h, p + v2_families[f].len,
		    len - v2_families[f].len);
	}
	ip = v2_families[f].ip;
	v2_addr(&h->src, v2_families[f].family, p, p + 2 * ip);
	v2_addr(&h->dst, v2_families[f].family, p + ip, p + 2 * ip + 2);
	return v2_tlvs(h, p + v2_families[f].len, len - v2_families[f].len);
}

static enum proxy_header_result
v2_parse(struct proxy_header *h, const uint8_t *p, size_t len)
{
	size_t n = sizeof(v2_signature), body;

	if (memcmp(p, v2_signature, len < n ? len : n) != 0)
		return PROXY_HEADER_BAD;
	if (len > n && p[n] != (V2_VERSION | V2_LOCAL) &&
	    p[n] != (V2_VERSION | V2_PROXY))
		return PROXY_HEADER_BAD;
	if (len < PROXY_HEADER_V2_FIXED)
		return PROXY_HEADER_MORE;
	body = get_u16(p + n + 2);
	if (body > PROXY_HEADER_V2_BODY_MAX)
		return PROXY_HEADER_BAD;
	h->len = PROXY_HEADER_V2_FIXED + body;
	if (len < h->len)
		return PROXY_HEADER_MORE;
	/* The proxy's own: nothing of it counts. */
	h->is_local = (p[n] & 0xf) == V2_LOCAL;
	return h->is_local ||
	    v2_proxied(h, p[n + 1], p + PROXY_HEADER_V2_FIXED, body) ?
	    PROXY_HEADER_DONE : PROXY_HEADER_BAD;
}

enum proxy_header_result
proxy_header_parse(struct proxy_header *h, const void *bytes, size_t len)
{
	memset(h, 0, sizeof(*h));
	if (len == 0)
		return PROXY_HEADER_MORE;
	return *(const uint8_t *)bytes == v2_signature[0] ?
	    v2_parse(h, bytes, len) : v1_parse(h, bytes, len);
}

/* IPv4 within IPv6: RFC 4291, 2.5.5.2. */
static void
put_v6(uint8_t dst[16], const struct netaddr *a)
{
	memset(dst, 0, 16);
	if (a->family == NETADDR_V4) {
		memset(dst + 10, 0xff, 2);
		memcpy(dst + 12, a->ip, 4);
	} else {
		memcpy(dst, a->ip, 16);
	}
}

static const char *
put_text(char *text, const struct netaddr *a, bool is_v6)
{
	uint8_t ip[16];

	if (!is_v6)
		return netaddr_text(a, text);
	put_v6(ip, a);
	if (inet_ntop(AF_INET6, ip, text, NETADDR_TEXT_MAX) == NULL)
		text[0] = '\0';
	return text;
}

static size_t
v1_put(uint8_t *dst, const struct netaddr *src, const struct netaddr *to,
    bool is_v6)
{
	char from_text[NETADDR_TEXT_MAX], to_text[NETADDR_TEXT_MAX];

	return (size_t)snprintf((char *)dst, PROXY_HEADER_PUT_MAX,
	    "PROXY TCP%c %s %s %u %u\r\n", is_v6 ? '6' : '4',
	    put_text(from_text, src, is_v6), put_text(to_text, to, is_v6),
	    (unsigned int)src->port, (unsigned int)to->port);
}

static uint8_t *
put_u16(uint8_t *p, size_t n)
{
	*p++ = (uint8_t)(n >> 8);
	*p++ = (uint8_t)n;
	return p;
}

static uint8_t *
put_ip(uint8_t *p, const struct netaddr *a, bool is_v6)
{
	if (is_v6)
		put_v6(p, a);
	else
		memcpy(p, a->ip, 4);
	return p + (is_v6 ? 16 : 4);
}

static size_t
v2_put(uint8_t *dst, const struct netaddr *src, const struct netaddr *to,
    bool is_v6, const char *id)
{
	size_t id_len = strnlen(id, PROXY_HEADER_ID_MAX);
	size_t body = (is_v6 ? 36u : 12u) + TLV_HEAD + id_len;
	uint8_t *p = dst;

	memcpy(p, v2_signature, sizeof(v2_signature));
	p += sizeof(v2_signature);
	*p++ = V2_VERSION | V2_PROXY;
	*p++ = (uint8_t)((is_v6 ? 2 : 1) << 4 | V2_TCP);
	p = put_u16(p, body);
	p = put_ip(p, src, is_v6);
	p = put_ip(p, to, is_v6);
	p = put_u16(p, src->port);
	p = put_u16(p, to->port);
	*p++ = TLV_UNIQUE_ID;
	p = put_u16(p, id_len);
	memcpy(p, id, id_len);
	return (size_t)(p + id_len - dst);
}

/* Nothing is known: the proxy's own connection. */
static size_t
put_unknown(uint8_t *dst, unsigned int version)
{
	static const char unknown[] = "PROXY UNKNOWN\r\n";
	uint8_t *p = dst;

	if (version == 1) {
		memcpy(dst, unknown, sizeof(unknown) - 1);
		return sizeof(unknown) - 1;
	}
	memcpy(p, v2_signature, sizeof(v2_signature));
	p += sizeof(v2_signature);
	*p++ = V2_VERSION | V2_LOCAL;
	*p++ = 0;
	return (size_t)(put_u16(p, 0) - dst);
}

size_t
proxy_header_put(uint8_t *dst, unsigned int version,
    const struct netaddr *src, const struct netaddr *dst_addr,
    const char *id)
{
	bool is_v6 = src->family == NETADDR_V6 ||
	    dst_addr->family == NETADDR_V6;

	if (src->family == NETADDR_NONE || dst_addr->family == NETADDR_NONE)
		return put_unknown(dst, version);
	return version == 1 ? v1_put(dst, src, dst_addr, is_v6) :
	    v2_put(dst, src, dst_addr, is_v6, id);
}
