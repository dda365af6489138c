/*
 * listener: accepts clients, as many as there is room for.
 * Runs in: login processes.
 * Hostile input: none read here; connections come from anywhere.
 * Never: spins when fds run out.
 */
#include "login-common/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ipc/master_child.h"
#include "lib/channel.h"
#include "lib/gate.h"
#include "lib/log.h"
#include "lib/sock.h"
#include "login-common/login_process.h"
#include "login-common/session.h"

/* With no fd left, no accept for so long. */
#define LISTENER_PAUSE_MS	1000

static void	listeners_watch(struct login_process *);

int
listener_add(struct login_process *process, int fd,
    const struct master_listener *m)
{
	static const uint8_t any[16];
	struct listeners *ls = &process->listeners;
	struct listener *l;

	if (ls->n == MASTER_LISTENERS_MAX)
		return -1;
	l = &ls->items[ls->n++];
	l->process = process;
	l->fd = fd;
	l->addr = m->addr;
	l->is_tls = m->is_tls;
	l->is_haproxy = m->is_haproxy;
	l->is_any = memcmp(m->addr.ip, any, sizeof(any)) == 0;
	return 0;
}

static void
listeners_unwatch(struct login_process *process)
{
	struct listeners *ls = &process->listeners;
	size_t i;

	for (i = 0; i < ls->n; i++)
		loop_io_stop(&ls->items[i].io);
}

static void
listeners_resume(void *arg)
{
	struct login_process *process = arg;
	struct listeners *ls = &process->listeners;

	/* The jail has no /dev/null to open; any fd keeps the place. */
	if (ls->reserve_fd == -1)
		ls->reserve_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	listeners_watch(process);
}

/*
 * No fd is left: the one in reserve lets us take a client and tell it so,
 * then nothing is accepted for a while.
 */
static void
listener_out_of_fds(struct login_process *process, struct listener *l)
{
	struct listeners *ls = &process->listeners;
	struct netaddr rip;
	int fd;

	log_warn("out of file descriptors: %u clients, %u sessions",
	    process->nwaiting, process->nrelayed);
	if (ls->reserve_fd != -1) {
		(void)close(ls->reserve_fd);
		ls->reserve_fd = -1;
		if ((fd = sock_accept(l->fd, &rip)) != -1)
			(void)close(fd);
		ls->reserve_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	}
	if (session_evict(process))
		return;
	listeners_unwatch(process);
	loop_timer_start(&ls->pause_timers, &ls->pause, listeners_resume,
	    process);
}

/* The client of a process that serves just one. */
static void
listener_taken(struct login_process *process)
{
	process->has_served = true;
	process->is_draining = true;
	listeners_close(process);
	channel_send_empty(process->master, CHILD_TAKEN, 0);
}

/* The one client of this process; false when another one was quicker. */
static bool
listener_accept_one(struct login_process *process, struct listener *l)
{
	static const struct timespec pause = { .tv_nsec = 100000000 };
	struct netaddr rip;
	int fd = sock_accept(l->fd, &rip);

	if (fd == -1) {
		if (errno == EAGAIN)
			return false;
		if (errno != EINVAL)
			log_warn("accept: %s", strerror(errno));
		/* Nothing is served here yet; the socket stays ready. */
		(void)nanosleep(&pause, NULL);
		return false;
	}
	session_new(process, fd, &rip, l);
	listener_taken(process);
	return true;
}

bool
listeners_wait(struct login_process *process)
{
	struct listeners *ls = &process->listeners;
	int fds[MASTER_LISTENERS_MAX], gate;
	size_t i, n = ls->n;
	bool has_client = false;

	for (i = 0; i < n; i++)
		fds[i] = ls->items[i].fd;
	gate = gate_open(fds, n, channel_fd(process->master));
	/* What came behind START was read with it: the gate does not tell. */
	i = n;
	while (!process->is_draining) {
		if (i < n)
			has_client = listener_accept_one(process,
			    &ls->items[i]);
		else if (channel_turn(process->master) == -1)
			break;
		if (has_client || process->is_draining)
			break;
		i = gate_wait(gate, n);
	}
	(void)close(gate);
	return has_client;
}

/* One a turn: the socket stays ready, and no call is made in vain. */
static void
listener_accept(void *arg, unsigned int what)
{
	struct listener *l = arg;
	struct login_process *process = l->process;
	struct netaddr rip;
	int fd = sock_accept(l->fd, &rip);

	(void)what;
	if (fd != -1)
		session_new(process, fd, &rip, l);
	else if (errno == EMFILE || errno == ENFILE)
		listener_out_of_fds(process, l);
	else if (errno == EINVAL)
		/* The master has shut it down; why, we shall hear. */
		loop_io_stop(&l->io);
	else if (errno != EAGAIN)
		log_warn("accept: %s", strerror(errno));
}

static void
listeners_watch(struct login_process *process)
{
	struct listeners *ls = &process->listeners;
	struct listener *l;
	size_t i;

	for (i = 0; i < ls->n; i++) {
		l = &ls->items[i];
		loop_io_start(process->loop, &l->io, l->fd, LOOP_READ,
		    listener_accept, l);
	}
}

void
listeners_start(struct login_process *process)
{
	struct listeners *ls = &process->listeners;

	loop_timers_init(process->loop, &ls->pause_timers,
	    LISTENER_PAUSE_MS);
	ls->reserve_fd = -1;
	listeners_resume(process);
}

void
listeners_close(struct login_process *process)
{
	struct listeners *ls = &process->listeners;
	size_t i;

	listeners_unwatch(process);
	loop_timer_stop(&ls->pause);
	for (i = 0; i < ls->n; i++)
		(void)close(ls->items[i].fd);
	ls->n = 0;
}
