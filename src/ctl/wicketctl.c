/*
 * The wicketctl program: asks a running suite, or tells it what to do.
 * Runs in: wicketctl, as its caller.
 * Hostile input: none here.
 * Never: needs more rights than to connect to the control socket.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "ctl/args.h"
#include "ctl/commands.h"
#include "ctl/output.h"
#include "ipc/roles.h"
#include "lib/log.h"

int
main(int argc, char *argv[])
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct args args;
	char why[512];
	int status;

	log_init_stderr(role_name(ROLE_ID_CTL));
	(void)sigaction(SIGPIPE, &ignore, NULL);
	if (args_get(&args, argc, argv, why, sizeof(why)) == -1) {
		output_fault("%s", why);
		(void)fputs(args_usage(), stderr);
		return EX_USAGE;
	}
	if (args.task == ARGS_VERSION || args.task == ARGS_HELP) {
		(void)fputs(args.task == ARGS_HELP ? args_usage() :
		    "wicketctl " PACKAGE_VERSION "\n", stdout);
		status = EXIT_SUCCESS;
	} else
		status = commands_run(&args);
	return fflush(stdout) == 0 ? status : EX_IOERR;
}
