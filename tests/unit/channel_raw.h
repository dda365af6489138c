/* channel_raw: a peer that sends what bytes it likes. */
#ifndef TESTS_UNIT_CHANNEL_RAW_H
#define TESTS_UNIT_CHANNEL_RAW_H

#include "channel_end.h"

/* A frame by hand; dst has room. Returns its length. */
static inline size_t
raw_frame(uint8_t *dst, uint16_t type, uint16_t flags, const void *body,
    size_t len)
{
	struct wire_writer w;

	wire_writer_init(&w, dst, END_HEAD);
	wire_put_u32(&w, (uint32_t)len);
	wire_put_u16(&w, type);
	wire_put_u16(&w, flags);
	wire_put_u32(&w, 7);
	if (len > 0)
		memcpy(dst + END_HEAD, body, len);
	return END_HEAD + len;
}

struct raw_hello {
	uint32_t	magic;
	uint16_t	kind, version;
};

#define RAW_MAGIC	0x4d574b31u
#define RAW_HELLO_GOOD	{ RAW_MAGIC, END_KIND, END_VERSION }

static inline size_t
raw_hello(uint8_t *dst, const struct raw_hello *hello)
{
	uint8_t body[END_HELLO - END_HEAD];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_u32(&w, hello->magic);
	wire_put_u16(&w, hello->kind);
	wire_put_u16(&w, hello->version);
	wire_put_u16(&w, END_ROLE);
	return raw_frame(dst, 0, 0, body, sizeof(body));
}

/* Sends bytes, with n fds if n > 0; false when not all went. */
static inline bool
raw_send(int to, const uint8_t *bytes, size_t len, const int *fds, size_t n)
{
	union {
		struct cmsghdr	align;
		char		space[CMSG_SPACE(32 * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)bytes,
	    .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	memset(&control, 0, sizeof(control));
	if (n > 0) {
		mh.msg_control = control.space;
		mh.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	return sendmsg(to, &mh, MSG_NOSIGNAL) == (ssize_t)len;
}

#endif
