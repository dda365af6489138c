/*
 * The channels that the master makes between its children.
 * Runs in: master.
 * Hostile input: none; pids named by auth are looked up among its workers.
 * Never: keeps an end of such a channel.
 */
#include "master/peers.h"

#include <sys/socket.h>
#include <unistd.h>

#include "ipc/master_ctl.h"
#include "lib/log.h"
#include "lib/sock.h"
#include "master/child.h"
#include "master/master.h"
#include "master/service.h"

void
peers_join_login(struct master *m, struct child *login)
{
	int fds[2];

	if (sock_pair(SOCK_STREAM, fds) == -1) {
		log_error("%s[%ld]: no channel to auth: %m",
		    child_name(login), (long)login->pid);
		return;
	}
	child_send_auth(login, fds[0]);
	if (m->auth != NULL)
		child_send_peer(m->auth, MASTER_LOGIN_PEER, login->pid,
		    fds[1]);
	/* The messages hold duplicates. */
	(void)close(fds[0]);
	(void)close(fds[1]);
}

void
peers_use_auth(struct master *m, struct child *auth)
{
	struct service *s;
	struct child *c;
	size_t i;

	m->auth = auth;
	for (i = 0; i < MASTER_SERVICES; i++) {
		s = &m->services[i];
		TAILQ_FOREACH(c, &s->children, entry)
			if (child_is_login(c) && c->state != CHILD_IS_ENDING)
				peers_join_login(m, c);
	}
}

uint32_t
peers_auth_count(const struct master *m)
{
	return m->auth != NULL ? 1 : 0;
}

int
peers_join_ctl(struct master *m, pid_t pid,
    const struct master_ctl_auth *ask, struct master_ctl_peer *peer)
{
	int fds[2];

	if (m->auth == NULL || ask->index >= peers_auth_count(m) ||
	    sock_pair(SOCK_STREAM, fds) == -1)
		return -1;
	peer->index = 0;
	peer->count = (uint16_t)peers_auth_count(m);
	peer->pid = (uint32_t)m->auth->pid;
	child_send_peer(m->auth, MASTER_CTL_PEER, pid, fds[1]);
	(void)close(fds[1]);
	return fds[0];
}

static uint32_t
peers_count_workers(const struct master *m, const struct child *auth)
{
	const struct child *c;
	uint32_t n = 0;

	TAILQ_FOREACH(c, &m->services[MASTER_WORKER].children, entry)
		n += c->auth == auth->pid;
	return n;
}

static void
peers_join_worker(struct child *auth, struct child *worker)
{
	int fds[2];

	worker->auth = auth->pid;
	if (sock_pair(SOCK_STREAM, fds) == -1) {
		log_error("%s[%ld]: no channel to auth: %m",
		    child_name(worker), (long)worker->pid);
		return;
	}
	child_send_auth(worker, fds[0]);
	child_send_peer(auth, MASTER_WORKER_PEER, worker->pid, fds[1]);
	(void)close(fds[0]);
	(void)close(fds[1]);
	child_send(worker, MASTER_START);
}

void
peers_fill_workers(struct master *m)
{
	struct service *workers = &m->services[MASTER_WORKER];
	struct child *auth, *worker;

	TAILQ_FOREACH(auth, &m->services[MASTER_AUTH].children, entry) {
		if (auth->state == CHILD_IS_ENDING)
			continue;
		while (auth->nwanted > 0 &&
		    peers_count_workers(m, auth) < workers->policy.max) {
			if ((worker = service_start(workers)) == NULL)
				return;
			peers_join_worker(auth, worker);
			auth->nwanted--;
		}
	}
}

void
peers_kill_worker(struct master *m, const struct child *auth, int pid)
{
	struct service *workers = &m->services[MASTER_WORKER];
	struct child *c;

	TAILQ_FOREACH(c, &workers->children, entry)
		if (c->pid == pid && c->auth == auth->pid) {
			log_warn("%s[%ld]: hangs, killed", child_name(c),
			    (long)c->pid);
			child_kill(c);
			return;
		}
}
