/* settings_check: rules between settings, and what follows from them. */
#ifndef CONFIG_SETTINGS_CHECK_H
#define CONFIG_SETTINGS_CHECK_H

struct config_place;
struct reader;
struct setting;

/* Derives what was left open, then checks each rule and adds faults. */
void	settings_check(struct reader *);
/* Finds the accounts: four, all different, none of them root. */
void	settings_check_users(struct reader *);
/* A row that only takes its default in this version. */
void	settings_check_fixed(struct reader *, const struct setting *,
	    const void *base, const void *default_base,
	    const struct config_place *);

#endif
