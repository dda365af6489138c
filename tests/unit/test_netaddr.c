/* netaddr: strict texts, networks, and the way to the kernel and back. */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/netaddr.h"

static struct netaddr
parsed(const char *text)
{
	struct netaddr a;

	assert_int_equal(netaddr_parse(&a, text, strlen(text)), 0);
	return a;
}

static void
test_good_texts(void **state)
{
	static const struct {
		const char	*in, *out;
		uint8_t		 family;
	} rows[] = {
		{ "0.0.0.0", "0.0.0.0", NETADDR_V4 },
		{ "192.168.0.1", "192.168.0.1", NETADDR_V4 },
		{ "255.255.255.255", "255.255.255.255", NETADDR_V4 },
		{ "::", "::", NETADDR_V6 },
		{ "::1", "::1", NETADDR_V6 },
		{ "2001:DB8::00f", "2001:db8::f", NETADDR_V6 },
		{ "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", NETADDR_V6 },
		{ "::ffff:10.1.2.3", "10.1.2.3", NETADDR_V4 },
		{ "::ffff:a01:203", "10.1.2.3", NETADDR_V4 },
		{ "64:ff9b::10.1.2.3", "64:ff9b::a01:203", NETADDR_V6 },
	};
	char text[NETADDR_TEXT_MAX];
	struct netaddr a;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_LENGTH(rows); i++) {
		a = parsed(rows[i].in);
		assert_int_equal(a.family, rows[i].family);
		assert_int_equal(a.port, 0);
		assert_ptr_equal(netaddr_text(&a, text), text);
		assert_string_equal(text, rows[i].out);
	}
	/* Only the span is read. */
	assert_int_equal(netaddr_parse(&a, "1.2.3.45", 7), 0);
	assert_string_equal(netaddr_text(&a, text), "1.2.3.4");
}

static void
test_bad_texts(void **state)
{
	static const char *const rows[] = {
		"", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4",
		"1.2.3.04", "0x1.2.3.4", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4\n",
		"1.2.3.4:25", "-1.2.3.4", "1..2.3", ":", ":::", "1::2::3",
		"1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::",
		"[::1]", "fe80::1%lo", "fe80::1%1", "::1/128", "localhost",
		"::ffff:1.2.3.256",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb",
	};
	struct netaddr a;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_LENGTH(rows); i++) {
		assert_int_equal(netaddr_parse(&a, rows[i], strlen(rows[i])),
		    -1);
		assert_int_equal(a.family, NETADDR_NONE);
	}
	assert_int_equal(netaddr_parse(&a, "1.2.3.4\0", 8), -1);
}

/* As inet_ntop() writes them. */
static void
test_every_number(void **state)
{
	struct netaddr a = { .family = NETADDR_V4 };
	char text[NETADDR_PORT_TEXT_MAX], wanted[NETADDR_PORT_TEXT_MAX];
	char ip[NETADDR_TEXT_MAX];
	unsigned int i;

	(void)state;
	for (i = 0; i <= 65535; i++) {
		a.ip[i % 4] = (uint8_t)i;
		a.ip[3 - i % 4] = (uint8_t)(i >> 8);
		a.port = (uint16_t)i;
		assert_non_null(inet_ntop(AF_INET, a.ip, ip, sizeof(ip)));
		snprintf(wanted, sizeof(wanted), "%s:%u", ip, i);
		assert_string_equal(netaddr_port_text(&a, text), wanted);
	}
}

