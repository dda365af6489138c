/*
 * A query template, then the name of a user behind a NUL.  The statement must
 * not depend on the name, nor hold more or fewer placeholders than there are
 * parameters; the name must come through unchanged.
 * Runs in: make check, fuzzing.
 * Hostile input: the whole input; the first byte chooses the dialect.
 * Never: ships in a program.
 */
#include <stdlib.h>
#include <string.h>

#include "config/query.h"
#include "config/var.h"
#include "fuzz.h"
#include "lib/netaddr.h"
#include "lib/xmem.h"

#define FUZZ_ERROR_MAX	256

static void
must(bool is_so)
{
	if (!is_so)
		abort();
}

/* End of a run of text that begins with its quote; NULL if there is none. */
static const char *
skip_quoted(const char *p)
{
	const char quote = *p == '[' ? ']' : *p;

	for (p++; *p != '\0'; p++) {
		if (*p != quote)
			continue;
		if (p[1] != quote || quote == ']')
			return p;
		p++;
	}
	return NULL;
}

/*
 * Counts "?" outside of quotes in a second, simpler way; comments are gone
 * from a statement.  Servers that know backslashes get none before a quote.
 */
static size_t
count_marks(const char *p, enum query_dialect dialect)
{
	size_t n = 0;

	for (; *p != '\0'; p++) {
		if (*p == '\'' || *p == '"' || *p == '`' ||
		    (*p == '[' && dialect == QUERY_SQLITE)) {
			p = skip_quoted(p);
			must(p != NULL);
		} else if (*p == '?')
			n++;
		else
			must(*p != ';');
	}
	return n;
}

static void
fuzz_values(const struct query *query, const char *user)
{
	char value[QUERY_VALUE_MAX];
	struct netaddr addr = { .family = NETADDR_V4, .port = 143 };
	struct var_values values = { .user = user, .service = "imap",
	    .rip = &addr, .lip = &addr };

	for (size_t i = 0; i <= query_nparams(query); i++) {
		int rc = query_param_expand(query, i, &values, value,
		    sizeof(value));

		must(memchr(value, '\0', sizeof(value)) != NULL);
		must(rc == 0 || value[0] == '\0');
		must(rc == -1 || i < query_nparams(query));
	}
}

/* A name in a literal of its own arrives as it is. */
static void
fuzz_name(const char *user, enum query_dialect dialect)
{
	char err[FUZZ_ERROR_MAX], value[QUERY_VALUE_MAX];
	struct var_values values = { .user = user };
	struct query *query;

	query = query_compile("SELECT '<%u>'", dialect, err, sizeof(err));
	must(query != NULL);
	if (query_param_expand(query, 0, &values, value, sizeof(value)) == 0)
		must(strlen(value) == strlen(user) + 2 && memcmp(value + 1,
		    user, strlen(user)) == 0);
	else
		must(strlen(user) > 2048);
	query_free(query);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	char err[FUZZ_ERROR_MAX] = "", *text, *before;
	enum query_dialect dialect;
	const char *user;
	struct query *query;

	if (data_bytes == 0)
		return 0;
	dialect = (enum query_dialect)(data[0] % (QUERY_PGSQL + 1));
	text = xstrndup((const char *)data + 1, data_bytes - 1);
	user = memchr(data + 1, '\0', data_bytes - 1);
	before = user == NULL ? xstrdup("joe@example.org") :
	    xstrndup(user + 1, data_bytes - 2 - strlen(text));
	query = query_compile(text, dialect, err, sizeof(err));
	must((query == NULL) == (err[0] != '\0'));
	if (query != NULL) {
		char *statement = xstrdup(query_statement(query));

		if (dialect != QUERY_PGSQL)
			must(count_marks(statement, dialect) ==
			    query_nparams(query));
		fuzz_values(query, before);
		must(strcmp(statement, query_statement(query)) == 0);
		free(statement);
	}
	fuzz_name(before, dialect);
	query_free(query);
	free(before);
	free(text);
	return 0;
}
