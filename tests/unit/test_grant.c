/* grant: places of users are counted, freed, and never a reason to fail. */
#include "unit.h"

#include "auth/grant.h"
#include "auth/host_admin.h"
#include "auth/mail_host.h"
#include "auth/penalty.h"
#include "config/settings.h"
#include "ipc/roles.h"
#include "lib/log.h"

/* What a login process was told of hosts. */
struct told {
	unsigned int			 n;
	struct login_auth_host_down	 last;
};

struct fixture {
	struct settings		 settings;
	struct grants		 all;
	struct penalty		 penalty;
	struct mail_hosts	 hosts;
	struct grant_map	 maps[2];	/* two login processes */
	struct told		 told[2];
};

static void
on_host_down(void *peer, const struct login_auth_host_down *m)
{
	struct told *told = peer;

	told->n++;
	told->last = *m;
}

static void
begin(struct fixture *f)
{
	penalty_init(&f->penalty, 0);
	mail_hosts_init(&f->hosts);
	grants_init(&f->all, &f->settings, &f->penalty, NULL, &f->hosts);
	f->all.host_down = on_host_down;
	for (size_t i = 0; i < 2; i++) {
		grant_map_init(&f->maps[i], &f->all);
		f->maps[i].peer = &f->told[i];
	}
}

static int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	log_set_level((enum log_level)(LOG_LEVEL_ERROR + 1));
	f.settings.login_max_sessions = 10;
	f.settings.services[SERVICE_IMAP].mail_max_userip_connections = 2;
	begin(&f);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	const struct mail_host *h;

	grant_map_clear(&f->maps[0]);
	grant_map_clear(&f->maps[1]);
	assert_int_equal(f->all.n, 0);
	assert_true(RB_EMPTY(&f->all.places));
	TAILQ_FOREACH(h, &f->hosts.used, used) {
		assert_int_equal(h->nlogins, 0);
		assert_int_equal(h->nsessions, 0);
		assert_true(LIST_EMPTY(&h->waits));
	}
	mail_hosts_clear(&f->hosts);
	return 0;
}

static bool
open_at(struct fixture *f, size_t map, uint32_t id, const char *user,
    const char *rip)
{
	struct penalty_mark mark = { .has_addr = false };
	struct netaddr addr;

	assert_int_equal(netaddr_parse(&addr, rip, strlen(rip)), 0);
	addr.port = (uint16_t)(1000 + id);
	return grant_open(&f->maps[map], id, &(struct grant_who){
	    .user = user, .service = SERVICE_IMAP, .rip = &addr }, &mark);
}

static void
adopt(struct fixture *f, size_t map, uint32_t id, const char *user)
{
	const struct netaddr addr = { NETADDR_V4, 0, { 192, 0, 2, 1 } };

	grant_adopt(&f->maps[map], id, &(struct grant_who){
	    .user = user, .service = SERVICE_IMAP, .rip = &addr }, &addr);
}

static int
answered(struct fixture *f, size_t map, uint32_t id,
    enum login_auth_result result, uint8_t addr)
{
	return grant_outcome(&f->maps[map], id, &(struct login_auth_outcome){
	    .result = (uint8_t)result, .addr = addr });
}

static int
outcome(struct fixture *f, size_t map, uint32_t id,
    enum login_auth_result result)
{
	return answered(f, map, id, result, LOGIN_AUTH_ADDR_NONE);
}