static void
test_port_text(void **state)
{
	const char *longest = "1111:2222:3333:4444:5555:6666:7777:8888";
	char text[NETADDR_PORT_TEXT_MAX];
	struct netaddr a = parsed("10.0.0.1");

	(void)state;
	a.port = 143;
	assert_ptr_equal(netaddr_port_text(&a, text), text);
	assert_string_equal(text, "10.0.0.1:143");
	a = parsed("::1");
	a.port = 65535;
	assert_string_equal(netaddr_port_text(&a, text), "[::1]:65535");
	a = parsed(longest);
	a.port = 65535;
	assert_string_equal(netaddr_port_text(&a, text),
	    "[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
	memset(&a, 0, sizeof(a));
	assert_string_equal(netaddr_text(&a, text), "-");
}

static void
test_networks(void **state)
{
	static const struct {
		const char	*net, *addr;
		bool		 has;
	} rows[] = {
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "::1", false },
		{ "::/0", "::1", true },
		{ "::/0", "10.0.0.1", false },
		{ "10.0.0.0/8", "10.255.0.1", true },
		{ "10.0.0.0/8", "11.0.0.1", false },
		{ "10.1.2.3/8", "10.9.9.9", true },
		{ "192.168.1.128/25", "192.168.1.127", false },
		{ "192.168.1.128/25", "192.168.1.128", true },
		{ "192.168.1.4/31", "192.168.1.5", true },
		{ "192.168.1.4/31", "192.168.1.6", false },
		{ "192.168.1.4/32", "192.168.1.4", true },
		{ "192.168.1.4/32", "192.168.1.5", false },
		{ "192.168.1.4", "192.168.1.4", true },
		{ "192.168.1.4", "192.168.1.5", false },
		{ "10.0.0.0/8", "::ffff:10.1.1.1", true },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "::1/128", "::1", true },
		{ "::1/128", "::2", false },
		{ "::1", "::2", false },
	};
	struct netaddr_net net;
	struct netaddr a;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_LENGTH(rows); i++) {
		assert_int_equal(netaddr_net_parse(&net, rows[i].net,
		    strlen(rows[i].net)), 0);
		a = parsed(rows[i].addr);
		assert_int_equal(netaddr_net_has(&net, &a), rows[i].has);
	}
}

static void
test_bad_networks(void **state)
{
	static const char *const rows[] = {
		"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
		"10.0.0.0/8/8", "10.0.0.0/ 8", "10.0.0.0/255.0.0.0",
		"10.0.0/8", "::/129", "::/", "10.0.0.0/8x", "10.0.0.0/256",
	};
	struct netaddr_net net;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_LENGTH(rows); i++)
		assert_int_equal(netaddr_net_parse(&net, rows[i],
		    strlen(rows[i])), -1);
}

static void
test_same_ip(void **state)
{
	struct netaddr a = parsed("10.0.0.1"), b = parsed("10.0.0.1");
	struct netaddr six = parsed("a00:1::");

	(void)state;
	b.port = 7;
	assert_true(netaddr_same_ip(&a, &b));
	assert_false(netaddr_same(&a, &b));
	a.port = 7;
	assert_true(netaddr_same(&a, &b));
	b = parsed("10.0.0.2");
	b.port = 7;
	assert_false(netaddr_same_ip(&a, &b));
	assert_false(netaddr_same(&a, &b));
	/* The same first bytes in the other family. */
	assert_false(netaddr_same_ip(&a, &six));
}

static void
test_sockaddr(void **state)
{
	static const char *const texts[] = { "10.0.0.1", "2001:db8::f" };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_storage ss;
	struct netaddr a, b;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_LENGTH(texts); i++) {
		a = parsed(texts[i]);
		a.port = 0x1234;
		assert_int_equal(netaddr_to_sockaddr(&a, &ss),
		    i == 0 ? sizeof(struct sockaddr_in) :
		    sizeof(struct sockaddr_in6));
		assert_int_equal(netaddr_from_sockaddr(&b,
		    (const struct sockaddr *)&ss), 0);
		assert_true(netaddr_same_ip(&a, &b));
		assert_int_equal(b.port, 0x1234);
	}
	assert_int_equal(inet_pton(AF_INET6, "::ffff:10.0.0.1",
	    &six.sin6_addr), 1);
	six.sin6_port = htons(99);
	assert_int_equal(netaddr_from_sockaddr(&b,
	    (const struct sockaddr *)&six), 0);
	a = parsed("10.0.0.1");
	assert_true(netaddr_same_ip(&a, &b));
	assert_int_equal(b.port, 99);
	assert_int_equal(netaddr_from_sockaddr(&b,
	    (const struct sockaddr *)&un), -1);
}

static void
test_source(void **state)
{
	static const char *const rows[][2] = {
		{ "192.0.2.255", "192.0.2.255" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::" },
		{ "::1", "::" },
	};
	struct netaddr a, source;
	char text[NETADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		a = parsed(rows[i][0]);
		a.port = 143;
		source = netaddr_source(&a);
		assert_int_equal(source.port, 0);
		assert_string_equal(netaddr_text(&source, text), rows[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_good_texts),
		cmocka_unit_test(test_bad_texts),
		cmocka_unit_test(test_every_number),
		cmocka_unit_test(test_port_text),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_bad_networks),
		cmocka_unit_test(test_same_ip),
		cmocka_unit_test(test_sockaddr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
