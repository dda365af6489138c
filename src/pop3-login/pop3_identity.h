/*
 * pop3_identity: XCLIENT, as Dovecot has it: a trusted proxy tells us who the
 * client is, and we tell the mail host.
 */
#ifndef POP3_LOGIN_POP3_IDENTITY_H
#define POP3_LOGIN_POP3_IDENTITY_H

#include <stddef.h>

struct session;

/* The word of a greeting, in brackets, that says that XCLIENT is taken. */
#define POP3_XCLIENT	"XCLIENT"
/*
 * A command of ours is no longer, since Dovecot reads about 1 kB of a line:
 * what is to be forwarded is left out then, with a warning.
 */
#define POP3_XCLIENT_MAX	1000

/*
 * Takes what the arguments of XCLIENT say, KEY=VALUE and blanks between; -1
 * when a trusted proxy says what cannot be.
 */
int	pop3_identity_take(struct session *, const char *args, size_t len)
	    __attribute__((warn_unused_result));
/* Queues XCLIENT to the mail host. */
void	pop3_identity_put(struct session *);

#endif
