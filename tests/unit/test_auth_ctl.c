/* auth_ctl, auth_watch: what wicketctl is told, and what it may say. */
#include "auth_fixture.h"

#include <bsd/string.h>
#include <sys/socket.h>

#include "auth/auth_ctl.h"
#include "auth/auth_watch.h"
#include "ipc/ctl_auth.h"
#include "ipc/roles.h"
#include "lib/channel.h"
#include "lib/sock.h"

#define TEXT_MAX	8192

/* wicketctl, played by the test: all lines as one text. */
struct teller {
	struct channel		*channel;
	char			 text[TEXT_MAX];
	unsigned int		 ndone;
	struct ctl_auth_done	 done;
	struct ctl_auth_host	 hosts[4];
	unsigned int		 nhosts;
};

static struct auth_ctl ctl;
static struct teller teller;

static int
on_line(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	static struct ctl_auth_line line;
	struct teller *t = arg;

	(void)id;
	(void)fd;
	if (ctl_auth_line_get(r, &line) == -1)
		return -1;
	(void)strlcat(t->text, line.key, sizeof(t->text));
	(void)strlcat(t->text, "=", sizeof(t->text));
	(void)strlcat(t->text, line.value, sizeof(t->text));
	(void)strlcat(t->text, "\n", sizeof(t->text));
	return 0;
}

static int
on_done(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct teller *t = arg;

	(void)id;
	(void)fd;
	t->ndone++;
	return ctl_auth_done_get(r, &t->done);
}

static int
on_host(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct teller *t = arg;

	(void)id;
	(void)fd;
	assert_true(t->nhosts < UNIT_LENGTH(t->hosts));
	return ctl_auth_host_get(r, &t->hosts[t->nhosts++]);
}

static const struct channel_row rows[] = {
	{ CTL_AUTH_HOST, "HOST", 1, 20, CHANNEL_BODY_MAX, false, false,
	    on_host },
	{ CTL_AUTH_LINE, "LINE", 1, 4, CHANNEL_BODY_MAX, false, false,
	    on_line },
	{ CTL_AUTH_DONE, "DONE", 1, 1, 1, false, false, on_done },
};

static void
dial(struct teller *t)
{
	int fds[2];

	memset(t, 0, sizeof(*t));
	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	auth_ctl_add(&ctl, fds[0], 1);
	t->channel = channel_new(&(struct channel_config){
		.fd = fds[1], .contract = &ctl_auth_contract, .rows = rows,
		.nrows = UNIT_LENGTH(rows), .policy = CHANNEL_PEER_LOWER,
		.role = ROLE_ID_CTL, .peer = "auth", .endpoint = t });
}

static void
begin(struct fixture *f)
{
	start(f);
	auth_ctl_init(&ctl, f->loop, &f->env);
	dial(&teller);
}

/* Who says nothing stays for 20 ms. */
static void
begin_hasty(struct fixture *f)
{
	start(f);
	auth_ctl_init(&ctl, f->loop, &f->env);
	loop_timers_init(f->loop, &ctl.idle, 20);
	dial(&teller);
}

static int
ctl_teardown(void **state)
{
	auth_ctl_clear(&ctl);
	channel_free(teller.channel);
	return teardown(state);
}

/* false when auth has closed the channel. */
static bool
hear(struct fixture *f, struct teller *t)
{
	settle(f);
	return channel_turn(t->channel) == 0 && channel_turn(t->channel) == 0;
}

static void
ask(struct teller *t, enum ctl_auth_type type, const char *user,
    const char *pass)
{
	struct ctl_auth_ask m = { .service = SERVICE_IMAP };
	struct wire_writer w;
	uint8_t body[512];

	t->text[0] = '\0';
	(void)strlcpy(m.user, user, sizeof(m.user));
	(void)strlcpy(m.pass, pass, sizeof(m.pass));
	assert_int_equal(netaddr_parse(&m.rip, "192.0.2.7", 9), 0);
	assert_int_equal(netaddr_parse(&m.lip, "192.0.2.1", 9), 0);
	wire_writer_init(&w, body, sizeof(body));
	ctl_auth_ask_put(&w, &m);
	channel_send(t->channel, (uint16_t)type, 0, &w, -1);
}

static void
said(const struct teller *t, const char *line)
{
	if (strstr(t->text, line) == NULL)
		fail_msg("no %s in:\n%s", line, t->text);
}

