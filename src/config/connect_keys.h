/* connect_keys: the keys that each driver takes in "connect". */
#ifndef CONFIG_CONNECT_KEYS_H
#define CONFIG_CONNECT_KEYS_H

#include <stddef.h>

struct connect_text;

/*
 * Looks at each word; -1 with a reason in err, which shows no password, for
 * the first key that the driver does not take or value that is none.
 */
int	connect_keys_check(const struct connect_text *, const char *driver,
	    char *err, size_t err_size) __attribute__((warn_unused_result));

#endif
