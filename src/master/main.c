/*
 * The mailwicket program.
 * Runs in: master, as root.
 * Hostile input: none here.
 * Never: reads a byte from the network.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/settings.h"
#include "config/settings_passdb_check.h"
#include "config/settings_print.h"
#include "config/settings_sql.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/xmem.h"
#include "master/certs.h"
#include "master/check.h"
#include "master/master.h"
#include "master/master_tls.h"

#define MAIN_CONFIG	SYSCONFDIR "/mailwicket.conf"

enum main_task { MAIN_RUN, MAIN_PRINT_CHANGED, MAIN_PRINT_ALL, MAIN_TEST,
    MAIN_VERSION, MAIN_HELP };

#define MAIN_USAGE \
	"usage: mailwicket [-F] [-c FILE] [-n | -a | -t]\n" \
	"       mailwicket -V | -h\n"

struct main_options {
	enum main_task	 task;
	bool		 is_foreground;
	const char	*config;
};

static _Noreturn void
main_usage(void)
{
	(void)fputs(MAIN_USAGE, stderr);
	exit(EX_USAGE);
}

static void
main_options_get(struct main_options *o, int argc, char *argv[])
{
	enum main_task task = MAIN_RUN;
	int c;

	while ((c = getopt(argc, argv, "Fc:natVh")) != -1) {
		switch (c) {
		case 'F':
			o->is_foreground = true;
			continue;
		case 'c':
			o->config = optarg;
			continue;
		case 'n':
			task = MAIN_PRINT_CHANGED;
			break;
		case 'a':
			task = MAIN_PRINT_ALL;
			break;
		case 't':
			task = MAIN_TEST;
			break;
		case 'V':
			task = MAIN_VERSION;
			break;
		case 'h':
			task = MAIN_HELP;
			break;
		default:
			main_usage();
		}
		if (o->task != MAIN_RUN && o->task != task)
			main_usage();
		o->task = task;
	}
	if (optind != argc)
		main_usage();
}

/* The version, and what passdbs this build has; or how it is called. */
static int
main_tell(enum main_task task)
{
	if (task == MAIN_HELP)
		(void)printf(MAIN_USAGE
		    "  -F       stay in the foreground\n"
		    "  -c FILE  configuration, in place of " MAIN_CONFIG "\n"
		    "  -n       print settings that are not the default\n"
		    "  -a       print all settings\n"
		    "  -t       check the configuration\n"
		    "  -V       print the version\n"
		    "See mailwicket(8), mailwicket.conf(5), wicketctl(8).\n");
	else
		(void)printf("mailwicket %s\nsql drivers:%s\n"
		    "passdbs: sql static passwd-file%s\n", PACKAGE_VERSION,
		    settings_sql_drivers(), settings_passdb_has_http() ?
		    " nginx-http" : "");
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EX_IOERR;
}

/* 0, 1 and 2 must not become sockets; nothing of the starter's is kept. */
static void
main_process(void)
{
	static const int ignored[] = { SIGPIPE, SIGALRM, SIGUSR2 };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction normal = { .sa_handler = SIG_DFL };
	sigset_t none;
	size_t i;
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd != -1 && fd <= STDERR_FILENO);
	if (fd == -1)
		exit(EX_OSERR);
	(void)close_range(STDERR_FILENO + 1, ~0u, 0);
	(void)umask(077);
	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)sigaction(ignored[i], &ignore, NULL);
	(void)sigaction(SIGCHLD, &normal, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A reload finds the file although the master works in "/". */
static char *
main_absolute(const char *path)
{
	char cwd[PATH_MAX], *absolute;

	if (path[0] == '/' || getcwd(cwd, sizeof(cwd)) == NULL)
		return xstrdup(path);
	(void)xasprintf(&absolute, "%s/%s", cwd, path);
	return absolute;
}

static struct settings *
main_settings(const char *path, bool is_quiet)
{
	struct settings_faults faults = { .n = 0 };
	struct settings *set;
	size_t i;

	set = settings_read(path, &faults);
	for (i = 0; i < faults.n; i++)
		(void)fprintf(stderr, "%s\n", faults.text[i]);
	for (i = 0; !is_quiet && i < faults.nnotices; i++)
		(void)fprintf(stderr, "%s\n", faults.notices[i]);
	settings_faults_clear(&faults);
	return set;
}

/* Faults that the settings alone do not show. */
static int
main_check(const char *path, const struct settings *set)
{
	struct check_faults faults;
	size_t i;

	(void)check_settings(set, &faults);
	for (i = 0; i < faults.n; i++)
		(void)fprintf(stderr, "%s: %s\n", path, faults.text[i]);
	return faults.n == 0 ? 0 : -1;
}

/* Certificates and keys; NULL after telling what is wrong. */
static struct certs *
main_certs(const struct settings *set)
{
	struct certs_faults faults = { .n = 0 }, warnings = { .n = 0 };
	struct certs *certs;
	size_t i;

	certs = master_tls_load(set, &faults, &warnings);
	for (i = 0; i < faults.n; i++)
		(void)fprintf(stderr, "%s\n", faults.text[i]);
	for (i = 0; i < warnings.n; i++)
		(void)fprintf(stderr, "%s\n", warnings.text[i]);
	return certs;
}

/* Takes the settings and the certificates. */
static int
main_run(const struct main_options *o, const char *path, struct settings *set,
    struct certs *certs)
{
	int ready_fd = -1;

	if (!o->is_foreground && (ready_fd = proc_detach()) == -1) {
		(void)fprintf(stderr, "mailwicket: %s\n", strerror(errno));
		certs_free(certs);
		settings_free(set);
		return EXIT_FAILURE;
	}
	if (chdir("/") == -1) {
		(void)fprintf(stderr, "mailwicket: /: %s\n", strerror(errno));
		certs_free(certs);
		settings_free(set);
		return EXIT_FAILURE;
	}
	return master_run(set, certs, path, o->is_foreground, ready_fd);
}

int
main(int argc, char *argv[])
{
	struct main_options o = { .config = MAIN_CONFIG };
	struct certs *certs = NULL;
	struct settings *set;
	int status = EXIT_SUCCESS;
	char *path;

	main_process();
	main_options_get(&o, argc, argv);
	if (o.task == MAIN_VERSION || o.task == MAIN_HELP)
		return main_tell(o.task);
	path = main_absolute(o.config);
	set = main_settings(path, o.task != MAIN_RUN && o.task != MAIN_TEST);
	if (set == NULL)
		status = EXIT_FAILURE;
	else if (o.task == MAIN_PRINT_CHANGED || o.task == MAIN_PRINT_ALL) {
		settings_print(stdout, set,
		    o.task == MAIN_PRINT_ALL);
		settings_free(set);
	} else if (main_check(path, set) == -1 ||
	    (certs = main_certs(set)) == NULL) {
		settings_free(set);
		status = EXIT_FAILURE;
	} else if (o.task == MAIN_RUN)
		status = main_run(&o, path, set, certs);
	else {
		certs_free(certs);
		settings_free(set);
	}
	free(path);
	return status;
}
