/* query: what becomes a parameter, what is refused, and what values do. */
#include "unit.h"

#include <bsd/string.h>

#include "config/query.h"
#include "config/var.h"
#include "lib/netaddr.h"

#define ANY	-1

struct good {
	int		 dialect;	/* or ANY */
	const char	*text, *statement;
	const char	*values[4];	/* for john.doe@Example.org */
};

static const struct good goods[] = {
	{ ANY, "SELECT a FROM t WHERE u = '%u'",
	    "SELECT a FROM t WHERE u = ?", { "john.doe@Example.org" } },
	{ ANY, "SELECT a FROM t WHERE u = %u", "SELECT a FROM t WHERE u = ?",
	    { "john.doe@Example.org" } },
	{ ANY, "SELECT a FROM t WHERE u='pre%n@%Ld'",
	    "SELECT a FROM t WHERE u=?", { "prejohn.doe@example.org" } },
	{ ANY, "SELECT a FROM t WHERE u LIKE '100%%'",
	    "SELECT a FROM t WHERE u LIKE '100%'", { NULL } },
	{ ANY, "SELECT a FROM t WHERE u LIKE '%%%d%%'",
	    "SELECT a FROM t WHERE u LIKE ?", { "%Example.org%" } },
	{ ANY, "SELECT a %% 2 FROM t WHERE u = 'it''s %u'",
	    "SELECT a % 2 FROM t WHERE u = ?",
	    { "it's john.doe@Example.org" } },
	{ ANY, "SELECT f('%n', %d, lower('%s')) AS x, '%r' AS r",
	    "SELECT f(?, ?, lower(?)) AS x, ? AS r",
	    { "john.doe", "Example.org", "imap", "192.0.2.1" } },
	{ ANY, "SELECT 1 WHERE '%n' = u AND x IN ('%d', '%a') OR y <> '%b'",
	    "SELECT 1 WHERE ? = u AND x IN (?, ?) OR y <> ?",
	    { "john.doe", "Example.org", "143", "40000" } },
	{ ANY, "SELECT a FROM t, s WHERE (u = '%u' AND d = '%d') ;",
	    "SELECT a FROM t, s WHERE (u = ? AND d = ?)",
	    { "john.doe@Example.org", "Example.org" } },
	{ ANY, "SELECT a /* why */ FROM t -- the end",
	    "SELECT a FROM t", { NULL } },
	{ ANY, "SELECT a FROM t WHERE m = '%m' AND c = '%c' AND p = '%p'",
	    "SELECT a FROM t WHERE m = ? AND c = ? AND p = ?",
	    { "PLAIN", "secured", "77" } },
	{ ANY, "SELECT a FROM t WHERE u = '%{user}' AND l = '%{lip}'",
	    "SELECT a FROM t WHERE u = ? AND l = ?",
	    { "john.doe@Example.org", "2001:db8::1" } },
	{ ANY, "SELECT a FROM (SELECT '%u' AS b) AS t LIMIT 1",
	    "SELECT a FROM (SELECT ? AS b) AS t LIMIT 1",
	    { "john.doe@Example.org" } },
	{ ANY, "SELECT a FROM t JOIN s ON s.u = '%u' AND x = f(a, '%n')",
	    "SELECT a FROM t JOIN s ON s.u = ? AND x = f(a, ?)",
	    { "john.doe@Example.org", "john.doe" } },
	{ ANY, "SELECT CASE WHEN '%d' = '' THEN '%u' ELSE '%n' END",
	    "SELECT CASE WHEN ? = '' THEN ? ELSE ? END",
	    { "Example.org", "john.doe@Example.org", "john.doe" } },
	{ ANY, "SELECT\ta\nFROM t WHERE u LIKE'%u'AND b=1",
	    NULL, { NULL } },
	{ ANY, "SELECT a FROM t WHERE u LIKE'%u' AND b=1",
	    "SELECT a FROM t WHERE u LIKE? AND b=1",
	    { "john.doe@Example.org" } },
	{ ANY, "SELECT a FROM t WHERE u = '%3.4n-%-3.3d-%012n-%07n'",
	    "SELECT a FROM t WHERE u = ?",
	    { "n.do-org-0000john.doe-john.do" } },
	{ QUERY_MYSQL, "SELECT a & '%n', b ^ %d", "SELECT a & ?, b ^ ?",
	    { "john.doe", "Example.org" } },
	{ QUERY_PGSQL, "SELECT a ? '%n', b @> '%d'",
	    "SELECT a ? $1, b @> $2", { "john.doe", "Example.org" } },
	{ ANY, "SELECT a FROM t WHERE u = '%Un %Rn %LUn %Dd %Ed'",
	    "SELECT a FROM t WHERE u = ?",
	    { "JOHN.DOE eod.nhoj JOHN.DOE Example,dc=org Example.org" } },
	{ QUERY_PGSQL, "SELECT * FROM domain_mapping('%u')",
	    "SELECT * FROM domain_mapping($1)", { "john.doe@Example.org" } },
	{ QUERY_PGSQL, "SELECT '%u'::text, %d::text WHERE a->>'k' = '%n'",
	    "SELECT $1::text, $2::text WHERE a->>'k' = $3",
	    { "john.doe@Example.org", "Example.org", "john.doe" } },
	{ QUERY_PGSQL, "SELECT $$it's %%$$, $t$a$$b$t$, E'x' WHERE u = '%n'",
	    "SELECT $$it's %$$, $t$a$$b$t$, E'x' WHERE u = $1",
	    { "john.doe" } },
	{ QUERY_SQLITE, "SELECT [a b], `c`, \"d\" FROM t WHERE u='%n'",
	    "SELECT [a b], `c`, \"d\" FROM t WHERE u=?", { "john.doe" } },
	{ QUERY_SQLITE, "SELECT 'a\\' FROM t WHERE u='%n'",
	    "SELECT 'a\\' FROM t WHERE u=?", { "john.doe" } },
	{ QUERY_MYSQL, "SELECT 5--1, @x := 1 FROM t WHERE u='%n' # end",
	    "SELECT 5--1, @x := 1 FROM t WHERE u=?", { "john.doe" } },
};

