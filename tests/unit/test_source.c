/* source: connections begin from each address in turn, or from none. */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>

#include "lib/sock.h"
#include "login-common/source.h"

static const struct netaddr none;

struct host {
	int		 lfd;
	struct netaddr	 at;
};

static struct netaddr
addr(const char *text)
{
	struct netaddr a;

	assert_int_equal(netaddr_parse(&a, text, strlen(text)), 0);
	return a;
}

static void
host_open(struct host *h)
{
	const struct netaddr any = addr("127.0.0.1");

	h->lfd = sock_listen(&any, 64);
	assert_int_not_equal(h->lfd, -1);
	assert_int_equal(sock_local(h->lfd, &h->at), 0);
}

static void
sources_of(struct sources *s, const char *list)
{
	char copy[256], *rest = copy, *items[SETTINGS_SOURCES_MAX];
	struct settings set = { .login_source_ips = { items, 0 } };

	(void)snprintf(copy, sizeof(copy), "%s", list);
	while (*rest != '\0') {
		items[set.login_source_ips.n++] = rest;
		rest += strcspn(rest, " ");
		if (*rest == ' ')
			*rest++ = '\0';
	}
	sources_init(s, &set);
}

/* From where the host is reached, or why it is not; in dst. */
static const char *
reach(struct sources *s, const struct host *h, const struct netaddr *route,
    char *dst, size_t size)
{
	bool is_pending;
	struct netaddr from;
	int fd = source_connect(s, &h->at, route, &is_pending, dst, size);

	if (fd == -1)
		return dst;
	assert_int_equal(sock_local(fd, &from), 0);
	(void)close(fd);
	assert_int_not_equal(from.port, 0);
	return netaddr_text(&from, dst);
}

static void
test_turns(void **state)
{
	char first[128], text[128];
	struct sources s;
	struct host h;
	bool has_begun[4] = { false };

	(void)state;
	host_open(&h);
	/* each one comes once in three, from the chosen one on */
	for (int i = 0; i < 200; i++) {
		sources_of(&s, "127.0.0.2 127.0.0.3 ::1 127.0.0.4");
		assert_int_equal(s.v4.n, 3);
		assert_int_equal(s.v6.n, 1);
		has_begun[s.v4.next] = true;
	}
	assert_true(has_begun[0] && has_begun[1] && has_begun[2]);
	reach(&s, &h, &none, first, sizeof(first));
	assert_string_not_equal(reach(&s, &h, &none, text, sizeof(text)),
	    first);
	assert_string_not_equal(reach(&s, &h, &none, text, sizeof(text)),
	    first);
	assert_string_equal(reach(&s, &h, &none, text, sizeof(text)), first);
	(void)close(h.lfd);
}

/* 203.0.113.0/24 is for documents: no machine has one of them. */
static void
test_absent(void **state)
{
	const struct netaddr absent = addr("203.0.113.9");
	const struct netaddr there = addr("127.0.0.9");
	struct sources s;
	struct host h;
	char text[128];

	(void)state;
	host_open(&h);
	sources_of(&s, "203.0.113.1 127.0.0.2");
	for (int i = 0; i < 3; i++)
		assert_string_equal(reach(&s, &h, &none, text, sizeof(text)),
		    "127.0.0.2");
	sources_of(&s, "203.0.113.1");
	assert_string_equal(reach(&s, &h, &none, text, sizeof(text)),
	    "login_source_ips 203.0.113.1: Cannot assign requested address");
	assert_int_equal(errno, EADDRNOTAVAIL);
	sources_of(&s, "?203.0.113.1 203.0.113.2");
	assert_string_equal(reach(&s, &h, &none, text, sizeof(text)),
	    "127.0.0.1");
	sources_of(&s, "?203.0.113.1 127.0.0.2");
	assert_string_equal(reach(&s, &h, &none, text, sizeof(text)),
	    "127.0.0.2");
	/* a list of the other family only */
	sources_of(&s, "::1");
	assert_string_equal(reach(&s, &h, &none, text, sizeof(text)),
	    "127.0.0.1");
	/* the row's own, and no other instead */
	sources_of(&s, "?127.0.0.2");
	assert_string_equal(reach(&s, &h, &there, text, sizeof(text)),
	    "127.0.0.9");
	assert_string_equal(reach(&s, &h, &absent, text, sizeof(text)),
	    "source_ip 203.0.113.9: Cannot assign requested address");
	(void)close(h.lfd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
