/* ctl_server: who may connect, for how long, and what garbage costs. */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "ipc/master_ctl.h"
#include "ipc/roles.h"
#include "lib/channel.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/wire.h"
#include "master/ctl_server.h"
#include "master/rundir.h"

#define START_MS	1000000
#define IDLE_MS		20

/* What wicketctl heard. */
struct heard {
	struct channel			*channel;
	unsigned int			 ndone, nfaults, nsuites, npeers;
	unsigned int			 nclosed;
	struct master_ctl_done		 done;
	struct master_ctl_fault		 fault;
	struct master_ctl_process	 process;
	struct master_ctl_cert		 cert;
	struct master_ctl_peer		 peer;
	int				 fd;
};

struct bed {
	char			 dir[64], path[96];
	struct rundir		 rundir;
	struct loop		*loop;
	struct ctl_server	 ctl;
	enum master_ctl_result	 result;
	unsigned int		 nreloads, nstops, ngone;
	struct ctl_conn		*reloading;
	bool			 is_slow;	/* reloads */
	struct master_ctl_auth	 asked;
	struct host_order	 order;
	char			 fault[RUNDIR_FAULT_MAX];
	int			 saved_stderr, nfds;
};

/* The master's side. */

static void
hook_reload(void *owner, struct ctl_conn *c)
{
	struct bed *b = owner;

	b->nreloads++;
	b->reloading = c;
	if (b->is_slow)
		return;
	if (b->result == MASTER_CTL_REFUSED)
		ctl_conn_send_fault(c, "a.conf:3: bad\n\x1b[2J");
	ctl_conn_done(c, b->result);
}

static void
hook_gone(void *owner, struct ctl_conn *c)
{
	struct bed *b = owner;

	assert_ptr_equal(c, b->reloading);
	b->ngone++;
}

static enum master_ctl_result
hook_stop(void *owner, struct ctl_conn *c)
{
	struct bed *b = owner;

	assert_int_equal(ctl_conn_pid(c), getpid());
	b->nstops++;
	ctl_server_close(&b->ctl);
	return MASTER_CTL_OK;
}

static enum master_ctl_result
hook_status(void *owner, struct ctl_conn *c)
{
	struct master_ctl_suite suite = { .version = "1", .pid = 7 };
	struct master_ctl_process process = { .role = ROLE_ID_AUTH,
	    .state = MASTER_CTL_BUSY, .pid = 8 };

	(void)owner;
	ctl_conn_send_suite(c, &suite);
	ctl_conn_send_process(c, &process);
	return MASTER_CTL_OK;
}

static enum master_ctl_result
hook_tls(void *owner, struct ctl_conn *c)
{
	const struct master_ctl_cert cert = { .kind = "RSA 2048",
	    .names = "mail.example", .not_after_s = 9 };

	(void)owner;
	ctl_conn_send_cert(c, &cert);
	return MASTER_CTL_OK;
}

static enum master_ctl_result
hook_auth(void *owner, struct ctl_conn *c, const struct master_ctl_auth *m)
{
	struct master_ctl_peer peer = { .index = 1, .count = 2 };
	struct bed *b = owner;

	b->asked = *m;
	ctl_conn_send_peer(c, &peer, STDIN_FILENO);
	return MASTER_CTL_OK;
}

static enum master_ctl_result
hook_host(void *owner, struct ctl_conn *c, const struct host_order *m)
{
	struct bed *b = owner;

	(void)c;
	b->order = *m;
	return MASTER_CTL_OK;
}

static const struct ctl_hooks hooks = {
	.reload = hook_reload, .gone = hook_gone, .stop = hook_stop,
	.status = hook_status, .tls = hook_tls, .auth = hook_auth,
	.host = hook_host,
};

/* wicketctl's side. */

static int
on_suite(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct master_ctl_suite suite;
	struct heard *h = arg;

	(void)id;
	(void)fd;
	h->nsuites++;
	return master_ctl_suite_get(r, &suite);
}

static int
on_process(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct heard *h = arg;

	(void)id;
	(void)fd;
	return master_ctl_process_get(r, &h->process);
}

