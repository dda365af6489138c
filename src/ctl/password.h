/* password: where wicketctl gets one from. */
#ifndef CTL_PASSWORD_H
#define CTL_PASSWORD_H

#include <stddef.h>

/*
 * The first line of a file, or without one (NULL) what is typed at a prompt,
 * or the first line of standard input when that is no terminal.  -1 after
 * saying why.  The caller wipes it.
 */
int	password_get(const char *file, const char *user, char *dst,
	    size_t size) __attribute__((warn_unused_result));

#endif