static const struct {
	int		 dialect;
	const char	*text;
} bads[] = {
	/* Not where SQL takes a value. */
	{ ANY, "SELECT a FROM %u" },
	{ ANY, "SELECT a FROM '%u'" },
	{ ANY, "SELECT a FROM t, '%u'" },
	{ ANY, "SELECT a FROM (%u)" },
	{ ANY, "SELECT a FROM t JOIN %d ON 1" },
	{ ANY, "SELECT a FROM t ORDER BY %u" },
	{ ANY, "SELECT a FROM t ORDER BY b, '%u'" },
	{ ANY, "SELECT a FROM t GROUP BY '%u'" },
	{ ANY, "SELECT a AS '%u' FROM t" },
	{ ANY, "SELECT t.%u FROM t" },
	{ ANY, "SELECT a%u FROM t" },
	{ ANY, "SELECT 'x' '%u' FROM t" },
	{ ANY, "SELECT '%u' 'x' '%n' FROM t" },
	{ ANY, "SELECT '%u''%n' AS a, '%u'x" },
	{ ANY, "SELECT '%u'x FROM t" },
	{ ANY, "SELECT %ux FROM t" },
	{ ANY, "SELECT %u.x FROM t" },
	{ ANY, "SELECT %u%n FROM t" },
	{ ANY, "SELECT a FROM t WHERE u = %u %n" },
	{ ANY, "SELECT (a) '%u'" },
	{ ANY, "%u" },
	{ ANY, "'%u'" },
	/* In what is not a literal. */
	{ ANY, "SELECT a FROM t WHERE u = \"%u\"" },
	{ ANY, "SELECT a FROM t WHERE u = `%u`" },
	{ ANY, "SELECT a FROM t WHERE u = [%u]" },
	{ ANY, "SELECT a FROM t WHERE u = $$%u$$" },
	{ ANY, "SELECT a FROM t WHERE u = $x$%u$x$" },
	{ ANY, "SELECT a -- %u" },
	{ ANY, "SELECT a /* %u */" },
	{ QUERY_MYSQL, "SELECT a # %u" },
	/* Literals that servers read in more ways than one. */
	{ ANY, "SELECT a WHERE u = E'a\\'%u'" },
	{ ANY, "SELECT a WHERE u = E'%u'" },
	{ ANY, "SELECT a WHERE u = N'%u'" },
	{ ANY, "SELECT a WHERE u = x'%u'" },
	{ ANY, "SELECT a WHERE u = _utf8'%u'" },
	{ QUERY_PGSQL, "SELECT a WHERE u = U&'%u'" },
	{ ANY, "SELECT a WHERE u = 'a\\b%u'" },
	{ ANY, "SELECT a WHERE u = '%u\\'" },
	{ QUERY_MYSQL, "SELECT 'a\\' FROM t WHERE u='%n'" },
	{ QUERY_PGSQL, "SELECT 'a\\' FROM t WHERE u='%n'" },
	{ QUERY_MYSQL, "SELECT \"a\\\" FROM t WHERE u='%n'" },
	{ QUERY_MYSQL, "SELECT @'%u'" },
	/* Parameters of another kind, and what is not closed. */
	{ QUERY_SQLITE, "SELECT a WHERE u = ?" },
	{ QUERY_MYSQL, "SELECT a WHERE u = ?" },
	{ QUERY_PGSQL, "SELECT a WHERE u = $1" },
	{ QUERY_SQLITE, "SELECT a WHERE u = :user" },
	{ QUERY_SQLITE, "SELECT a WHERE u = @user" },
	{ QUERY_SQLITE, "SELECT a WHERE u = $user" },
	{ ANY, "SELECT 'a" },
	{ ANY, "SELECT '%u" },
	{ ANY, "SELECT \"a" },
	{ ANY, "SELECT a /* b" },
	{ ANY, "SELECT (a" },
	{ ANY, "SELECT a)" },
	{ ANY, "SELECT a FROM t WHERE u = $$a" },
	/* Kinds of comments, statements, bytes. */
	{ ANY, "SELECT /*! 1 */ a" },
	{ ANY, "SELECT /* /* */ */ a" },
	{ ANY, "SELECT 1; SELECT 2" },
	{ ANY, "SELECT 1; DROP TABLE t" },
	{ ANY, "SELECT 1; -- and\n SELECT 2" },
	{ ANY, "SELECT a\001b" },
	{ ANY, "SELECT '\xff'" },
	{ ANY, "SELECT \\N" },
	{ ANY, "SELECT {d '2020-01-01'}" },
	{ ANY, "" },
	{ ANY, "  " },
	{ ANY, "-- nothing" },
	/* Variables that do not exist. */
	{ ANY, "SELECT '%'" },
	{ ANY, "SELECT '%x'" },
	{ ANY, "SELECT '100%'" },
	{ ANY, "SELECT a % 2" },
	{ ANY, "SELECT '%w'" },
	{ ANY, "SELECT '%h'" },
	{ ANY, "SELECT '%{home}'" },
	{ ANY, "SELECT '%{user'" },
	{ ANY, "SELECT '%{}'" },
	{ ANY, "SELECT '%LLLLLu'" },
	{ ANY, "SELECT '%5'" },
	{ ANY, "SELECT '%L'" },
	{ ANY, "SELECT '%Hu'" },
};

