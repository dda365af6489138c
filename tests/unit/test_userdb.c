/* userdb: which fields a mail process may have, and which nobody may. */
#include "unit.h"

#include <stdio.h>

#include "auth/passdb_fields.h"
#include "auth/userdb.h"
#include "config/settings_mail.h"
#include "config/var.h"

#define COLUMNS_MAX	6

/* A column; value NULL is SQL's NULL.  The last has no name. */
struct column {
	const char	*name, *value;
	size_t		 len;		/* 0: of the text */
};

static void
row_of(struct auth_worker_row *row, const struct column *c)
{
	memset(row, 0, sizeof(*row));
	row->found = AUTH_WORKER_ONE;
	for (size_t i = 0; i < COLUMNS_MAX && c[i].name != NULL; i++) {
		struct auth_worker_column *to = &row->columns[i];

		(void)snprintf(to->name, sizeof(to->name), "%s", c[i].name);
		to->is_null = c[i].value == NULL;
		if (c[i].value != NULL) {
			to->value = (const uint8_t *)c[i].value;
			to->len = c[i].len != 0 ? c[i].len :
			    strlen(c[i].value);
		}
		row->ncolumns++;
	}
}

static int
read_row(struct userdb_fields *f, const struct column *c, const char *prefix)
{
	struct auth_worker_row row;
	char why[PASSDB_WHY_MAX];

	row_of(&row, c);
	memset(f, 0, sizeof(*f));
	return userdb_fields_read(f, &row, prefix, why);
}

static void
test_fields(void **state)
{
	static const struct column row[COLUMNS_MAX] = {
		{ "UID", "5000", 0 }, { "gid", "4294967293", 0 },
		{ "home", "/home/joe", 0 }, { "mail", "maildir:~/Maildir", 0 },
		{ "quota_rule", "*:bytes=9", 0 },
	};
	static const struct column nulls[COLUMNS_MAX] = {
		{ "uid", NULL, 0 }, { "gid", NULL, 0 }, { "home", NULL, 0 },
		{ "mail", NULL, 0 }, { "chroot", NULL, 0 },
	};
	struct userdb_fields f;

	(void)state;
	assert_int_equal(read_row(&f, row, ""), 0);
	assert_true(f.has_uid && f.has_gid);
	assert_int_equal(f.uid, 5000);
	assert_true(f.gid == UINT32_MAX - 2);
	assert_string_equal(f.home, "/home/joe");
	assert_string_equal(f.mail, "maildir:~/Maildir");
	assert_int_equal(read_row(&f, nulls, ""), 0);
	assert_false(f.has_uid || f.has_gid);
	assert_string_equal(f.home, "");
}

/* Of a passdb's row only what is meant for it. */
static void
test_prefix(void **state)
{
	static const struct column row[COLUMNS_MAX] = {
		{ "uid", "1", 0 }, { "userdb_uid", "5000", 0 },
		{ "Userdb_GID", "5001", 0 }, { "userdb_home", "/h", 0 },
		{ "home", "/wrong", 0 },
	};
	static const struct column none[COLUMNS_MAX] = {
		{ "uid", "1", 0 }, { "userdbuid", "2", 0 },
	};
	struct auth_worker_row r;
	struct userdb_fields f;

	(void)state;
	row_of(&r, row);
	assert_true(userdb_has_prefix(&r, USERDB_PREFETCH_PREFIX));
	assert_int_equal(read_row(&f, row, USERDB_PREFETCH_PREFIX), 0);
	assert_int_equal(f.uid, 5000);
	assert_int_equal(f.gid, 5001);
	assert_string_equal(f.home, "/h");
	row_of(&r, none);
	assert_false(userdb_has_prefix(&r, USERDB_PREFETCH_PREFIX));
	assert_int_equal(read_row(&f, none, USERDB_PREFETCH_PREFIX), 0);
	assert_false(f.has_uid);
}

static void
test_values_that_cannot_be_used(void **state)
{
	static const struct column rows[] = {
		{ "uid", "", 0 }, { "uid", "-1", 0 }, { "uid", "+1", 0 },
		{ "uid", "1 ", 0 }, { "uid", "0x1", 0 }, { "uid", "joe", 0 },
		{ "uid", "4294967294", 0 }, { "uid", "4294967295", 0 },
		{ "uid", "4294967296", 0 },
		{ "uid", "99999999999999999999", 0 },
		{ "gid", "5000\0", 5 }, { "gid", "1.5", 0 },
		{ "home", "home/joe", 0 }, { "home", "~joe", 0 },
		{ "home", "/home/\njoe", 0 }, { "home", "/home/joe\0x", 11 },
		{ "home", "/..", 0 }, { "home", "/home/../root", 0 },
		{ "mail", "maildir:..", 0 }, { "mail", "..:x", 0 },
		{ "mail", "maildir:/a/../b:INDEX=/x", 0 },
		{ "mail", "a\rb", 0 }, { "chroot", "/", 0 },
	};
	struct userdb_fields f;

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		const struct column row[COLUMNS_MAX] = { rows[i] };

		if (read_row(&f, row, "") != -1)
			fail_msg("%s = %s is taken", rows[i].name,
			    rows[i].value);
	}
}

