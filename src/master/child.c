/*
 * One running process of the suite: its start, messages, log and end.
 * Runs in: master.
 * Hostile input: what the child says and logs.
 * Never: decides how many children there are; waits for one.
 */
#include "master/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/channel.h"
#include "lib/clock.h"
#include "lib/proc.h"
#include "lib/sock.h"
#include "lib/wire.h"
#include "lib/xmem.h"
#include "master/master_log.h"

/* Bits of channel_row.when. */
#define CHILD_WHEN_STARTING	0x1u
#define CHILD_WHEN_LOGIN	0x2u
#define CHILD_WHEN_AUTH		0x4u
#define CHILD_WHEN_WORKER	0x8u

/* What a child needs while it starts, and what must be left for others. */
#define CHILD_FDS		(2 * MASTER_LISTENERS_MAX + 32 + \
				    MASTER_AUTHS_MAX)

static int	child_on_ready(void *, uint32_t, struct wire_reader *, int);
static int	child_on_taken(void *, uint32_t, struct wire_reader *, int);
static int	child_on_kept(void *, uint32_t, struct wire_reader *, int);
static int	child_on_wanted(void *, uint32_t, struct wire_reader *, int);
static int	child_on_status(void *, uint32_t, struct wire_reader *, int);
static int	child_on_hung(void *, uint32_t, struct wire_reader *, int);
static int	child_on_mail_ask(void *, uint32_t, struct wire_reader *,
		    int);
static int	child_on_mail_start(void *, uint32_t, struct wire_reader *,
		    int);

static const struct channel_row child_rows[] = {
	{ CHILD_READY, "READY", CHILD_WHEN_STARTING, 0, 0, false, true,
	    child_on_ready },
	{ CHILD_TAKEN, "TAKEN", CHILD_WHEN_LOGIN, 0, 0, false, true,
	    child_on_taken },
	{ CHILD_KEPT, "KEPT", CHILD_WHEN_LOGIN, 0, 0, false, false,
	    child_on_kept },
	{ CHILD_WORKER_WANTED, "WORKER_WANTED", CHILD_WHEN_AUTH, 0, 0, false,
	    false, child_on_wanted },
	{ CHILD_STATUS, "STATUS", CHILD_WHEN_LOGIN, 8, 8, false, false,
	    child_on_status },
	{ CHILD_WORKER_HUNG, "WORKER_HUNG", CHILD_WHEN_AUTH, 4, 4, false,
	    false, child_on_hung },
	{ CHILD_MAIL_ASK, "MAIL_ASK", CHILD_WHEN_AUTH, 20,
	    sizeof(struct child_mail_ask), false, false, child_on_mail_ask },
	{ CHILD_MAIL_START, "MAIL_START", CHILD_WHEN_LOGIN, 19,
	    sizeof(struct child_mail_start), true, false,
	    child_on_mail_start },
};

struct child_exit_word {
	int		 status;
	const char	*text;
};

static const struct child_exit_word child_exit_words[] = {
	{ EX_OK, "done" },
	{ PROC_EXIT_PROTOCOL, "the master or another process broke the rules" },
	{ PROC_EXIT_CONFIG, "settings could not be used" },
	{ PROC_EXIT_VERSION, "parts of different versions are installed" },
	{ PROC_EXIT_JAIL, "privileges could not be given up" },
	{ PROC_EXIT_MASTER_GONE, "the master closed its channel" },
	{ EX_SOFTWARE, "internal error" },
	{ EX_OSERR, "the system refused something" },
};

static void	child_on_closed(void *, enum channel_end);
static void	child_on_exit(void *, unsigned int);

