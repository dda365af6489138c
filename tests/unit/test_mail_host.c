/* mail_host: who is down, who is tried first, and that the table is bounded. */
#include "unit.h"

#include "auth/mail_host.h"
#include "lib/clock.h"
#include "lib/log.h"

#define START_MS	1000000u

struct fixture {
	struct mail_hosts		 all;
	struct login_auth_route		 route;
	uint64_t			 now_ms, since_ms;
	uint32_t			 grace_ms;
};

static int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	log_set_level((enum log_level)(LOG_LEVEL_ERROR + 1));
	f.now_ms = START_MS;
	clock_set_for_test(f.now_ms);
	mail_hosts_init(&f.all);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	mail_hosts_clear(&f->all);
	assert_int_equal(f->all.n, 0);
	assert_true(RB_EMPTY(&f->all.tree));
	clock_set_for_test(0);
	return 0;
}

static void
pass(struct fixture *f, uint64_t ms)
{
	f->now_ms += ms;
	clock_set_for_test(f->now_ms);
}

/* 192.0.2.N:143 */
static struct netaddr
addr(unsigned int n)
{
	return (struct netaddr){ NETADDR_V4, 143,
	    { 192, 0, 2, (uint8_t)n } };
}

static struct mail_host *
host(struct fixture *f, unsigned int n)
{
	const struct netaddr a = addr(n);

	return mail_hosts_get(&f->all, &a);
}

/* A client with this number alone could not connect. */
static bool
failed(struct mail_host *h, enum login_auth_trouble trouble, uint64_t client)
{
	return mail_host_failed(h, trouble, &(struct mail_host_failure){
	    .suspect = client, .witness = client });
}

/* Two clients have failed there. */
static void
kill_host(struct fixture *f, unsigned int n, enum login_auth_trouble trouble)
{
	assert_false(failed(host(f, n), trouble, 1));
	assert_true(failed(host(f, n), trouble, 2));
	assert_true(host(f, n)->is_down);
	/* It is told once. */
	assert_false(failed(host(f, n), trouble, 3));
}

/* Is it known to be down, and no order says otherwise? */
static bool
is_down(struct fixture *f, const struct netaddr *a)
{
	return mail_hosts_has(&f->all, a) &&
	    mail_hosts_get(&f->all, a)->is_down &&
	    host_orders_find(&f->all.orders, a) != HOST_UP;
}

/* What becomes of a route to 1, 2 and 3: their numbers, "" for none. */
static const char *
sorted(struct fixture *f, bool may_ask)
{
	static char text[LOGIN_AUTH_ADDRS_MAX + 1];
	unsigned int i;

	memset(&f->route, 0, sizeof(f->route));
	for (i = 0; i < 3; i++) {
		f->route.addrs[i] = addr(i + 1);
		f->route.tls.word[i] = (uint8_t)(i + 1);
	}
	f->route.naddrs = 3;
	if (!mail_hosts_sort(&f->all, &f->route, may_ask, f->grace_ms,
	    &f->since_ms))
		return "";
	for (i = 0; i < f->route.naddrs; i++) {
		text[i] = (char)('0' + f->route.addrs[i].ip[3]);
		assert_int_equal(f->route.down >> i & 1,
		    is_down(f, &f->route.addrs[i]));
		assert_int_equal(f->route.tls.word[i],
		    f->route.addrs[i].ip[3]);
	}
	text[i] = '\0';
	return text;
}

static void
test_two_clients(void **state)
{
	struct fixture *f = *state;
	struct mail_host *h = host(f, 1);

	for (unsigned int i = 0; i < 100; i++)
		failed(h, LOGIN_AUTH_UNREACHABLE, 1);
	assert_false(h->is_down);
	mail_host_answered(h);
	failed(h, LOGIN_AUTH_UNREACHABLE, 2);
	assert_false(h->is_down);
	pass(f, MAIL_HOST_WINDOW_MS + 1);
	failed(h, LOGIN_AUTH_UNREACHABLE, 3);
	assert_false(h->is_down);
	pass(f, MAIL_HOST_WINDOW_MS);
	failed(h, LOGIN_AUTH_UNREACHABLE, 4);
	assert_true(h->is_down);
	assert_int_equal(h->since_ms, f->now_ms);
	assert_int_equal(h->nfailures, 103);
	mail_host_answered(h);
	assert_false(h->is_down);
}

