/* check: what the settings name must exist and be safe. */
#ifndef MASTER_CHECK_H
#define MASTER_CHECK_H

#include <stddef.h>

struct settings;

#define CHECK_FAULTS_MAX	10
#define CHECK_FAULT_BYTES	512

struct check_faults {
	char	text[CHECK_FAULTS_MAX][CHECK_FAULT_BYTES];
	size_t	n;
};

/*
 * Programs and directories that settings name; changes nothing.
 * Returns the number of faults, each a text that names the setting or path.
 */
size_t	check_settings(const struct settings *, struct check_faults *);

#endif
