/* settings_read: settings from other places than settings_read() reads. */
#ifndef CONFIG_SETTINGS_READ_H
#define CONFIG_SETTINGS_READ_H

#include <stddef.h>
#include <stdint.h>

struct setting;
struct settings;
struct settings_faults;

/*
 * Settings from text, named so in faults: without files that are included,
 * without SQL files, and without a look at the accounts.  For tests.
 */
struct settings	*settings_read_text(const char *name, const char *text,
		    size_t len, struct settings_faults *);
/* The table's defaults, before anything is derived from them. */
struct settings	*settings_defaults(void);
/* Port of an address of this row (listen, ssl_listen, ...) that names none. */
uint16_t	 settings_default_port(const struct setting *,
		    size_t service);

#endif