static int
on_fault(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct heard *h = arg;

	(void)id;
	(void)fd;
	h->nfaults++;
	return master_ctl_fault_get(r, &h->fault);
}

static int
on_peer(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct heard *h = arg;

	(void)id;
	h->npeers++;
	h->fd = fd;
	return master_ctl_peer_get(r, &h->peer);
}

static int
on_done(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct heard *h = arg;

	(void)id;
	(void)fd;
	h->ndone++;
	return master_ctl_done_get(r, &h->done);
}

static int
on_cert(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct heard *h = arg;

	(void)id;
	(void)fd;
	return master_ctl_cert_get(r, &h->cert);
}

static const struct channel_row rows[] = {
	{ MASTER_CTL_CERT, "CERT", 1, 0, CHANNEL_BODY_MAX, false, false,
	    on_cert },
	{ MASTER_CTL_SUITE, "SUITE", 1, 0, CHANNEL_BODY_MAX, false, false,
	    on_suite },
	{ MASTER_CTL_PROCESS, "PROCESS", 1, 0, CHANNEL_BODY_MAX, false,
	    false, on_process },
	{ MASTER_CTL_FAULT, "FAULT", 1, 0, CHANNEL_BODY_MAX, false, false,
	    on_fault },
	{ MASTER_CTL_AUTH_PEER, "AUTH_PEER", 1, 0, CHANNEL_BODY_MAX, true,
	    false, on_peer },
	{ MASTER_CTL_DONE, "DONE", 1, 0, CHANNEL_BODY_MAX, false, false,
	    on_done },
};

static void
on_closed(void *arg, enum channel_end end)
{
	struct heard *h = arg;

	(void)end;
	h->nclosed++;
}

