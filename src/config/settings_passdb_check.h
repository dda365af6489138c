/* settings_passdb_check: rules for passdbs that are files or services. */
#ifndef CONFIG_SETTINGS_PASSDB_CHECK_H
#define CONFIG_SETTINGS_PASSDB_CHECK_H

#include <stdbool.h>
#include <stddef.h>

struct reader;

/* Checks the args of passdb i, without a look at files; adds faults. */
void	settings_passdb_args(struct reader *, size_t i);
/* Has this build passdb nginx-http? */
bool	settings_passdb_has_http(void);
/* Looks at the files that passdbs name, after the accounts are known. */
void	settings_passdb_files(struct reader *);

#endif
