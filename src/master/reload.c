/*
 * SIGHUP: takes a new configuration, or keeps the old one.
 * Runs in: master.
 * Hostile input: none.
 * Never: leaves a moment without listeners or without a process that serves.
 */
#include "master/reload.h"

#include <bsd/string.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config/settings.h"
#include "config/settings_print.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "master/certs.h"
#include "master/check.h"
#include "master/listeners.h"
#include "master/master.h"
#include "master/master_log.h"
#include "master/master_tls.h"
#include "master/room.h"

/* Who is told of faults, beside the log. */
struct reload_teller {
	reload_say_fn	 say;		/* may be NULL */
	void		*arg;
	bool		 is_fixed;	/* a change needs a restart */
};

static void
reload_refuse(const struct reload_teller *t, const char *why)
{
	log_error("reload: %s; the old configuration stays", why);
	if (t->say != NULL)
		t->say(t->arg, why);
}

/* What a running suite is built upon. */
static void
reload_on_change(void *arg, const char *name, bool needs_restart)
{
	struct reload_teller *t = arg;
	char why[128];

	if (!needs_restart)
		return;
	t->is_fixed = true;
	(void)snprintf(why, sizeof(why), "a change of %s needs a restart",
	    name);
	reload_refuse(t, why);
}

static bool
reload_is_usable(const struct master *m, const struct settings *set,
    struct reload_teller *t)
{
	struct check_faults faults;
	size_t i;

	settings_diff(m->settings, set, reload_on_change, t);
	if (t->is_fixed)
		return false;
	(void)check_settings(set, &faults);
	for (i = 0; i < faults.n; i++)
		reload_refuse(t, faults.text[i]);
	return faults.n == 0;
}

/* Certificates of the new settings; NULL after telling why not. */
static struct certs *
reload_load_certs(const struct master *m, const struct settings *set,
    const struct reload_teller *t)
{
	struct certs_faults faults = { .n = 0 }, warnings = { .n = 0 };
	struct certs *certs;
	size_t i;

	certs = master_tls_load(set, m->certs, &faults, &warnings);
	if (certs != NULL)
		certs->warned_day = m->certs->warned_day;
	for (i = 0; i < faults.n; i++)
		reload_refuse(t, faults.text[i]);
	for (i = 0; i < warnings.n; i++)
		log_warn("%s", warnings.text[i]);
	return certs;
}

static struct settings *
reload_read(const struct master *m, struct reload_teller *t)
{
	struct settings_faults faults = { .n = 0 };
	struct settings *set;
	size_t i;

	set = settings_read(m->config_path, &faults);
	for (i = 0; i < faults.n; i++)
		reload_refuse(t, faults.text[i]);
	for (i = 0; i < faults.nnotices; i++)
		log_info("%s", faults.notices[i]);
	settings_faults_clear(&faults);
	if (set != NULL && !reload_is_usable(m, set, t)) {
		settings_free(set);
		set = NULL;
	}
	return set;
}

/* The sockets for both services, or none. */
static int
reload_listen(struct master *m, const struct settings *set,
    struct listeners *all, const struct reload_teller *t)
{
	struct listeners_fault fault;
	size_t i, k;

	for (i = 0; i <= SERVICE_LAST; i++) {
		if (listeners_open(&all[i], (enum service_id)i,
		    &set->services[i], &m->listeners[i], 0, &fault) == 0)
			continue;
		reload_refuse(t, fault.text);
		for (k = 0; k < i; k++)
			listeners_close(&all[k], &m->listeners[k]);
		return -1;
	}
	return 0;
}

static void
reload_take(struct master *m, struct settings *set, struct certs *certs,
    const struct listeners *all)
{
	struct listeners old;
	size_t i;

	certs_free(m->certs);
	settings_free(m->settings);
	m->settings = set;
	m->certs = certs;
	m->refused[0] = '\0';
	if (set->has_tls)
		(void)tickets_turn(&m->tickets, clock_ms());
	for (i = 0; i < MASTER_SERVICES; i++)
		room_unwatch(&m->services[i]);
	for (i = 0; i <= SERVICE_LAST; i++) {
		old = m->listeners[i];
		m->listeners[i] = all[i];
		listeners_log(&all[i], (enum service_id)i, &old);
		listeners_close(&old, &m->listeners[i]);
	}
	master_configure_services(m);
	signers_renew(m);
	for (i = 0; i < MASTER_SERVICES; i++)
		if (i != MASTER_WORKER)
			service_retire(&m->services[i]);
}

int
reload(struct master *m, reload_say_fn say, void *arg)
{
	struct reload_teller t = { .say = say, .arg = arg };
	struct listeners all[SERVICE_LAST + 1];
	struct settings *set;
	struct certs *certs;
	size_t i;

	if ((set = reload_read(m, &t)) == NULL)
		return -1;
	if ((certs = reload_load_certs(m, set, &t)) == NULL ||
	    reload_listen(m, set, all, &t) == -1) {
		certs_free(certs);
		settings_free(set);
		return -1;
	}
	if (master_log_configure(m->log, set, m->is_foreground) == -1) {
		reload_refuse(&t, "a log file cannot be opened");
		for (i = 0; i <= SERVICE_LAST; i++)
			listeners_close(&all[i], &m->listeners[i]);
		certs_free(certs);
		settings_free(set);
		return -1;
	}
	reload_take(m, set, certs, all);
	master_send_fallbacks(m);
	log_info("configuration read again");
	return 0;
}

/* Told once, until something else is wrong. */
static void
reload_refuse_certs(struct master *m, const struct certs_faults *faults)
{
	size_t i;

	if (strncmp(m->refused, faults->text[0], sizeof(m->refused) - 1) == 0)
		return;
	(void)strlcpy(m->refused, faults->text[0], sizeof(m->refused));
	for (i = 0; i < faults->n; i++)
		log_error("changed certificates are not taken: %s",
		    faults->text[i]);
}

void
reload_certs(struct master *m)
{
	struct certs_faults faults = { .n = 0 }, warnings = { .n = 0 };
	struct certs *certs;
	size_t i;

	certs = master_tls_load(m->settings, m->certs, &faults, &warnings);
	if (certs == NULL) {
		reload_refuse_certs(m, &faults);
		return;
	}
	certs->warned_day = m->certs->warned_day;
	certs_free(m->certs);
	m->certs = certs;
	signers_renew(m);
	m->refused[0] = '\0';
	for (i = MASTER_SIGNER_SERVICE; i < MASTER_SERVICES; i++)
		service_retire(&m->services[i]);
	log_info("certificates have changed, and are taken");
}
