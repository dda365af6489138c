/*
 * What the settings name must exist and be safe.
 * Runs in: master.
 * Hostile input: what local users may have put in the way.
 * Never: changes anything.
 */
#include "master/check.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/settings.h"
#include "master/rundir.h"

/* Where the next fault's text goes; the last place is used again. */
static char *
check_next(struct check_faults *f)
{
	if (f->n < CHECK_FAULTS_MAX)
		f->n++;
	return f->text[f->n - 1];
}

static void
check_program(struct check_faults *f, const char *setting, const char *path)
{
	const char *why = NULL;
	struct stat st;

	if (stat(path, &st) == -1)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		why = "is not a program";
	else if ((st.st_mode & 022) != 0 ||
	    (st.st_uid != 0 && st.st_uid != geteuid()))
		why = "others may change it";
	else if (access(path, X_OK) == -1)
		why = strerror(errno);
	if (why != NULL)
		(void)snprintf(check_next(f), CHECK_FAULT_BYTES, "%s: %s: %s",
		    setting, path, why);
}

/* A file that is opened to append, or made, in a directory that is there. */
static void
check_log(struct check_faults *f, const char *setting, const char *path)
{
	const char *slash = strrchr(path, '/'), *why = NULL;
	char dir[PATH_MAX];
	struct stat st;

	if (path[0] == '\0' || slash == NULL || slash == path)
		return;
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	if (stat(dir, &st) == -1)
		why = strerror(errno);
	else if (!S_ISDIR(st.st_mode))
		why = strerror(ENOTDIR);
	else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		why = strerror(EISDIR);
	if (why != NULL)
		(void)snprintf(check_next(f), CHECK_FAULT_BYTES, "%s: %s: %s",
		    setting, path, why);
}

size_t
check_settings(const struct settings *set, struct check_faults *f)
{
	char text[CHECK_FAULT_BYTES];
	size_t i;

	f->n = 0;
	check_program(f, "auth_executable", set->auth_executable);
	check_program(f, "auth_worker_executable",
	    set->auth_worker_executable);
	if (set->has_tls || set->ssl_client_key_file[0] != '\0' ||
	    set->ssl_client_ca_file[0] != '\0' ||
	    set->ssl_client_ca_dir[0] != '\0')
		check_program(f, "tls_signer_executable",
		    set->tls_signer_executable);
	for (i = 0; i < SETTINGS_SERVICES; i++)
		if (set->services[i].is_enabled)
			check_program(f, "login_executable",
			    set->services[i].login_executable);
	check_log(f, "log_path", set->log_path);
	check_log(f, "info_log_path", set->info_log_path);
	if (rundir_check(set, text, sizeof(text)) == -1)
		memcpy(check_next(f), text, sizeof(text));
	return f->n;
}
