/* settings_sql: the SQL files that passdb sections name. */
#ifndef CONFIG_SETTINGS_SQL_H
#define CONFIG_SETTINGS_SQL_H

struct config_place;
struct reader;

/* Reads them into the passdbs, compiles the queries, adds faults. */
void	settings_sql_read(struct reader *);
/* The drivers that this build has, with a blank before each. */
const char	*settings_sql_drivers(void);
/* A scheme of passwords, as the named setting has it; adds a fault. */
void	settings_sql_scheme(struct reader *, const char *setting,
	    const char *scheme, const struct config_place *);

#endif