static int
set_up(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_non_null(b);
	b->saved_stderr = dup(STDERR_FILENO);
	if (getenv("VERBOSE") == NULL)
		(void)dup2(null, STDERR_FILENO);
	(void)close(null);
	(void)snprintf(b->dir, sizeof(b->dir), "/tmp/test_ctl.XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	(void)snprintf(b->path, sizeof(b->path), "%s/control", b->dir);
	b->rundir.pid_fd = -1;
	b->rundir.dir_fd = open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(b->rundir.dir_fd >= 0);
	clock_set_for_test(START_MS);
	b->loop = loop_new();
	ctl_server_init(&b->ctl, b->loop, &hooks, b);
	loop_timers_init(b->loop, &b->ctl.idle, IDLE_MS);
	assert_int_equal(ctl_server_open(&b->ctl, &b->rundir, b->fault,
	    sizeof(b->fault)), 0);
	b->nfds = unit_count_fds();
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bed *b = *state;

	ctl_server_clear(&b->ctl);
	loop_free(b->loop);
	clock_set_for_test(0);
	(void)close(b->rundir.dir_fd);
	(void)unlink(b->path);
	assert_int_equal(rmdir(b->dir), 0);
	(void)dup2(b->saved_stderr, STDERR_FILENO);
	(void)close(b->saved_stderr);
	free(b);
	return 0;
}

static void
settle(struct bed *b)
{
	for (int i = 0; i < 50; i++)
		loop_turn(b->loop, false);
}

/* What is due by the clock of the test expires; the loop has its own. */
static void
settle_to(struct bed *b, uint64_t ms)
{
	const struct timespec wait = { .tv_nsec = IDLE_MS * 100000L };

	clock_set_for_test(START_MS + ms);
	for (int i = 0; i < 30; i++) {
		(void)nanosleep(&wait, NULL);
		loop_turn(b->loop, false);
	}
}

static int
dial(struct bed *b)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", b->path);
	assert_true(fd >= 0);
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static void
hear(struct bed *b, struct heard *h)
{
	memset(h, 0, sizeof(*h));
	h->fd = -1;
	h->channel = channel_new(&(struct channel_config){
		.loop = b->loop, .fd = dial(b),
		.contract = &master_ctl_contract, .rows = rows,
		.nrows = UNIT_LENGTH(rows), .policy = CHANNEL_PEER_LOWER,
		.role = ROLE_ID_CTL, .peer = "master", .endpoint = h,
		.closed_fn = on_closed });
	settle(b);
}

static void
ask(struct bed *b, struct heard *h, enum master_ctl_type type)
{
	channel_send_empty(h->channel, (uint16_t)type, 0);
	settle(b);
}

static bool
is_closed(int fd)
{
	char byte;
	ssize_t n;

	while ((n = recv(fd, &byte, 1, MSG_DONTWAIT)) == 1)
		continue;
	return n == 0 || errno == ECONNRESET;
}

/* An answer that takes its time: other commands are served, nobody is idle. */
static void
test_slow_reload(void **state)
{
	struct bed *b = *state;
	struct heard h, other;

	b->is_slow = true;
	hear(b, &h);
	ask(b, &h, MASTER_CTL_RELOAD);
	assert_int_equal(h.ndone, 0);
	hear(b, &other);
	ask(b, &other, MASTER_CTL_STATUS);
	assert_int_equal(other.ndone, 1);
	settle_to(b, 10 * CTL_SERVER_IDLE_MS);
	ctl_conn_done(b->reloading, MASTER_CTL_OK);
	settle(b);
	assert_int_equal(h.ndone, 1);
	assert_int_equal(b->ngone, 0);
	channel_free(h.channel);
	settle(b);
	assert_int_equal(b->ngone, 0);
	/* One that leaves before its answer. */
	hear(b, &h);
	ask(b, &h, MASTER_CTL_RELOAD);
	channel_free(h.channel);
	settle(b);
	assert_int_equal(b->ngone, 1);
	/* One that asks twice. */
	hear(b, &h);
	ask(b, &h, MASTER_CTL_RELOAD);
	ask(b, &h, MASTER_CTL_RELOAD);
	assert_int_equal(b->ngone, 2);
	assert_int_equal(h.nclosed, 1);
	channel_free(h.channel);
	channel_free(other.channel);
}

static void
test_commands(void **state)
{
	struct bed *b = *state;
	struct heard h;

	hear(b, &h);
	ask(b, &h, MASTER_CTL_RELOAD);
	assert_int_equal(h.ndone, 1);
	assert_int_equal(h.done.result, MASTER_CTL_OK);
	b->result = MASTER_CTL_REFUSED;
	ask(b, &h, MASTER_CTL_RELOAD);
	assert_int_equal(h.done.result, MASTER_CTL_REFUSED);
	/* A name in a configuration cannot steer a terminal. */
	assert_string_equal(h.fault.text, "a.conf:3: bad[2J");
	ask(b, &h, MASTER_CTL_STATUS);
	assert_int_equal(h.nsuites, 1);
	assert_int_equal(h.process.state, MASTER_CTL_BUSY);
	assert_int_equal(h.process.pid, 8);
	assert_int_equal(h.ndone, 3);
	ask(b, &h, MASTER_CTL_TLS);
	assert_string_equal(h.cert.kind, "RSA 2048");
	assert_int_equal(h.cert.not_after_s, 9);
	ask(b, &h, MASTER_CTL_STOP);
	assert_int_equal(b->nstops, 1);
	/* The answer still comes; nobody else can connect. */
	assert_int_equal(h.ndone, 5);
	assert_int_equal(dial(b), -1);
	assert_int_equal(access(b->path, F_OK), -1);
	channel_free(h.channel);
}

static void
test_host(void **state)
{
	struct host_order m = { .addr = { NETADDR_V4, 0, { 192, 0, 2, 7 } },
	    .mode = HOST_DRAIN };
	struct bed *b = *state;
	struct wire_writer w;
	uint8_t body[32];
	struct heard h;

	hear(b, &h);
	wire_writer_init(&w, body, sizeof(body));
	host_order_put(&w, &m);
	channel_send(h.channel, MASTER_CTL_HOST, 0, &w, -1);
	settle(b);
	assert_int_equal(b->order.mode, HOST_DRAIN);
	assert_int_equal(b->order.addr.ip[3], 7);
	assert_int_equal(h.ndone, 1);
	/* Malformed: too long. */
	m.mode = HOST_DOWN;
	wire_writer_init(&w, body, sizeof(body));
	host_order_put(&w, &m);
	wire_put_u32(&w, 0);
	channel_send(h.channel, MASTER_CTL_HOST, 0, &w, -1);
	settle(b);
	assert_int_equal(h.nclosed, 1);
	assert_int_equal(b->order.mode, HOST_DRAIN);
	channel_free(h.channel);
}

static void
test_a_channel_to_auth(void **state)
{
	struct master_ctl_auth m = { .user = "joe", .index = 3 };
	struct bed *b = *state;
	struct wire_writer w;
	uint8_t body[300];
	struct heard h;

	hear(b, &h);
	wire_writer_init(&w, body, sizeof(body));
	master_ctl_auth_put(&w, &m);
	channel_send(h.channel, MASTER_CTL_AUTH, 0, &w, -1);
	settle(b);
	assert_string_equal(b->asked.user, "joe");
	assert_int_equal(b->asked.index, 3);
	assert_int_equal(h.peer.count, 2);
	assert_true(h.fd >= 0);
	(void)close(h.fd);
	channel_free(h.channel);
	settle(b);
	assert_int_equal(unit_count_fds(), b->nfds);
}

static void
test_the_socket(void **state)
{
	struct bed *b = *state;
	struct stat st;

	assert_int_equal(lstat(b->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_uid, geteuid());
	/* Another one in its place is not ours to remove. */
	assert_int_equal(unlink(b->path), 0);
	assert_int_equal(mknod(b->path, S_IFREG | 0600, 0), 0);
	ctl_server_close(&b->ctl);
	assert_int_equal(access(b->path, F_OK), 0);
	/* A file that is no socket is not taken for a relic. */
	assert_int_equal(ctl_server_open(&b->ctl, &b->rundir, b->fault,
	    sizeof(b->fault)), -1);
	assert_non_null(strstr(b->fault, "control in base_dir"));
	assert_int_equal(access(b->path, F_OK), 0);
}

/* T-F7: what a master that died has left is replaced. */
static void
test_T_F7_a_relic_is_replaced(void **state)
{
	struct bed *b = *state;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct heard h;
	int fd;

	ctl_server_close(&b->ctl);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", b->path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr,
	    sizeof(addr)), 0);
	(void)close(fd);
	assert_int_equal(ctl_server_open(&b->ctl, &b->rundir, b->fault,
	    sizeof(b->fault)), 0);
	hear(b, &h);
	ask(b, &h, MASTER_CTL_RELOAD);
	assert_int_equal(h.ndone, 1);
	channel_free(h.channel);
}

