/*
 * Arguments and environment of a mail process.
 * Runs in: master.
 * Hostile input: the user's name and the tag, which are texts without control
 * characters; they only become values.
 * Never: passes on a password or an environment of its own.
 */
#include "master/mail_env.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/master_mail.h"
#include "ipc/roles.h"

#define MAIL_ENV_PATH	"/usr/local/bin:/usr/bin:/bin"
/*
 * Dovecot's pop3 greets nobody who has logged in elsewhere, but answers what
 * it is told was sent ahead: "NOOP" and a line end.  Others greet.
 */
#define MAIL_ENV_NOOP	"Tk9PUA0K"
/* Dovecot's programs drop the rest when they read their configuration. */
#define MAIL_ENV_KEPT	"CLIENT_INPUT HOME IMAPLOGINTAG IP LOCAL_IP " \
			"LOGGED_IN MAIL SECURED SESSION USER"

/* Adds a text to one of the lists. */
static int __attribute__((format(printf, 4, 0)))
mail_env_vadd(struct mail_env *e, char **list, size_t *n, const char *fmt,
    va_list ap)
{
	size_t left = sizeof(e->text) - e->used;
	int len;

	len = vsnprintf(e->text + e->used, left, fmt, ap);
	if (len < 0 || (size_t)len >= left)
		return -1;
	list[(*n)++] = e->text + e->used;
	e->used += (size_t)len + 1;
	return 0;
}

static int __attribute__((format(printf, 2, 3)))
mail_env_arg(struct mail_env *e, const char *fmt, ...)
{
	va_list ap;
	int result;

	if (e->nargs + 1 >= sizeof(e->argv) / sizeof(e->argv[0]))
		return -1;
	va_start(ap, fmt);
	result = mail_env_vadd(e, e->argv, &e->nargs, fmt, ap);
	va_end(ap);
	return result;
}

static int __attribute__((format(printf, 2, 3)))
mail_env_set(struct mail_env *e, const char *fmt, ...)
{
	va_list ap;
	int result;

	if (e->nvars + 1 >= sizeof(e->envp) / sizeof(e->envp[0]))
		return -1;
	va_start(ap, fmt);
	result = mail_env_vadd(e, e->envp, &e->nvars, fmt, ap);
	va_end(ap);
	return result;
}

/* Is it one of Dovecot's, and left to us to say where the mail is? */
static bool
mail_env_is_bare_dovecot(const struct mail_env *e)
{
	const char *name = strrchr(e->path, '/');

	return e->nargs == 1 && name != NULL && (strcmp(name, "/imap") == 0 ||
	    strcmp(name, "/pop3") == 0);
}

/* A value that is not to be expanded once more. */
static int
mail_env_place(struct mail_env *e, const char *mail)
{
	char place[2 * MASTER_MAIL_PLACE_MAX + 1];
	size_t n = 0;

	for (; *mail != '\0'; mail++) {
		if (*mail == '%')
			place[n++] = '%';
		place[n++] = *mail;
	}
	place[n] = '\0';
	if (mail_env_arg(e, "-o") == -1)
		return -1;
	return mail_env_arg(e, "mail_location=%s", place);
}

static int
mail_env_args(struct mail_env *e, const char *executable, const char *mail)
{
	const char *p = executable;
	size_t len;

	for (;; p += len) {
		p += strspn(p, " \t");
		if ((len = strcspn(p, " \t")) == 0)
			break;
		if (e->nargs == MAIL_ENV_WORDS_MAX ||
		    mail_env_arg(e, "%.*s", (int)len, p) == -1)
			return -1;
	}
	if (e->nargs == 0)
		return -1;
	e->path = e->argv[0];
	if (mail[0] == '\0' || !mail_env_is_bare_dovecot(e))
		return 0;
	return mail_env_place(e, mail);
}

static int
mail_env_addr(struct mail_env *e, const char *name, const char *port_name,
    const char *dovecot, const struct netaddr *a)
{
	char ip[NETADDR_TEXT_MAX];

	(void)netaddr_text(a, ip);
	if (mail_env_set(e, "%s=%s", dovecot, ip) == -1 ||
	    mail_env_set(e, "%s=%s", name, ip) == -1)
		return -1;
	return mail_env_set(e, "%s=%u", port_name, a->port);
}

/* Who it is, in the words of all. */
static int
mail_env_user(struct mail_env *e, const struct child_mail_ask *who)
{
	static const char *const names[] = {
		"USER", "LOGNAME", "AUTHENTICATED", "AUTHADDR",
		"AUTHFULLNAME",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (mail_env_set(e, "%s=%s", names[i], who->user) == -1)
			return -1;
	if (mail_env_set(e, "HOME=%s", who->home[0] == '\0' ? "/" :
	    who->home) == -1)
		return -1;
	return who->mail[0] == '\0' ? 0 : mail_env_set(e, "MAIL=%s",
	    who->mail);
}

/* How the program is to answer the client's login. */
static int
mail_env_protocol(struct mail_env *e, const struct child_mail_ask *who,
    const char *tag)
{
	if (who->service == SERVICE_POP3) {
		if (mail_env_set(e, "PROTOCOL=POP3") == -1)
			return -1;
		return mail_env_set(e, "CLIENT_INPUT=" MAIL_ENV_NOOP);
	}
	if (mail_env_set(e, "PROTOCOL=IMAP") == -1 ||
	    mail_env_set(e, "IMAPLOGINTAG=%s", tag) == -1)
		return -1;
	return mail_env_set(e, "LOGIN_TAG=%s", tag);
}

int
mail_env_make(struct mail_env *e, const char *executable,
    const struct child_mail_ask *who, const char *tag)
{
	const char *tz = getenv("TZ");

	memset(e, 0, sizeof(*e));
	if (mail_env_args(e, executable, who->mail) == -1 ||
	    mail_env_user(e, who) == -1 ||
	    mail_env_protocol(e, who, tag) == -1 ||
	    mail_env_addr(e, "TCPREMOTEIP", "TCPREMOTEPORT", "IP",
	    &who->rip) == -1 ||
	    mail_env_addr(e, "TCPLOCALIP", "TCPLOCALPORT", "LOCAL_IP",
	    &who->lip) == -1 ||
	    mail_env_set(e, "SESSION=%s", who->session) == -1 ||
	    mail_env_set(e, "LOGGED_IN=1") == -1 ||
	    (who->is_secured && mail_env_set(e, "SECURED=1") == -1) ||
	    (tz != NULL && mail_env_set(e, "TZ=%s", tz) == -1) ||
	    mail_env_set(e, "PATH=" MAIL_ENV_PATH) == -1)
		return -1;
	return mail_env_set(e, "DOVECOT_PRESERVE_ENVS=" MAIL_ENV_KEPT);
}
