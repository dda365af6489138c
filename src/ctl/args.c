/*
 * wicketctl's arguments: options, a command of one or two words, what the
 * command takes.
 * Runs in: wicketctl.
 * Hostile input: none: the caller's own words.
 * Never: takes a password from an argument; guesses what was meant.
 */
#include "ctl/args.h"

#include <stdio.h>
#include <string.h>

#include "ipc/host_order.h"
#include "ipc/login_auth.h"
#include "ipc/roles.h"
#include "lib/strutil.h"

/* Bits of what a command takes. */
#define ARGS_LOGIN	0x1u	/* --ip, --lip, --service */
#define ARGS_PASSWORD	0x2u	/* --password-file */
#define ARGS_ALL	0x4u	/* --all */
#define ARGS_FILE	0x8u	/* a file instead of a user */
#define ARGS_MAP	0x10u	/* --map, --sql, --data */
#define ARGS_HOST	0x20u	/* the word is a host */

static const struct args_command {
	const char	*words[2];
	enum args_task	 task;
	unsigned int	 takes;
	bool		 may_name, must_name;	/* a user, or a host */
	uint8_t		 mode;			/* of a host */
} args_commands[] = {
	{ { "auth", "test" }, ARGS_AUTH_TEST, ARGS_LOGIN | ARGS_PASSWORD,
	    true, true, 0 },
	{ { "cache", "flush" }, ARGS_CACHE_FLUSH, 0, true, false, 0 },
	{ { "cache", "status" }, ARGS_CACHE_STATUS, 0, false, false, 0 },
	{ { "convert", "nginx" }, ARGS_CONVERT_NGINX, ARGS_FILE, true, true,
	    0 },
	{ { "convert", "perdition" }, ARGS_CONVERT_PERDITION,
	    ARGS_FILE | ARGS_MAP, true, true, 0 },
	{ { "explain", NULL }, ARGS_EXPLAIN, ARGS_LOGIN, true, true, 0 },
	{ { "hosts", "auto" }, ARGS_HOSTS_SET, ARGS_HOST, true, true,
	    HOST_AUTO },
	{ { "hosts", "down" }, ARGS_HOSTS_SET, ARGS_HOST, true, true,
	    HOST_DOWN },
	{ { "hosts", "drain" }, ARGS_HOSTS_SET, ARGS_HOST, true, true,
	    HOST_DRAIN },
	{ { "hosts", "up" }, ARGS_HOSTS_SET, ARGS_HOST, true, true, HOST_UP },
	{ { "hosts", NULL }, ARGS_HOSTS, 0, false, false, 0 },
	{ { "reload", NULL }, ARGS_RELOAD, 0, false, false, 0 },
	{ { "status", NULL }, ARGS_STATUS, ARGS_ALL, false, false, 0 },
	{ { "stop", NULL }, ARGS_STOP, 0, false, false, 0 },
	{ { "tls", NULL }, ARGS_TLS, 0, false, false, 0 },
};

#define ARGS_COMMANDS	(sizeof(args_commands) / sizeof(args_commands[0]))

enum args_option_id {
	OPTION_CONFIG,
	OPTION_SOCKET,
	OPTION_KEYS,
	OPTION_IP,
	OPTION_LIP,
	OPTION_SERVICE,
	OPTION_PASSWORD_FILE,
	OPTION_ALL,
	OPTION_MAP,
	OPTION_SQL,
	OPTION_DATA,
};

/* takes: 0 stands for "before the command". */
static const struct args_option {
	const char		*name;
	enum args_option_id	 id;
	unsigned int		 takes;
	bool			 has_value;
} args_options[] = {
	{ "-c", OPTION_CONFIG, 0, true },
	{ "-s", OPTION_SOCKET, 0, true },
	{ "-k", OPTION_KEYS, 0, false },
	{ "--ip", OPTION_IP, ARGS_LOGIN, true },
	{ "--lip", OPTION_LIP, ARGS_LOGIN, true },
	{ "--service", OPTION_SERVICE, ARGS_LOGIN, true },
	{ "--password-file", OPTION_PASSWORD_FILE, ARGS_PASSWORD, true },
	{ "--all", OPTION_ALL, ARGS_ALL, false },
	{ "--map", OPTION_MAP, ARGS_MAP, true },
	{ "--sql", OPTION_SQL, ARGS_MAP, false },
	{ "--data", OPTION_DATA, ARGS_MAP, false },
};

#define ARGS_OPTIONS	(sizeof(args_options) / sizeof(args_options[0]))

/* Where we are. */
struct args_walk {
	int			 argc, at;
	char *const		*argv;
	const struct args_command *command;	/* NULL: before it */
	char			*why;
	size_t			 size;
};

const char *
args_usage(void)
{
	return "usage: wicketctl [-k] [-c FILE | -s SOCKET] COMMAND\n"
	    "       wicketctl -V | -h\n"
	    "commands:\n"
	    "  auth test USER [--ip ADDR] [--lip ADDR] "
	    "[--service imap|pop3]\n"
	    "                 [--password-file FILE]\n"
	    "  cache flush [USER]\n"
	    "  cache status\n"
	    "  convert nginx FILE\n"
	    "  convert perdition FILE [--map FILE] [--sql | --data]\n"
	    "  explain USER [--ip ADDR] [--lip ADDR] "
	    "[--service imap|pop3]\n"
	    "  hosts\n"
	    "  hosts auto|down|drain|up HOST[:PORT]\n"
	    "  reload\n"
	    "  status [--all]\n"
	    "  stop\n"
	    "  tls\n";
}

static int
args_fault(const struct args_walk *w, const char *what, const char *word)
{
	(void)snprintf(w->why, w->size, "%s: %s", word, what);
	return -1;
}

