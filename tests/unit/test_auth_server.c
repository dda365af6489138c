/* auth_server: what one login process does is its own affair. */
#include "unit.h"

#include <bsd/string.h>

#include "auth/auth_server.h"
#include "config/settings.h"
#include "fake_worker.h"
#include "ipc/login_auth.h"
#include "ipc/master_child.h"
#include "lib/log.h"

#define LOGINS	2

/* A login process, played by the test. */
struct peer {
	struct channel	*channel;
	unsigned int	 nok, nfail, nchallenges, ndown;
	uint8_t		 client;	/* which address asks */
};

struct fixture {
	struct loop		*loop;
	struct settings		 settings;
	char			*mechs[2];
	struct channel		*master;	/* auth's end */
	struct channel		*far;		/* the master's */
	unsigned int		 nwanted;
	struct auth_server	 server;
	struct fake_worker	 worker;
	struct peer		 peers[LOGINS];
};

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static int
on_ok(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct peer *p = endpoint;
	struct login_auth_route route;

	(void)id;
	(void)fd;
	p->nok++;
	return login_auth_route_get(r, &route);
}

static int
on_fail(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct peer *p = endpoint;
	struct login_auth_fail fail;

	(void)id;
	(void)fd;
	p->nfail++;
	return login_auth_fail_get(r, &fail);
}

static int
on_challenge(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct peer *p = endpoint;
	struct login_auth_bytes bytes;

	(void)id;
	(void)fd;
	p->nchallenges++;
	return login_auth_bytes_get(r, &bytes);
}

static int
on_host_down(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct peer *p = endpoint;
	struct login_auth_host_down m;

	(void)fd;
	p->ndown++;
	if (login_auth_host_down_get(r, &m) == -1)
		return -1;
	assert_int_equal(id, 0);
	assert_int_equal(m.addr.family, NETADDR_V4);
	assert_int_equal(m.addr.port, 143);
	assert_memory_equal(m.addr.ip, ((uint8_t[]){ 10, 0, 0, 1 }), 4);
	return 0;
}

static int
on_wanted(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct fixture *f = endpoint;

	(void)id;
	(void)fd;
	f->nwanted++;
	return wire_end(r);
}

static const struct channel_row peer_rows[] = {
	{ LOGIN_AUTH_OK, "OK", 1, 1, CHANNEL_BODY_MAX, false, false, on_ok },
	{ LOGIN_AUTH_FAIL, "FAIL", 1, 1, CHANNEL_BODY_MAX, false, false,
	    on_fail },
	{ LOGIN_AUTH_CHALLENGE, "CHALLENGE", 1, 1, CHANNEL_BODY_MAX, false,
	    false, on_challenge },
	{ LOGIN_AUTH_HOST_DOWN, "HOST_DOWN", 1, 1, CHANNEL_BODY_MAX, false,
	    false, on_host_down },
};

static const struct channel_row far_rows[] = {
	{ CHILD_WORKER_WANTED, "WORKER_WANTED", 1, 0, 0, false, false,
	    on_wanted },
};

static struct channel *
open_channel(struct fixture *f, bool is_master, int fd)
{
	return channel_new(&(struct channel_config){
		.loop = is_master ? NULL : f->loop, .fd = fd,
		.contract = &master_child_contract, .rows = far_rows,
		.nrows = is_master ? UNIT_LENGTH(far_rows) : 0,
		.policy = CHANNEL_PEER_LOWER,
		.role = is_master ? ROLE_ID_MASTER : ROLE_ID_AUTH,
		.peer = "test", .endpoint = f });
}

static void
open_peer(struct fixture *f, struct peer *p)
{
	int fds[2];

	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	auth_server_add_login(&f->server, fds[0], 1);
	p->channel = channel_new(&(struct channel_config){
		.fd = fds[1], .contract = &login_auth_contract,
		.rows = peer_rows, .nrows = UNIT_LENGTH(peer_rows),
		.policy = CHANNEL_PEER_LOWER, .role = ROLE_ID_IMAP_LOGIN,
		.peer = "auth", .endpoint = p });
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct settings *s;
	char why[PASSDB_WHY_MAX];
	int fds[2];

	if (f == NULL || sock_pair(SOCK_STREAM, fds) == -1)
		return -1;
	s = &f->settings;
	log_set_level((enum log_level)(LOG_LEVEL_ERROR + 1));
	s->auth_default_realm = s->auth_username_translation = text("");
	s->auth_username_chars = s->auth_username_format = text("");
	s->auth_master_user_separator = text("");
	s->auth_request_timeout_ms = s->auth_worker_timeout_ms = 60000;
	s->auth_worker_idle_ms = 60000;
	s->auth_worker_max_count = 1;
	f->mechs[0] = text("plain");
	f->mechs[1] = text("login");
	s->auth_mechanisms.items = f->mechs;
	s->auth_mechanisms.n = 2;
	s->npassdbs = 1;
	s->passdbs[0].driver = PASSDB_SQL;
	s->passdbs[0].args = text("");
	s->passdbs[0].sql_default_pass_scheme = text("PLAIN");
	s->passdbs[0].sql_driver = text("sqlite");
	s->passdbs[0].sql_password_query = text("SELECT '%u'");
	f->loop = loop_new();
	f->master = open_channel(f, false, fds[0]);
	f->far = open_channel(f, true, fds[1]);
	if (auth_server_init(&f->server, s, f->loop, f->master, why) == -1)
		return -1;
	for (size_t i = 0; i < LOGINS; i++)
		open_peer(f, &f->peers[i]);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	auth_server_clear(&f->server);
	for (size_t i = 0; i < LOGINS; i++)
		channel_free(f->peers[i].channel);
	channel_free(f->worker.channel);
	channel_free(f->master);
	channel_free(f->far);
	loop_free(f->loop);
	free(f);
	return 0;
}

