/*
 * A worker in a process of its own, with master and auth played here.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "auth-worker/worker.h"
#include "config/config_wire.h"
#include "config/settings.h"
#include "ipc/auth_worker.h"
#include "ipc/master_child.h"
#include "ipc/roles.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/sock.h"

#define NOBODY	65534

/* Answers in the order they came. */
#define ANSWERS_MAX	16

struct answer {
	uint16_t	 type;
	uint32_t	 id;
	uint8_t		 value;		/* found, match, naddrs */
};

static char dir[64], path[128];
static char driver[] = "sqlite";
static char query[] = "SELECT password, host FROM proxy WHERE user = '%u'";
static pid_t child;
static struct channel *master, *auth;
static bool is_ready;
static struct answer answers[ANSWERS_MAX];
static size_t nanswers;

static int
on_ready(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	(void)endpoint;
	(void)id;
	(void)fd;
	is_ready = true;
	return wire_end(r);
}

static const struct channel_row master_rows[] = {
	{ CHILD_READY, "READY", 1, 0, 0, false, true, on_ready },
};

static void
keep(uint16_t type, uint32_t id, uint8_t value)
{
	assert_true(nanswers < ANSWERS_MAX);
	answers[nanswers++] = (struct answer){ type, id, value };
}

static int
on_row(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	static struct auth_worker_row m;

	(void)endpoint;
	(void)fd;
	assert_int_equal(auth_worker_row_get(r, &m), 0);
	keep(AUTH_WORKER_ROW, id, m.found);
	return 0;
}

static int
on_verified(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_worker_verified m;

	(void)endpoint;
	(void)fd;
	assert_int_equal(auth_worker_verified_get(r, &m), 0);
	keep(AUTH_WORKER_VERIFIED, id, m.match);
	return 0;
}

static int
on_resolved(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_worker_resolved m;

	(void)endpoint;
	(void)fd;
	assert_int_equal(auth_worker_resolved_get(r, &m), 0);
	keep(AUTH_WORKER_RESOLVED, id, m.naddrs);
	return 0;
}

static const struct channel_row auth_rows[] = {
	{ AUTH_WORKER_ROW, "ROW", 1, 3, CHANNEL_BODY_MAX, false, false,
	  on_row },
	{ AUTH_WORKER_VERIFIED, "VERIFIED", 1, 1, 1, false, false,
	  on_verified },
	{ AUTH_WORKER_RESOLVED, "RESOLVED", 1, 2, 512, false, false,
	  on_resolved },
};

static struct channel *
peer_new(int fd, const struct channel_contract *contract,
    const struct channel_row *rows, size_t nrows, enum role_id role)
{
	const struct channel_config config = {
		.fd = fd,
		.contract = contract,
		.rows = rows,
		.nrows = nrows,
		.policy = CHANNEL_PEER_LOWER,
		.role = (uint16_t)role,
		.peer = "worker",
	};

	return channel_new(&config);
}

/* The worker's process; it must not run what belongs to the test. */
static void
spawn(void)
{
	int fds[2];

	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	child = fork();
	assert_true(child != -1);
	if (child == 0) {
		(void)close(fds[0]);
		log_init_stderr("auth-worker");
		_exit(worker_run(fds[1]));
	}
	(void)close(fds[1]);
	master = peer_new(fds[0], &master_child_contract, master_rows, 1,
	    ROLE_ID_MASTER);
}

static void
send_settings(void)
{
	struct settings *settings = settings_new(0);
	struct settings_passdb *p = &settings->passdbs[0];
	struct master_settings_part part;
	uint8_t body[CHANNEL_BODY_MAX];
	struct wire_writer w;
	struct buf buf;

	settings->auth_worker_timeout_ms = 10000;
	settings->auth_worker_idle_ms = 60000;
	settings->auth_process_size_bytes = 256 * 1024 * 1024;
	settings->jail_uid = NOBODY;
	settings->jail_gid = NOBODY;
	settings->npassdbs = 1;
	p->driver = PASSDB_SQL;
	p->sql_driver = driver;
	p->sql_connect = path;
	p->sql_password_query = query;
	buf_init(&buf, MASTER_SETTINGS_MAX);
	assert_int_equal(config_wire_put(&buf, settings, ROLE_ID_AUTH_WORKER),
	    0);
	/* In small parts, so that there are several. */
	while (buf_used(&buf) > 0) {
		part.data = buf_head(&buf);
		part.len = buf_used(&buf) < 100 ? buf_used(&buf) : 100;
		wire_writer_init(&w, body, sizeof(body));
		master_settings_part_put(&w, &part);
		channel_send(master, MASTER_SETTINGS_PART, 0, &w, -1);
		buf_drop(&buf, part.len);
	}
	buf_clear(&buf);
	settings_free(settings);
}