static int
args_service(struct args *a, const char *word)
{
	for (int i = 0; i <= SERVICE_LAST; i++) {
		if (strcmp(word, service_name((enum service_id)i)) != 0)
			continue;
		a->service = (uint8_t)i;
		return 0;
	}
	return -1;
}

static int
args_set(struct args *a, const struct args_walk *w, enum args_option_id id,
    const char *value)
{
	switch (id) {
	case OPTION_CONFIG:
		a->config = value;
		break;
	case OPTION_SOCKET:
		a->socket = value;
		break;
	case OPTION_KEYS:
		a->has_keys = true;
		break;
	case OPTION_IP:
	case OPTION_LIP:
		if (netaddr_parse(id == OPTION_IP ? &a->rip : &a->lip, value,
		    strlen(value)) == -1)
			return args_fault(w, "expected an address", value);
		break;
	case OPTION_SERVICE:
		if (args_service(a, value) == -1)
			return args_fault(w, "expected imap or pop3", value);
		break;
	case OPTION_PASSWORD_FILE:
		a->password_file = value;
		break;
	case OPTION_ALL:
		a->is_all = true;
		break;
	case OPTION_MAP:
		a->map = value;
		break;
	case OPTION_SQL:
		a->part = ARGS_PART_SQL;
		break;
	case OPTION_DATA:
		a->part = ARGS_PART_DATA;
		break;
	}
	return 0;
}

/* One option with its value, which may be the next word. */
static int
args_option(struct args *a, struct args_walk *w)
{
	const char *word = w->argv[w->at++];
	const struct args_option *o;
	size_t i;

	for (i = 0; i < ARGS_OPTIONS; i++)
		if (strcmp(word, args_options[i].name) == 0)
			break;
	if (i == ARGS_OPTIONS)
		return args_fault(w, "unknown option", word);
	o = &args_options[i];
	if ((w->command == NULL) != (o->takes == 0) ||
	    (w->command != NULL && (w->command->takes & o->takes) == 0))
		return args_fault(w, "does not belong here", word);
	if (!o->has_value)
		return args_set(a, w, o->id, NULL);
	if (w->at == w->argc || w->argv[w->at][0] == '\0')
		return args_fault(w, "expected a value", word);
	return args_set(a, w, o->id, w->argv[w->at++]);
}

/* The command's one or two words. */
static int
args_command(struct args *a, struct args_walk *w)
{
	const char *word = w->argv[w->at++];
	const struct args_command *c;

	for (size_t i = 0; i < ARGS_COMMANDS; i++) {
		c = &args_commands[i];
		if (strcmp(word, c->words[0]) != 0)
			continue;
		if (c->words[1] != NULL && (w->at == w->argc ||
		    strcmp(w->argv[w->at], c->words[1]) != 0))
			continue;
		w->at += c->words[1] != NULL;
		w->command = c;
		a->task = c->task;
		a->mode = c->mode;
		return 0;
	}
	return args_fault(w, "unknown command", word);
}

static int
args_user(struct args *a, const struct args_walk *w, const char *word)
{
	size_t len = strlen(word);

	if (!w->command->may_name || a->user[0] != '\0' || a->file != NULL)
		return args_fault(w, "does not belong here", word);
	if ((w->command->takes & ARGS_FILE) != 0) {
		a->file = word;
		return 0;
	}
	if (len == 0 || len > LOGIN_AUTH_USER_MAX ||
	    str_has_control(word, len))
		return args_fault(w, "nobody can have such a name", "user");
	a->user = word;
	return 0;
}

static int
args_host(struct args *a, const struct args_walk *w, const char *word)
{
	if (a->host != NULL)
		return args_fault(w, "does not belong here", word);
	a->host = word;
	return 0;
}

static int
args_word(struct args *a, struct args_walk *w, bool *is_plain)
{
	const char *word = w->argv[w->at];

	if (w->command == NULL)
		return word[0] == '-' ? args_option(a, w) :
		    args_command(a, w);
	if (!*is_plain && strcmp(word, "--") == 0) {
		*is_plain = true;
		w->at++;
		return 0;
	}
	if (!*is_plain && word[0] == '-')
		return args_option(a, w);
	w->at++;
	return (w->command->takes & ARGS_HOST) != 0 ?
	    args_host(a, w, word) : args_user(a, w, word);
}

static const char *
args_expected(const struct args_command *c)
{
	if ((c->takes & ARGS_FILE) != 0)
		return "expected a file";
	return (c->takes & ARGS_HOST) != 0 ? "expected a host" :
	    "expected a user";
}

int
args_get(struct args *a, int argc, char *const argv[], char *why,
    size_t size)
{
	struct args_walk w = { .argc = argc, .argv = argv, .at = 1,
	    .why = why, .size = size };
	bool is_plain = false;

	*a = (struct args){ .user = "",
	    .rip = { .family = NETADDR_V4, .ip = { 127, 0, 0, 1 } },
	    .lip = { .family = NETADDR_V4, .ip = { 127, 0, 0, 1 } } };
	/* These want no command. */
	if (argc == 2 && strcmp(argv[1], "-V") == 0) {
		a->task = ARGS_VERSION;
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "-h") == 0) {
		a->task = ARGS_HELP;
		return 0;
	}
	while (w.at < argc)
		if (args_word(a, &w, &is_plain) == -1)
			return -1;
	if (w.command == NULL)
		return args_fault(&w, "expected a command", "no arguments");
	if (w.command->must_name && a->user[0] == '\0' && a->file == NULL &&
	    a->host == NULL)
		return args_fault(&w, args_expected(w.command),
		    w.command->words[0]);
	if (a->config != NULL && a->socket != NULL)
		return args_fault(&w, "not both", "-c, -s");
	return 0;
}