/* All processes together, each user, address and service for itself. */
static void
test_limit(void **state)
{
	struct fixture *f = *state;
	const struct netaddr addr = { NETADDR_V4, 0, { 192, 0, 2, 1 } };
	struct penalty_mark mark = { .has_addr = false };

	assert_true(open_at(f, 0, 1, "joe", "192.0.2.1"));
	assert_true(open_at(f, 1, 1, "joe", "192.0.2.1"));
	assert_false(open_at(f, 0, 2, "joe", "192.0.2.1"));
	assert_false(open_at(f, 1, 2, "joe", "192.0.2.1"));
	assert_false(grant_has(&f->maps[0], 2));
	assert_true(open_at(f, 0, 2, "joe", "192.0.2.2"));
	assert_true(open_at(f, 0, 3, "joe2", "192.0.2.1"));
	assert_true(open_at(f, 0, 4, "joe", "2001:db8::1"));
	/* No limit at the other service, however many. */
	for (uint32_t id = 5; id < 25; id++)
		assert_true(grant_open(&f->maps[0], id, &(struct grant_who){
		    .user = "joe", .service = SERVICE_POP3, .rip = &addr },
		    &mark));
}

static void
test_prefix(void **state)
{
	struct fixture *f = *state;

	assert_true(open_at(f, 0, 1, "joe", "2001:db8:0:1::1"));
	assert_true(open_at(f, 0, 2, "joe", "2001:db8:0:1:ffff::7"));
	assert_false(open_at(f, 0, 3, "joe", "2001:db8:0:1:9:9:9:9"));
	assert_true(open_at(f, 0, 3, "joe", "2001:db8:0:2::1"));
}

static void
test_ends(void **state)
{
	static const enum login_auth_result results[] = { LOGIN_AUTH_REFUSED,
		LOGIN_AUTH_HOST_FAILED, LOGIN_AUTH_GONE };
	struct fixture *f = *state;

	assert_true(open_at(f, 0, 1, "joe", "192.0.2.1"));
	for (uint32_t i = 0; i < UNIT_LENGTH(results); i++) {
		assert_true(open_at(f, 1, i, "joe", "192.0.2.1"));
		assert_false(open_at(f, 1, 9, "joe", "192.0.2.1"));
		assert_int_equal(outcome(f, 1, i, results[i]), 0);
	}
	assert_true(open_at(f, 1, 5, "joe", "192.0.2.1"));
	assert_int_equal(grant_cancel(&f->maps[1], 5), 0);
	assert_true(open_at(f, 1, 5, "joe", "192.0.2.1"));
	assert_int_equal(outcome(f, 1, 5, LOGIN_AUTH_LOGGED_IN),
	    0);
	assert_false(open_at(f, 1, 6, "joe", "192.0.2.1"));
	assert_int_equal(grant_end(&f->maps[1], 5), 0);
	assert_true(open_at(f, 1, 6, "joe", "192.0.2.1"));
	/* A process that dies gives back what it held, and no more. */
	grant_map_clear(&f->maps[1]);
	assert_true(open_at(f, 1, 1, "joe", "192.0.2.1"));
	assert_false(open_at(f, 1, 2, "joe", "192.0.2.1"));
}

static void
test_states(void **state)
{
	struct fixture *f = *state;

	assert_true(open_at(f, 0, 1, "joe", "192.0.2.1"));
	assert_int_equal(grant_end(&f->maps[0], 1), -1);
	assert_int_equal(outcome(f, 0, 1, LOGIN_AUTH_LOGGED_IN),
	    0);
	assert_int_equal(outcome(f, 0, 1, LOGIN_AUTH_LOGGED_IN),
	    -1);
	assert_int_equal(outcome(f, 0, 1, LOGIN_AUTH_GONE), -1);
	assert_int_equal(grant_cancel(&f->maps[0], 1), -1);
	assert_int_equal(grant_end(&f->maps[0], 1), 0);
	/* Of what was not counted nothing is known. */
	assert_int_equal(grant_end(&f->maps[0], 1), 0);
	assert_int_equal(outcome(f, 0, 7, LOGIN_AUTH_REFUSED), 0);
	assert_int_equal(grant_cancel(&f->maps[0], 7), 0);
}