static void
test_explain(void **state)
{
	static const char *columns[][2] = { { "password", "{PLAIN}sesame" },
		{ "proxy", "Y" }, { "host", "10.0.0.1" }, { "pass", "topp" },
		{ "x_token", "abc" }, { "note", "a\\b\n\xe4" },
		{ NULL, NULL } };
	struct fixture *f = *state;

	(void)passdb(f, NULL);
	begin(f);
	add_worker(f);
	ask(&teller, CTL_AUTH_EXPLAIN, "o'joe", "");
	(void)hear(f, &teller);
	row_is(f, columns);
	assert_true(hear(f, &teller));
	said(&teller, "user=o'joe\npassdb.1.driver=sql\n");
	said(&teller, "passdb.1.query=SELECT host FROM t WHERE user = ?\n"
	    "passdb.1.$1='o'joe'\npassdb.1.from=database\n");
	said(&teller, "passdb.1.field.password=<hidden>\n");
	said(&teller, "passdb.1.field.pass=<hidden>\n");
	said(&teller, "passdb.1.field.x_token=<hidden>\n");
	said(&teller, "passdb.1.field.note=a\\x5cb\\x0a\\xe4\n");
	said(&teller, "route.pass=<hidden>\n");
	said(&teller, "route.address=10.0.0.1:143\nresult=ok\n");
	assert_null(strstr(teller.text, "sesame"));
	assert_null(strstr(teller.text, "topp"));
	assert_int_equal(teller.ndone, 1);
	assert_int_equal(teller.done.result, CTL_AUTH_OK);
	/* It holds no place of the user, and nothing else. */
	assert_int_equal(f->env.grants.n, 0);
	assert_int_equal(f->env.nopen, 0);
}

static void
test_auth_test(void **state)
{
	struct fixture *f = *state;

	f->settings.auth_failure_delay_ms = 60000;
	(void)passdb(f, "proxy=y host=10.0.0.1 password=sesame");
	begin(f);
	ask(&teller, CTL_AUTH_TEST, "joe", "sesame");
	assert_true(hear(f, &teller));
	said(&teller, "result=ok\n");
	/* No delay for who may ask here. */
	ask(&teller, CTL_AUTH_TEST, "joe", "sesam");
	assert_true(hear(f, &teller));
	said(&teller, "passdb.1.decision=password mismatch\n");
	said(&teller, "result=refused\nreason=credentials\n");
	assert_int_equal(teller.done.result, CTL_AUTH_REFUSED);
	assert_int_equal(teller.ndone, 2);
	assert_null(strstr(teller.text, "sesam"));
}

/* Without a password nothing is verified, and nobody's hash is spent on. */
static void
test_explain_of_nobody(void **state)
{
	struct fixture *f = *state;

	(void)passdb(f, NULL);
	begin(f);
	add_worker(f);
	(void)strlcpy(f->env.chain.dbs[0].dummy, "{BLF-CRYPT}x",
	    sizeof(f->env.chain.dbs[0].dummy));
	ask(&teller, CTL_AUTH_EXPLAIN, "nobody", "");
	(void)hear(f, &teller);
	fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
	assert_true(hear(f, &teller));
	said(&teller, "passdb.1.decision=unknown user\n");
	assert_int_equal(teller.done.result, CTL_AUTH_REFUSED);
}

static void
test_status(void **state)
{
	struct fixture *f = *state;

	(void)passdb(f, NULL);
	begin(f);
	add_worker(f);
	channel_send_empty(teller.channel, CTL_AUTH_STATUS, 0);
	assert_true(hear(f, &teller));
	said(&teller, "workers=1\nworkers_max=1\ntasks_waiting=0\n");
	assert_int_equal(teller.done.result, CTL_AUTH_OK);
}