static void
test_a_symbolic_link_is_refused(void **state)
{
	struct bed *b = *state;
	char target[128];

	ctl_server_close(&b->ctl);
	(void)snprintf(target, sizeof(target), "%s/elsewhere", b->dir);
	assert_int_equal(symlink(target, b->path), 0);
	assert_int_equal(ctl_server_open(&b->ctl, &b->rundir, b->fault,
	    sizeof(b->fault)), -1);
	assert_int_equal(access(target, F_OK), -1);
	assert_int_equal(unlink(b->path), 0);
}

/* T-F5: what a local user may send costs him his connection only. */
static void
test_T_F5_garbage(void **state)
{
	static const uint8_t huge[] = { 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0,
	    0, 0, 0, 0 };
	static const uint8_t no_hello[] = { 0, 0, 0, 0, 1, 0, 0, 0,
	    0, 0, 0, 0 };
	static const struct {
		const void	*bytes;
		size_t		 len;
	} bad[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 18 },
		{ huge, sizeof(huge) },
		{ no_hello, sizeof(no_hello) },
	};
	struct bed *b = *state;
	struct heard h;
	int fd;

	hear(b, &h);
	for (size_t i = 0; i < UNIT_LENGTH(bad); i++) {
		fd = dial(b);
		assert_int_equal(write(fd, bad[i].bytes, bad[i].len),
		    (ssize_t)bad[i].len);
		settle(b);
		assert_true(is_closed(fd));
		(void)close(fd);
	}
	ask(b, &h, MASTER_CTL_RELOAD);
	assert_int_equal(h.ndone, 1);
	/* A message that only the other side may send. */
	ask(b, &h, MASTER_CTL_DONE);
	assert_int_equal(h.nclosed, 1);
	channel_free(h.channel);
	settle(b);
	assert_int_equal(unit_count_fds(), b->nfds);
}

