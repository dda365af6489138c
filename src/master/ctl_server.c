/*
 * The control socket: who may connect, for how long, and what he may say.
 * Runs in: master.
 * Hostile input: what local users send to the socket.
 * Never: waits; ends or grows by what comes over the socket.
 */
#include "master/ctl_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ipc/roles.h"
#include "lib/channel.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/strutil.h"
#include "lib/wire.h"
#include "lib/xmem.h"
#include "master/rundir.h"

/* Who waits to be accepted; others are refused by the kernel. */
#define CTL_SERVER_BACKLOG	32
/* Accepted in one turn of the loop; then others have their turn. */
#define CTL_SERVER_ACCEPTS	16
/* At most one line in this time about those who may not. */
#define CTL_SERVER_WARN_MS	10000

struct ctl_conn {
	LIST_ENTRY(ctl_conn)	 entry;
	struct ctl_server	*server;
	struct channel		*channel;
	struct loop_timer	 idle;
	pid_t			 pid;
	bool			 is_waiting;	/* for a reload */
};

static int	ctl_on_reload(void *, uint32_t, struct wire_reader *, int);
static int	ctl_on_stop(void *, uint32_t, struct wire_reader *, int);
static int	ctl_on_status(void *, uint32_t, struct wire_reader *, int);
static int	ctl_on_tls(void *, uint32_t, struct wire_reader *, int);
static int	ctl_on_auth(void *, uint32_t, struct wire_reader *, int);
static int	ctl_on_host(void *, uint32_t, struct wire_reader *, int);

static const struct channel_row ctl_rows[] = {
	{ MASTER_CTL_RELOAD, "RELOAD", 1, 0, 0, false, false, ctl_on_reload },
	{ MASTER_CTL_STOP, "STOP", 1, 0, 0, false, false, ctl_on_stop },
	{ MASTER_CTL_STATUS, "STATUS", 1, 0, 0, false, false, ctl_on_status },
	{ MASTER_CTL_TLS, "TLS", 1, 0, 0, false, false, ctl_on_tls },
	{ MASTER_CTL_AUTH, "AUTH", 1, 4, 4 + MASTER_CTL_USER_MAX, false,
	    false, ctl_on_auth },
	{ MASTER_CTL_HOST, "HOST", 1, 8, 20, false, false, ctl_on_host },
};

void
ctl_server_init(struct ctl_server *cs, struct loop *loop,
    const struct ctl_hooks *hooks, void *owner)
{
	memset(cs, 0, sizeof(*cs));
	cs->loop = loop;
	cs->hooks = hooks;
	cs->owner = owner;
	cs->fd = -1;
	LIST_INIT(&cs->conns);
	loop_timers_init(loop, &cs->idle, CTL_SERVER_IDLE_MS);
}

/* Connections. */

static void
ctl_conn_free(struct ctl_conn *c)
{
	LIST_REMOVE(c, entry);
	c->server->nconns--;
	if (c->is_waiting)
		c->server->hooks->gone(c->server->owner, c);
	loop_timer_stop(&c->idle);
	channel_free(c->channel);
	free(c);
}

static void
ctl_conn_closed(void *arg, enum channel_end end)
{
	(void)end;
	ctl_conn_free(arg);
}

static void
ctl_conn_idle(void *arg)
{
	ctl_conn_free(arg);
}

static void
ctl_conn_new(struct ctl_server *cs, int fd, pid_t pid)
{
	struct ctl_conn *c = xcalloc(1, sizeof(*c));
	char peer[32];

	(void)snprintf(peer, sizeof(peer), "wicketctl[%ld]", (long)pid);
	c->server = cs;
	c->pid = pid;
	c->channel = channel_new(&(struct channel_config){
		.loop = cs->loop,
		.fd = fd,
		.contract = &master_ctl_contract,
		.rows = ctl_rows,
		.nrows = sizeof(ctl_rows) / sizeof(ctl_rows[0]),
		.policy = CHANNEL_PEER_LOWER,
		.role = ROLE_ID_MASTER,
		.peer = peer,
		.endpoint = c,
		.closed_fn = ctl_conn_closed,
	});
	LIST_INSERT_HEAD(&cs->conns, c, entry);
	cs->nconns++;
	loop_timer_start(&cs->idle, &c->idle, ctl_conn_idle, c);
}