/* Hosts in the order of their addresses, then orders about others. */
static void
test_hosts(void **state)
{
	struct netaddr addr = { NETADDR_V4, 143, { 192, 0, 2, 12 } };
	struct host_order order = { .addr = addr, .mode = HOST_DRAIN };
	struct fixture *f = *state;
	struct mail_host *h;

	(void)passdb(f, NULL);
	begin(f);
	h = mail_hosts_get(&f->env.hosts, &addr);
	mail_host_failed(h, LOGIN_AUTH_SILENT, &(struct mail_host_failure){
	    .suspect = 1, .witness = 1 });
	mail_host_failed(h, LOGIN_AUTH_UNREACHABLE,
	    &(struct mail_host_failure){ .suspect = 2, .witness = 2 });
	addr.ip[3] = 11;
	mail_hosts_get(&f->env.hosts, &addr)->nsessions = 3;
	assert_int_equal(host_orders_set(&f->env.hosts.orders, &order), 0);
	order.addr.ip[3] = 7;
	order.addr.port = 0;
	assert_int_equal(host_orders_set(&f->env.hosts.orders, &order), 0);
	channel_send_empty(teller.channel, CTL_AUTH_HOSTS, 0);
	assert_true(hear(f, &teller));
	assert_int_equal(teller.ndone, 1);
	assert_int_equal(teller.nhosts, 3);
	assert_int_equal(teller.hosts[0].addr.ip[3], 11);
	assert_int_equal(teller.hosts[0].sessions, 3);
	assert_false(teller.hosts[0].is_down);
	assert_int_equal(teller.hosts[1].addr.ip[3], 12);
	assert_int_equal(teller.hosts[1].mode, HOST_DRAIN);
	assert_int_equal(teller.hosts[1].failures, 2);
	assert_int_equal(teller.hosts[1].trouble, LOGIN_AUTH_UNREACHABLE);
	assert_true(teller.hosts[1].is_down);
	assert_in_range(teller.hosts[1].next_ms, 1, 1250);
	assert_int_equal(teller.hosts[2].addr.ip[3], 7);
	assert_int_equal(teller.hosts[2].addr.port, 0);
	mail_hosts_get(&f->env.hosts, &addr)->nsessions = 0;
}

/* Each of these closes this channel, and nothing else happens. */
static void
test_violations(void **state)
{
	struct fixture *f = *state;
	struct teller other;

	(void)passdb(f, NULL);
	begin(f);
	add_worker(f);
	/* A password where there is none. */
	dial(&other);
	ask(&other, CTL_AUTH_EXPLAIN, "joe", "pw");
	assert_false(hear(f, &other));
	channel_free(other.channel);
	/* Two at a time. */
	dial(&other);
	ask(&other, CTL_AUTH_EXPLAIN, "joe", "");
	ask(&other, CTL_AUTH_EXPLAIN, "ann", "");
	assert_false(hear(f, &other));
	channel_free(other.channel);
	/* What only auth may say. */
	dial(&other);
	channel_send_empty(other.channel, CTL_AUTH_DONE, 0);
	assert_false(hear(f, &other));
	channel_free(other.channel);
	assert_int_equal(f->env.nopen, 0);
	channel_send_empty(teller.channel, CTL_AUTH_STATUS, 0);
	assert_true(hear(f, &teller));
	assert_int_equal(teller.ndone, 1);
}

static void
test_few_and_not_for_long(void **state)
{
	struct teller others[AUTH_CTL_PEERS_MAX];
	struct fixture *f = *state;

	begin_hasty(f);
	for (size_t i = 0; i < UNIT_LENGTH(others); i++) {
		dial(&others[i]);
		settle(f);
	}
	assert_int_equal(ctl.npeers, AUTH_CTL_PEERS_MAX);
	/* One came before them. */
	assert_false(hear(f, &others[AUTH_CTL_PEERS_MAX - 1]));
	wait_ms(f, 100);
	assert_int_equal(ctl.npeers, 0);
	for (size_t i = 0; i < UNIT_LENGTH(others); i++)
		channel_free(others[i].channel);
}

/* Who goes away while auth is asked leaves nothing behind. */
static void
test_gone(void **state)
{
	struct fixture *f = *state;

	(void)passdb(f, NULL);
	begin(f);
	add_worker(f);
	ask(&teller, CTL_AUTH_EXPLAIN, "joe", "");
	assert_true(hear(f, &teller));
	assert_int_equal(f->env.nopen, 1);
	channel_free(teller.channel);
	teller.channel = NULL;
	settle(f);
	assert_int_equal(f->env.nopen, 0);
	assert_int_equal(ctl.npeers, 0);
}

#define TEST(test)	cmocka_unit_test_setup_teardown(test, setup,	\
	ctl_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_explain),
		TEST(test_auth_test),
		TEST(test_explain_of_nobody),
		TEST(test_status),
		TEST(test_hosts),
		TEST(test_violations),
		TEST(test_few_and_not_for_long),
		TEST(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