/* Sessions of an auth that is gone count, and more than are allowed. */
static void
test_adopt(void **state)
{
	struct fixture *f = *state;

	adopt(f, 0, 1, "joe");
	adopt(f, 0, 2, "joe");
	adopt(f, 1, 1, "joe");
	assert_false(open_at(f, 1, 2, "joe", "192.0.2.1"));
	assert_int_equal(grant_end(&f->maps[0], 1), 0);
	assert_false(open_at(f, 1, 2, "joe", "192.0.2.1"));
	assert_int_equal(grant_end(&f->maps[0], 2), 0);
	assert_true(open_at(f, 1, 2, "joe", "192.0.2.1"));
}

/* More than there is room for are not refused, only not counted. */
static void
test_full(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	f->settings.services[SERVICE_IMAP].mail_max_userip_connections = 0;
	for (id = 0; id < f->all.map_max + 100; id++)
		assert_true(open_at(f, 0, id, "joe", "192.0.2.1"));
	assert_int_equal(f->maps[0].n, f->all.map_max);
	/* The others still have room. */
	assert_true(open_at(f, 1, 1, "joe", "192.0.2.1"));
	assert_int_equal(f->maps[1].n, 1);
	for (id = 2; id < f->all.map_max; id++)
		adopt(f, 1, id, "joe");
	assert_int_equal(f->all.n, f->all.max);
	assert_int_equal(grant_end(&f->maps[1], id), 0);
}

/* A login that was sent to two hosts, 192.0.2.11 and 192.0.2.12. */
static void
go_at(struct fixture *f, size_t map, uint32_t id, const char *user,
    const char *rip)
{
	struct login_auth_route route = { .naddrs = 2 };
	struct netaddr addr;

	for (uint8_t i = 0; i < 2; i++)
		route.addrs[i] = (struct netaddr){ NETADDR_V4, 143,
		    { 192, 0, 2, (uint8_t)(11 + i) } };
	assert_true(open_at(f, map, id, user, rip));
	assert_int_equal(netaddr_parse(&addr, rip, strlen(rip)), 0);
	grant_route(&f->maps[map], id, &route, &(struct grant_who){
	    .user = user, .service = SERVICE_IMAP, .rip = &addr });
}

static void
go(struct fixture *f, uint32_t id, const char *user, const char *rip)
{
	go_at(f, 0, id, user, rip);
}

static int
tried(struct fixture *f, uint32_t id, uint8_t addr, bool has_login)
{
	return grant_tried(&f->maps[0], id, &(struct login_auth_tried){
	    .addr = addr, .trouble = LOGIN_AUTH_BROKEN,
	    .has_login = has_login });
}

static struct mail_host *
host(struct fixture *f, uint8_t i)
{
	return mail_hosts_get(&f->hosts, &(struct netaddr){ NETADDR_V4, 143,
	    { 192, 0, 2, (uint8_t)(11 + i) } });
}

static void
test_host_states(void **state)
{
	struct fixture *f = *state;

	go(f, 1, "joe", "192.0.2.1");
	assert_int_equal(host(f, 0)->nlogins, 1);
	assert_int_equal(tried(f, 1, 0, false), 0);
	assert_int_equal(tried(f, 1, 0, false), -1);
	assert_int_equal(tried(f, 1, 2, false), -1);
	assert_int_equal(answered(f, 0, 1, LOGIN_AUTH_LOGGED_IN, 2), -1);
	assert_int_equal(answered(f, 0, 1, LOGIN_AUTH_LOGGED_IN, 1), 0);
	assert_int_equal(host(f, 0)->nlogins, 0);
	assert_int_equal(host(f, 0)->nfailures, 1);
	assert_int_equal(host(f, 1)->nsessions, 1);
	assert_int_equal(tried(f, 1, 1, false), -1);
	assert_int_equal(grant_end(&f->maps[0], 1), 0);
	assert_int_equal(host(f, 1)->nsessions, 0);
	/* What is not counted is not known. */
	assert_int_equal(tried(f, 1, 1, false), 0);
}

