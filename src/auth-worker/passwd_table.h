/*
 * passwd_table: the lines of a passwd-file, sorted by name.
 *
 * user:password:uid:gid:gecos:home:shell:extra_fields, of which user and
 * password count and the extra fields, "k=v" or "k" (yes) with blanks between
 * them, that do not begin with userdb_.  Lines that are empty or begin with
 * '#' are skipped; a name alone has an empty password, which matches nothing.
 */
#ifndef AUTH_WORKER_PASSWD_TABLE_H
#define AUTH_WORKER_PASSWD_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth-worker/sql.h"
#include "ipc/auth_worker.h"

/* A user with 64 fields and long values is still within this. */
#define PASSWD_LINE_MAX		8192
/* "extra=v" each; the password is a column too. */
#define PASSWD_EXTRAS_MAX	(AUTH_WORKER_COLUMNS_MAX - 1)

/* A span of a line. */
struct passwd_span {
	const char	*text;
	size_t		 len;
};

struct passwd_line {
	struct passwd_span	 name, pass, extra;
};

/* Where the line of a name begins. */
struct passwd_ref {
	uint32_t	 off, line;	/* line: its number, from 1 */
	uint16_t	 name_len;
	bool		 is_broken;
};

struct passwd_table {
	char			*bytes;		/* owned, wiped when freed */
	size_t			 len;
	struct passwd_ref	*refs;		/* by name, then by line */
	size_t			 n;
	size_t			 nbroken;	/* with or without a name */
};

/* A line that cannot be used, and why. */
typedef void (*passwd_broken_fn)(void *arg, uint32_t line, const char *why);

/*
 * Takes a line without its newline apart.  NULL, or what is wrong with it;
 * the name is set all the same when it can be told (else its length is 0).
 */
const char	*passwd_line_parse(struct passwd_line *, const char *, size_t);
/*
 * Takes len bytes (of xcalloc(), less than 4 GB) and sorts their lines.  The
 * function is called for each broken one, in order.
 */
void	passwd_table_init(struct passwd_table *, char *bytes, size_t len,
	    passwd_broken_fn, void *arg);
/* Wipes; the table is empty then. */
void	passwd_table_clear(struct passwd_table *);
/*
 * The row of a user.  UNUSABLE with a fault for one whose line is broken,
 * MANY for one who stands there twice.
 */
enum auth_worker_found	passwd_table_find(const struct passwd_table *,
			    const char *name, struct sql_row *,
			    struct sql_fault *);

#endif
