/*
 * userdb: as whom, and where, the mail of a user on this machine is: the
 * fields of a userdb's row, or of a passdb's row that begin with "userdb_".
 */
#ifndef AUTH_USERDB_H
#define AUTH_USERDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/auth_worker.h"
#include "ipc/master_mail.h"

struct settings_mail;
struct var_values;

#define USERDB_PREFETCH_PREFIX	"userdb_"

struct userdb_fields {
	bool		 has_uid, has_gid;
	uint32_t	 uid, gid;
	char		 home[MASTER_MAIL_HOME_MAX + 1];   /* "": none */
	char		 mail[MASTER_MAIL_PLACE_MAX + 1];  /* "": setting */
};

/* Has the row a column that begins so? */
bool	userdb_has_prefix(const struct auth_worker_row *, const char *prefix);
/*
 * Takes the columns of a row whose names begin with the prefix ("": all), over
 * what was there.  -1 with a reason in why (PASSDB_WHY_MAX).
 */
int	userdb_fields_read(struct userdb_fields *,
	    const struct auth_worker_row *, const char *prefix, char *why)
	    __attribute__((warn_unused_result));
/* NULL, or why no mail process may have these fields. */
const char	*userdb_fields_fault(const struct userdb_fields *,
		    const struct settings_mail *);
/*
 * The place of the mail from a template with variables, of which %h is the
 * home; -1 when it does not fit into dst or has a step upwards ("..").
 */
int	userdb_place(char *dst, size_t size, const char *text,
	    const struct var_values *, const char *home)
	    __attribute__((warn_unused_result));

#endif
