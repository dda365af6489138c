/* settings_sql: the SQL files that passdb sections name. */
#ifndef CONFIG_SETTINGS_SQL_H
#define CONFIG_SETTINGS_SQL_H

struct reader;

/* Reads them into the passdbs, compiles the queries, adds faults. */
void	settings_sql_read(struct reader *);

#endif
