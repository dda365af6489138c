/*
 * What wicketctl's commands do: reload, stop, status, a channel to auth.
 * Runs in: master.
 * Hostile input: none; ctl_server.c has checked who asks.
 * Never: waits; sees what is asked of auth.
 */
#include "master/ctl_commands.h"

#include <bsd/string.h>
#include <string.h>
#include <unistd.h>

#include "config/settings.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/strutil.h"
#include "master/certs.h"
#include "master/child.h"
#include "master/ctl_server.h"
#include "master/mail.h"
#include "master/master.h"
#include "master/master_tls.h"
#include "master/peers.h"
#include "master/reload.h"
#include "master/service.h"

/* All of it is made in one turn of the loop. */
#define CTL_PROCESSES_MAX	16384

static const uint8_t ctl_states[CHILD_STATES] = {
	[CHILD_IS_STARTING] = MASTER_CTL_STARTING,
	[CHILD_IS_SERVING] = MASTER_CTL_SERVING,
	[CHILD_IS_BUSY] = MASTER_CTL_BUSY,
	[CHILD_IS_OLD] = MASTER_CTL_OLD,
	[CHILD_IS_DRAINING] = MASTER_CTL_DRAINING,
	[CHILD_IS_ENDING] = MASTER_CTL_ENDING,
};

static void
ctl_say(void *arg, const char *fault)
{
	ctl_conn_send_fault(arg, fault);
}

static void
ctl_reloaded(void *arg, int result)
{
	ctl_conn_done(arg, result == 0 ? MASTER_CTL_OK : MASTER_CTL_REFUSED);
}

static void
ctl_reload(void *owner, struct ctl_conn *c)
{
	const struct reload_teller teller = { .say = ctl_say,
	    .done = ctl_reloaded, .arg = c };
	struct master *m = owner;

	if (!master_can_reload(m)) {
		ctl_conn_done(c, MASTER_CTL_NOT_NOW);
		return;
	}
	log_info("control: reload, asked by pid %ld", (long)ctl_conn_pid(c));
	m->reload.granted_ms = clock_ms();
	reload(m, &teller);
}

static void
ctl_gone(void *owner, struct ctl_conn *c)
{
	reload_forget(owner, c);
}

static enum master_ctl_result
ctl_stop(void *owner, struct ctl_conn *c)
{
	struct master *m = owner;

	if (!m->is_stopping)
		log_info("control: stopping, asked by pid %ld",
		    (long)ctl_conn_pid(c));
	master_stop(m);
	return MASTER_CTL_OK;
}

static uint32_t
ctl_seconds_since(uint64_t then_ms)
{
	return (uint32_t)((clock_ms() - then_ms) / 1000);
}

static void
ctl_send_process(struct ctl_conn *c, const struct child *child)
{
	struct master_ctl_process m = {
		.role = (uint8_t)child->config.role,
		.state = ctl_states[child->state],
		.pid = (uint32_t)child->pid,
		.uptime_s = ctl_seconds_since(child->started_ms),
		.waiting = child->status.waiting,
		.sessions = child->status.sessions,
		.auth = (uint32_t)child->auth,
	};

	ctl_conn_send_process(c, &m);
}

/* Those that expire within so many seconds. */
static void
ctl_send_certs(struct ctl_conn *c, const struct certs *certs, int64_t within_s)
{
	const struct certs_item *item = certs->items;
	size_t n = 0;

	for (; item < certs->items + certs->n; item++) {
		struct master_ctl_cert m = {
			.not_before_s = item->info.not_before_s,
			.not_after_s = item->info.not_after_s,
		};
		const char *use = certs_item_use(item);

		if (!item->has_info || (within_s != INT64_MAX &&
		    !master_tls_expires(item, within_s)) ||
		    n++ >= MASTER_CTL_CERTS_MAX)
			continue;
		str_copy_clean(m.kind, sizeof(m.kind), item->info.kind,
		    strlen(item->info.kind));
		str_copy_clean(m.names, sizeof(m.names), item->info.names,
		    strlen(item->info.names));
		str_copy_clean(m.use, sizeof(m.use), use, strlen(use));
		str_copy_clean(m.file, sizeof(m.file), item->cert.path,
		    strlen(item->cert.path));
		ctl_conn_send_cert(c, &m);
	}
	if (n > MASTER_CTL_CERTS_MAX)
		ctl_conn_send_fault(c, "there are more certificates than "
		    "are told here");
}

static enum master_ctl_result
ctl_tls(void *owner, struct ctl_conn *c)
{
	const struct master *m = owner;

	ctl_send_certs(c, m->certs, INT64_MAX);
	return MASTER_CTL_OK;
}

static enum master_ctl_result
ctl_status(void *owner, struct ctl_conn *c)
{
	const struct master *m = owner;
	struct master_ctl_suite suite = {
		.pid = (uint32_t)getpid(),
		.uptime_s = ctl_seconds_since(m->started_ms),
		.nauth = (uint16_t)peers_auth_count(m),
		.nmail_tickets = m->mails.ntickets,
		.nmail_max = m->settings->mail.max_mail_processes,
	};
	const struct child *child;
	size_t i, n = 0;

	(void)strlcpy(suite.version, PACKAGE_VERSION, sizeof(suite.version));
	str_copy_clean(suite.config, sizeof(suite.config), m->config_path,
	    strlen(m->config_path));
	mail_count(&m->mails, suite.nmail);
	ctl_conn_send_suite(c, &suite);
	ctl_send_certs(c, m->certs, MASTER_TLS_WARN_S);
	for (i = 0; i < MASTER_SERVICES; i++)
		TAILQ_FOREACH(child, &m->services[i].children, entry)
			if (n++ < CTL_PROCESSES_MAX)
				ctl_send_process(c, child);
	return MASTER_CTL_OK;
}

static enum master_ctl_result
ctl_auth(void *owner, struct ctl_conn *c, const struct master_ctl_auth *ask)
{
	struct master_ctl_peer peer;
	int fd = peers_join_ctl(owner, ctl_conn_pid(c), ask, &peer);

	if (fd == -1)
		return MASTER_CTL_NOT_NOW;
	ctl_conn_send_peer(c, &peer, fd);
	(void)close(fd);
	return MASTER_CTL_OK;
}

static enum master_ctl_result
ctl_host(void *owner, struct ctl_conn *c, const struct host_order *order)
{
	char text[NETADDR_PORT_TEXT_MAX];

	if (peers_order_host(owner, order) == -1) {
		ctl_conn_send_fault(c, "there are too many orders: take back "
		    "some");
		return MASTER_CTL_REFUSED;
	}
	log_info("control: mail host %s: %s, asked by pid %ld",
	    order->addr.port == 0 ? netaddr_text(&order->addr, text) :
	    netaddr_port_text(&order->addr, text),
	    host_mode_word(order->mode), (long)ctl_conn_pid(c));
	return MASTER_CTL_OK;
}

const struct ctl_hooks ctl_commands = {
	.reload = ctl_reload,
	.gone = ctl_gone,
	.stop = ctl_stop,
	.status = ctl_status,
	.tls = ctl_tls,
	.auth = ctl_auth,
	.host = ctl_host,
};
