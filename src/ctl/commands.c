/*
 * wicketctl's commands: asks the master, or auth by way of the master.
 * Runs in: wicketctl.
 * Hostile input: none.
 * Never: reads a database or changes a file itself.
 */
#include "ctl/commands.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config/base_dir.h"
#include "config/settings.h"
#include "ctl/args.h"
#include "ctl/auth_link.h"
#include "ctl/certs.h"
#include "ctl/convert.h"
#include "ctl/hosts.h"
#include "ctl/link.h"
#include "ctl/master_link.h"
#include "ctl/output.h"
#include "ctl/password.h"
#include "ctl/status.h"

#define COMMANDS_CONFIG		SYSCONFDIR "/mailwicket.conf"
#define COMMANDS_PATH_MAX	4096

/* Where the socket is. */

static int
commands_find_socket(const struct args *a, char *dst, size_t size)
{
	const char *config = a->config != NULL ? a->config : COMMANDS_CONFIG;
	struct settings_faults faults = { .n = 0 };
	char dir[COMMANDS_PATH_MAX];
	int result = 0;
	size_t i;

	if (a->socket != NULL)
		return strlcpy(dst, a->socket, size) < size ? 0 : -1;
	if (base_dir_find(config, dir, sizeof(dir), &faults) == -1) {
		for (i = 0; i < faults.n; i++)
			output_fault("%s", faults.text[i]);
		result = -1;
	} else if (snprintf(dst, size, "%s/%s", dir, MASTER_CTL_SOCKET) >=
	    (int)size) {
		result = -1;
	}
	settings_faults_clear(&faults);
	return result;
}

/* 0, or an exit status. */
static int
commands_connect(const struct args *a, struct master_link *l)
{
	char path[COMMANDS_PATH_MAX];
	int fd;

	if (commands_find_socket(a, path, sizeof(path)) == -1)
		return EX_UNAVAILABLE;
	if ((fd = link_connect(path)) == -1) {
		output_fault("%s: %s", path, errno == ENOENT ||
		    errno == ECONNREFUSED ? "no mailwicket runs here" :
		    strerror(errno));
		return errno == EACCES || errno == EPERM ? EX_NOPERM :
		    EX_UNAVAILABLE;
	}
	master_link_open(l, fd);
	return 0;
}

/* What an answer means for a script. */

static int
commands_master_status(int result)
{
	switch (result) {
	case MASTER_CTL_OK:
		return EXIT_SUCCESS;
	case MASTER_CTL_REFUSED:
		return EXIT_FAILURE;
	case MASTER_CTL_NOT_NOW:
		return EX_TEMPFAIL;
	default:
		return EX_UNAVAILABLE;
	}
}

static int
commands_auth_status(int result)
{
	switch (result) {
	case CTL_AUTH_OK:
		return EXIT_SUCCESS;
	case CTL_AUTH_REFUSED:
		return EXIT_FAILURE;
	case CTL_AUTH_TEMP:
		return EX_TEMPFAIL;
	default:
		return EX_UNAVAILABLE;
	}
}

/* The master's own. */

static int
commands_simple(struct master_link *l, enum master_ctl_type type,
    const char *done)
{
	int result = master_link_ask(l, type, NULL);

	if (result == MASTER_CTL_OK)
		output_note("%s", done);
	return commands_master_status(result);
}

/* An auth process by name or by number; -1 or its channel. */
static int
commands_auth_fd(struct master_link *l, const char *user, uint16_t index,
    int *status)
{
	struct master_ctl_auth ask = { .index = index };
	int fd;

	(void)strlcpy(ask.user, user, sizeof(ask.user));
	*status = commands_master_status(master_link_ask(l, MASTER_CTL_AUTH,
	    &ask));
	fd = l->peer_fd;
	l->peer_fd = -1;
	if (fd == -1 && *status == EXIT_SUCCESS)
		*status = EX_UNAVAILABLE;
	return fd;
}

/* All auth processes, one after the other; the worst outcome counts. */
static int
commands_all_auths(struct master_link *l, enum ctl_auth_type type,
    const struct ctl_auth_flush *flush)
{
	int fd, status, worst = EXIT_SUCCESS;
	uint16_t i = 0;
	char prefix[16];

	do {
		fd = commands_auth_fd(l, "", i, &status);
		(void)snprintf(prefix, sizeof(prefix), "auth.%u", i + 1u);
		if (fd != -1)
			status = commands_auth_status(auth_link_ask(fd, type,
			    NULL, flush, prefix));
		if (status > worst)
			worst = status;
	} while (fd != -1 && ++i < l->peer.count);
	return worst;
}

