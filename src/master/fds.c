/*
 * The limit of open files, which limits how many children there can be.
 * Runs in: master.
 * Hostile input: none.
 * Never: lowers the limit.
 */
#include "master/fds.h"

#include <sys/resource.h>

#include "config/settings.h"
#include "lib/log.h"

/* What the master and one child need. */
#define FDS_OWN			256
#define FDS_A_CHILD		6
/* Fewer than this are few, also for who has not asked for more. */
#define FDS_PROCESSES_FEW	1000
/* login_max_sessions, when nobody has set it. */
#define FDS_SESSIONS_DEFAULT	10000

/* Three fds a child and some under way: as many as the system gives. */
void
fds_raise(const struct settings *set)
{
	struct rlimit limit;
	rlim_t want;

	want = FDS_OWN + FDS_A_CHILD *
	    (rlim_t)(set->login_max_sessions * SETTINGS_SERVICES +
	    set->auth_worker_max_count + set->mail.max_mail_processes);
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur >= want)
		return;
	if (limit.rlim_max >= want)
		want = limit.rlim_max;
	limit.rlim_cur = want;
	limit.rlim_max = want;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1 &&
	    getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Each child costs the master fds: so many a service the system allows. */
uint32_t
fds_processes_most(void)
{
	struct rlimit limit;
	rlim_t most;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return UINT32_MAX;
	if (limit.rlim_cur <= FDS_OWN)
		return 1;
	most = (limit.rlim_cur - FDS_OWN) / FDS_A_CHILD /
	    SETTINGS_SERVICES;
	return most < UINT32_MAX ? (uint32_t)most : UINT32_MAX;
}

/*
 * A limit that is lower than what was asked for, or than a small site needs,
 * is told once a start or reload, for all services.
 */
void
fds_tell(const struct settings *set)
{
	uint32_t most = fds_processes_most(), wanted = 0;
	size_t i;

	for (i = 0; i < SETTINGS_SERVICES; i++) {
		const struct settings_service *s = &set->services[i];
		uint32_t max = s->login_max_processes_count != 0 ?
		    s->login_max_processes_count : set->login_max_sessions;

		if (s->is_enabled && s->login_process_per_connection &&
		    max > wanted)
			wanted = max;
	}
	if (wanted > most && (most < FDS_PROCESSES_FEW ||
	    set->login_max_sessions != FDS_SESSIONS_DEFAULT ||
	    wanted != set->login_max_sessions))
		log_warn("the limit of open files allows %u processes of %u "
		    "for a protocol (login_max_processes_count, else "
		    "login_max_sessions): raise it, or lower these", most,
		    wanted);
}