/* Dots that do not climb; the longest home and one byte more. */
static void
test_values_at_the_limit(void **state)
{
	static const char *const homes[] = {
		"/", "/.../x", "/a..b", "/..a", "/a..", "",
	};
	char home[MASTER_MAIL_HOME_MAX + 2];
	struct column row[COLUMNS_MAX] = { { "home", home, 0 } };
	struct userdb_fields f;

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(homes); i++) {
		const struct column one[COLUMNS_MAX] = {
			{ "home", homes[i], 0 } };

		if (read_row(&f, one, "") == -1)
			fail_msg("home = %s is refused", homes[i]);
	}
	memset(home, 'x', sizeof(home));
	home[0] = '/';
	home[MASTER_MAIL_HOME_MAX] = '\0';
	assert_int_equal(read_row(&f, row, ""), 0);
	assert_string_equal(f.home, home);
	home[MASTER_MAIL_HOME_MAX] = 'x';
	home[MASTER_MAIL_HOME_MAX + 1] = '\0';
	assert_int_equal(read_row(&f, row, ""), -1);
}

static void
test_repeated_columns(void **state)
{
	static const struct column row[COLUMNS_MAX] = {
		{ "uid", "5000", 0 }, { "UID", "0", 0 },
	};
	static const struct column other[COLUMNS_MAX] = {
		{ "x", "5000", 0 }, { "x", "0", 0 }, { "uid", "1", 0 },
	};
	struct userdb_fields f;

	(void)state;
	assert_int_equal(read_row(&f, row, ""), -1);
	assert_int_equal(read_row(&f, other, ""), 0);
}

static void
test_valid_ids(void **state)
{
	static const struct {
		uint32_t	uid, gid;
		bool		is_good;
	} rows[] = {
		{ 500, 1, true }, { 499, 1, false }, { 0, 1, false },
		{ 600, 100, true }, { 601, 100, false }, { 500, 0, false },
		{ 500, 101, false },
	};
	struct settings_mail s = { .first_valid_uid = 500,
	    .last_valid_uid = 600, .first_valid_gid = 1,
	    .last_valid_gid = 100 };
	struct userdb_fields f = { .has_uid = true, .has_gid = true };

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		f.uid = rows[i].uid;
		f.gid = rows[i].gid;
		assert_int_equal(userdb_fields_fault(&f, &s) == NULL,
		    rows[i].is_good);
	}
	/* 0 as the last is any; root never is. */
	s.last_valid_uid = s.last_valid_gid = s.first_valid_uid =
	    s.first_valid_gid = 0;
	f.uid = f.gid = UINT32_MAX - 2;
	assert_null(userdb_fields_fault(&f, &s));
	f.uid = 0;
	assert_non_null(userdb_fields_fault(&f, &s));
	f.uid = 1;
	f.gid = 0;
	assert_non_null(userdb_fields_fault(&f, &s));
	f.gid = 1;
	f.has_uid = false;
	assert_non_null(userdb_fields_fault(&f, &s));
	f.has_uid = true;
	f.has_gid = false;
	assert_non_null(userdb_fields_fault(&f, &s));
}

static void
test_places(void **state)
{
	static const struct {
		const char	*text, *want;	/* NULL: refused */
	} rows[] = {
		{ "", "" }, { "maildir:~/Maildir", "maildir:~/Maildir" },
		{ "maildir:%h/%Ln:INDEX=/i/%d%%",
		  "maildir:/home/j/joe:INDEX=/i/Example.net%" },
		{ "%h", "/home/j" }, { "%%h", "%h" }, { "mbox:%u",
		  "mbox:Joe@Example.net" },
		{ "maildir:/%d/../x", NULL }, { "%q", NULL }, { "%", NULL },
	};
	const struct var_values values = { .user = "Joe@Example.net" };
	char dst[64];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		int result = userdb_place(dst, sizeof(dst), rows[i].text,
		    &values, "/home/j");

		assert_int_equal(result, rows[i].want == NULL ? -1 : 0);
		if (rows[i].want != NULL)
			assert_string_equal(dst, rows[i].want);
	}
	/* As long as there is room, and one byte less. */
	assert_int_equal(userdb_place(dst, 8, "%h", &values, "/home/j"), 0);
	assert_int_equal(userdb_place(dst, 7, "%h", &values, "/home/j"), -1);
	assert_int_equal(userdb_place(dst, 4, "abc", &values, ""), 0);
	assert_int_equal(userdb_place(dst, 3, "abc", &values, ""), -1);
}

/* A name shall not lead to somebody else's mail. */
static void
test_names_that_climb(void **state)
{
	struct var_values values = { .user = ".." };
	char dst[64];

	(void)state;
	assert_int_equal(userdb_place(dst, sizeof(dst), "maildir:/m/%u",
	    &values, "/"), -1);
	assert_int_equal(userdb_place(dst, sizeof(dst), "maildir:/m/%u/x",
	    &values, "/"), -1);
	assert_int_equal(userdb_place(dst, sizeof(dst), "maildir:%h/x",
	    &values, "/m/.."), -1);
	values.user = "..@x";
	assert_int_equal(userdb_place(dst, sizeof(dst), "maildir:/m/%u",
	    &values, "/"), 0);
	assert_int_equal(userdb_place(dst, sizeof(dst), "maildir:/m/%d/%n",
	    &values, "/"), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_values_that_cannot_be_used),
		cmocka_unit_test(test_values_at_the_limit),
		cmocka_unit_test(test_repeated_columns),
		cmocka_unit_test(test_valid_ids),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_names_that_climb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
