/*
 * convert_out: a configuration that is put together setting by setting, and
 * then written.  Each value is held against its row in the table of settings;
 * what cannot be taken over becomes a note with the line it comes from.
 */
#ifndef CTL_CONVERT_OUT_H
#define CTL_CONVERT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/faults.h"
#include "lib/buf.h"

struct arena;
struct settings_faults;

/* What the largest popmap becomes has some place in it. */
#define CONVERT_OUT_MAX		(128u * 1024 * 1024)
#define CONVERT_PASSDBS_MAX	4

/* Where a setting stands. */
enum convert_section {
	CONVERT_TOP,
	CONVERT_IMAP,
	CONVERT_POP3,
	CONVERT_AUTH,
};
#define CONVERT_SECTION_LAST	CONVERT_AUTH

struct convert_line {
	struct convert_line	*next;
	enum convert_section	 section;
	const char		*name, *value;
};

struct convert_passdb {
	const char	*driver, *args;
	bool		 is_pass;	/* the next one adds to it */
};

struct convert {
	struct arena		*arena;
	struct settings_faults	*faults;	/* notices: the notes */
	struct convert_line	*lines, **tail;
	struct convert_passdb	 passdbs[CONVERT_PASSDBS_MAX];
	size_t			 npassdbs;
	struct buf		 conf;	/* mailwicket.conf, when finished */
	struct buf		 sql;	/* the SQL file; may be empty */
	struct buf		 data;	/* statements that fill a database */
};

/* faults must be empty; both live as long. */
void	convert_init(struct convert *, struct arena *,
	    struct settings_faults *);
void	convert_clear(struct convert *);
/* Text in the arena. */
char	*convert_text(struct convert *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));
/*
 * Sets a setting, over an earlier value.  One that mailwicket would refuse
 * becomes a note, and false is returned.  place: where it comes from.
 */
bool	convert_set(struct convert *, const struct config_place *,
	    enum convert_section, const char *name, const char *value);
/* The same, with ", " and the value behind an earlier one. */
bool	convert_add(struct convert *, const struct config_place *,
	    enum convert_section, const char *name, const char *value);
/* The value that is set, or NULL. */
const char	*convert_get(const struct convert *, enum convert_section,
		    const char *name);
/* Has a list, commas or blanks between, or NULL, the word?  Case-blind. */
bool	convert_list_has(const char *list, const char *word);
/* The place of a passdb that is added; they are asked in this order. */
struct convert_passdb	*convert_passdb_add(struct convert *,
			    const char *driver, const char *args);
/*
 * Writes conf, headed by a title and the notes, and reads it again: what the
 * reader says of it is a fault.  -1 when there are faults.
 */
int	convert_finish(struct convert *, const char *title)
	    __attribute__((warn_unused_result));
/* Appends text to one of the results; a result that is too long is a fault. */
void	convert_put(struct convert *, struct buf *, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/* Milliseconds as a value; a number of seconds when it is one. */
char	*convert_time(struct convert *, uint64_t ms);

#endif
