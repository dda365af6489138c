/* proxy_header: T-V1's vectors, each cut at every byte; what we write. */
#include "unit.h"

#include "login-common/proxy_header.h"

#define SIG		"\r\n\r\n\0\r\nQUIT\n"
#define TEXT(literal)	literal, sizeof(literal) - 1
#define V4		"\1\2\3\4\5\6\7\10\0\31\1\273"
#define V6		"\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1" \
			"\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2\0\31\1\273"
#define V6_MAPPED	"\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4" \
			"\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2\0\31\1\273"

struct vector {
	const char	*text;
	size_t		 len;
	/* "src>dst" of a good one, "local", or NULL for a bad one. */
	const char	*is;
};

static const struct vector vectors[] = {
	{ TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 25 443\r\n"),
	  "1.2.3.4:25>5.6.7.8:443" },
	{ TEXT("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n"),
	  "255.255.255.255:65535>0.0.0.0:0" },
	{ TEXT("PROXY TCP6 2001:db8::1 ::1 1 2\r\n"),
	  "[2001:db8::1]:1>[::1]:2" },
	{ TEXT("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
	  "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535>"
	  "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
	{ TEXT("PROXY TCP6 ::ffff:1.2.3.4 ::1 1 2\r\n"),
	  "1.2.3.4:1>[::1]:2" },
	{ TEXT("PROXY UNKNOWN\r\n"), "local" },
	{ TEXT("PROXY UNKNOWN \r\n"), "local" },
	{ TEXT("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), "local" },

	{ TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 0123 443\r\n"), NULL },
	{ TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 25 0443\r\n"), NULL },
	{ TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 123456 443\r\n"), NULL },
	{ TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 65536 443\r\n"), NULL },
	{ TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 -1 443\r\n"), NULL },
	{ TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 +1 443\r\n"), NULL },
	{ TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 1 \r\n"), NULL },
	{ TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n"), NULL },
	{ TEXT("PROXY TCP4 1.2.3.4 5.6.7.8\r\n"), NULL },
	{ TEXT("PROXY TCP4 1.2.3.4\r\n"), NULL },
	{ TEXT("PROXY TCP4\r\n"), NULL },
	{ TEXT("PROXY \r\n"), NULL },
	{ TEXT("PROXY\r\n"), NULL },
	{ TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n"), NULL },
	{ TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n"), NULL },
	{ TEXT("PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n"), NULL },
	{ TEXT("PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n"), NULL },
	{ TEXT("PROXY TCP4\t1.2.3.4 5.6.7.8 1 2\r\n"), NULL },
	{ TEXT(" PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"), NULL },
	{ TEXT("proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n"), NULL },
	{ TEXT("PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n"), NULL },
	{ TEXT("PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n"), NULL },
	{ TEXT("PROXY TCP 1.2.3.4 5.6.7.8 1 2\r\n"), NULL },
	{ TEXT("PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n"), NULL },
	{ TEXT("PROXY TCP4 ::ffff:1.2.3.4 5.6.7.8 1 2\r\n"), NULL },
	{ TEXT("PROXY TCP4 1.2.3.4 ::1 1 2\r\n"), NULL },
	{ TEXT("PROXY TCP6 1.2.3.4 ::1 1 2\r\n"), NULL },
	{ TEXT("PROXY TCP6 [::1] ::1 1 2\r\n"), NULL },
	{ TEXT("PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n"), NULL },
	{ TEXT("PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n"), NULL },
	{ TEXT("PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n"), NULL },
	{ TEXT("PROXY TCP4 host.example 5.6.7.8 1 2\r\n"), NULL },
	{ TEXT("PROXY TCP4 1.2.3.4\0 5.6.7.8 1 2\r\n"), NULL },
	{ TEXT("PROXY UNKNOWNS\r\n"), NULL },
	{ TEXT("PROXY UNKNOWN\n\r\n"), NULL },
	{ TEXT("PROXY UNKNOWN a\nb\r\n"), NULL },
	{ TEXT("PROXY UNKNOWN\rx"), NULL },
	{ TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n\r\n"), NULL },
	{ TEXT("a1 LOGIN joe pw\r\n"), NULL },
	{ TEXT("\x16\x03\x01"), NULL },

	{ TEXT(SIG "\x21\x11\0\14" V4), "1.2.3.4:25>5.6.7.8:443" },
	{ TEXT(SIG "\x21\x21\0\44" V6), "[2001:db8::1]:25>[2001:db8::2]:443" },
	{ TEXT(SIG "\x21\x21\0\44" V6_MAPPED),
	  "1.2.3.4:25>[2001:db8::2]:443" },
	{ TEXT(SIG "\x21\x11\0\22" V4 "\x02\0\3abc"),
	  "1.2.3.4:25>5.6.7.8:443 name=abc" },
	{ TEXT(SIG "\x21\x11\0\31" V4 "\x05\0\2id\x04\0\0\x02\0\2ho"),
	  "1.2.3.4:25>5.6.7.8:443 name=ho id=id" },
	/* TLS, then the name of a certificate, verified or not. */
	{ TEXT(SIG "\x21\x11\0\24" V4 "\x20\0\5\1\0\0\0\1"),
	  "1.2.3.4:25>5.6.7.8:443 tls" },
	{ TEXT(SIG "\x21\x11\0\31" V4 "\x20\0\12\3\0\0\0\0\x22\0\2cn"),
	  "1.2.3.4:25>5.6.7.8:443 tls cert=cn" },
	{ TEXT(SIG "\x21\x11\0\31" V4 "\x20\0\12\5\0\0\0\0\x22\0\2cn"),
	  "1.2.3.4:25>5.6.7.8:443 tls cert=cn" },
	{ TEXT(SIG "\x21\x11\0\31" V4 "\x20\0\12\3\0\0\0\1\x22\0\2cn"),
	  "1.2.3.4:25>5.6.7.8:443 tls" },
	{ TEXT(SIG "\x21\x11\0\31" V4 "\x20\0\12\1\0\0\0\0\x22\0\2cn"),
	  "1.2.3.4:25>5.6.7.8:443 tls" },
	{ TEXT(SIG "\x21\x11\0\31" V4 "\x20\0\12\2\0\0\0\0\x22\0\2cn"),
	  "1.2.3.4:25>5.6.7.8:443" },
	{ TEXT(SIG "\x20\x00\0\0"), "local" },
	{ TEXT(SIG "\x20\x11\0\14" V4), "local" },
	/* HAProxy's checks have extras behind LOCAL. */
	{ TEXT(SIG "\x20\x00\0\7\x03\0\4crcc"), "local" },
	{ TEXT(SIG "\x21\x00\0\0"), "local" },
	{ TEXT(SIG "\x21\x00\0\3abc"), "local" },

	{ TEXT(SIG "\x11\x11\0\14" V4), NULL },		/* version 1 */
	{ TEXT(SIG "\x31\x11\0\14" V4), NULL },
	{ TEXT(SIG "\x22\x11\0\14" V4), NULL },		/* no such command */
	{ TEXT(SIG "\x2f\x11\0\14" V4), NULL },
	{ TEXT(SIG "\x21\x12\0\14" V4), NULL },		/* UDP */
	{ TEXT(SIG "\x21\x22\0\44" V6), NULL },
	{ TEXT(SIG "\x21\x10\0\14" V4), NULL },
	{ TEXT(SIG "\x21\x13\0\14" V4), NULL },
	{ TEXT(SIG "\x21\x01\0\0"), NULL },
	{ TEXT(SIG "\x21\x41\0\44" V6), NULL },
	{ TEXT(SIG "\x21\x11\0\13" V4), NULL },		/* short */
	{ TEXT(SIG "\x21\x21\0\43" V6), NULL },
	{ TEXT(SIG "\x21\x21\0\14" V4), NULL },
	{ TEXT(SIG "\x21\x11\0\0"), NULL },
	{ TEXT(SIG "\x21\x11\xff\xff"), NULL },		/* 65535 */
	{ TEXT(SIG "\x20\x00\xff\xff"), NULL },
	{ TEXT(SIG "\x21\x11\x05\xdd"), NULL },		/* 1501 */
	{ TEXT(SIG "\x21\x11\0\15" V4 "\x02"), NULL },	/* extras cut */
	{ TEXT(SIG "\x21\x11\0\16" V4 "\x02\0"), NULL },
	{ TEXT(SIG "\x21\x11\0\21" V4 "\x02\0\3ab"), NULL },
	{ TEXT(SIG "\x21\x11\0\21" V4 "\x02\xff\xff" "ab"), NULL },
	{ TEXT(SIG "\x21\x11\0\23" V4 "\x20\0\4\1\0\0\0"), NULL },
	{ TEXT(SIG "\x21\x11\0\26" V4 "\x20\0\7\1\0\0\0\0\x22\0"), NULL },
	{ TEXT(SIG "\x21\x11\0\30" V4 "\x20\0\11\3\0\0\0\0\x22\0\2c"), NULL },
	{ TEXT("\r\n\r\n\0\r\nQUIT\r\x21\x11\0\14" V4), NULL },
};

static const char *
text_of(const struct proxy_header *h)
{
	static char text[300];
	char src[NETADDR_PORT_TEXT_MAX], dst[NETADDR_PORT_TEXT_MAX];

	if (h->is_local)
		return "local";
	(void)snprintf(text, sizeof(text), "%s>%s%s%s%.*s%s%.*s%s%.*s",
	    netaddr_port_text(&h->src, src), netaddr_port_text(&h->dst, dst),
	    h->is_tls ? " tls" : "",
	    h->host_name.len > 0 ? " name=" : "", (int)h->host_name.len,
	    h->host_name.text == NULL ? "" : h->host_name.text,
	    h->cert_name.len > 0 ? " cert=" : "", (int)h->cert_name.len,
	    h->cert_name.text == NULL ? "" : h->cert_name.text,
	    h->id.len > 0 ? " id=" : "", (int)h->id.len,
	    h->id.text == NULL ? "" : h->id.text);
	return text;
}

/* Bytes at the very end of a page of their own, so that no more are read. */
static enum proxy_header_result
parse(struct proxy_header *h, const char *text, size_t len)
{
	static char *copy;
	enum proxy_header_result result;

	copy = malloc(len == 0 ? 1 : len);
	assert_non_null(copy);
	memcpy(copy, text, len);
	result = proxy_header_parse(h, copy, len);
	if (result == PROXY_HEADER_DONE)
		(void)text_of(h);
	free(copy);
	return result;
}

static void
test_vectors(void **state)
{
	struct proxy_header h;
	const struct vector *v;
	char more[400];

	(void)state;
	for (v = vectors; v < vectors + UNIT_LENGTH(vectors); v++) {
		if (v->is == NULL) {
			if (parse(&h, v->text, v->len) != PROXY_HEADER_BAD)
				fail_msg("not bad: %zu", v - vectors);
			continue;
		}
		for (size_t n = 0; n < v->len; n++)
			if (parse(&h, v->text, n) != PROXY_HEADER_MORE)
				fail_msg("%zu cut at %zu", v - vectors, n);
		/* What comes behind is not its. */
		memcpy(more, v->text, v->len);
		memset(more + v->len, 'x', sizeof(more) - v->len);
		for (size_t n = v->len; n <= sizeof(more); n += 100) {
			assert_int_equal(proxy_header_parse(&h, more, n),
			    PROXY_HEADER_DONE);
			assert_int_equal(h.len, v->len);
			assert_string_equal(text_of(&h), v->is);
		}
	}
}

/* A line of 107 bytes is the longest, and a bad one is seen then. */
static void
test_v1_limit(void **state)
{
	struct proxy_header h;
	char line[PROXY_HEADER_V1_MAX + 2];

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "PROXY UNKNOWN ", 14);
	assert_int_equal(parse(&h, line, PROXY_HEADER_V1_MAX - 1),
	    PROXY_HEADER_MORE);
	assert_int_equal(parse(&h, line, PROXY_HEADER_V1_MAX),
	    PROXY_HEADER_BAD);
	memcpy(line + PROXY_HEADER_V1_MAX - 2, "\r\n", 2);
	assert_int_equal(parse(&h, line, PROXY_HEADER_V1_MAX),
	    PROXY_HEADER_DONE);
	assert_int_equal(h.len, PROXY_HEADER_V1_MAX);
	memcpy(line + PROXY_HEADER_V1_MAX - 2, "x\r\n", 3);
	assert_int_equal(parse(&h, line, PROXY_HEADER_V1_MAX),
	    PROXY_HEADER_BAD);
	assert_int_equal(parse(&h, line, PROXY_HEADER_V1_MAX + 1),
	    PROXY_HEADER_BAD);
}

static void
test_v2_limits(void **state)
{
	static char bytes[PROXY_HEADER_MAX + 1];
	struct proxy_header h;
	size_t n = PROXY_HEADER_V2_BODY_MAX;

	(void)state;
	memcpy(bytes, SIG "\x21\x11\x05\xdc" V4 "\x04\x05\xcd", 31);
	assert_int_equal(parse(&h, bytes, PROXY_HEADER_MAX - 1),
	    PROXY_HEADER_MORE);
	assert_int_equal(parse(&h, bytes, PROXY_HEADER_MAX),
	    PROXY_HEADER_DONE);
	assert_int_equal(h.len, PROXY_HEADER_V2_FIXED + n);
	/* The extra is one byte longer than the header. */
	bytes[30]++;
	assert_int_equal(parse(&h, bytes, PROXY_HEADER_MAX),
	    PROXY_HEADER_BAD);
	/* UNIX sockets: their 216 bytes are passed over. */
	memcpy(bytes, SIG "\x21\x31\0\xd8", 16);
	assert_int_equal(parse(&h, bytes, 16 + 216), PROXY_HEADER_DONE);
	assert_true(h.is_local);
	bytes[15]--;
	assert_int_equal(parse(&h, bytes, 16 + 216), PROXY_HEADER_BAD);
	memcpy(bytes, SIG "\x21\x32\0\xd8", 16);
	assert_int_equal(parse(&h, bytes, 16 + 216), PROXY_HEADER_BAD);
	/* An id of 128 bytes, and one of 129. */
	memcpy(bytes, SIG "\x21\x11\0\x8f" V4 "\x05\0\x80", 31);
	assert_int_equal(parse(&h, bytes, 31 + 128), PROXY_HEADER_DONE);
	assert_int_equal(h.id.len, PROXY_HEADER_ID_MAX);
	memcpy(bytes, SIG "\x21\x11\0\x90" V4 "\x05\0\x81", 31);
	assert_int_equal(parse(&h, bytes, 31 + 129), PROXY_HEADER_BAD);
}

static struct netaddr
addr(const char *text, uint16_t port)
{
	struct netaddr a = { .family = NETADDR_NONE };

	if (text[0] != '\0')
		assert_int_equal(netaddr_parse(&a, text, strlen(text)), 0);
	a.port = port;
	return a;
}

/* What we write, we read. */
static void
test_put(void **state)
{
	static const char *const pairs[][3] = {
		{ "1.2.3.4", "5.6.7.8", "1.2.3.4:1>5.6.7.8:65535" },
		{ "2001:db8::1", "::1", "[2001:db8::1]:1>[::1]:65535" },
		{ "1.2.3.4", "::1", "1.2.3.4:1>[::1]:65535" },
		{ "2001:db8::1", "5.6.7.8", "[2001:db8::1]:1>5.6.7.8:65535" },
		{ "", "5.6.7.8", "local" },
		{ "1.2.3.4", "", "local" },
	};
	static char id[PROXY_HEADER_ID_MAX + 2];
	uint8_t header[PROXY_HEADER_PUT_MAX];
	struct netaddr src, dst;
	struct proxy_header h;
	size_t n;

	(void)state;
	memset(id, 'i', PROXY_HEADER_ID_MAX + 1);
	for (size_t i = 0; i < 2 * UNIT_LENGTH(pairs); i++) {
		src = addr(pairs[i / 2][0], 1);
		dst = addr(pairs[i / 2][1], 65535);
		n = proxy_header_put(header, i % 2 + 1, &src, &dst, id);
		assert_int_equal(proxy_header_parse(&h, header, n),
		    PROXY_HEADER_DONE);
		assert_int_equal(h.len, n);
		if (i % 2 == 1 && !h.is_local)
			assert_int_equal(h.id.len, PROXY_HEADER_ID_MAX);
		h.id.len = 0;
		assert_string_equal(text_of(&h), pairs[i / 2][2]);
	}
	src = addr("1.2.3.4", 25);
	dst = addr("5.6.7.8", 143);
	n = proxy_header_put(header, 1, &src, &dst, id);
	assert_int_equal(n, 35);
	assert_memory_equal(header, "PROXY TCP4 1.2.3.4 5.6.7.8 25 143\r\n",
	    n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_v1_limit),
		cmocka_unit_test(test_v2_limits),
		cmocka_unit_test(test_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