static void
send_fd(enum master_child_type type, const void *bytes, size_t len, int fd)
{
	uint8_t body[8];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	for (size_t i = 0; i < len; i++)
		wire_put_u8(&w, ((const uint8_t *)bytes)[i]);
	channel_send(master, (uint16_t)type, 0, &w, fd);
}

static void
send_auth(void)
{
	int fds[2];

	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	send_fd(MASTER_AUTH_PEER, "\0\1", 2, fds[1]);
	(void)close(fds[1]);
	auth = peer_new(fds[0], &auth_worker_contract, auth_rows, 3,
	    ROLE_ID_AUTH);
}

/* All the way to a worker that serves. */
static void
start(void)
{
	static const uint8_t kind = LOG_FALLBACK_FILE;
	int fd;

	spawn();
	send_settings();
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_true(fd != -1);
	send_fd(MASTER_LOG_FALLBACK, &kind, 1, fd);
	(void)close(fd);
	send_auth();
	channel_send_empty(master, MASTER_START, 0);
	assert_int_equal(channel_step(master), 0);
	assert_true(is_ready);
}

/* How the worker ended. */
static int
status(void)
{
	int how;

	assert_int_equal(waitpid(child, &how, 0), child);
	child = 0;
	assert_true(WIFEXITED(how));
	return WEXITSTATUS(how);
}

static void
send_lookup(uint32_t id, uint8_t passdb, const char *user)
{
	struct auth_worker_lookup m = { .passdb = passdb, .mech = "PLAIN" };
	uint8_t body[1024];
	struct wire_writer w;

	(void)snprintf(m.user, sizeof(m.user), "%s", user);
	wire_writer_init(&w, body, sizeof(body));
	auth_worker_lookup_put(&w, &m);
	channel_send(auth, AUTH_WORKER_LOOKUP, id, &w, -1);
}

static void
send_verify(uint32_t id, const char *hash, const char *pass)
{
	struct auth_worker_verify m;
	uint8_t body[2048];
	struct wire_writer w;

	(void)snprintf(m.hash, sizeof(m.hash), "%s", hash);
	(void)snprintf(m.pass, sizeof(m.pass), "%s", pass);
	wire_writer_init(&w, body, sizeof(body));
	auth_worker_verify_put(&w, &m);
	channel_send(auth, AUTH_WORKER_VERIFY, id, &w, -1);
}

static void
send_resolve(uint32_t id, const char *name)
{
	struct auth_worker_resolve m;
	uint8_t body[512];
	struct wire_writer w;

	(void)snprintf(m.name, sizeof(m.name), "%s", name);
	wire_writer_init(&w, body, sizeof(body));
	auth_worker_resolve_put(&w, &m);
	channel_send(auth, AUTH_WORKER_RESOLVE, id, &w, -1);
}

static void
expect(uint16_t type, uint32_t id, uint8_t value)
{
	static size_t next;

	if (nanswers == 0)
		next = 0;
	while (nanswers == next)
		assert_int_equal(channel_step(auth), 0);
	assert_int_equal(answers[next].type, type);
	assert_int_equal(answers[next].id, id);
	assert_int_equal(answers[next].value, value);
	if (++next == nanswers)
		next = nanswers = 0;
}

static int
setup(void **state)
{
	sqlite3 *db;

	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_worker_XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/users.db", dir);
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, "CREATE TABLE proxy (user, password, host);"
	    "INSERT INTO proxy VALUES ('john', 'p', '192.0.2.1');"
	    "INSERT INTO proxy VALUES ('twice', 'p', '192.0.2.1');"
	    "INSERT INTO proxy VALUES ('twice', 'p', '192.0.2.1');",
	    NULL, NULL, NULL) != SQLITE_OK)
		return -1;
	(void)sqlite3_close(db);
	is_ready = false;
	nanswers = 0;
	/* The worker runs as somebody else. */
	return chmod(dir, 0755) | chmod(path, 0644);
}

static int
teardown(void **state)
{
	(void)state;
	channel_free(master);
	channel_free(auth);
	master = auth = NULL;
	if (child != 0)
		(void)waitpid(child, NULL, 0);
	child = 0;
	(void)unlink(path);
	return rmdir(dir);
}