/* The mail hosts, as all auth processes know them. */
static int
commands_hosts(struct master_link *l)
{
	int fd, status, worst = EXIT_SUCCESS;
	struct hosts *hosts = hosts_new();
	uint16_t i = 0;

	do {
		if ((fd = commands_auth_fd(l, "", i, &status)) != -1)
			status = commands_auth_status(auth_link_hosts(fd,
			    hosts));
		if (status > worst)
			worst = status;
	} while (fd != -1 && ++i < l->peer.count);
	hosts_print(hosts);
	hosts_free(hosts);
	return worst;
}

/* An order about each address of the host. */
static int
commands_hosts_set(const struct args *a, struct master_link *l)
{
	struct netaddr addrs[HOSTS_ADDRS_MAX];
	size_t n = hosts_find(a->host, addrs);
	int status, worst = n == 0 ? EX_NOHOST : EXIT_SUCCESS;

	for (size_t i = 0; i < n; i++) {
		const struct host_order order = { addrs[i], a->mode };

		status = commands_master_status(master_link_order(l, &order));
		if (status > worst)
			worst = status;
	}
	if (worst == EXIT_SUCCESS)
		output_note("%s: %s", a->host, host_mode_word(a->mode));
	return worst;
}

static int
commands_status(const struct args *a, struct master_link *l)
{
	int result = master_link_ask(l, MASTER_CTL_STATUS, NULL);

	if (result != MASTER_CTL_OK)
		return commands_master_status(result);
	status_print(l, a->is_all);
	certs_print_warnings(l);
	return commands_all_auths(l, CTL_AUTH_STATUS, NULL);
}

static int
commands_tls(struct master_link *l)
{
	int result = master_link_ask(l, MASTER_CTL_TLS, NULL);

	if (result == MASTER_CTL_OK)
		certs_print(l);
	return commands_master_status(result);
}

static int
commands_flush(const struct args *a, struct master_link *l)
{
	struct ctl_auth_flush flush;
	int fd, status;

	(void)strlcpy(flush.user, a->user, sizeof(flush.user));
	if (a->user[0] == '\0')
		return commands_all_auths(l, CTL_AUTH_CACHE_FLUSH, &flush);
	if ((fd = commands_auth_fd(l, a->user, 0, &status)) == -1)
		return status;
	return commands_auth_status(auth_link_ask(fd, CTL_AUTH_CACHE_FLUSH,
	    NULL, &flush, ""));
}

/* TEST and EXPLAIN; the password, if any, is in ask. */
static int
commands_login(const struct args *a, struct master_link *l,
    struct ctl_auth_ask *ask)
{
	int fd, status;

	ask->service = a->service;
	ask->rip = a->rip;
	ask->lip = a->lip;
	(void)strlcpy(ask->user, a->user, sizeof(ask->user));
	if ((fd = commands_auth_fd(l, a->user, 0, &status)) == -1)
		return status;
	return commands_auth_status(auth_link_ask(fd,
	    a->task == ARGS_EXPLAIN ? CTL_AUTH_EXPLAIN : CTL_AUTH_TEST, ask,
	    NULL, ""));
}

static int
commands_do(const struct args *a, struct master_link *l,
    struct ctl_auth_ask *ask)
{
	switch (a->task) {
	case ARGS_RELOAD:
		return commands_simple(l, MASTER_CTL_RELOAD,
		    "configuration read again");
	case ARGS_STOP:
		return commands_simple(l, MASTER_CTL_STOP, "stopped");
	case ARGS_STATUS:
		return commands_status(a, l);
	case ARGS_TLS:
		return commands_tls(l);
	case ARGS_CACHE_STATUS:
		return commands_all_auths(l, CTL_AUTH_CACHE_STATUS, NULL);
	case ARGS_CACHE_FLUSH:
		return commands_flush(a, l);
	case ARGS_HOSTS:
		return commands_hosts(l);
	case ARGS_HOSTS_SET:
		return commands_hosts_set(a, l);
	case ARGS_AUTH_TEST:
	case ARGS_EXPLAIN:
		return commands_login(a, l, ask);
	case ARGS_CONVERT_NGINX:
	case ARGS_CONVERT_PERDITION:
	case ARGS_HELP:
	case ARGS_VERSION:
		break;
	}
	return EX_SOFTWARE;
}

int
commands_run(const struct args *a)
{
	struct ctl_auth_ask ask = { .user = "" };
	struct master_link l;
	int status;

	if (a->has_keys)
		output_use_keys();
	if (a->file != NULL)
		return convert_run(a);
	/* First of all: paths may count from where we are now. */
	if (a->task == ARGS_AUTH_TEST && password_get(a->password_file,
	    a->user, ask.pass, sizeof(ask.pass)) == -1)
		return EX_NOINPUT;
	status = commands_connect(a, &l);
	if (status == 0) {
		status = commands_do(a, &l, &ask);
		master_link_close(&l);
	}
	explicit_bzero(&ask, sizeof(ask));
	return status;
}
