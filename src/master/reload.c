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
#include <stdlib.h>
#include <string.h>

#include "config/settings.h"
#include "config/settings_print.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "master/certs.h"
#include "master/certs_check.h"
#include "master/check.h"
#include "master/listeners.h"
#include "master/master.h"
#include "master/master_log.h"
#include "master/room.h"
#include "master/signers.h"

/* One reload, from the configuration to new processes. */
struct reload_job {
	struct master		*m;
	struct reload_teller	 teller;
	bool			 is_fixed;	/* a change needs a restart */
	struct settings		*set;	/* NULL: certificates only */
	struct certs		*certs;
	struct certs_check	*check;
	struct certs_faults	 faults, warnings;
};

static void
reload_refuse(const struct reload_job *job, const char *why)
{
	log_error("reload: %s; the old configuration stays", why);
	if (job->teller.say != NULL)
		job->teller.say(job->teller.arg, why);
}

/* What a running suite is built upon. */
static void
reload_on_change(void *arg, const char *name, bool needs_restart)
{
	struct reload_job *job = arg;
	char why[128];

	if (!needs_restart)
		return;
	job->is_fixed = true;
	(void)snprintf(why, sizeof(why), "a change of %s needs a restart",
	    name);
	reload_refuse(job, why);
}

static bool
reload_is_usable(struct reload_job *job, const struct settings *set)
{
	struct check_faults faults;
	size_t i;

	settings_diff(job->m->settings, set, reload_on_change, job);
	if (job->is_fixed)
		return false;
	(void)check_settings(set, &faults);
	for (i = 0; i < faults.n; i++)
		reload_refuse(job, faults.text[i]);
	return faults.n == 0;
}

static struct settings *
reload_read(struct reload_job *job)
{
	struct settings_faults faults = { .n = 0 };
	struct settings *set;
	size_t i;

	set = settings_read(job->m->config_path, &faults);
	for (i = 0; i < faults.n; i++)
		reload_refuse(job, faults.text[i]);
	for (i = 0; i < faults.nnotices; i++)
		log_info("%s", faults.notices[i]);
	settings_faults_clear(&faults);
	if (set != NULL && !reload_is_usable(job, set)) {
		settings_free(set);
		set = NULL;
	}
	return set;
}

/* The sockets for both services, or none. */
static int
reload_listen(const struct reload_job *job, struct listeners *all)
{
	struct master *m = job->m;
	struct listeners_fault fault;
	size_t i, k;

	for (i = 0; i <= SERVICE_LAST; i++) {
		if (listeners_open(&all[i], (enum service_id)i,
		    &job->set->services[i], &m->listeners[i], 0,
		    &fault) == 0)
			continue;
		reload_refuse(job, fault.text);
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
		(void)tickets_turn(&m->tickets, clock_ms(),
		    set->ssl_ticket_rotate_ms);
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

/* New sockets and log files, then all of it; -1: nothing has changed. */
static int
reload_finish_settings(struct reload_job *job)
{
	struct listeners all[SERVICE_LAST + 1];
	struct master *m = job->m;
	char why[512];
	size_t i;

	if (reload_listen(job, all) == -1)
		return -1;
	if (master_log_configure(m->log, job->set, m->is_foreground) == -1) {
		(void)snprintf(why, sizeof(why), "log_path: %s%s%s: cannot be "
		    "opened", job->set->log_path,
		    job->set->info_log_path[0] == '\0' ? "" : " or ",
		    job->set->info_log_path);
		reload_refuse(job, why);
		for (i = 0; i <= SERVICE_LAST; i++)
			listeners_close(&all[i], &m->listeners[i]);
		return -1;
	}
	reload_take(m, job->set, job->certs, all);
	job->set = NULL;
	job->certs = NULL;
	master_send_fallbacks(m);
	log_info("configuration read again");
	return 0;
}

static void
reload_finish_certs(struct reload_job *job)
{
	struct master *m = job->m;
	size_t i;

	certs_free(m->certs);
	m->certs = job->certs;
	job->certs = NULL;
	signers_renew(m);
	m->refused[0] = '\0';
	for (i = MASTER_SIGNER_SERVICE; i < MASTER_SERVICES; i++)
		service_retire(&m->services[i]);
	log_info("certificates have changed, and are taken");
}

/* Told once, until something else is wrong. */
static void
reload_refuse_certs(const struct reload_job *job)
{
	const struct certs_faults *faults = &job->faults;
	struct master *m = job->m;
	size_t i;

	if (strncmp(m->refused, faults->text[0], sizeof(m->refused) - 1) == 0)
		return;
	(void)strlcpy(m->refused, faults->text[0], sizeof(m->refused));
	for (i = 0; i < faults->n; i++)
		log_error("changed certificates are not taken: %s",
		    faults->text[i]);
}

static void
reload_end(struct reload_job *job, int result)
{
	job->m->job = NULL;
	if (job->teller.done != NULL)
		job->teller.done(job->teller.arg, result);
	certs_free(job->certs);
	settings_free(job->set);
	free(job);
}

/* The certificates were looked at. */
static void
reload_checked(void *arg, int result)
{
	struct reload_job *job = arg;
	size_t i;

	job->check = NULL;
	if (job->set == NULL) {
		if (result == 0)
			reload_finish_certs(job);
		else
			reload_refuse_certs(job);
		reload_end(job, result);
		return;
	}
	for (i = 0; i < job->faults.n; i++)
		reload_refuse(job, job->faults.text[i]);
	for (i = 0; i < job->warnings.n; i++)
		log_warn("%s", job->warnings.text[i]);
	if (result == 0)
		result = reload_finish_settings(job);
	reload_end(job, result);
}

/* With the settings of the job, or those in force. */
static void
reload_load_certs(struct reload_job *job)
{
	struct master *m = job->m;
	const struct certs_check_job check = {
		.set = job->set != NULL ? job->set : m->settings,
		.certs = certs_load(job->set != NULL ? job->set : m->settings,
		    &job->faults),
		.old = m->certs,
		.faults = &job->faults,
		.warnings = &job->warnings,
		.done = reload_checked,
		.arg = job,
	};

	job->certs = check.certs;
	if (job->certs == NULL) {
		reload_checked(job, -1);
		return;
	}
	job->certs->warned_day = m->certs->warned_day;
	job->check = certs_check_start(m->loop, &check);
}

static struct reload_job *
reload_new(struct master *m, const struct reload_teller *teller)
{
	struct reload_job *job = xcalloc(1, sizeof(*job));

	job->m = m;
	if (teller != NULL)
		job->teller = *teller;
	m->job = job;
	return job;
}

void
reload(struct master *m, const struct reload_teller *teller)
{
	struct reload_job *job = reload_new(m, teller);

	if ((job->set = reload_read(job)) == NULL)
		reload_end(job, -1);
	else
		reload_load_certs(job);
}

void
reload_certs(struct master *m)
{
	reload_load_certs(reload_new(m, NULL));
}

void
reload_forget(struct master *m, const void *arg)
{
	if (m->job != NULL && m->job->teller.arg == arg)
		m->job->teller = (struct reload_teller){ .say = NULL };
}

void
reload_cancel(struct master *m)
{
	if (m->job == NULL)
		return;
	certs_check_cancel(m->job->check);
	reload_end(m->job, -1);
}