/* Everything happens that can; false when this peer was cut off. */
static bool
settle(struct fixture *f, const struct peer *p)
{
	bool is_there = true;

	for (int turn = 0; turn < 4; turn++) {
		loop_turn(f->loop, false);
		assert_int_equal(channel_turn(f->far), 0);
		if (f->worker.channel != NULL)
			(void)fake_worker_look(&f->worker);
		for (size_t i = 0; i < LOGINS; i++)
			if (f->peers[i].channel != NULL &&
			    channel_turn(f->peers[i].channel) == -1 &&
			    &f->peers[i] == p)
				is_there = false;
	}
	return is_there;
}

static void
ask(struct peer *p, uint32_t id, const char *mech, bool has_initial)
{
	static const char initial[] = "\0joe\0pw";
	struct login_auth_request m = { .has_initial = has_initial,
		.initial = { (const uint8_t *)initial, sizeof(initial) - 1 } };
	struct wire_writer w;
	uint8_t body[512];

	(void)strlcpy(m.mech, mech, sizeof(m.mech));
	assert_int_equal(netaddr_parse(&m.rip, "192.0.2.7", 9), 0);
	m.rip.ip[3] = (uint8_t)(m.rip.ip[3] + p->client);
	assert_int_equal(netaddr_parse(&m.lip, "192.0.2.1", 9), 0);
	m.real_rip = m.rip;
	m.real_lip = m.lip;
	wire_writer_init(&w, body, sizeof(body));
	login_auth_request_put(&w, &m);
	channel_send(p->channel, LOGIN_AUTH_REQUEST, id, &w, -1);
}

/* A session that an auth before this one has allowed. */
static void
live(struct peer *p, uint32_t id)
{
	struct login_auth_session m = { .user = "joe",
		.rip = { NETADDR_V4, 0, { 192, 0, 2, 7 } } };
	struct wire_writer w;
	uint8_t body[64];

	wire_writer_init(&w, body, sizeof(body));
	login_auth_session_put(&w, &m);
	channel_send(p->channel, LOGIN_AUTH_SESSION, id, &w, -1);
}

static void
outcome(struct peer *p, uint32_t id, enum login_auth_result result)
{
	struct login_auth_outcome m = { .result = (uint8_t)result,
	    .addr = LOGIN_AUTH_ADDR_NONE };
	struct wire_writer w;
	uint8_t body[4];

	wire_writer_init(&w, body, sizeof(body));
	login_auth_outcome_put(&w, &m);
	channel_send(p->channel, LOGIN_AUTH_OUTCOME, id, &w, -1);
}

static void
tried(struct peer *p, uint32_t id)
{
	struct login_auth_tried m = { .trouble = LOGIN_AUTH_SILENT };
	struct wire_writer w;
	uint8_t body[4];

	wire_writer_init(&w, body, sizeof(body));
	login_auth_tried_put(&w, &m);
	channel_send(p->channel, LOGIN_AUTH_TRIED, id, &w, -1);
}

static void
add_worker(struct fixture *f)
{
	fake_worker_open(&f->worker);
	auth_server_add_worker(&f->server, f->worker.fd, 4711);
}

/* A route as the worker would give it. */
static void
give_row(struct fixture *f)
{
	struct auth_worker_row row = { .found = AUTH_WORKER_ONE,
		.ncolumns = 2,
		.columns = { { "proxy", false, (const uint8_t *)"Y", 1 },
		    { "host", false, (const uint8_t *)"10.0.0.1", 8 } } };

	assert_int_equal(f->worker.type, AUTH_WORKER_LOOKUP);
	fake_worker_say_row(&f->worker, &row);
}