static void
test_T_F5_fds(void **state)
{
	union {
		struct cmsghdr	align;
		char		space[CMSG_SPACE(8 * sizeof(int))];
	} control = { .space = { 0 } };
	uint8_t frame[12] = { 0, 0, 0, 0, 1 };
	struct iovec iov = { .iov_base = frame, .iov_len = sizeof(frame) };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&mh);
	int fds[8] = { 0 }, fd;
	struct bed *b = *state;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	for (int i = 0; i < 100; i++) {
		fd = dial(b);
		assert_int_equal(sendmsg(fd, &mh, MSG_NOSIGNAL), 12);
		settle(b);
		assert_true(is_closed(fd));
		(void)close(fd);
	}
	assert_int_equal(unit_count_fds(), b->nfds);
}

/* T-F5: many connections at once, of which nobody says a word. */
static void
test_T_F5_silence(void **state)
{
	int fds[2 * CTL_SERVER_CONNS_MAX], nclosed = 0;
	struct bed *b = *state;
	struct heard h;

	for (size_t i = 0; i < UNIT_LENGTH(fds); i++) {
		fds[i] = dial(b);
		assert_true(fds[i] >= 0);
		settle(b);
	}
	assert_int_equal(b->ctl.nconns, CTL_SERVER_CONNS_MAX);
	for (size_t i = 0; i < UNIT_LENGTH(fds); i++)
		nclosed += is_closed(fds[i]);
	assert_int_equal(nclosed, CTL_SERVER_CONNS_MAX);
	settle_to(b, IDLE_MS - 1);
	assert_int_equal(b->ctl.nconns, CTL_SERVER_CONNS_MAX);
	settle_to(b, IDLE_MS);
	assert_int_equal(b->ctl.nconns, 0);
	for (size_t i = 0; i < UNIT_LENGTH(fds); i++) {
		assert_true(is_closed(fds[i]));
		(void)close(fds[i]);
	}
	hear(b, &h);
	ask(b, &h, MASTER_CTL_RELOAD);
	assert_int_equal(h.ndone, 1);
	/* Who asks again in time may stay. */
	settle_to(b, 2 * IDLE_MS - 1);
	ask(b, &h, MASTER_CTL_RELOAD);
	settle_to(b, 3 * IDLE_MS - 2);
	assert_int_equal(h.nclosed, 0);
	settle_to(b, 3 * IDLE_MS - 1);
	assert_int_equal(h.nclosed, 1);
	channel_free(h.channel);
	settle(b);
	assert_int_equal(unit_count_fds(), b->nfds);
}

/* Another user, if the test may become one. */
static void
dial_as_other(void *arg)
{
	struct bed *b = arg;
	int fd;

	if (chmod(b->dir, 0755) == -1 || chmod(b->path, 0666) == -1 ||
	    setuid(54321) == -1)
		_exit(2);
	fd = dial(b);
	/* Not even the mode of the socket protects it: its owner asks. */
	_exit(fd == -1 ? 1 : 0);
}

static void
test_another_user(void **state)
{
	struct bed *b = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(unit_status_of(dial_as_other, b), 0);
	settle(b);
	assert_int_equal(b->ctl.nconns, 0);
	assert_int_not_equal(b->ctl.warned_ms, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_commands, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_slow_reload, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_host, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_channel_to_auth,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_socket, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_T_F7_a_relic_is_replaced,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_a_symbolic_link_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_T_F5_garbage, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_T_F5_fds, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_T_F5_silence, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_another_user, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
