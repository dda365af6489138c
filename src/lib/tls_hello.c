/*
 * tls_hello: what a client writes into its first message.
 * Runs in: login processes.
 * Hostile input: the lists of server names and of protocols.
 * Never: takes what is not exactly as the RFC says.
 */
#include "lib/tls_hello.h"

#include <string.h>

#define HELLO_LABEL_MAX		63	/* RFC 1035, 2.3.4 */
/* Length of the list; type and length of a name. */
#define HELLO_LIST_BYTES	2
#define HELLO_NAME_BYTES	3

static bool
hello_is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '_';
}

int
tls_hello_host(const char *src, size_t len, char *dst)
{
	size_t i, label = 0;

	dst[0] = '\0';
	if (len == 0 || len >= TLS_HELLO_NAME_MAX)
		return -1;
	for (i = 0; i < len; i++) {
		char c = src[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c == '.' ? label == 0 : !hello_is_host_char(c))
			goto bad;
		label = c == '.' ? 0 : label + 1;
		if (label > HELLO_LABEL_MAX)
			goto bad;
		dst[i] = c;
	}
	if (label == 0)
		goto bad;
	dst[len] = '\0';
	return 0;
bad:
	dst[0] = '\0';
	return -1;
}

static size_t
hello_u16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

/* One name of type host_name (0) and nothing else: no other type exists. */
int
tls_hello_name(const uint8_t *ext, size_t len, char *dst)
{
	const size_t head = HELLO_LIST_BYTES + HELLO_NAME_BYTES;

	dst[0] = '\0';
	if (len < head || hello_u16(ext) != len - HELLO_LIST_BYTES ||
	    ext[HELLO_LIST_BYTES] != 0 ||
	    hello_u16(ext + HELLO_LIST_BYTES + 1) != len - head)
		return -1;
	return tls_hello_host((const char *)ext + head, len - head, dst);
}

const uint8_t *
tls_hello_protocol(const uint8_t *list, size_t len, const char *protocol)
{
	size_t want = strlen(protocol), at = 0;
	const uint8_t *found = NULL;

	while (at < len) {
		size_t n = list[at++];

		if (n == 0 || n > len - at)
			return NULL;
		if (n == want && memcmp(list + at, protocol, n) == 0)
			found = list + at;
		at += n;
	}
	return found;
}
