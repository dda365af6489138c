/* wire: every type there and back, and the failure that sticks. */
#include "unit.h"

#include "lib/netaddr.h"
#include "lib/wire.h"

static struct netaddr
address(const char *text, uint16_t port)
{
	struct netaddr a;

	assert_int_equal(netaddr_parse(&a, text, strlen(text)), 0);
	a.port = port;
	return a;
}

/* One of each; returns the length. */
static size_t
put_all(uint8_t *body, size_t size, bool *has_failed)
{
	struct netaddr four = address("10.1.2.3", 143), none = { 0 };
	struct netaddr six = address("2001:db8::1", 65535);
	struct wire_writer w;

	wire_writer_init(&w, body, size);
	wire_put_u8(&w, 0xf1);
	wire_put_u16(&w, 0xf1f2);
	wire_put_u32(&w, 0xf1f2f3f4u);
	wire_put_u64(&w, UINT64_C(0xf1f2f3f4f5f6f7f8));
	wire_put_bool(&w, true);
	wire_put_bool(&w, false);
	wire_put_u8(&w, 3);
	wire_put_text(&w, "j\xc3\xb6hn");
	wire_put_text(&w, "");
	wire_put_bytes(&w, "\0\n\xff", 3);
	wire_put_bytes(&w, "span", 4);
	wire_put_addr(&w, &four);
	wire_put_addr(&w, &six);
	wire_put_addr(&w, &none);
	*has_failed = w.has_failed;
	return w.len;
}

static void
get_all(struct wire_reader *r)
{
	struct netaddr a, b;
	uint8_t bytes[4] = { 0 };
	const uint8_t *span;
	char text[16];
	size_t n;

	assert_int_equal(wire_get_u8(r), 0xf1);
	assert_int_equal(wire_get_u16(r), 0xf1f2);
	assert_int_equal(wire_get_u32(r), 0xf1f2f3f4u);
	assert_true(wire_get_u64(r) == UINT64_C(0xf1f2f3f4f5f6f7f8));
	assert_true(wire_get_bool(r));
	assert_false(wire_get_bool(r));
	assert_int_equal(wire_get_enum(r, 3), 3);
	wire_get_text(r, text, 6);
	assert_string_equal(text, "j\xc3\xb6hn");
	wire_get_text(r, text, 1);
	assert_string_equal(text, "");
	assert_int_equal(wire_get_bytes(r, bytes, 3), 3);
	assert_memory_equal(bytes, "\0\n\xff", 4);
	span = wire_get_span(r, &n);
	assert_int_equal(n, 4);
	assert_memory_equal(span, "span", 4);
	a = address("10.1.2.3", 143);
	wire_get_addr(r, &b);
	assert_true(netaddr_same_ip(&a, &b));
	assert_int_equal(b.port, 143);
	a = address("2001:db8::1", 65535);
	wire_get_addr(r, &b);
	assert_true(netaddr_same_ip(&a, &b));
	assert_int_equal(b.port, 65535);
	wire_get_addr(r, &b);
	assert_int_equal(b.family, NETADDR_NONE);
	assert_int_equal(b.port, 0);
}

static void
test_round_trip(void **state)
{
	uint8_t body[256];
	struct wire_reader r;
	bool has_failed;
	size_t n;

	(void)state;
	n = put_all(body, sizeof(body), &has_failed);
	assert_false(has_failed);
	wire_reader_init(&r, body, n);
	get_all(&r);
	assert_int_equal(wire_end(&r), 0);
	/* Something is left over. */
	wire_reader_init(&r, body, n + 1);
	get_all(&r);
	assert_int_equal(wire_end(&r), -1);
}

static void
test_bytes_on_the_wire(void **state)
{
	static const uint8_t expected[] = {
		0x34, 0x12, 0x78, 0x56, 0x34, 0x12, 0x02, 0x00, 'o', 'k',
		0x04, 0x8f, 0x00, 10, 1, 2, 3, 0x00,
	};
	struct netaddr a = address("10.1.2.3", 143), none = { 0 };
	uint8_t body[64];
	struct wire_writer w;

	(void)state;
	wire_writer_init(&w, body, sizeof(body));
	wire_put_u16(&w, 0x1234);
	wire_put_u32(&w, 0x12345678);
	wire_put_text(&w, "ok");
	wire_put_addr(&w, &a);
	wire_put_addr(&w, &none);
	assert_int_equal(w.len, sizeof(expected));
	assert_memory_equal(body, expected, sizeof(expected));
}

/* A writer of any size writes all or fails, and never beyond its end. */
static void
test_writer_overflow(void **state)
{
	uint8_t body[256];
	size_t n, size, len;
	bool has_failed;

	(void)state;
	n = put_all(body, sizeof(body), &has_failed);
	for (size = 0; size <= n; size++) {
		memset(body, 0xaa, sizeof(body));
		len = put_all(body, size, &has_failed);
		assert_int_equal(has_failed, size < n);
		assert_true(len <= size);
		for (len = size; len < sizeof(body); len++)
			assert_int_equal(body[len], 0xaa);
	}
}

static void
test_writer_refuses(void **state)
{
	static uint8_t body[70000], bytes[65536];
	struct wire_writer w;

	(void)state;
	wire_writer_init(&w, body, sizeof(body));
	wire_put_text(&w, "a\nb");
	assert_true(w.has_failed);
	wire_put_u8(&w, 1);
	assert_true(w.has_failed);
	assert_int_equal(w.len, 0);
	wire_writer_init(&w, body, sizeof(body));
	wire_put_text(&w, "a\x7f");
	assert_true(w.has_failed);
	wire_writer_init(&w, body, sizeof(body));
	wire_put_bytes(&w, bytes, 65535);
	assert_false(w.has_failed);
	assert_int_equal(w.len, 65537);
	wire_writer_init(&w, body, sizeof(body));
	wire_put_bytes(&w, bytes, 65536);
	assert_true(w.has_failed);
}

