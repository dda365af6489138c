/*
 * Rules for users whose mail is on this machine.
 * Runs in: master.
 * Hostile input: none that counts: the files are root's.
 * Never: looks at a mailbox.
 */
#include "config/settings_mail.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "config/arena.h"
#include "config/settings_reader.h"
#include "config/var.h"
#include "lib/strutil.h"

#define MAIL_ERROR_MAX	128
#define MAIL_NAME_MAX	64
/* Largest uid and gid that can be somebody; the last two are special. */
#define MAIL_ID_MAX	(UINT32_MAX - 2)
/* A decimal number in place of a name. */
#define MAIL_ID_DIGITS	10

/* Each variable must be known; %h, the home, is where it is known. */
static void
mail_variables(struct reader *r, const struct config_place *place,
    const char *name, const char *text, bool has_home)
{
	struct var_piece piece;
	char err[MAIL_ERROR_MAX];

	while ((text = strchr(text, '%')) != NULL) {
		text++;
		if (has_home && *text == 'h')
			continue;
		if (var_parse(&text, &piece, err, sizeof(err)) == 0)
			continue;
		faults_add(r->faults, place, "%s: %s", name, err);
		return;
	}
}

static void
mail_ranges(struct reader *r, const char *name, uint32_t first, uint32_t last)
{
	struct config_place place = reader_place(r, name, -1);

	if (last != 0 && last < first)
		faults_add(r->faults, &place, "%s: nothing is left between "
		    "%u and %u", name, first, last);
}

static void
mail_program(struct reader *r, int service)
{
	struct config_place place = reader_place(r, "mail_executable",
	    service);

	if (r->settings->services[service].mail_executable[0] != '/')
		faults_add(r->faults, &place,
		    "mail_executable: expected a path from /");
}

static void
mail_userdb(struct reader *r, size_t i)
{
	const struct settings_passdb *u = &r->settings->passdbs[i];
	const struct config_place *place = &r->passdb_places[i];

	if (u->driver == PASSDB_STATIC && u->args[0] == '\0')
		faults_add(r->faults, place, "userdb static: args is missing");
	else if (u->driver == PASSDB_STATIC)
		mail_variables(r, place, "args", u->args, false);
	else if (u->driver == PASSDB_SQL && u->args[0] != '/')
		faults_add(r->faults, place, "userdb sql: args is the "
		    "absolute path of a file");
}

void
settings_mail_check(struct reader *r)
{
	const struct settings *s = r->settings;
	const struct settings_mail *m = &s->mail;
	struct config_place place = reader_place(r, "mail_location", -1);

	mail_variables(r, &place, "mail_location", m->mail_location, true);
	place = reader_place(r, "mail_chroot", -1);
	if (m->mail_chroot[0] != '\0')
		faults_add(r->faults, &place,
		    "mail_chroot: this version does not support it");
	mail_ranges(r, "last_valid_uid", m->first_valid_uid,
	    m->last_valid_uid);
	mail_ranges(r, "last_valid_gid", m->first_valid_gid,
	    m->last_valid_gid);
	for (int i = 0; i < SETTINGS_SERVICES; i++)
		mail_program(r, i);
	for (size_t i = 0; i < s->nuserdbs; i++)
		mail_userdb(r, s->npassdbs + i);
}

/* The number of a group, -1 when there is none of this name. */
static int
mail_group(const char *name, size_t len, uint32_t *gid)
{
	char copy[MAIL_NAME_MAX];
	const struct group *group;
	uint64_t number;

	if (str_number(name, len, 1, MAIL_ID_MAX, &number) == 0) {
		*gid = (uint32_t)number;
		return 0;
	}
	if (str_copy(copy, sizeof(copy), name, len) == -1 ||
	    (group = getgrnam(copy)) == NULL)
		return -1;
	*gid = group->gr_gid;
	return 0;
}

static int
mail_user(const char *name, size_t len, uint32_t *uid)
{
	char copy[MAIL_NAME_MAX];
	const struct passwd *pw;

	if (str_copy(copy, sizeof(copy), name, len) == -1 ||
	    (pw = getpwnam(copy)) == NULL)
		return -1;
	*uid = pw->pw_uid;
	return 0;
}

static void
mail_groups(struct reader *r)
{
	struct settings_mail *m = &r->settings->mail;
	struct config_place place = reader_place(r, "mail_access_groups", -1);
	const char *p = m->mail_access_groups;
	size_t len;

	for (;; p += len) {
		p += strspn(p, " ,");
		if ((len = strcspn(p, " ,")) == 0)
			return;
		if (m->ngroups == SETTINGS_MAIL_GROUPS_MAX)
			faults_add(r->faults, &place,
			    "mail_access_groups: more than %d",
			    SETTINGS_MAIL_GROUPS_MAX);
		else if (mail_group(p, len, &m->groups[m->ngroups]) == -1 ||
		    m->groups[m->ngroups] == 0)
			faults_add(r->faults, &place, "mail_access_groups: "
			    "%.*s is no group, or root's", (int)len, p);
		else {
			m->ngroups++;
			continue;
		}
		return;
	}
}

/* One word of userdb static; "uid=NAME" and "gid=NAME" become numbers. */
static int
mail_static_word(const char *word, size_t len, char *dst, size_t size)
{
	const char *value = word + 4;
	uint32_t id;

	if (len <= 4 || (strncmp(word, "uid=", 4) != 0 &&
	    strncmp(word, "gid=", 4) != 0) || *value == '%' ||
	    (*value >= '0' && *value <= '9'))
		return str_copy(dst, size, word, len);
	if ((*word == 'u' ? mail_user : mail_group)(value, len - 4, &id) == -1)
		return -1;
	(void)snprintf(dst, size, "%.4s%u", word, id);
	return 0;
}

/* Auth cannot look names up; it sees no file. */
static void
mail_static_names(struct reader *r, size_t i)
{
	struct settings_passdb *u = &r->settings->passdbs[i];
	const char *p = u->args;
	size_t size = strlen(p) * (MAIL_ID_DIGITS + 1) + 1, used = 0, len;
	char *out = arena_alloc(r->settings->arena, size);

	for (;; p += len) {
		p += strspn(p, " \t");
		if ((len = strcspn(p, " \t")) == 0)
			break;
		if (used > 0)
			out[used++] = ' ';
		if (mail_static_word(p, len, out + used, size - used) == -1) {
			faults_add(r->faults, &r->passdb_places[i],
			    "userdb static: no account %.*s", (int)len, p);
			return;
		}
		used += strlen(out + used);
	}
	u->args = out;
}

void
settings_mail_accounts(struct reader *r)
{
	const struct settings *s = r->settings;

	mail_groups(r);
	for (size_t i = 0; i < s->nuserdbs; i++)
		if (s->passdbs[s->npassdbs + i].driver == PASSDB_STATIC)
			mail_static_names(r, s->npassdbs + i);
}