/* Whose failures are those of two clients. */
static void
test_clients(void **state)
{
	static const struct {
		const char	*user, *rip;
		bool		 has_login, has_login2, is_trusted, is_down;
	} rows[] = {
		{ "joe", "192.0.2.1", false, false, false, false },
		{ "ann", "192.0.2.1", false, false, false, true },
		{ "joe", "192.0.2.2", false, false, false, true },
		{ "joe", "192.0.2.1", true, true, false, false },
		{ "ann", "192.0.2.1", true, true, false, false },
		{ "ann", "192.0.2.1", true, true, true, true },
		{ "joe", "192.0.2.1", true, true, true, false },
		{ "ann", "192.0.2.2", true, true, false, true },
		/* One client who has met two faults is one client. */
		{ "joe", "192.0.2.1", false, true, false, false },
		{ "joe", "192.0.2.1", true, false, false, false },
		{ "ann", "192.0.2.1", false, true, false, false },
		{ "ann", "192.0.2.1", true, false, false, false },
		{ "joe", "192.0.2.2", false, true, false, true },
		{ "joe", "192.0.2.1", false, true, true, false },
		{ "ann", "192.0.2.1", false, true, true, true },
	};
	static struct netaddr_net net = { { NETADDR_V4, 0, { 192 } }, 8 };
	struct fixture *f = *state;

	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		f->settings.login_trusted_networks.items = &net;
		f->settings.login_trusted_networks.n = rows[i].is_trusted;
		go(f, 1, "joe", "192.0.2.1");
		go(f, 2, rows[i].user, rows[i].rip);
		assert_int_equal(tried(f, 1, 0, rows[i].has_login), 0);
		assert_int_equal(tried(f, 2, 0, rows[i].has_login2), 0);
		if (host(f, 0)->is_down != rows[i].is_down)
			fail_msg("row %zu", i);
		assert_int_equal(answered(f, 0, 1, LOGIN_AUTH_REFUSED, 0), 0);
		assert_false(host(f, 0)->is_down);
		assert_int_equal(outcome(f, 0, 2, LOGIN_AUTH_GONE), 0);
	}
}

/* So often they were told, and that it is the host with this number. */
static void
assert_told(const struct fixture *f, unsigned int n0, unsigned int n1,
    uint8_t i, bool is_ordered)
{
	const unsigned int ns[] = { n0, n1 };

	for (size_t m = 0; m < 2; m++) {
		assert_int_equal(f->told[m].n, ns[m]);
		if (ns[m] == 0)
			continue;
		assert_int_equal(f->told[m].last.addr.ip[3], 11 + i);
		assert_int_equal(f->told[m].last.addr.port, 143);
		assert_int_equal(f->told[m].last.is_ordered, is_ordered);
	}
}

/* Processes hear once that a host goes down which some login may wait for. */
static void
test_waits(void **state)
{
	struct fixture *f = *state;

	f->settings.services[SERVICE_IMAP].mail_max_userip_connections = 0;
	for (uint32_t id = 1; id <= 4; id++)
		go_at(f, id / 4, id, "joe", "192.0.2.1");
	go(f, 5, "ann", "192.0.2.2");
	assert_int_equal(tried(f, 1, 0, false), 0);
	assert_int_equal(tried(f, 2, 0, false), 0);
	assert_told(f, 0, 0, 0, false);
	assert_int_equal(tried(f, 5, 0, false), 0);
	assert_told(f, 1, 1, 0, false);
	/* It is down already. */
	assert_int_equal(tried(f, 3, 0, false), 0);
	assert_told(f, 1, 1, 0, false);
	/* It has answered, but nobody of the first process waits for it. */
	assert_int_equal(answered(f, 0, 3, LOGIN_AUTH_LOGGED_IN, 0), 0);
	go(f, 6, "joe", "192.0.2.1");
	go(f, 7, "ann", "192.0.2.1");
	assert_int_equal(tried(f, 6, 0, false), 0);
	assert_int_equal(tried(f, 7, 0, false), 0);
	assert_told(f, 1, 2, 0, false);
	/* All of the first are at the second, but one that logs in there. */
	assert_int_equal(answered(f, 0, 1, LOGIN_AUTH_LOGGED_IN, 1), 0);
	assert_int_equal(outcome(f, 0, 2, LOGIN_AUTH_GONE), 0);
	assert_int_equal(tried(f, 6, 1, false), 0);
	assert_int_equal(tried(f, 7, 1, false), 0);
	assert_told(f, 2, 3, 1, false);
	assert_int_equal(outcome(f, 0, 5, LOGIN_AUTH_GONE), 0);
	assert_int_equal(outcome(f, 1, 4, LOGIN_AUTH_GONE), 0);
	assert_true(LIST_EMPTY(&host(f, 0)->waits));
	assert_true(LIST_EMPTY(&host(f, 1)->waits));
}