/* What a client is not to blame for is not forgotten for what he may be. */
static void
test_faults_of_one(void **state)
{
	struct fixture *f = *state;
	struct mail_host *h = host(f, 1);
	struct mail_host_failure joe = { .suspect = 1, .witness = 2 };
	struct mail_host_failure ann = { .suspect = 1, .witness = 3 };

	assert_false(mail_host_failed(h, LOGIN_AUTH_SILENT, &joe));
	joe.has_login = true;
	assert_false(mail_host_failed(h, LOGIN_AUTH_SILENT, &joe));
	assert_true(mail_host_failed(h, LOGIN_AUTH_SILENT, &ann));
	mail_host_answered(h);
	/* Unless that is too long ago. */
	joe.has_login = false;
	assert_false(mail_host_failed(h, LOGIN_AUTH_SILENT, &joe));
	pass(f, MAIL_HOST_WINDOW_MS + 1);
	joe.has_login = true;
	assert_false(mail_host_failed(h, LOGIN_AUTH_SILENT, &joe));
	assert_false(mail_host_failed(h, LOGIN_AUTH_SILENT, &ann));
}

/* What a host cannot be blamed for says nothing. */
static void
test_blame(void **state)
{
	static const bool blames[] = {
		[LOGIN_AUTH_UNREACHABLE] = true,
		[LOGIN_AUTH_SILENT] = true,
		[LOGIN_AUTH_NO_TLS] = false,
		[LOGIN_AUTH_UNFIT] = false,
		[LOGIN_AUTH_SAID_BYE] = true,
		[LOGIN_AUTH_BROKEN] = true,
	};
	struct fixture *f = *state;

	assert_int_equal(UNIT_LENGTH(blames), LOGIN_AUTH_TROUBLE_LAST + 1);
	for (unsigned int i = 0; i < UNIT_LENGTH(blames); i++) {
		failed(host(f, 1), (enum login_auth_trouble)i, 1);
		failed(host(f, 1), (enum login_auth_trouble)i, 2);
		assert_int_equal(host(f, 1)->is_down, blames[i]);
		mail_host_answered(host(f, 1));
	}
}

static void
test_order(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(sorted(f, true), "123");
	kill_host(f, 1, LOGIN_AUTH_UNREACHABLE);
	assert_string_equal(sorted(f, true), "231");
	assert_int_equal(f->route.probe_ms, 0);
	kill_host(f, 2, LOGIN_AUTH_UNREACHABLE);
	assert_string_equal(sorted(f, true), "312");
	kill_host(f, 3, LOGIN_AUTH_UNREACHABLE);
	assert_string_equal(sorted(f, true), "");
	assert_int_equal(f->since_ms, f->now_ms);
	mail_host_answered(host(f, 2));
	assert_string_equal(sorted(f, true), "213");
}

/* One client in a while comes to a host that is down, and is not held long. */
static void
test_probe(void **state)
{
	struct fixture *f = *state;

	kill_host(f, 2, LOGIN_AUTH_SILENT);
	pass(f, MAIL_HOST_PROBE_MS * 5 / 4);
	assert_string_equal(sorted(f, false), "132");
	assert_string_equal(sorted(f, true), "213");
	assert_int_equal(f->route.probe_ms, MAIL_HOST_ASK_MS);
	assert_string_equal(sorted(f, true), "132");
	assert_int_equal(f->route.probe_ms, 0);
	/* He had to wait: the next one comes later and waits longer. */
	for (uint32_t ask = MAIL_HOST_ASK_MS; ask < MAIL_HOST_ASK_LONGEST_MS;
	    ask *= 2) {
		failed(host(f, 2), LOGIN_AUTH_SILENT, 3);
		failed(host(f, 2), LOGIN_AUTH_SILENT, 4);
		pass(f, ask - 1);
		if (ask > 2 * MAIL_HOST_PROBE_MS)
			assert_string_equal(sorted(f, true), "132");
		pass(f, MAIL_HOST_PROBE_MS);
		assert_string_equal(sorted(f, true), "213");
		assert_int_equal(f->route.probe_ms, 2 * ask);
	}
	failed(host(f, 2), LOGIN_AUTH_SILENT, 3);
	assert_int_equal(host(f, 2)->ask_ms, MAIL_HOST_ASK_LONGEST_MS);
	mail_host_answered(host(f, 2));
	assert_string_equal(sorted(f, true), "123");
}

