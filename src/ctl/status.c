/*
 * Prints what runs: the suite, its processes by role and state.
 * Runs in: wicketctl.
 * Hostile input: none; the master is trusted.
 * Never: depends on the order in which processes came.
 */
#include "ctl/status.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ctl/master_link.h"
#include "ctl/output.h"
#include "ipc/roles.h"

#define STATUS_TEXT_MAX		64

static const char *const status_states[MASTER_CTL_STATE_LAST + 1] = {
	[MASTER_CTL_STARTING] = "starting",
	[MASTER_CTL_SERVING] = "serving",
	[MASTER_CTL_BUSY] = "busy",
	[MASTER_CTL_OLD] = "old",
	[MASTER_CTL_DRAINING] = "draining",
	[MASTER_CTL_ENDING] = "ending",
};

/* Processes of one role in one state. */
struct status_group {
	uint32_t	 processes;
	uint64_t	 waiting, sessions;
};

static void
status_number(const char *prefix, const char *name, uint64_t value)
{
	char key[2 * STATUS_TEXT_MAX], text[STATUS_TEXT_MAX];

	(void)snprintf(key, sizeof(key), "%s.%s", prefix, name);
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	output_pair(key, text);
}

/* "3d 04:05:06" for people. */
static const char *
status_time(uint32_t seconds, char *dst, size_t size)
{
	uint32_t hours = seconds / 3600;

	if (hours < 24)
		(void)snprintf(dst, size, "%02u:%02u:%02u", hours,
		    seconds / 60 % 60, seconds % 60);
	else
		(void)snprintf(dst, size, "%ud %02u:%02u:%02u", hours / 24,
		    hours % 24, seconds / 60 % 60, seconds % 60);
	return dst;
}

static void
status_suite(const struct master_ctl_suite *m)
{
	char uptime[STATUS_TEXT_MAX];

	output_note("mailwicket %s pid %u up %s", m->version, m->pid,
	    status_time(m->uptime_s, uptime, sizeof(uptime)));
	output_note("configuration %s", m->config);
	if (!output_has_keys())
		return;
	output_pair("suite.version", m->version);
	output_pair("suite.config", m->config);
	status_number("suite", "pid", m->pid);
	status_number("suite", "uptime", m->uptime_s);
}

static void
status_group(enum role_id role, enum master_ctl_state state,
    const struct status_group *g)
{
	bool is_counted = role == ROLE_ID_IMAP_LOGIN ||
	    role == ROLE_ID_POP3_LOGIN;
	char prefix[STATUS_TEXT_MAX];

	if (is_counted)
		output_note("%-12s %-9s %9u %9llu %9llu", role_name(role),
		    status_states[state], g->processes,
		    (unsigned long long)g->waiting,
		    (unsigned long long)g->sessions);
	else
		output_note("%-12s %-9s %9u", role_name(role),
		    status_states[state], g->processes);
	if (!output_has_keys())
		return;
	(void)snprintf(prefix, sizeof(prefix), "%s.%s", role_name(role),
	    status_states[state]);
	status_number(prefix, "processes", g->processes);
	if (!is_counted)
		return;
	status_number(prefix, "waiting", g->waiting);
	status_number(prefix, "sessions", g->sessions);
}

static void
status_groups(const struct master_link *l)
{
	struct status_group groups[ROLE_ID_LAST + 1]
	    [MASTER_CTL_STATE_LAST + 1];

	memset(groups, 0, sizeof(groups));
	for (size_t i = 0; i < l->nprocesses; i++) {
		const struct master_ctl_process *p = &l->processes[i];
		struct status_group *g = &groups[p->role][p->state];

		g->processes++;
		g->waiting += p->waiting;
		g->sessions += p->sessions;
	}
	output_note("%-12s %-9s %9s %9s %9s", "role", "state", "processes",
	    "waiting", "sessions");
	for (int role = 0; role <= ROLE_ID_LAST; role++)
		for (int s = 0; s <= MASTER_CTL_STATE_LAST; s++)
			if (groups[role][s].processes > 0)
				status_group((enum role_id)role,
				    (enum master_ctl_state)s,
				    &groups[role][s]);
}

/* Users whose mail is here; of no role, as the programs are not ours. */
static void
status_mail(const struct master_ctl_suite *m)
{
	char prefix[STATUS_TEXT_MAX];
	uint64_t n = 0;

	for (size_t i = 0; i <= SERVICE_LAST; i++)
		n += m->nmail[i];
	output_note("mail processes: %llu of %u, imap %u, pop3 %u, about to "
	    "start %u", (unsigned long long)n, m->nmail_max,
	    m->nmail[SERVICE_IMAP], m->nmail[SERVICE_POP3], m->nmail_tickets);
	if (!output_has_keys())
		return;
	for (size_t i = 0; i <= SERVICE_LAST; i++) {
		(void)snprintf(prefix, sizeof(prefix), "mail.%s",
		    service_name((enum service_id)i));
		status_number(prefix, "processes", m->nmail[i]);
	}
	status_number("mail", "tickets", m->nmail_tickets);
	status_number("mail", "max", m->nmail_max);
}

static void
status_process(const struct master_ctl_process *p)
{
	char prefix[STATUS_TEXT_MAX], key[2 * STATUS_TEXT_MAX];
	char uptime[STATUS_TEXT_MAX];

	output_note("%-12s %-9s %9u %9u %9u up %s",
	    role_name((enum role_id)p->role), status_states[p->state],
	    p->pid, p->waiting, p->sessions,
	    status_time(p->uptime_s, uptime, sizeof(uptime)));
	if (!output_has_keys())
		return;
	(void)snprintf(prefix, sizeof(prefix), "process.%u", p->pid);
	(void)snprintf(key, sizeof(key), "%s.role", prefix);
	output_pair(key, role_name((enum role_id)p->role));
	(void)snprintf(key, sizeof(key), "%s.state", prefix);
	output_pair(key, status_states[p->state]);
	status_number(prefix, "uptime", p->uptime_s);
	status_number(prefix, "waiting", p->waiting);
	status_number(prefix, "sessions", p->sessions);
	if (p->role == ROLE_ID_AUTH_WORKER)
		status_number(prefix, "auth", p->auth);
}

void
status_print(const struct master_link *l, bool is_all)
{
	status_suite(&l->suite);
	status_groups(l);
	status_mail(&l->suite);
	if (!is_all)
		return;
	output_note("%-12s %-9s %9s %9s %9s", "role", "state", "pid",
	    "waiting", "sessions");
	for (size_t i = 0; i < l->nprocesses; i++)
		status_process(&l->processes[i]);
}
