/*
 * The channels that the master makes between its children.
 * Runs in: master.
 * Hostile input: none; pids named by auth are looked up among its workers.
 * Never: keeps an end of such a channel.
 */
#include "master/peers.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/settings.h"
#include "ipc/auth_choice.h"
#include "ipc/master_ctl.h"
#include "lib/log.h"
#include "lib/sock.h"
#include "lib/wire.h"
#include "master/child.h"
#include "master/master.h"
#include "master/service.h"

/* One channel between a login process and the auth process of this number. */
static void
peers_join(struct master *m, struct child *login, uint32_t index)
{
	const struct master_auth which = { .index = (uint8_t)index,
	    .count = (uint8_t)m->nauths };
	int fds[2];

	if (sock_pair(SOCK_STREAM, fds) == -1) {
		log_error("%s[%ld]: no channel to auth: %m",
		    child_name(login), (long)login->pid);
		return;
	}
	child_send_auth(login, &which, fds[0]);
	if (m->auths[index] != NULL)
		child_send_peer(m->auths[index], MASTER_LOGIN_PEER,
		    login->pid, fds[1]);
	/* The messages hold duplicates. */
	(void)close(fds[0]);
	(void)close(fds[1]);
}

void
peers_join_login(struct master *m, struct child *login)
{
	for (uint32_t i = 0; i < m->nauths; i++)
		peers_join(m, login, i);
}

uint32_t
peers_free_index(const struct master *m, const struct child *self)
{
	const struct child *c;
	uint32_t taken = 0, i = 0;

	TAILQ_FOREACH(c, &m->services[MASTER_AUTH].children, entry)
		if (c != self && (c->state == CHILD_IS_STARTING ||
		    c->state == CHILD_IS_SERVING))
			taken |= 1u << c->self.index;
	while (i + 1 < MASTER_AUTHS_MAX && (taken & 1u << i) != 0)
		i++;
	return i;
}

void
peers_use_auth(struct master *m, struct child *auth)
{
	struct service *s;
	struct child *c;
	size_t i;

	m->auths[auth->self.index] = auth;
	for (i = 0; i < MASTER_SERVICES; i++) {
		s = &m->services[i];
		TAILQ_FOREACH(c, &s->children, entry)
			if (child_is_login(c) && c->state != CHILD_IS_ENDING)
				peers_join(m, c, auth->self.index);
	}
}

void
peers_use_new_auths(struct master *m)
{
	struct service *s = &m->services[MASTER_AUTH];
	struct child *c;
	uint32_t i;

	m->nauths = s->policy.count;
	for (i = m->nauths; i < MASTER_AUTHS_MAX; i++)
		m->auths[i] = NULL;
	TAILQ_FOREACH(c, &s->children, entry)
		if (c->state == CHILD_IS_SERVING &&
		    m->auths[c->self.index] != c)
			peers_use_auth(m, c);
}

void
peers_forget_auth(struct master *m, const struct child *auth)
{
	for (uint32_t i = 0; i < MASTER_AUTHS_MAX; i++)
		if (m->auths[i] == auth)
			m->auths[i] = NULL;
}

uint32_t
peers_auth_count(const struct master *m)
{
	return m->nauths;
}

int
peers_join_ctl(struct master *m, pid_t pid,
    const struct master_ctl_auth *ask, struct master_ctl_peer *peer)
{
	uint32_t index = ask->index;
	int fds[2];

	if (ask->user[0] != '\0')
		index = auth_choice(ask->user, strlen(ask->user),
		    m->settings->auth_master_user_separator) % m->nauths;
	if (index >= m->nauths || m->auths[index] == NULL ||
	    sock_pair(SOCK_STREAM, fds) == -1)
		return -1;
	peer->index = (uint16_t)index;
	peer->count = (uint16_t)m->nauths;
	peer->pid = (uint32_t)m->auths[index]->pid;
	child_send_peer(m->auths[index], MASTER_CTL_PEER, pid, fds[1]);
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
	child_send_auth(worker, &auth->self, fds[0]);
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
		    peers_count_workers(m, auth) <
		    auth_share(workers->policy.max, auth->self.index,
		    auth->self.count)) {
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

static void
peers_send_order(struct child *c, const struct host_order *order)
{
	struct wire_writer w;
	uint8_t body[sizeof(*order)];

	wire_writer_init(&w, body, sizeof(body));
	host_order_put(&w, order);
	child_send_body(c, MASTER_HOST, &w);
}

void
peers_send_orders(const struct master *m, struct child *c)
{
	for (unsigned int i = 0; i < m->orders.n; i++)
		peers_send_order(c, &m->orders.items[i]);
}

int
peers_order_host(struct master *m, const struct host_order *order)
{
	struct child *c;

	if (host_orders_set(&m->orders, order) == -1)
		return -1;
	/* Old ones that still answer, too. */
	TAILQ_FOREACH(c, &m->services[MASTER_AUTH].children, entry)
		peers_send_order(c, order);
	return 0;
}
