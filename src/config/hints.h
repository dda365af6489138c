/* hints: what somebody may have meant by a name that there is not. */
#ifndef CONFIG_HINTS_H
#define CONFIG_HINTS_H

#include <stddef.h>

/* Room for a hint. */
#define HINTS_TEXT_MAX	160

/*
 * Text to be put behind "unknown setting X", or "unknown section X" when
 * is_section: what a name of Dovecot 2 is called here, or the nearest name of
 * this scope (enum setting_scope), or "".  dst of HINTS_TEXT_MAX; returns it.
 */
const char	*hints_setting(const char *name, int scope, char *dst);
const char	*hints_section(const char *name, char *dst);

#endif
