/*
 * settings_mail: what concerns users whose mail is on this machine, a part of
 * struct settings.
 */
#ifndef CONFIG_SETTINGS_MAIL_H
#define CONFIG_SETTINGS_MAIL_H

#include <stddef.h>
#include <stdint.h>

#define SETTINGS_MAIL_GROUPS_MAX	16

struct config_place;
struct reader;

struct settings_mail {
	char		*mail_location;	/* template; "" = the program's */
	char		*mail_access_groups;	/* names, blanks between */
	char		*mail_chroot;	/* must be empty */
	uint32_t	 first_valid_uid, last_valid_uid;  /* last 0: any */
	uint32_t	 first_valid_gid, last_valid_gid;
	uint32_t	 max_mail_processes;
	uint64_t	 mail_process_size_bytes;	/* 0: no limit */
	/* no settings: mail_access_groups, looked up by the master */
	size_t		 ngroups;
	uint32_t	 groups[SETTINGS_MAIL_GROUPS_MAX];
};

/* Rules for these settings and for userdb sections; adds faults. */
void	settings_mail_check(struct reader *);
/* Looks the groups up, and names of accounts in userdb static. */
void	settings_mail_accounts(struct reader *);

#endif