static void
child_open_channel(struct child *c, int fd)
{
	char name[64];
	struct channel_config config = {
		.loop = c->config.loop,
		.fd = fd,
		.contract = &master_child_contract,
		.rows = child_rows,
		.nrows = sizeof(child_rows) / sizeof(child_rows[0]),
		.policy = CHANNEL_PEER_LOWER,
		.role = ROLE_ID_MASTER,
		.peer = name,
		.endpoint = c,
		.closed_fn = child_on_closed,
	};

	(void)snprintf(name, sizeof(name), "%s[%ld]", child_name(c),
	    (long)c->pid);
	c->channel = channel_new(&config);
	channel_set_state(c->channel, CHILD_WHEN_STARTING);
}

/* Runs the program with the far ends of both pairs, which it closes. */
static int
child_run(struct child *c, int master_fd, int log_fd)
{
	struct proc_spawn how = {
		.path = c->config.path,
		.name = child_name(c),
		.master_fd = master_fd,
		.log_fd = log_fd,
	};
	int saved_errno;

	c->pid = proc_spawn(&how, &c->pidfd);
	saved_errno = errno;
	(void)close(master_fd);
	(void)close(log_fd);
	errno = saved_errno;
	return c->pid == -1 ? -1 : 0;
}

/*
 * Room for the child's own fds and for those that its first messages carry:
 * the lowest free number tells how many there are.
 */
static bool
child_has_fds(void)
{
	struct rlimit limit;
	int lowest = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	if (lowest == -1)
		return false;
	(void)close(lowest);
	return getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    (rlim_t)lowest + CHILD_FDS < limit.rlim_cur;
}

struct child *
child_new(const struct child_config *config)
{
	int master[2], log[2], saved_errno;
	struct child *c;

	if (!child_has_fds()) {
		errno = EMFILE;
		return NULL;
	}
	if (sock_pair(SOCK_STREAM, master) == -1)
		return NULL;
	if (sock_pair(SOCK_SEQPACKET, log) == -1) {
		saved_errno = errno;
		(void)close(master[0]);
		(void)close(master[1]);
		errno = saved_errno;
		return NULL;
	}
	c = xcalloc(1, sizeof(*c));
	c->config = *config;
	if (child_run(c, master[1], log[1]) == -1) {
		saved_errno = errno;
		(void)close(master[0]);
		(void)close(log[0]);
		free(c);
		errno = saved_errno;
		return NULL;
	}
	c->state = CHILD_IS_STARTING;
	c->started_ms = clock_ms();
	child_open_channel(c, master[0]);
	loop_io_start(config->loop, &c->exit_io, c->pidfd, LOOP_READ,
	    child_on_exit, c);
	child_log_start(&c->log, &(struct child_log_config){
		.loop = config->loop,
		.log = config->log,
		.name = child_name(c),
		.pid = c->pid,
		.fd = log[0],
		.lines_max = config->log_lines_max,
	});
	return c;
}

void
child_free(struct child *c)
{
	loop_io_stop(&c->exit_io);
	child_log_clear(&c->log);
	channel_free(c->channel);
	(void)close(c->pidfd);
	free(c);
}

/* Messages to the child. */

void
child_send_settings(struct child *c, const uint8_t *data, size_t len)
{
	uint8_t body[2 + MASTER_SETTINGS_PART_MAX];
	struct master_settings_part m;
	struct wire_writer w;

	while (c->channel != NULL && len > 0) {
		m.data = data;
		m.len = len < MASTER_SETTINGS_PART_MAX ? len :
		    MASTER_SETTINGS_PART_MAX;
		wire_writer_init(&w, body, sizeof(body));
		master_settings_part_put(&w, &m);
		channel_send(c->channel, MASTER_SETTINGS_PART, 0, &w, -1);
		data += m.len;
		len -= m.len;
	}
}

void
child_send_fallback(struct child *c, enum log_fallback kind, int fd)
{
	struct master_log_fallback m = { .kind = (uint8_t)kind };
	struct wire_writer w;
	uint8_t body[1];

	if (c->channel == NULL)
		return;
	wire_writer_init(&w, body, sizeof(body));
	master_log_fallback_put(&w, &m);
	channel_send(c->channel, MASTER_LOG_FALLBACK, 0, &w, fd);
}

