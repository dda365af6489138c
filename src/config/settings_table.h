/*
 * settings_table: THE table of settings.  A row says all about a setting;
 * parsing, defaults, ranges, printing, role filter and reload follow it.
 */
#ifndef CONFIG_SETTINGS_TABLE_H
#define CONFIG_SETTINGS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings;

enum setting_type {
	SETTING_BOOL,		/* bool: yes, no */
	SETTING_U32,		/* uint32_t */
	SETTING_SIZE,		/* uint64_t, bytes: 4M */
	SETTING_MS,		/* uint32_t, milliseconds: 30s, 2 hours */
	SETTING_TEXT,		/* char * */
	SETTING_SECRET,		/* char *, printed as <hidden> */
	SETTING_PATH,		/* char *, absolute or empty */
	SETTING_WORD,		/* char *, one of the row's words */
	SETTING_LIST,		/* struct settings_list, of its words if any */
	SETTING_ADDRS,		/* struct settings_addrs */
	SETTING_NETS,		/* struct settings_nets */
};

/* Where it may stand, and what its offset counts from. */
enum setting_scope {
	SETTING_GLOBAL,		/* struct settings */
	SETTING_SERVICE,	/* struct settings_service; protocol section */
	SETTING_PASSDB,		/* struct settings_passdb; passdb section */
	SETTING_SQL,		/* struct settings_passdb; the SQL file */
	SETTING_LOCAL_NAME,	/* struct settings_local_name; its section */
};

/*
 * Bits of the roles that a child's copy is made for; the numbers are those
 * of enum role_id in ipc/, which this folder does not include (a unit test
 * compares them).  The master has everything.
 */
#define SETTING_ROLE_IMAP	(1u << 2)
#define SETTING_ROLE_POP3	(1u << 3)
#define SETTING_ROLE_AUTH	(1u << 4)
#define SETTING_ROLE_WORKER	(1u << 5)
#define SETTING_ROLE_LOGIN	(SETTING_ROLE_IMAP | SETTING_ROLE_POP3)
#define SETTING_ROLE_CHILD \
	(SETTING_ROLE_LOGIN | SETTING_ROLE_AUTH | SETTING_ROLE_WORKER)

struct setting {
	const char	*name;
	const char	*value;		/* default, as text */
	const char	*words;		/* blank-separated; WORD and LIST */
	const char	*notice;	/* why it does nothing here, or NULL */
	const char	*doc;		/* one line */
	uint64_t	 min, max;	/* U32; SIZE bytes; MS milliseconds */
	uint32_t	 unit;		/* of a bare number; 0 counts as 1 */
	uint16_t	 offset;
	uint8_t		 type;		/* enum setting_type */
	uint8_t		 scope;		/* enum setting_scope */
	uint8_t		 roles;		/* SETTING_ROLE_ bits */
	uint8_t		 only;		/* 1 + enum service_id; 0 = all */
	bool		 needs_restart;	/* a reload does not change it */
};

extern const struct setting settings_table[];
extern const size_t settings_table_rows;

/* A row by name; old names are known.  NULL when there is none. */
const struct setting	*settings_table_find(const char *name,
			    enum setting_scope);
/* A setting or section of the mail store, for which a proxy has no use. */
bool	settings_table_is_unused(const char *name);

#endif