/* The same when an administrator says so. */
static void
test_waits_ordered(void **state)
{
	static const struct {
		uint8_t		mode, host, port;
		unsigned int	ntold;
	} rows[] = {
		{ HOST_DRAIN, 0, 143, 0 },
		{ HOST_UP, 0, 143, 0 },
		{ HOST_AUTO, 0, 143, 0 },
		{ HOST_DOWN, 0, 144, 0 },
		{ HOST_DOWN, 2, 143, 0 },
		{ HOST_DOWN, 0, 143, 1 },
		{ HOST_UP, 0, 143, 0 },
		/* A port has its own order before that of all. */
		{ HOST_DOWN, 0, 0, 0 },
		{ HOST_DOWN, 1, 0, 1 },
	};
	struct fixture *f = *state;
	unsigned int n = 0;

	go(f, 1, "joe", "192.0.2.1");
	go(f, 2, "joe", "192.0.2.1");
	/* wicketctl's, which goes nowhere. */
	f->maps[1].peer = NULL;
	go_at(f, 1, 1, "joe", "192.0.2.2");
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		struct host_order order = { .addr = host(f,
		    rows[i].host)->addr, .mode = rows[i].mode };

		order.addr.port = rows[i].port;
		assert_int_equal(host_admin_order(&f->all, &order), 0);
		n += rows[i].ntold;
		if (f->told[0].n != n)
			fail_msg("row %zu", i);
	}
	assert_told(f, 2, 0, 1, true);
	/* Ordered up: used, whatever becomes of logins there. */
	go(f, 3, "joe", "192.0.2.3");
	go(f, 4, "ann", "192.0.2.3");
	assert_int_equal(tried(f, 3, 0, false), 0);
	assert_int_equal(tried(f, 4, 0, false), 0);
	assert_true(host(f, 0)->is_down);
	assert_told(f, 2, 0, 1, true);
}

static void
test_orders_full(void **state)
{
	struct fixture *f = *state;
	struct host_order order = { .addr = host(f, 0)->addr,
	    .mode = HOST_DOWN };

	for (uint16_t i = 0; i < HOST_ORDERS_MAX; i++) {
		order.addr.port = (uint16_t)(i + 1000);
		assert_int_equal(host_admin_order(&f->all, &order), 0);
	}
	go(f, 1, "joe", "192.0.2.1");
	order.addr.port = 143;
	assert_int_equal(host_admin_order(&f->all, &order), -1);
	assert_int_equal(f->told[0].n, 0);
}

/* A new auth hears where sessions are. */
static void
test_adopted_hosts(void **state)
{
	const struct netaddr nowhere = { .family = NETADDR_NONE };
	struct fixture *f = *state;
	struct grant_who who = { .user = "joe", .service = SERVICE_IMAP,
	    .rip = &nowhere };

	grant_adopt(&f->maps[0], 1, &who, &host(f, 0)->addr);
	grant_adopt(&f->maps[0], 2, &who, &nowhere);
	assert_int_equal(host(f, 0)->nsessions, 1);
	grant_map_clear(&f->maps[0]);
	assert_int_equal(host(f, 0)->nsessions, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prefix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_states, setup, teardown),
		cmocka_unit_test_setup_teardown(test_adopt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_host_states, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_clients, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waits_ordered, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_orders_full, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_adopted_hosts, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
