/* faults: what is wrong with a configuration, and what is worth a line. */
#ifndef CONFIG_FAULTS_H
#define CONFIG_FAULTS_H

struct settings_faults;

/* More notices than this tell nobody anything; they are dropped. */
#define FAULTS_NOTICES_MAX	100

/* Where a value was written; line 0 = nowhere in particular. */
struct config_place {
	const char	*file;
	unsigned int	 line;
};

/*
 * Adds "file:line: message".  What is there already, and what comes after
 * SETTINGS_FAULTS_MAX, is dropped.
 */
void	faults_add(struct settings_faults *, const struct config_place *,
	    const char *, ...) __attribute__((format(printf, 3, 4)));
/* Adds a notice of the same form. */
void	faults_notice(struct settings_faults *, const struct config_place *,
	    const char *, ...) __attribute__((format(printf, 3, 4)));

#endif
