/*
 * The fields that a mail process is started with.
 * Runs in: auth.
 * Hostile input: every column; a database may be in other hands.
 * Never: guesses a uid; lets root through.
 */
#include "auth/userdb.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "auth/passdb_fields.h"
#include "config/settings_mail.h"
#include "config/var.h"
#include "lib/strutil.h"

/* The last two are special, setresuid(2). */
#define USERDB_ID_MAX	(UINT32_MAX - 2)

struct userdb_value {
	const char		*text;
	size_t			 len;
	struct userdb_fields	*fields;
};

/* NULL, or what is wrong with the value. */
typedef const char *(*userdb_field_fn)(const struct userdb_value *);

static const char	*userdb_uid(const struct userdb_value *);
static const char	*userdb_gid(const struct userdb_value *);
static const char	*userdb_home(const struct userdb_value *);
static const char	*userdb_mail(const struct userdb_value *);
static const char	*userdb_chroot(const struct userdb_value *);

/* Other columns are settings of Dovecot's programs, or somebody's notes. */
static const struct {
	const char	*name;
	userdb_field_fn	 read;
} userdb_field_table[] = {
	{ "uid", userdb_uid },
	{ "gid", userdb_gid },
	{ "home", userdb_home },
	{ "mail", userdb_mail },
	{ "chroot", userdb_chroot },
};

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static const char userdb_unusable[] = "unusable value of";

static bool
userdb_begins(const char *name, const char *prefix)
{
	return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

bool
userdb_has_prefix(const struct auth_worker_row *row, const char *prefix)
{
	for (size_t i = 0; i < row->ncolumns; i++)
		if (userdb_begins(row->columns[i].name, prefix))
			return true;
	return false;
}

static userdb_field_fn
userdb_field_find(const char *name)
{
	for (size_t i = 0; i < NELEM(userdb_field_table); i++)
		if (strcasecmp(userdb_field_table[i].name, name) == 0)
			return userdb_field_table[i].read;
	return NULL;
}

/* The name of column i, which has the prefix, stands further on as well. */
static bool
userdb_is_repeated(const struct auth_worker_row *row, size_t i)
{
	for (size_t k = i + 1; k < row->ncolumns; k++)
		if (strcasecmp(row->columns[i].name,
		    row->columns[k].name) == 0)
			return true;
	return false;
}

int
userdb_fields_read(struct userdb_fields *f, const struct auth_worker_row *row,
    const char *prefix, char *why)
{
	for (size_t i = 0; i < row->ncolumns; i++) {
		const struct auth_worker_column *c = &row->columns[i];
		struct userdb_value v = { .fields = f, .len = c->len,
		    .text = c->len == 0 ? "" : (const char *)c->value };
		userdb_field_fn read;
		const char *fault, *name = c->name + strlen(prefix);

		if (!userdb_begins(c->name, prefix) || c->is_null ||
		    (read = userdb_field_find(name)) == NULL)
			continue;
		fault = userdb_is_repeated(row, i) ? "repeated column" :
		    read(&v);
		if (fault == NULL)
			continue;
		(void)snprintf(why, PASSDB_WHY_MAX, "userdb: %s %s", fault,
		    name);
		return -1;
	}
	return 0;
}

/* 0 is read, and refused by userdb_fields_fault(). */
static const char *
userdb_id(const struct userdb_value *v, bool *has, uint32_t *id)
{
	uint64_t number;

	if (str_number(v->text, v->len, 0, USERDB_ID_MAX, &number) == -1)
		return userdb_unusable;
	*has = true;
	*id = (uint32_t)number;
	return NULL;
}

static const char *
userdb_uid(const struct userdb_value *v)
{
	return userdb_id(v, &v->fields->has_uid, &v->fields->uid);
}

static const char *
userdb_gid(const struct userdb_value *v)
{
	return userdb_id(v, &v->fields->has_gid, &v->fields->gid);
}

/* Has the path a step upwards?  A name such as ".." would make one. */
static bool
userdb_climbs(const char *path)
{
	const char *p = path;

	for (; (p = strstr(p, "..")) != NULL; p++)
		if ((p == path || strchr("/:", p[-1]) != NULL) &&
		    strchr("/:", p[2]) != NULL)
			return true;
	return false;
}

static const char *
userdb_text(char *dst, size_t size, const struct userdb_value *v)
{
	if (str_has_control(v->text, v->len) ||
	    str_copy(dst, size, v->text, v->len) == -1 ||
	    userdb_climbs(dst))
		return userdb_unusable;
	return NULL;
}

static const char *
userdb_home(const struct userdb_value *v)
{
	if (v->len > 0 && v->text[0] != '/')
		return userdb_unusable;
	return userdb_text(v->fields->home, sizeof(v->fields->home), v);
}

static const char *
userdb_mail(const struct userdb_value *v)
{
	return userdb_text(v->fields->mail, sizeof(v->fields->mail), v);
}

/* To ignore it would be weaker than what was asked for. */
static const char *
userdb_chroot(const struct userdb_value *v)
{
	return v->len == 0 ? NULL : "this version cannot honour";
}

static const char *
userdb_range(uint32_t id, uint32_t first, uint32_t last, const char *what)
{
	return id == 0 || id < first || (last != 0 && id > last) ? what :
	    NULL;
}

const char *
userdb_fields_fault(const struct userdb_fields *f,
    const struct settings_mail *s)
{
	const char *why;

	if (!f->has_uid)
		return "userdb: no uid";
	if (!f->has_gid)
		return "userdb: no gid";
	why = userdb_range(f->uid, s->first_valid_uid, s->last_valid_uid,
	    "userdb: uid is not between first_valid_uid and last_valid_uid");
	if (why == NULL)
		why = userdb_range(f->gid, s->first_valid_gid,
		    s->last_valid_gid, "userdb: gid is not between "
		    "first_valid_gid and last_valid_gid");
	return why;
}

/* One step of a template at *p, which moves on; appends to dst. */
static int
userdb_place_step(char *dst, size_t size, const char **p,
    const struct var_values *values, const char *home)
{
	size_t used = strlen(dst), len;
	struct var_piece piece;
	char err[64];

	if ((*p)[0] == '%' && (*p)[1] == 'h') {
		*p += 2;
		return str_copy(dst + used, size - used, home, strlen(home));
	}
	if (**p == '%') {
		(*p)++;
		if (var_parse(p, &piece, err, sizeof(err)) == -1)
			return -1;
		return var_append(&piece, values, dst, size);
	}
	len = strcspn(*p, "%");
	*p += len;
	return str_copy(dst + used, size - used, *p - len, len);
}

int
userdb_place(char *dst, size_t size, const char *text,
    const struct var_values *values, const char *home)
{
	dst[0] = '\0';
	while (*text != '\0')
		if (userdb_place_step(dst, size, &text, values, home) == -1)
			return -1;
	return userdb_climbs(dst) ? -1 : 0;
}
