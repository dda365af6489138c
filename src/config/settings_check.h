/* settings_check: rules between settings, and what follows from them. */
#ifndef CONFIG_SETTINGS_CHECK_H
#define CONFIG_SETTINGS_CHECK_H

struct reader;

/* Derives what was left open, then checks each rule and adds faults. */
void	settings_check(struct reader *);
/* Finds the accounts: four, all different, none of them root. */
void	settings_check_users(struct reader *);

#endif