static void
test_answers(void **state)
{
	struct fixture *f = *state;

	auth_server_start(&f->server);
	(void)settle(f, NULL);
	assert_int_equal(f->nwanted, 1);
	add_worker(f);
	/* The same id from two processes names two requests. */
	ask(&f->peers[0], 7, "PLAIN", true);
	ask(&f->peers[1], 7, "LOGIN", false);
	(void)settle(f, NULL);
	assert_int_equal(f->peers[1].nchallenges, 1);
	give_row(f);
	(void)settle(f, NULL);
	assert_int_equal(f->peers[0].nok, 1);
	assert_int_equal(f->peers[1].nok + f->peers[1].nfail, 0);
}

/* Messages that are out of place or malformed. */
static const struct {
	uint16_t	 type;
	uint32_t	 id;
	size_t		 len;
	char		 body[32];
} violations[] = {
	{ LOGIN_AUTH_CONTINUE, 8, 3, "\1\0x" },
	{ LOGIN_AUTH_CONTINUE, 7, 3, "\1\0x" },
	{ LOGIN_AUTH_CANCEL, 7, 1, "x" },
	{ LOGIN_AUTH_REQUEST, 9, 4, "\0\0\0\0" },
	{ LOGIN_AUTH_REQUEST, 9, 31, "\0\0\0\1\0\5\0PL\nIN" },
	/* 7 is open, 1000 logged in */
	{ LOGIN_AUTH_OUTCOME, 7, 2, "\0\0" },
	{ LOGIN_AUTH_OUTCOME, 1000, 2, "\1\0" },
	{ LOGIN_AUTH_OUTCOME, 9, 2, "\4\0" },
	{ LOGIN_AUTH_OUTCOME, 9, 2, "\0\11" },
	{ LOGIN_AUTH_OUTCOME, 9, 1, "\0" },
	{ LOGIN_AUTH_OUTCOME, 9, 3, "\0\0\0" },
	{ LOGIN_AUTH_OUTCOME, 9, 0, "" },
	{ LOGIN_AUTH_TRIED, 7, 3, "\0\0\0" },
	{ LOGIN_AUTH_TRIED, 1000, 3, "\0\0\0" },
	{ LOGIN_AUTH_TRIED, 9, 3, "\10\0\0" },
	{ LOGIN_AUTH_TRIED, 9, 3, "\0\6\0" },
	{ LOGIN_AUTH_TRIED, 9, 3, "\0\0\2" },
	{ LOGIN_AUTH_TRIED, 9, 2, "\0\0" },
	{ LOGIN_AUTH_CANCEL, 1000, 0, "" },
	{ LOGIN_AUTH_END, 7, 0, "" },
	{ LOGIN_AUTH_END, 1000, 1, "x" },
	{ LOGIN_AUTH_SESSION, 7, 12, "\0\1\0a\4\0\0\1\2\3\4\0" },
	{ LOGIN_AUTH_SESSION, 1000, 12, "\0\1\0a\4\0\0\1\2\3\4\0" },
	{ LOGIN_AUTH_SESSION, 9, 12, "\2\1\0a\4\0\0\1\2\3\4\0" },
	{ LOGIN_AUTH_SESSION, 9, 12, "\0\1\0\n\4\0\0\1\2\3\4\0" },
	{ LOGIN_AUTH_SESSION, 9, 11, "\0\1\0a\4\0\0\1\2\3\4" },
	{ LOGIN_AUTH_OK, 7, 3, "\0\0\0" },
	{ 99, 7, 0, "" },
};

/* T-A9, T-F6: each of these ends the one who said it, and nobody else. */
static void
test_violations(void **state)
{
	struct fixture *f = *state;
	struct wire_writer w;
	uint8_t body[32];

	add_worker(f);
	for (size_t i = 0; i < UNIT_LENGTH(violations); i++) {
		ask(&f->peers[1], (uint32_t)i, "PLAIN", true);
		(void)settle(f, NULL);
		live(&f->peers[0], 1000);
		ask(&f->peers[0], 7, "PLAIN", true);
		wire_writer_init(&w, body, sizeof(body));
		memcpy(body, violations[i].body, violations[i].len);
		w.len = violations[i].len;
		channel_send(f->peers[0].channel, violations[i].type,
		    violations[i].id, &w, -1);
		if (settle(f, &f->peers[0]))
			fail_msg("row %zu was not refused", i);
		assert_int_equal(f->server.requests.nopen, 1);
		give_row(f);
		assert_true(settle(f, &f->peers[1]));
		assert_int_equal(f->peers[1].nok, i + 1);
		outcome(&f->peers[1], (uint32_t)i, LOGIN_AUTH_GONE);
		channel_free(f->peers[0].channel);
		open_peer(f, &f->peers[0]);
	}
	/* an id that is in use */
	ask(&f->peers[0], 7, "LOGIN", false);
	ask(&f->peers[0], 7, "LOGIN", false);
	assert_false(settle(f, &f->peers[0]));
	assert_int_equal(f->server.requests.nopen, 0);
}