/* Where there is no other, the one who asks has all the time there is. */
static void
test_probe_of_all(void **state)
{
	struct fixture *f = *state;
	unsigned int asked = 0;

	for (unsigned int i = 1; i <= 3; i++)
		kill_host(f, i, LOGIN_AUTH_SILENT);
	host(f, 1)->ask_ms = MAIL_HOST_ASK_LONGEST_MS;
	for (unsigned int ms = 0; ms < 60000; ms += 50) {
		pass(f, 50);
		if (sorted(f, true)[0] != '\0') {
			asked++;
			assert_int_equal(f->route.naddrs, 3);
			assert_int_equal(f->route.probe_ms, 0);
		}
	}
	/* Each of three hosts once in 1 to 1.25 s. */
	assert_in_range(asked, 3 * 48 - 3, 3 * 60);
}

/* A row may want its users to try for a while. */
static void
test_grace(void **state)
{
	struct fixture *f = *state;

	f->grace_ms = 15000;
	for (unsigned int i = 1; i <= 3; i++) {
		kill_host(f, i, LOGIN_AUTH_UNREACHABLE);
		pass(f, 100);
	}
	host(f, 2)->asked_ms = host(f, 1)->asked_ms = f->now_ms;
	assert_string_equal(sorted(f, true), "123");
	assert_string_equal(sorted(f, false), "123");
	assert_int_equal(f->route.probe_ms, 0);
	/* The last of them went down 100 ms ago. */
	pass(f, f->grace_ms - 101);
	assert_string_equal(sorted(f, false), "123");
	pass(f, 1);
	assert_string_equal(sorted(f, false), "");
	mail_host_answered(host(f, 3));
	assert_string_equal(sorted(f, false), "312");
}

static void
test_orders(void **state)
{
	struct fixture *f = *state;
	struct host_order order = { .addr = addr(1), .mode = HOST_DOWN };

	assert_int_equal(host_orders_set(&f->all.orders, &order), 0);
	assert_string_equal(sorted(f, true), "23");
	order.addr.ip[3] = 2;
	order.addr.port = 0;
	assert_int_equal(host_orders_set(&f->all.orders, &order), 0);
	assert_string_equal(sorted(f, true), "3");
	/* A port has its own order before that of all. */
	order.addr.port = 143;
	order.mode = HOST_UP;
	assert_int_equal(host_orders_set(&f->all.orders, &order), 0);
	kill_host(f, 2, LOGIN_AUTH_UNREACHABLE);
	assert_string_equal(sorted(f, true), "23");
	order.mode = HOST_AUTO;
	assert_int_equal(host_orders_set(&f->all.orders, &order), 0);
	order.addr.port = 0;
	assert_int_equal(host_orders_set(&f->all.orders, &order), 0);
	assert_int_equal(host_orders_set(&f->all.orders, &order), 0);
	assert_int_equal(f->all.orders.n, 1);
	assert_string_equal(sorted(f, true), "32");
}

/* One that is to be drained comes last, where there is another. */
static void
test_drain(void **state)
{
	struct fixture *f = *state;
	struct host_order order = { .addr = addr(1), .mode = HOST_DRAIN };

	assert_int_equal(host_orders_set(&f->all.orders, &order), 0);
	assert_string_equal(sorted(f, true), "231");
	kill_host(f, 2, LOGIN_AUTH_UNREACHABLE);
	assert_string_equal(sorted(f, true), "312");
	/* There is no other that works. */
	kill_host(f, 3, LOGIN_AUTH_UNREACHABLE);
	assert_string_equal(sorted(f, true), "123");
	kill_host(f, 1, LOGIN_AUTH_UNREACHABLE);
	assert_string_equal(sorted(f, true), "");
	/* All are asked then, this one last. */
	pass(f, MAIL_HOST_PROBE_MS * 5 / 4);
	assert_string_equal(sorted(f, true), "231");
	assert_string_equal(sorted(f, true), "321");
	assert_string_equal(sorted(f, true), "123");
	assert_string_equal(sorted(f, true), "");
	mail_host_answered(host(f, 1));
	assert_string_equal(sorted(f, true), "123");
	/* Nobody is sent there to ask while another is up. */
	mail_host_answered(host(f, 3));
	kill_host(f, 1, LOGIN_AUTH_UNREACHABLE);
	mail_host_answered(host(f, 2));
	pass(f, MAIL_HOST_PROBE_MS * 5 / 4);
	assert_string_equal(sorted(f, true), "231");
	assert_int_equal(f->route.probe_ms, 0);
	order.mode = HOST_AUTO;
	assert_int_equal(host_orders_set(&f->all.orders, &order), 0);
	assert_string_equal(sorted(f, true), "123");
	assert_int_equal(f->route.probe_ms, MAIL_HOST_ASK_MS);
}