static struct netaddr rip = { .family = NETADDR_V4, .port = 40000,
    .ip = { 192, 0, 2, 1 } };
static struct netaddr lip = { .family = NETADDR_V6, .port = 143,
    .ip = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };

static struct var_values
values_of(const char *user)
{
	return (struct var_values){ .user = user, .service = "imap",
	    .mech = "PLAIN", .session = "s1", .rip = &rip, .lip = &lip,
	    .is_secured = true, .pid = 77 };
}

static struct query *
compile(const char *text, enum query_dialect dialect)
{
	char err[256] = "";
	struct query *query;

	query = query_compile(text, dialect, err, sizeof(err));
	assert_true((query == NULL) == (err[0] != '\0'));
	return query;
}

/* "?" of the table is "$n" in PostgreSQL, unless it says so itself. */
static void
check_statement(const struct query *query, const char *want,
    enum query_dialect dialect)
{
	const bool is_marked = dialect == QUERY_PGSQL &&
	    strchr(want, '$') == NULL;
	char text[512] = "", mark[16];
	int n = 0;

	for (; *want != '\0'; want++) {
		size_t used = strlen(text);

		snprintf(mark, sizeof(mark), "%c", *want);
		if (*want == '?' && is_marked)
			snprintf(mark, sizeof(mark), "$%d", ++n);
		snprintf(text + used, sizeof(text) - used, "%s", mark);
	}
	assert_string_equal(query_statement(query), text);
}

static void
check_good(const struct good *good, enum query_dialect dialect)
{
	struct var_values values = values_of("john.doe@Example.org");
	char value[QUERY_VALUE_MAX];
	struct query *query;
	size_t n = 0;

	query = compile(good->text, dialect);
	assert_true((query != NULL) == (good->statement != NULL));
	if (query == NULL)
		return;
	check_statement(query, good->statement, dialect);
	for (; n < 4 && good->values[n] != NULL; n++) {
		assert_int_equal(query_param_expand(query, n, &values, value,
		    sizeof(value)), 0);
		assert_string_equal(value, good->values[n]);
	}
	assert_int_equal(query_nparams(query), n);
	assert_true(query_has_variables(query) == (n > 0));
	assert_int_equal(query_param_expand(query, n, &values, value,
	    sizeof(value)), -1);
	assert_string_equal(value, "");
	query_free(query);
}