static void
test_tasks(void **state)
{
	(void)state;
	start();
	send_lookup(7, 0, "john");
	expect(AUTH_WORKER_ROW, 7, AUTH_WORKER_ONE);
	send_lookup(8, 0, "nobody");
	expect(AUTH_WORKER_ROW, 8, AUTH_WORKER_NONE);
	send_lookup(9, 0, "twice");
	expect(AUTH_WORKER_ROW, 9, AUTH_WORKER_MANY);
	send_verify(10, "{PLAIN}secret", "secret");
	expect(AUTH_WORKER_VERIFIED, 10, AUTH_WORKER_MATCH);
	send_verify(11, "{PLAIN}secret", "wrong");
	expect(AUTH_WORKER_VERIFIED, 11, AUTH_WORKER_MISMATCH);
	send_resolve(12, "127.1");
	expect(AUTH_WORKER_RESOLVED, 12, 0);
	/* Without a database: a fault, and the worker lives on. */
	assert_int_equal(unlink(path), 0);
	send_lookup(13, 0, "john");
	expect(AUTH_WORKER_ROW, 13, AUTH_WORKER_FAULT);
	send_verify(14, "{NOSUCH}x", "x");
	expect(AUTH_WORKER_VERIFIED, 14, AUTH_WORKER_BAD_HASH);
}

/* What came at once is done in order. */
static void
test_many_at_once(void **state)
{
	(void)state;
	start();
	for (uint32_t id = 1; id <= 5; id++) {
		send_lookup(id, 0, "john");
		send_verify(id + 100, "{PLAIN}x", "x");
	}
	for (uint32_t id = 1; id <= 5; id++) {
		expect(AUTH_WORKER_ROW, id, AUTH_WORKER_ONE);
		expect(AUTH_WORKER_VERIFIED, id + 100, AUTH_WORKER_MATCH);
	}
}

/* A task that was sent before START is not lost. */
static void
test_early_task(void **state)
{
	(void)state;
	spawn();
	send_settings();
	send_auth();
	send_lookup(1, 0, "john");
	channel_send_empty(master, MASTER_START, 0);
	expect(AUTH_WORKER_ROW, 1, AUTH_WORKER_ONE);
}

static void
test_auth_goes(void **state)
{
	(void)state;
	start();
	channel_free(auth);
	auth = NULL;
	assert_int_equal(status(), 0);
}

static void
test_master_goes(void **state)
{
	(void)state;
	start();
	channel_free(master);
	master = NULL;
	assert_int_equal(status(), PROC_EXIT_MASTER_GONE);
}

static void
test_master_goes_early(void **state)
{
	(void)state;
	spawn();
	send_settings();
	channel_free(master);
	master = NULL;
	assert_int_equal(status(), PROC_EXIT_MASTER_GONE);
}

static void
test_stop(void **state)
{
	(void)state;
	start();
	channel_send_empty(master, MASTER_STOP, 0);
	assert_int_equal(status(), 0);
}

/* Right behind START, in the same read. */
static void
test_drain_at_once(void **state)
{
	(void)state;
	spawn();
	send_settings();
	send_auth();
	channel_send_empty(master, MASTER_START, 0);
	channel_send_empty(master, MASTER_DRAIN, 0);
	assert_int_equal(status(), 0);
}

static void
test_drain_before_start(void **state)
{
	(void)state;
	spawn();
	channel_send_empty(master, MASTER_DRAIN, 0);
	assert_int_equal(status(), 0);
}

static void
test_no_settings(void **state)
{
	(void)state;
	spawn();
	send_auth();
	channel_send_empty(master, MASTER_START, 0);
	assert_int_equal(status(), PROC_EXIT_PROTOCOL);
}

static void
test_no_auth(void **state)
{
	(void)state;
	spawn();
	send_settings();
	channel_send_empty(master, MASTER_START, 0);
	assert_int_equal(status(), PROC_EXIT_PROTOCOL);
}

/* A worker of its own suite does not guess what a strange message means. */
static void
test_violations(void **state)
{
	static const uint8_t junk[] = { 1, 2, 3 };

	(void)state;
	start();
	send_lookup(1, 1, "john");
	assert_int_equal(status(), PROC_EXIT_PROTOCOL);
	(void)teardown(NULL);
	(void)setup(NULL);
	start();
	channel_send_empty(auth, 55, 1);
	assert_int_equal(status(), PROC_EXIT_PROTOCOL);
	(void)teardown(NULL);
	(void)setup(NULL);
	start();
	channel_send_empty(master, MASTER_START, 0);
	assert_int_equal(status(), PROC_EXIT_PROTOCOL);
	(void)teardown(NULL);
	(void)setup(NULL);
	spawn();
	send_fd(MASTER_SETTINGS_PART, junk, sizeof(junk), -1);
	assert_int_equal(status(), PROC_EXIT_PROTOCOL);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tasks),
		TEST(test_many_at_once),
		TEST(test_early_task),
		TEST(test_auth_goes),
		TEST(test_master_goes),
		TEST(test_master_goes_early),
		TEST(test_stop),
		TEST(test_drain_at_once),
		TEST(test_drain_before_start),
		TEST(test_no_settings),
		TEST(test_no_auth),
		TEST(test_violations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