/* A login as it should be, over both ends of the wire. */
static void
login(struct fixture *f, struct peer *p, uint32_t id)
{
	unsigned int nok = p->nok, nfail = p->nfail;

	ask(p, id, "PLAIN", true);
	(void)settle(f, NULL);
	give_row(f);
	assert_true(settle(f, p));
	assert_int_equal(p->nok + p->nfail, nok + nfail + 1);
}

/* mail_max_userip_connections holds for all processes together. */
static void
test_limit(void **state)
{
	struct fixture *f = *state;
	struct peer *p = &f->peers[0], *q = &f->peers[1];

	f->settings.services[SERVICE_IMAP].mail_max_userip_connections = 3;
	add_worker(f);
	live(q, 1000);
	login(f, p, 1);
	login(f, q, 1);
	assert_int_equal(p->nok + q->nok, 2);
	login(f, p, 2);
	assert_int_equal(p->nfail, 1);
	/* One place is free again after each of these. */
	outcome(p, 1, LOGIN_AUTH_REFUSED);
	login(f, q, 2);
	assert_int_equal(q->nok, 2);
	outcome(q, 2, LOGIN_AUTH_LOGGED_IN);
	login(f, p, 3);
	assert_int_equal(p->nfail, 2);
	channel_send_empty(q->channel, LOGIN_AUTH_END, 2);
	login(f, p, 4);
	assert_int_equal(p->nok, 2);
	/* Cancelled while OK was on its way. */
	channel_send_empty(p->channel, LOGIN_AUTH_CANCEL, 4);
	login(f, p, 5);
	assert_int_equal(p->nok, 3);
	login(f, p, 6);
	assert_int_equal(p->nfail, 3);
	/* The other process dies with two of the three. */
	channel_free(q->channel);
	q->channel = NULL;
	login(f, p, 7);
	login(f, p, 8);
	login(f, p, 9);
	assert_int_equal(p->nok, 5);
	assert_int_equal(p->nfail, 4);
}

/* who waits for a host hears that it is down, and nobody else. */
static void
test_host_down(void **state)
{
	struct fixture *f = *state;
	struct peer *p = &f->peers[0], *q = &f->peers[1];

	add_worker(f);
	for (p->client = 0; p->client < 2; p->client++) {
		login(f, p, p->client);
		login(f, q, p->client);
		assert_int_equal(p->ndown + q->ndown, 0);
		tried(p, p->client);
		assert_true(settle(f, p));
	}
	assert_true(settle(f, q));
	assert_int_equal(p->ndown, 0);
	assert_int_equal(q->ndown, 1);
}

/* T-A6: the end of a channel cancels all its requests, work included. */
static void
test_end_cancels(void **state)
{
	struct fixture *f = *state;

	for (uint32_t id = 0; id < 100; id++)
		ask(&f->peers[0], id, "PLAIN", true);
	ask(&f->peers[1], 1, "PLAIN", true);
	(void)settle(f, NULL);
	assert_int_equal(f->server.pool.nqueued, 101);
	channel_send_empty(f->peers[0].channel, LOGIN_AUTH_CANCEL, 50);
	channel_send_empty(f->peers[0].channel, LOGIN_AUTH_CANCEL, 50);
	channel_send_empty(f->peers[0].channel, LOGIN_AUTH_CANCEL, 5000);
	assert_true(settle(f, &f->peers[0]));
	assert_int_equal(f->server.pool.nqueued, 100);
	channel_free(f->peers[0].channel);
	f->peers[0].channel = NULL;
	(void)settle(f, NULL);
	assert_int_equal(f->server.pool.nqueued, 1);
	assert_int_equal(f->server.requests.nopen, 1);
	add_worker(f);
	(void)settle(f, NULL);
	give_row(f);
	(void)settle(f, NULL);
	assert_int_equal(f->peers[1].nok, 1);
}

/* After DRAIN those who are there are served to their end. */
static void
test_drain(void **state)
{
	struct fixture *f = *state;

	add_worker(f);
	auth_server_drain(&f->server);
	ask(&f->peers[0], 1, "PLAIN", true);
	(void)settle(f, NULL);
	give_row(f);
	(void)settle(f, NULL);
	assert_int_equal(f->peers[0].nok, 1);
	for (size_t i = 0; i < LOGINS; i++) {
		channel_free(f->peers[i].channel);
		f->peers[i].channel = NULL;
	}
	/* ends, or the test hangs */
	loop_run(f->loop);
	assert_true(LIST_EMPTY(&f->server.logins));
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_answers),
		T(test_violations),
		T(test_limit),
		T(test_host_down),
		T(test_end_cancels),
		T(test_drain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
