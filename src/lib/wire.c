/*
 * wire: typed values in and out of message bodies, little endian.
 * Runs in: every process.
 * Hostile input: bodies from less trusted processes.
 * Never: reads or writes beyond the body; goes on after a failure.
 */
#include "lib/wire.h"

#include <string.h>

#include "lib/netaddr.h"
#include "lib/strutil.h"

void
wire_writer_init(struct wire_writer *w, void *data, size_t size)
{
	w->data = data;
	w->len = 0;
	w->size = size;
	w->has_failed = false;
}

/* Room for n bytes, or NULL after latching the failure. */
static uint8_t *
wire_room(struct wire_writer *w, size_t n)
{
	uint8_t *p;

	if (w->has_failed || n > w->size - w->len) {
		w->has_failed = true;
		return NULL;
	}
	p = w->data + w->len;
	w->len += n;
	return p;
}

static void
wire_put_le(struct wire_writer *w, uint64_t v, size_t n)
{
	uint8_t *p = wire_room(w, n);
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

void
wire_put_u8(struct wire_writer *w, uint8_t v)
{
	wire_put_le(w, v, 1);
}

void
wire_put_u16(struct wire_writer *w, uint16_t v)
{
	wire_put_le(w, v, 2);
}

void
wire_put_u32(struct wire_writer *w, uint32_t v)
{
	wire_put_le(w, v, 4);
}

void
wire_put_u64(struct wire_writer *w, uint64_t v)
{
	wire_put_le(w, v, 8);
}

void
wire_put_bool(struct wire_writer *w, bool v)
{
	wire_put_u8(w, v ? 1 : 0);
}

void
wire_put_bytes(struct wire_writer *w, const void *data, size_t n)
{
	uint8_t *p;

	if (n > UINT16_MAX) {
		w->has_failed = true;
		return;
	}
	wire_put_u16(w, (uint16_t)n);
	if ((p = wire_room(w, n)) != NULL && n > 0)
		memcpy(p, data, n);
}

void
wire_put_text(struct wire_writer *w, const char *s)
{
	size_t n = strlen(s);

	if (str_has_control(s, n))
		w->has_failed = true;
	wire_put_bytes(w, s, n);
}

void
wire_put_addr(struct wire_writer *w, const struct netaddr *a)
{
	size_t n = a->family == NETADDR_V4 ? 4 : 16;
	uint8_t *p;

	wire_put_u8(w, a->family);
	if (a->family == NETADDR_NONE)
		return;
	wire_put_u16(w, a->port);
	if ((p = wire_room(w, n)) != NULL)
		memcpy(p, a->ip, n);
}

void
wire_reader_init(struct wire_reader *r, const void *data, size_t n)
{
	r->data = data;
	r->left = n;
	r->has_failed = false;
}

/* The next n bytes, or NULL after latching the failure. */
static const uint8_t *
wire_take(struct wire_reader *r, size_t n)
{
	const uint8_t *p;

	if (r->has_failed || n > r->left) {
		r->has_failed = true;
		return NULL;
	}
	p = r->data;
	r->data += n;
	r->left -= n;
	return p;
}

static uint64_t
wire_get_le(struct wire_reader *r, size_t n)
{
	const uint8_t *p = wire_take(r, n);
	uint64_t v = 0;
	size_t i;

	if (p == NULL)
		return 0;
	for (i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

uint8_t
wire_get_u8(struct wire_reader *r)
{
	return (uint8_t)wire_get_le(r, 1);
}

uint16_t
wire_get_u16(struct wire_reader *r)
{
	return (uint16_t)wire_get_le(r, 2);
}

uint32_t
wire_get_u32(struct wire_reader *r)
{
	return (uint32_t)wire_get_le(r, 4);
}

uint64_t
wire_get_u64(struct wire_reader *r)
{
	return wire_get_le(r, 8);
}

bool
wire_get_bool(struct wire_reader *r)
{
	return wire_get_enum(r, 1) == 1;
}

unsigned int
wire_get_enum(struct wire_reader *r, unsigned int max)
{
	unsigned int v = wire_get_u8(r);

	if (v > max) {
		r->has_failed = true;
		return 0;
	}
	return v;
}

const uint8_t *
wire_get_span(struct wire_reader *r, size_t *len)
{
	size_t n = wire_get_u16(r);
	const uint8_t *p = wire_take(r, n);

	*len = p == NULL ? 0 : n;
	return p;
}

const uint8_t *
wire_get_blob(struct wire_reader *r, size_t *len)
{
	size_t n = wire_get_u32(r);
	const uint8_t *p = wire_take(r, n);

	*len = p == NULL ? 0 : n;
	return p;
}

void
wire_get_text(struct wire_reader *r, char *dst, size_t size)
{
	size_t n;
	const uint8_t *p = wire_get_span(r, &n);

	dst[0] = '\0';
	if (p == NULL)
		return;
	if (str_has_control((const char *)p, n) ||
	    str_copy(dst, size, (const char *)p, n) == -1)
		r->has_failed = true;
}

size_t
wire_get_bytes(struct wire_reader *r, void *dst, size_t size)
{
	size_t n;
	const uint8_t *p = wire_get_span(r, &n);

	if (p == NULL)
		return 0;
	if (n > size) {
		r->has_failed = true;
		return 0;
	}
	memcpy(dst, p, n);
	return n;
}

void
wire_get_addr(struct wire_reader *r, struct netaddr *a)
{
	const uint8_t *p;
	size_t n;

	memset(a, 0, sizeof(*a));
	a->family = wire_get_u8(r);
	if (a->family == NETADDR_NONE)
		return;
	if (a->family != NETADDR_V4 && a->family != NETADDR_V6) {
		r->has_failed = true;
		a->family = NETADDR_NONE;
		return;
	}
	a->port = wire_get_u16(r);
	n = a->family == NETADDR_V4 ? 4 : 16;
	if ((p = wire_take(r, n)) != NULL)
		memcpy(a->ip, p, n);
	else
		memset(a, 0, sizeof(*a));
}

int
wire_end(const struct wire_reader *r)
{
	return r->has_failed || r->left != 0 ? -1 : 0;
}
