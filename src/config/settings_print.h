/* settings_print: settings for people, and what a reload would change. */
#ifndef CONFIG_SETTINGS_PRINT_H
#define CONFIG_SETTINGS_PRINT_H

#include <stdbool.h>
#include <stdio.h>

struct settings;

/*
 * Writes settings in the syntax they are read in: those that differ from
 * their defaults, or all that are in effect, each with a line that explains
 * it.  Secrets are written as <hidden>; SQL files as comments.
 */
void	settings_print(FILE *, const struct settings *, bool is_all);

typedef void (*settings_diff_fn)(void *arg, const char *name,
    bool needs_restart);

/*
 * Calls for each setting that differs, once; "passdb" for the passdb
 * sections and their SQL files.
 */
void	settings_diff(const struct settings *old, const struct settings *new,
	    settings_diff_fn, void *arg);

#endif