void
child_send_listener(struct child *c, const struct master_listener *m, int fd)
{
	struct wire_writer w;
	uint8_t body[64];

	if (c->channel == NULL)
		return;
	wire_writer_init(&w, body, sizeof(body));
	master_listener_put(&w, m);
	channel_send(c->channel, MASTER_LISTENER, 0, &w, fd);
}

void
child_send_fd(struct child *c, enum master_child_type type, int fd)
{
	struct wire_writer w;
	uint8_t none[1];

	if (c->channel == NULL)
		return;
	wire_writer_init(&w, none, 0);
	channel_send(c->channel, (uint16_t)type, 0, &w, fd);
}

void
child_send_body(struct child *c, enum master_child_type type,
    struct wire_writer *w)
{
	if (c->channel != NULL)
		channel_send(c->channel, (uint16_t)type, 0, w, -1);
	else
		explicit_bzero(w->data, w->len);
}

void
child_send_auth(struct child *c, const struct master_auth *m, int fd)
{
	struct wire_writer w;
	uint8_t body[2];

	if (c->channel == NULL)
		return;
	wire_writer_init(&w, body, sizeof(body));
	master_auth_put(&w, m);
	channel_send(c->channel, MASTER_AUTH_PEER, 0, &w, fd);
}

void
child_send_secret(struct child *c, const struct master_secret *m)
{
	struct wire_writer w;
	uint8_t body[sizeof(*m) + 2];

	wire_writer_init(&w, body, sizeof(body));
	master_secret_put(&w, m);
	child_send_body(c, MASTER_AUTH_SECRET, &w);
}

void
child_send_self(struct child *c, const struct master_auth *m)
{
	struct wire_writer w;
	uint8_t body[2];

	c->self = *m;
	if (c->channel == NULL)
		return;
	wire_writer_init(&w, body, sizeof(body));
	master_auth_put(&w, m);
	channel_send(c->channel, MASTER_AUTH_SELF, 0, &w, -1);
}

void
child_send_peer(struct child *c, enum master_child_type type, pid_t pid,
    int fd)
{
	struct master_peer m = { .pid = (uint32_t)pid };
	struct wire_writer w;
	uint8_t body[4];

	if (c->channel == NULL)
		return;
	wire_writer_init(&w, body, sizeof(body));
	master_peer_put(&w, &m);
	channel_send(c->channel, (uint16_t)type, 0, &w, fd);
}

void
child_send(struct child *c, enum master_child_type type)
{
	if (c->channel != NULL)
		channel_send_empty(c->channel, (uint16_t)type, 0);
}

void
child_send_mail(struct child *c, enum master_child_type type, uint32_t id,
    struct wire_writer *w)
{
	if (c->channel != NULL && w != NULL)
		channel_send(c->channel, (uint16_t)type, id, w, -1);
	else if (c->channel != NULL)
		channel_send_empty(c->channel, (uint16_t)type, id);
}

/* Messages from the child. */

static uint32_t
child_when_ready(const struct child *c)
{
	if (c->config.role == ROLE_ID_AUTH)
		return CHILD_WHEN_AUTH;
	return child_is_login(c) ? CHILD_WHEN_LOGIN : CHILD_WHEN_WORKER;
}

static int
child_on_ready(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct child *c = arg;

	(void)id;
	(void)fd;
	if (wire_end(r) == -1)
		return -1;
	c->ready_ms = clock_ms();
	channel_set_state(c->channel, child_when_ready(c));
	c->config.hooks->ready(c);
	return 0;
}

static int
child_on_taken(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct child *c = arg;

	(void)id;
	(void)fd;
	if (wire_end(r) == -1)
		return -1;
	c->config.hooks->taken(c);
	return 0;
}

static int
child_on_kept(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct child *c = arg;

	(void)id;
	(void)fd;
	/* An answer without a question breaks the rules. */
	if (wire_end(r) == -1 || c->asked_ms == 0)
		return -1;
	c->asked_ms = 0;
	c->kept_ms = clock_ms();
	c->config.hooks->kept(c);
	return 0;
}