/* The file's mode keeps others out already; this does not depend on it. */
static bool
ctl_server_may(struct ctl_server *cs, int fd, pid_t *pid)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(peer);
	uint64_t now = clock_ms();

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	    len == sizeof(peer) &&
	    (peer.uid == 0 || peer.uid == geteuid())) {
		*pid = peer.pid;
		return true;
	}
	if (cs->warned_ms == 0 ||
	    now - cs->warned_ms >= CTL_SERVER_WARN_MS) {
		cs->warned_ms = now;
		log_warn("control: refused: pid=%ld uid=%ld", (long)peer.pid,
		    (long)peer.uid);
	}
	return false;
}

static void
ctl_server_on_client(void *arg, unsigned int what)
{
	struct ctl_server *cs = arg;
	pid_t pid = 0;
	int fd, i;

	(void)what;
	for (i = 0; i < CTL_SERVER_ACCEPTS; i++) {
		fd = accept4(cs->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			/* Out of fds: the socket would stay ready. */
			if (errno != EAGAIN)
				loop_io_stop(&cs->io);
			return;
		}
		if (cs->nconns < CTL_SERVER_CONNS_MAX &&
		    ctl_server_may(cs, fd, &pid))
			ctl_conn_new(cs, fd, pid);
		else
			(void)close(fd);
	}
}

/* The socket. */

/*
 * Frees the name: the directory belongs to us, and so does its pid file, so
 * that nobody listens on a socket that is there.
 */
