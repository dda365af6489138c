/* passwd_args: "args" of a passdb passwd-file, as its parts. */
#ifndef CONFIG_PASSWD_ARGS_H
#define CONFIG_PASSWD_ARGS_H

#include <stddef.h>
#include <stdint.h>

#define PASSWD_ARGS_PATH_MAX	1023
#define PASSWD_ARGS_WORD_MAX	127

/* "[scheme=X] [username_format=F] FILE", in this order or the other. */
struct passwd_args {
	char	 scheme[PASSWD_ARGS_WORD_MAX + 1];	/* of passwords */
	char	 format[PASSWD_ARGS_WORD_MAX + 1];	/* what is looked up */
	char	 path[PASSWD_ARGS_PATH_MAX + 1];
};

/*
 * The largest file, for a process of this size (0: any): what a worker can
 * hold beside its libraries.
 */
uint64_t	passwd_args_bytes_max(uint64_t process_bytes);
/* -1 with a reason in err.  Whether there is such a scheme is not looked at. */
int	passwd_args_parse(struct passwd_args *, const char *args, char *err,
	    size_t err_size) __attribute__((warn_unused_result));

#endif
