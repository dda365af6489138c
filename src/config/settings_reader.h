/* settings_reader: what the parts that read a configuration share. */
#ifndef CONFIG_SETTINGS_READER_H
#define CONFIG_SETTINGS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/faults.h"
#include "config/settings.h"

struct config_node;
struct setting;

/* Notices with the same text become one. */
#define READER_NOTICES_MAX	16
#define READER_NAMES_MAX	512

struct reader_notice {
	const char		*text;
	struct config_place	 place;		/* of the first */
	char			 names[READER_NAMES_MAX];
	size_t			 nmore;		/* that did not fit */
};

struct reader {
	struct settings		*settings;
	struct settings		*defaults;	/* what nobody has changed */
	struct settings_faults	*faults;
	struct arena		*arena;		/* of the nodes */
	const char		*path;
	/* where each row was set; [0] for all, [1 + service] for one */
	struct config_place	*places[1 + SETTINGS_SERVICES];
	struct config_place	 passdb_places[SETTINGS_DBS_MAX];
	/* as many as nuserdbs, until they are put behind the passdbs */
	struct settings_passdb	 userdbs[SETTINGS_USERDBS_MAX];
	struct config_place	 userdb_places[SETTINGS_USERDBS_MAX];
	struct reader_notice	 notices[READER_NOTICES_MAX];
	size_t			 nnotices;
	const char		*auth_name;	/* of the auth section */
};

/* Sets a row at its base object from a node; faults are added. */
void	reader_set(struct reader *, const struct setting *, void *base,
	    const struct config_node *, uint16_t port);
/* Remembers one more name for the notice with this text. */
void	reader_notice(struct reader *, const struct config_place *,
	    const char *name, const char *text);
/*
 * Where a setting was set, for one service or (-1) for all; the file alone
 * when it was not.
 */
struct config_place	reader_place(const struct reader *, const char *name,
			    int service);

#endif