/* Every get after a failure: zero, and nothing is read. */
static void
gets_are_zero(struct wire_reader *r)
{
	struct netaddr a, zero;
	uint8_t bytes[8];
	char text[8] = "x";
	size_t n = 9;

	memset(&zero, 0, sizeof(zero));
	assert_int_equal(wire_get_u8(r), 0);
	assert_int_equal(wire_get_u16(r), 0);
	assert_int_equal(wire_get_u32(r), 0);
	assert_true(wire_get_u64(r) == 0);
	assert_false(wire_get_bool(r));
	assert_int_equal(wire_get_enum(r, 255), 0);
	wire_get_text(r, text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(wire_get_bytes(r, bytes, sizeof(bytes)), 0);
	assert_null(wire_get_span(r, &n));
	assert_int_equal(n, 0);
	memset(&a, 0xff, sizeof(a));
	wire_get_addr(r, &a);
	assert_int_equal(a.family, NETADDR_NONE);
	assert_int_equal(a.port, 0);
	assert_memory_equal(a.ip, zero.ip, sizeof(a.ip));
	assert_true(r->has_failed);
	assert_int_equal(wire_end(r), -1);
}

static void
test_reader_sticks(void **state)
{
	static const uint8_t body[64] = { 1 };
	struct wire_reader r;

	(void)state;
	wire_reader_init(&r, body, 1);
	assert_int_equal(wire_get_u16(&r), 0);
	gets_are_zero(&r);
	/* Even when there would be enough for the rest. */
	wire_reader_init(&r, "\x02", 1);
	assert_false(wire_get_bool(&r));
	r.data = body;
	r.left = sizeof(body);
	gets_are_zero(&r);
	wire_reader_init(&r, body, sizeof(body));
	assert_int_equal(wire_get_enum(&r, 0), 0);
	gets_are_zero(&r);
	wire_reader_init(&r, NULL, 0);
	assert_int_equal(wire_end(&r), 0);
	gets_are_zero(&r);
}

static int
text_of(const char *body, size_t len, char *dst, size_t size)
{
	struct wire_reader r;

	wire_reader_init(&r, body, len);
	wire_get_text(&r, dst, size);
	return wire_end(&r);
}

static void
test_text_limits(void **state)
{
	char dst[8] = "", one[3] = { 1, 0, 0 };
	int c;

	(void)state;
	assert_int_equal(text_of("\3\0abc", 5, dst, 4), 0);
	assert_string_equal(dst, "abc");
	assert_int_equal(text_of("\3\0abc", 5, dst, 3), -1);
	assert_string_equal(dst, "");
	assert_int_equal(text_of("\4\0abc", 5, dst, 8), -1);
	assert_string_equal(dst, "");
	assert_int_equal(text_of("\3\0a\0c", 5, dst, 8), -1);
	assert_string_equal(dst, "");
	for (c = 0; c < 256; c++) {
		one[2] = (char)c;
		assert_int_equal(text_of(one, 3, dst, 8),
		    c < 32 || c == 127 ? -1 : 0);
		assert_int_equal((uint8_t)dst[0], c < 32 || c == 127 ? 0 : c);
	}
}

static void
test_bytes_limits(void **state)
{
	struct wire_reader r;
	uint8_t dst[4] = { 9, 9, 9, 9 };

	(void)state;
	wire_reader_init(&r, "\4\0abcd", 6);
	assert_int_equal(wire_get_bytes(&r, dst, 3), 0);
	assert_int_equal(wire_end(&r), -1);
	assert_int_equal(dst[0], 9);
	wire_reader_init(&r, "\4\0abc", 5);
	assert_int_equal(wire_get_bytes(&r, dst, 4), 0);
	assert_int_equal(wire_end(&r), -1);
	assert_int_equal(dst[0], 9);
	wire_reader_init(&r, "\0\0", 2);
	assert_int_equal(wire_get_bytes(&r, dst, 0), 0);
	assert_int_equal(wire_end(&r), 0);
}

static void
test_addr_families(void **state)
{
	uint8_t body[19] = { 0 };
	struct wire_reader r;
	struct netaddr a;
	size_t n, whole;
	int family;

	(void)state;
	memset(body, 1, sizeof(body));
	for (family = 0; family < 256; family++) {
		body[0] = (uint8_t)family;
		whole = family == NETADDR_NONE ? 1 :
		    family == NETADDR_V4 ? 7 :
		    family == NETADDR_V6 ? 19 : 99;
		for (n = 0; n <= sizeof(body); n++) {
			wire_reader_init(&r, body, n);
			wire_get_addr(&r, &a);
			assert_int_equal(wire_end(&r), n == whole ? 0 : -1);
			if (n >= whole)
				continue;
			/* Cut: nothing of it is left to be used. */
			assert_int_equal(a.family, NETADDR_NONE);
			assert_int_equal(a.port, 0);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bytes_on_the_wire),
		cmocka_unit_test(test_writer_overflow),
		cmocka_unit_test(test_writer_refuses),
		cmocka_unit_test(test_reader_sticks),
		cmocka_unit_test(test_text_limits),
		cmocka_unit_test(test_bytes_limits),
		cmocka_unit_test(test_addr_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