static void
test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(goods); i++) {
		for (int d = QUERY_SQLITE; d <= QUERY_PGSQL; d++) {
			if (goods[i].dialect == ANY || goods[i].dialect == d)
				check_good(&goods[i], (enum query_dialect)d);
		}
	}
}

static void
test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(bads); i++) {
		for (int d = QUERY_SQLITE; d <= QUERY_PGSQL; d++) {
			struct query *query;

			if (bads[i].dialect != ANY && bads[i].dialect != d)
				continue;
			query = compile(bads[i].text, (enum query_dialect)d);
			if (query != NULL)
				fail_msg("accepted: %s", bads[i].text);
		}
	}
}

/* T-Q1, T-Q6, T-Q7: a name is a value, whatever is in it. */
static void
test_hostile_values(void **state)
{
	static const char *const names[] = {
		"x' OR '1'='1", "x'; DROP TABLE proxy; --", "x\\'", "$$",
		"/*", "%u%n", "%{user}", "\xbf' OR 1=1 -- ", "?", "$1", "",
	};
	char value[QUERY_VALUE_MAX], want[QUERY_VALUE_MAX];
	struct query *query;

	(void)state;
	query = compile("SELECT a FROM t WHERE u = '<%u>'", QUERY_MYSQL);
	assert_non_null(query);
	for (size_t i = 0; i < UNIT_LENGTH(names); i++) {
		struct var_values values = values_of(names[i]);

		assert_int_equal(query_param_expand(query, 0, &values, value,
		    sizeof(value)), 0);
		snprintf(want, sizeof(want), "<%s>", names[i]);
		assert_string_equal(value, want);
		assert_string_equal(query_statement(query),
		    "SELECT a FROM t WHERE u = ?");
	}
	query_free(query);
}

static void
test_bounds(void **state)
{
	struct var_values values = values_of("123456789");
	char value[12] = "x", text[8192];
	struct query *query;

	(void)state;
	query = compile("SELECT '%u', '%u!', '%u!!', '%u!!!'", QUERY_SQLITE);
	assert_non_null(query);
	assert_int_equal(query_param_expand(query, 2, &values, value,
	    sizeof(value)), 0);
	assert_string_equal(value, "123456789!!");
	assert_int_equal(query_param_expand(query, 3, &values, value,
	    sizeof(value)), -1);
	assert_string_equal(value, "");
	query_free(query);

	/* Too many parameters, parts and parentheses. */
	snprintf(text, sizeof(text), "SELECT '%%u'");
	for (int i = 1; i < QUERY_PARAMS_MAX; i++)
		strlcat(text, ", %u", sizeof(text));
	query = compile(text, QUERY_PGSQL);
	assert_non_null(query);
	assert_int_equal(query_nparams(query), QUERY_PARAMS_MAX);
	query_free(query);
	strlcat(text, ", %u", sizeof(text));
	assert_null(compile(text, QUERY_PGSQL));
	snprintf(text, sizeof(text), "SELECT '");
	for (int i = 0; i < 40; i++)
		strlcat(text, "%u", sizeof(text));
	strlcat(text, "'", sizeof(text));
	assert_null(compile(text, QUERY_SQLITE));
	snprintf(text, sizeof(text), "SELECT ");
	for (int i = 0; i < 40; i++)
		strlcat(text, "(", sizeof(text));
	assert_null(compile(text, QUERY_SQLITE));
}

static void
test_variables(void **state)
{
	struct query *query;

	(void)state;
	query = compile("SELECT '%n' WHERE a = '%d' AND b = '%%u'",
	    QUERY_SQLITE);
	assert_non_null(query);
	assert_int_equal(query_variables(query),
	    1u << VAR_USERNAME | 1u << VAR_DOMAIN);
	query_free(query);
}

static void
test_dialects(void **state)
{
	enum query_dialect dialect;

	(void)state;
	assert_int_equal(query_dialect_get("pgsql", &dialect), 0);
	assert_int_equal(dialect, QUERY_PGSQL);
	assert_int_equal(query_dialect_get("oracle", &dialect), -1);
	assert_int_equal(query_dialect_get("", &dialect), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_hostile_values),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_dialects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