static int
ctl_server_unlink_old(int dir_fd)
{
	struct stat st;

	if (fstatat(dir_fd, MASTER_CTL_SOCKET, &st,
	    AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	return unlinkat(dir_fd, MASTER_CTL_SOCKET, 0);
}

/*
 * bind(2) takes short names only and none that counts from a directory: we
 * go there and come back.  Nobody can connect before listen(2).
 */
static int
ctl_server_bind(int fd, int dir_fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX,
	    .sun_path = MASTER_CTL_SOCKET };
	int cwd, saved_errno, result = -1;

	if ((cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	if (fchdir(dir_fd) == 0) {
		result = bind(fd, (const struct sockaddr *)&addr,
		    sizeof(addr));
		saved_errno = errno;
		if (fchdir(cwd) == -1)
			fatal(EXIT_FAILURE, "control: fchdir: %m");
		errno = saved_errno;
	}
	saved_errno = errno;
	(void)close(cwd);
	errno = saved_errno;
	return result;
}

static int
ctl_server_listen(struct ctl_server *cs, int dir_fd)
{
	struct stat st;

	if (ctl_server_unlink_old(dir_fd) == -1)
		return -1;
	cs->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (cs->fd == -1)
		return -1;
	if (ctl_server_bind(cs->fd, dir_fd) == -1 ||
	    fstatat(dir_fd, MASTER_CTL_SOCKET, &st,
	    AT_SYMLINK_NOFOLLOW) == -1 ||
	    fchmodat(dir_fd, MASTER_CTL_SOCKET, 0600, 0) == -1)
		return -1;
	cs->dev = st.st_dev;
	cs->ino = st.st_ino;
	return listen(cs->fd, CTL_SERVER_BACKLOG);
}

int
ctl_server_open(struct ctl_server *cs, const struct rundir *rundir,
    char *fault, size_t size)
{
	cs->rundir = rundir;
	if (ctl_server_listen(cs, rundir->dir_fd) == -1) {
		(void)snprintf(fault, size, "%s in base_dir: %s",
		    MASTER_CTL_SOCKET, strerror(errno));
		if (cs->fd != -1)
			(void)close(cs->fd);
		cs->fd = -1;
		return -1;
	}
	loop_io_start(cs->loop, &cs->io, cs->fd, LOOP_READ,
	    ctl_server_on_client, cs);
	return 0;
}

void
ctl_server_close(struct ctl_server *cs)
{
	struct stat st;

	if (cs->fd == -1)
		return;
	loop_io_stop(&cs->io);
	(void)close(cs->fd);
	cs->fd = -1;
	/* Another's socket is not ours to remove. */
	if (fstatat(cs->rundir->dir_fd, MASTER_CTL_SOCKET, &st,
	    AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == cs->dev && st.st_ino == cs->ino)
		(void)unlinkat(cs->rundir->dir_fd, MASTER_CTL_SOCKET, 0);
}

void
ctl_server_clear(struct ctl_server *cs)
{
	struct ctl_conn *c;

	ctl_server_close(cs);
	while ((c = LIST_FIRST(&cs->conns)) != NULL)
		ctl_conn_free(c);
	loop_timers_clear(&cs->idle);
}

void
ctl_server_tick(struct ctl_server *cs)
{
	if (cs->fd != -1 && !cs->io.is_on)
		loop_io_start(cs->loop, &cs->io, cs->fd, LOOP_READ,
		    ctl_server_on_client, cs);
}

/* Commands. */

void
ctl_conn_done(struct ctl_conn *c, enum master_ctl_result result)
{
	struct master_ctl_done m = { .result = (uint8_t)result };
	struct wire_writer w;
	uint8_t body[1];

	wire_writer_init(&w, body, sizeof(body));
	master_ctl_done_put(&w, &m);
	c->is_waiting = false;
	channel_send(c->channel, MASTER_CTL_DONE, 0, &w, -1);
	loop_timer_start(&c->server->idle, &c->idle, ctl_conn_idle, c);
}

/* A command without words: what its hook does is the answer. */
static int
ctl_conn_run(struct ctl_conn *c, struct wire_reader *r,
    enum master_ctl_result (*hook)(void *owner, struct ctl_conn *))
{
	if (wire_end(r) == -1)
		return -1;
	ctl_conn_done(c, hook(c->server->owner, c));
	return 0;
}

static int
ctl_on_reload(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct ctl_conn *c = arg;

	(void)id;
	(void)fd;
	/* A second one before the answer to the first breaks the rules. */
	if (wire_end(r) == -1 || c->is_waiting)
		return -1;
	c->is_waiting = true;
	loop_timer_stop(&c->idle);
	c->server->hooks->reload(c->server->owner, c);
	return 0;
}

static int
ctl_on_stop(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct ctl_conn *c = arg;

	(void)id;
	(void)fd;
	return ctl_conn_run(c, r, c->server->hooks->stop);
}

static int
ctl_on_status(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct ctl_conn *c = arg;

	(void)id;
	(void)fd;
	return ctl_conn_run(c, r, c->server->hooks->status);
}

static int
ctl_on_tls(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct ctl_conn *c = arg;

	(void)id;
	(void)fd;
	return ctl_conn_run(c, r, c->server->hooks->tls);
}

static int
ctl_on_auth(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct ctl_conn *c = arg;
	struct ctl_server *cs = c->server;
	struct master_ctl_auth m;

	(void)id;
	(void)fd;
	if (master_ctl_auth_get(r, &m) == -1)
		return -1;
	ctl_conn_done(c, cs->hooks->auth(cs->owner, c, &m));
	return 0;
}

static int
ctl_on_host(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct ctl_conn *c = arg;
	struct ctl_server *cs = c->server;
	struct host_order m;

	(void)id;
	(void)fd;
	if (host_order_get(r, &m) == -1)
		return -1;
	ctl_conn_done(c, cs->hooks->host(cs->owner, c, &m));
	return 0;
}

/* Answers. */

pid_t
ctl_conn_pid(const struct ctl_conn *c)
{
	return c->pid;
}

void
ctl_conn_send_suite(struct ctl_conn *c, const struct master_ctl_suite *m)
{
	uint8_t body[sizeof(*m) + 16];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	master_ctl_suite_put(&w, m);
	channel_send(c->channel, MASTER_CTL_SUITE, 0, &w, -1);
}

void
ctl_conn_send_process(struct ctl_conn *c, const struct master_ctl_process *m)
{
	uint8_t body[sizeof(*m)];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	master_ctl_process_put(&w, m);
	channel_send(c->channel, MASTER_CTL_PROCESS, 0, &w, -1);
}

void
ctl_conn_send_cert(struct ctl_conn *c, const struct master_ctl_cert *m)
{
	uint8_t body[sizeof(*m) + 16];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	master_ctl_cert_put(&w, m);
	channel_send(c->channel, MASTER_CTL_CERT, 0, &w, -1);
}

void
ctl_conn_send_fault(struct ctl_conn *c, const char *text)
{
	struct master_ctl_fault m;
	uint8_t body[sizeof(m) + 2];
	struct wire_writer w;

	str_copy_clean(m.text, sizeof(m.text), text, strlen(text));
	wire_writer_init(&w, body, sizeof(body));
	master_ctl_fault_put(&w, &m);
	channel_send(c->channel, MASTER_CTL_FAULT, 0, &w, -1);
}

void
ctl_conn_send_peer(struct ctl_conn *c, const struct master_ctl_peer *m,
    int fd)
{
	uint8_t body[sizeof(*m)];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	master_ctl_peer_put(&w, m);
	channel_send(c->channel, MASTER_CTL_AUTH_PEER, 0, &w, fd);
}
