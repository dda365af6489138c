/*
 * Certificates, keys and tickets: who gets what, and when it changes.
 * Runs in: master.
 * Hostile input: none.
 * Never: keeps an end of a channel between two children.
 */
#include "master/master_tls.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config/settings.h"
#include "ipc/master_tls.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/wire.h"
#include "master/certs.h"
#include "master/certs_check.h"
#include "master/child.h"
#include "master/master.h"
#include "master/reload.h"
#include "master/signers.h"

/* Files are looked at so often; nobody waits for it. */
#define TLS_LOOK_MS	60000
/* Lines about certificates in a day; hundreds expire together. */
#define TLS_WARN_LINES	20
#define TLS_DAY_S	86400

struct certs *
master_tls_load(const struct settings *set, struct certs_faults *faults,
    struct certs_faults *warnings)
{
	struct certs *certs = certs_load(set, faults);

	if (certs != NULL &&
	    certs_check(certs, set, faults, warnings) == -1) {
		certs_free(certs);
		return NULL;
	}
	return certs;
}

bool
master_tls_has_keys(const struct master *m)
{
	return m->certs != NULL && m->certs->n > 0;
}

static void
tls_send_tickets(struct master *m, struct child *c, enum service_id service)
{
	uint8_t body[sizeof(struct master_tickets) * 2];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	master_tickets_put(&w, &m->tickets.services[service]);
	child_send_body(c, MASTER_TICKETS, &w);
}

static void
tls_send_login(struct master *m, struct child *c)
{
	if (m->certs->certs_fd == -1)
		return;
	child_send_fd(c, MASTER_CERTS, m->certs->certs_fd);
	if (m->settings->has_tls)
		tls_send_tickets(m, c,
		    c->config.role == ROLE_ID_IMAP_LOGIN ? SERVICE_IMAP :
		    SERVICE_POP3);
}

void
master_tls_send(struct master *m, struct child *c)
{
	if (child_is_login(c))
		tls_send_login(m, c);
	if (child_is_login(c) || c->config.role == ROLE_ID_TLS_SIGNER)
		signers_send(m, c);
}

/* Expiry. */

static void
tls_warn_item(const struct certs_item *item, int64_t left_s)
{
	const char *verb = left_s < 0 ? "has expired" : "expires";
	time_t at = (time_t)item->info.not_after_s;
	char date[32] = "?";
	struct tm tm;

	if (gmtime_r(&at, &tm) != NULL)
		(void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &tm);
	log_warn("certificate %s (%s) %s: %s, days=%lld", item->cert.path,
	    item->info.names, verb, date, (long long)(left_s / TLS_DAY_S));
}

bool
master_tls_expires(const struct certs_item *item, int64_t within_s)
{
	return (int64_t)item->info.not_after_s - (int64_t)time(NULL) <=
	    within_s;
}

void
master_tls_warn(const struct certs *certs)
{
	const int64_t now_s = (int64_t)time(NULL);
	const struct certs_item *item = certs->items;
	size_t n = 0;
	for (; item < certs->items + certs->n; item++) {
		if (!item->has_info ||
		    !master_tls_expires(item, MASTER_TLS_WARN_S))
			continue;
		if (n++ < TLS_WARN_LINES)
			tls_warn_item(item,
			    (int64_t)item->info.not_after_s - now_s);
	}
	if (n > TLS_WARN_LINES)
		log_warn("%zu more certificates expire soon, or have",
		    n - TLS_WARN_LINES);
}

/* The clock. */

static void
tls_turn_tickets(struct master *m)
{
	struct child *c;
	size_t i;

	if (!m->settings->has_tls ||
	    !tickets_turn(&m->tickets, clock_ms(),
	    m->settings->ssl_ticket_rotate_ms))
		return;
	for (i = MASTER_IMAP_LOGIN; i < MASTER_SERVICES; i++)
		TAILQ_FOREACH(c, &m->services[i].children, entry)
			tls_send_tickets(m, c, i == MASTER_IMAP_LOGIN ?
			    SERVICE_IMAP : SERVICE_POP3);
}

static void
tls_warn_daily(struct master *m)
{
	uint64_t day = (uint64_t)time(NULL) / TLS_DAY_S;

	if (m->certs->warned_day == day)
		return;
	m->certs->warned_day = day;
	master_tls_warn(m->certs);
}

void
master_tls_tick(struct master *m)
{
	uint64_t now = clock_ms();

	if (!m->is_up || m->is_stopping)
		return;
	tls_turn_tickets(m);
	tls_warn_daily(m);
	if (now - m->looked_ms < TLS_LOOK_MS || !master_can_reload(m))
		return;
	m->looked_ms = now;
	if (certs_have_changed(m->certs))
		reload_certs(m);
}

void
master_tls_clear(struct master *m)
{
	tickets_clear(&m->tickets);
	signers_clear(m);
	certs_free(m->certs);
	m->certs = NULL;
}
