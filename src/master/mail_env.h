/*
 * mail_env: arguments and environment of a mail process: what programs of
 * Dovecot and Courier expect of one that has logged a user in.
 */
#ifndef MASTER_MAIL_ENV_H
#define MASTER_MAIL_ENV_H

#include <stddef.h>

struct child_mail_ask;

#define MAIL_ENV_TEXT_MAX	16384
#define MAIL_ENV_WORDS_MAX	32	/* of mail_executable */
#define MAIL_ENV_VARS_MAX	40

struct mail_env {
	const char	*path;
	char		*argv[MAIL_ENV_WORDS_MAX + 3];
	char		*envp[MAIL_ENV_VARS_MAX + 1];
	size_t		 nargs, nvars, used;
	char		 text[MAIL_ENV_TEXT_MAX];
};

/*
 * From mail_executable (words with blanks between), whom it is for, and the
 * tag that IMAP's answer is to have.  -1 when there is no room for it all.
 */
int	mail_env_make(struct mail_env *, const char *executable,
	    const struct child_mail_ask *, const char *tag)
	    __attribute__((warn_unused_result));

#endif