static int
child_on_wanted(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct child *c = arg;

	(void)id;
	(void)fd;
	if (wire_end(r) == -1)
		return -1;
	c->config.hooks->worker_wanted(c);
	return 0;
}

static int
child_on_status(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct child *c = arg;

	(void)id;
	(void)fd;
	return child_status_get(r, &c->status);
}

static int
child_on_hung(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct child *c = arg;
	struct master_peer m;

	(void)id;
	(void)fd;
	if (master_peer_get(r, &m) == -1 || m.pid > INT32_MAX)
		return -1;
	c->config.hooks->worker_hung(c, (pid_t)m.pid);
	return 0;
}

static int
child_on_mail_ask(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct child *c = arg;
	struct child_mail_ask m;

	(void)fd;
	if (child_mail_ask_get(r, &m) == -1)
		return -1;
	return c->config.hooks->mail_ask(c, id, &m);
}

static int
child_on_mail_start(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct child *c = arg;
	struct child_mail_start m;

	if (child_mail_start_get(r, &m) == -1) {
		(void)close(fd);
		return -1;
	}
	return c->config.hooks->mail_start(c, id, &m, fd);
}

/* The channel's end is nearly always the child's: its exit tells more. */
static void
child_on_closed(void *arg, enum channel_end end)
{
	struct child *c = arg;

	/* Before it sees the end of its channel, and ends by itself. */
	if (end == CHANNEL_VIOLATION)
		child_kill(c);
	channel_free(c->channel);
	c->channel = NULL;
	c->config.hooks->ending(c);
}

void
child_leave(struct child *c)
{
	c->is_left = true;
	channel_free(c->channel);
	c->channel = NULL;
}

void
child_kill(struct child *c)
{
	if (syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0) == -1 &&
	    errno != ESRCH)
		log_error("%s[%ld]: cannot be killed: %m", child_name(c),
		    (long)c->pid);
}

void
child_tick(struct child *c)
{
	child_log_tick(&c->log);
	if (c->kill_at_ms != 0 && c->kill_at_ms <= clock_ms()) {
		log_warn("%s[%ld]: did not end when asked, killed",
		    child_name(c), (long)c->pid);
		c->kill_at_ms = 0;
		child_kill(c);
	}
}

/* The child's end. */

static void
child_on_exit(void *arg, unsigned int what)
{
	struct child *c = arg;
	siginfo_t info;
	struct child_end end;

	(void)what;
	if (proc_wait(c->pidfd, WNOHANG, &info) == -1)
		fatal(EX_OSERR, "waitid: %m");
	if (info.si_pid == 0)
		return;
	child_log_drain(&c->log);
	end.code = info.si_code;
	end.status = info.si_status;
	c->config.hooks->ended(c, &end);
}

bool
child_is_login(const struct child *c)
{
	return c->config.role == ROLE_ID_IMAP_LOGIN ||
	    c->config.role == ROLE_ID_POP3_LOGIN;
}

const char *
child_name(const struct child *c)
{
	return role_name(c->config.role);
}

const char *
child_end_text(const struct child_end *end, char *dst, size_t size)
{
	const char *text = "unknown reason", *name;
	size_t i;

	if (end->code != CLD_EXITED) {
		name = sigabbrev_np(end->status);
		(void)snprintf(dst, size, "killed by signal %d (SIG%s)%s",
		    end->status, name == NULL ? "?" : name,
		    end->code == CLD_DUMPED ? ", core dumped" : "");
		return dst;
	}
	for (i = 0; i < sizeof(child_exit_words) / sizeof(child_exit_words[0]);
	    i++)
		if (child_exit_words[i].status == end->status)
			text = child_exit_words[i].text;
	(void)snprintf(dst, size, "exit status %d (%s)", end->status, text);
	return dst;
}
