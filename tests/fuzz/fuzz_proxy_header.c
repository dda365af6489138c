/*
 * Headers of the PROXY protocol: what is accepted is whole, says the same
 * whatever follows, and its addresses written again are read as the same.
 * Runs in: make check, libFuzzer.
 * Hostile input: the first bytes of a connection.
 * Never: ships in a program.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "login-common/proxy_header.h"

static void
check_inside(const struct proxy_header_text *t, const uint8_t *data,
    size_t len)
{
	const uint8_t *text = (const uint8_t *)t->text;

	if (t->len > 0)
		CHECK(text > data && t->len < len &&
		    text + t->len <= data + len);
}

static void
check_again(const struct proxy_header *h, unsigned int version)
{
	uint8_t header[PROXY_HEADER_PUT_MAX];
	struct proxy_header again;
	size_t n;

	n = proxy_header_put(header, version, &h->src, &h->dst, "id");
	CHECK(n <= sizeof(header));
	CHECK(proxy_header_parse(&again, header, n) == PROXY_HEADER_DONE);
	CHECK(again.len == n && again.is_local == h->is_local);
	CHECK(memcmp(&again.src, &h->src, sizeof(h->src)) == 0);
	CHECK(memcmp(&again.dst, &h->dst, sizeof(h->dst)) == 0);
}

/* No part of it is a header of another meaning. */
static void
check_cuts(const uint8_t *data, size_t len)
{
	struct proxy_header h;

	for (size_t n = 0; n < len; n++)
		CHECK(proxy_header_parse(&h, data, n) == PROXY_HEADER_MORE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct proxy_header h;

	switch (proxy_header_parse(&h, data, len)) {
	case PROXY_HEADER_MORE:
		CHECK(len < PROXY_HEADER_MAX);
		break;
	case PROXY_HEADER_BAD:
		break;
	case PROXY_HEADER_DONE:
		CHECK(h.len <= len && h.len <= PROXY_HEADER_MAX);
		check_inside(&h.host_name, data, h.len);
		check_inside(&h.cert_name, data, h.len);
		check_inside(&h.id, data, h.len);
		CHECK(h.is_local == (h.src.family == NETADDR_NONE));
		CHECK(h.is_local == (h.dst.family == NETADDR_NONE));
		check_cuts(data, h.len);
		check_again(&h, 1);
		check_again(&h, 2);
		break;
	}
	return 0;
}