static void
test_orders_full(void **state)
{
	struct fixture *f = *state;
	struct host_order order = { .addr = addr(1), .mode = HOST_DOWN };

	for (uint16_t i = 0; i < HOST_ORDERS_MAX; i++) {
		order.addr.port = (uint16_t)(i + 1);
		assert_int_equal(host_orders_set(&f->all.orders, &order), 0);
	}
	assert_int_equal(host_orders_set(&f->all.orders, &order), 0);
	order.addr.port++;
	assert_int_equal(host_orders_set(&f->all.orders, &order), -1);
	order.addr.port = 7;
	order.mode = HOST_AUTO;
	assert_int_equal(host_orders_set(&f->all.orders, &order), 0);
	order.mode = HOST_DRAIN;
	assert_int_equal(host_orders_set(&f->all.orders, &order), 0);
	assert_int_equal(host_orders_find(&f->all.orders, &order.addr),
	    HOST_DRAIN);
}

/* That at this port, without its being wanted now; NULL: there is none. */
static struct mail_host *
host_at_port(struct fixture *f, uint16_t port)
{
	struct mail_host *h = NULL;

	while ((h = mail_hosts_next(&f->all, h)) != NULL)
		if (h->addr.port == port)
			return h;
	return NULL;
}

/* The table is full: who has nothing to be remembered makes room. */
static void
test_full(void **state)
{
	struct fixture *f = *state;
	struct netaddr a = { NETADDR_V4, 0, { 10, 0, 0, 1 } };
	struct mail_host *h;

	for (unsigned int i = 0; i < MAIL_HOSTS_MAX; i++) {
		a.port = (uint16_t)i;
		h = i < MAIL_HOSTS_SAID_MAX ? mail_hosts_said(&f->all, &a) :
		    mail_hosts_get(&f->all, &a);
		assert_non_null(h);
		h->nsessions = i != 5;
	}
	assert_int_equal(f->all.n, MAIL_HOSTS_MAX);
	a.port = 60000;
	assert_null(mail_hosts_said(&f->all, &a));
	/* 5 goes; then nobody can. */
	assert_non_null(h = mail_hosts_get(&f->all, &a));
	h->is_down = true;
	a.port = 60001;
	assert_null(mail_hosts_get(&f->all, &a));
	assert_int_equal(f->all.n, MAIL_HOSTS_MAX);
	a.port = 7;
	assert_non_null(mail_hosts_said(&f->all, &a));
	/* Two that are down have no sessions: the one that is less wanted. */
	for (uint16_t port = 1; port <= 2; port++) {
		h = host_at_port(f, port);
		h->is_down = true;
		h->nsessions = 0;
	}
	a.port = 60001;
	assert_non_null(mail_hosts_get(&f->all, &a));
	assert_null(host_at_port(f, 1));
	assert_non_null(host_at_port(f, 2));
	/* One that is up goes before one that is down. */
	h = host_at_port(f, 3);
	h->nsessions = 0;
	a.port = 60002;
	assert_non_null(mail_hosts_get(&f->all, &a));
	assert_null(host_at_port(f, 3));
	assert_non_null(host_at_port(f, 2));
	assert_int_equal(f->all.n, MAIL_HOSTS_MAX);
	/* Nobody knows of a host that is not in the table: it is tried. */
	assert_string_equal(sorted(f, true), "123");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_two_clients, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_faults_of_one, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_blame, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_probe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_probe_of_all, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_grace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_orders, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_orders_full, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
