/*
 * The compiler of query templates: finds literals, comments and names, and
 * puts a placeholder where a variable's value goes.
 * Runs in: master (to check), auth (for its cache), auth-worker.
 * Hostile input: values; the template is root's.
 * Never: lets a value into the text of the statement.
 */
#include "config/query.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/arena.h"
#include "config/query_lex.h"
#include "config/var.h"
#include "lib/buf.h"
#include "lib/strutil.h"
#include "lib/xmem.h"

#define QUERY_ARENA_BYTES	4096
#define QUERY_STATEMENT_MAX	(128u * 1024)
/* Literal text and variables in one parameter. */
#define QUERY_PIECES_MAX	32
#define QUERY_ERROR_MAX		128

/* Parentheses in parentheses. */
#define QUERY_DEPTH_MAX		32

struct query_param {
	struct var_piece	*pieces;
	size_t			 n;
	uint32_t		 variables;
};

struct query {
	struct arena		*arena;		/* owns all the texts */
	char			*statement;
	struct query_param	 params[QUERY_PARAMS_MAX];
	size_t			 nparams;
	uint32_t		 variables;
};

/* What a comma leads to: a value, or the next table or column. */
enum query_clause { QUERY_VALUES, QUERY_NAMES };

struct query_compiler {
	struct query		*query;
	struct query_lexer	 lexer;
	struct buf		 out;
	struct query_token	 last;		/* before this one */
	bool			 is_last_param;	/* and it became a "?" */
	enum query_clause	 clauses[QUERY_DEPTH_MAX];
	size_t			 depth;
	char			*err;
	size_t			 err_size;
};

/* Words that a value may follow. */
static const char *const value_words[] = {
	"ALL", "AND", "BETWEEN", "BINARY", "CASE", "DISTINCT", "DIV", "ELSE",
	"ESCAPE", "GLOB", "HAVING", "ILIKE", "LIKE", "LIMIT", "MATCH", "MOD",
	"NOT", "OFFSET", "ON", "OR", "REGEXP", "RETURN", "RLIKE", "SELECT",
	"THEN", "WHEN", "WHERE", "XOR",
};

/* Words behind which a comma separates names. */
static const char *const name_words[] = {
	"BY", "FROM", "INTO", "JOIN", "TABLE", "UPDATE",
};

static int refuse(struct query_compiler *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static int
refuse(struct query_compiler *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->err, c->err_size, fmt, ap);
	va_end(ap);
	return -1;
}

static bool
token_is_word(const struct query_token *token, const char *const *words,
    size_t n)
{
	for (size_t i = 0; token->type == QUERY_TOKEN_WORD && i < n; i++) {
		if (str_span_is(token->text, token->len, words[i]))
			return true;
	}
	return false;
}

static bool
leads_to_value(const struct query_token *token)
{
	return token_is_word(token, value_words,
	    sizeof(value_words) / sizeof(value_words[0]));
}

static bool
leads_to_name(const struct query_token *token)
{
	return token_is_word(token, name_words,
	    sizeof(name_words) / sizeof(name_words[0]));
}

/* Does SQL take a value behind the last token? */
static bool
can_be_value(const struct query_compiler *c)
{
	if (c->is_last_param)
		return false;
	switch (c->last.type) {
	case QUERY_TOKEN_OPERATOR:
		/* In PostgreSQL, U&'text' is a literal with escapes. */
		return strchr(c->lexer.dialect == QUERY_PGSQL ?
		    "=<>!|+-*/%~^?" : "=<>!|+-*/%~^&",
		    c->last.text[0]) != NULL;
	case QUERY_TOKEN_OPEN:
	case QUERY_TOKEN_COMMA:
		return c->clauses[c->depth] == QUERY_VALUES;
	case QUERY_TOKEN_WORD:
		return leads_to_value(&c->last);
	case QUERY_TOKEN_END:
	case QUERY_TOKEN_NAME:
	case QUERY_TOKEN_LITERAL:
	case QUERY_TOKEN_DOLLAR:
	case QUERY_TOKEN_COMMENT:
	case QUERY_TOKEN_VARIABLE:
	case QUERY_TOKEN_CLOSE:
	case QUERY_TOKEN_SEMICOLON:
		return false;
	}
	return false;
}

static int
emit(struct query_compiler *c, const char *text, size_t len)
{
	if (buf_add(&c->out, text, len) == -1)
		return refuse(c, "the query is too long");
	return 0;
}

/* Text of the template, where "%%" is a percent sign. */
static int
emit_template(struct query_compiler *c, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (emit(c, text + i, 1) == -1)
			return -1;
		if (text[i] == '%')
			i++;
	}
	return 0;
}

/* Is there a variable in the text? "%%" is none. */
static bool
has_variable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '%')
			continue;
		i++;
		if (i == len || text[i] != '%')
			return true;
	}
	return false;
}

/* A parameter of these pieces, and its placeholder. */
static int
add_param(struct query_compiler *c, const struct var_piece *pieces, size_t n)
{
	struct query *query = c->query;
	struct query_param *param;
	char mark[16] = "?";

	if (!can_be_value(c))
		return refuse(c, "a variable cannot stand behind \"%.*s\": SQL "
		    "takes no value there",
		    c->last.len > 40 ? 40 : (int)c->last.len, c->last.text);
	if (query->nparams == QUERY_PARAMS_MAX)
		return refuse(c, "more than %d parameters", QUERY_PARAMS_MAX);
	param = &query->params[query->nparams++];
	param->pieces = arena_array(query->arena, n, sizeof(*pieces));
	memcpy(param->pieces, pieces, n * sizeof(*pieces));
	param->n = n;
	for (size_t i = 0; i < n; i++) {
		if (pieces[i].id != VAR_LITERAL)
			param->variables |= UINT32_C(1) << pieces[i].id;
	}
	query->variables |= param->variables;
	if (c->lexer.dialect == QUERY_PGSQL)
		snprintf(mark, sizeof(mark), "$%zu", query->nparams);
	return emit(c, mark, strlen(mark));
}

static int
compile_variable(struct query_compiler *c)
{
	struct var_piece piece;
	char err[QUERY_ERROR_MAX];

	if (var_parse(&c->lexer.at, &piece, err, sizeof(err)) == -1)
		return refuse(c, "%s; write %%%% for a percent sign", err);
	return add_param(c, &piece, 1);
}

/* The literal text from *at up to the next variable. */
static void
literal_text(struct query_compiler *c, const char **at,
    struct var_piece *piece)
{
	const char *from = *at;
	char *to;

	memset(piece, 0, sizeof(*piece));
	to = arena_alloc(c->query->arena, strlen(from) + 1);
	piece->text = to;
	for (; *from != '\0'; from++) {
		if (*from == '%' && from[1] != '%')
			break;
		/* A doubled quote, and "%%", stand for one. */
		if (*from == '\'' || *from == '%')
			from++;
		*to++ = *from;
	}
	*at = from;
}

/* A literal with a variable, without its quotes, becomes one parameter. */
static int
compile_literal(struct query_compiler *c, const struct query_token *token)
{
	struct var_piece pieces[QUERY_PIECES_MAX];
	char err[QUERY_ERROR_MAX];
	const char *at;
	size_t n = 0;

	if (memchr(token->text, '\\', token->len) != NULL)
		return refuse(c, "a literal with a variable cannot hold a "
		    "backslash");
	at = arena_strndup(c->query->arena, token->text + 1, token->len - 2);
	while (*at != '\0') {
		if (n == QUERY_PIECES_MAX)
			return refuse(c, "more than %d parts in a literal",
			    QUERY_PIECES_MAX);
		if (*at != '%' || at[1] == '%') {
			literal_text(c, &at, &pieces[n++]);
			continue;
		}
		at++;
		if (var_parse(&at, &pieces[n++], err, sizeof(err)) == -1)
			return refuse(c, "%s; write %%%% for a percent sign",
			    err);
	}
	return add_param(c, pieces, n);
}

static int
compile_open(struct query_compiler *c)
{
	enum query_clause clause = QUERY_VALUES;

	if (c->depth + 1 == QUERY_DEPTH_MAX)
		return refuse(c, "too many parentheses");
	/* "FROM (" and "FROM a, (" hold tables, "name (" holds values. */
	if (leads_to_name(&c->last) || (c->last.type == QUERY_TOKEN_COMMA &&
	    c->clauses[c->depth] == QUERY_NAMES))
		clause = QUERY_NAMES;
	c->clauses[++c->depth] = clause;
	return emit(c, "(", 1);
}

static int
compile_close(struct query_compiler *c)
{
	if (c->depth == 0)
		return refuse(c, "')' without '('");
	c->depth--;
	return emit(c, ")", 1);
}

/* Nothing may follow a semicolon; the semicolon itself is dropped. */
static int
compile_end(struct query_compiler *c)
{
	struct query_token token;

	do {
		if (query_lex(&c->lexer, &token) == -1)
			return refuse(c, "%s", c->lexer.error);
	} while (token.type == QUERY_TOKEN_COMMENT ||
	    token.type == QUERY_TOKEN_SEMICOLON);
	if (token.type != QUERY_TOKEN_END)
		return refuse(c, "more than one statement");
	c->lexer.at = token.text;
	return 0;
}

static int
compile_token(struct query_compiler *c, const struct query_token *token)
{
	const char *what = NULL;

	switch (token->type) {
	case QUERY_TOKEN_VARIABLE:
		return compile_variable(c);
	case QUERY_TOKEN_LITERAL:
		if (has_variable(token->text, token->len))
			return compile_literal(c, token);
		break;
	case QUERY_TOKEN_NAME:
		what = "in double quotes, backticks or brackets";
		break;
	case QUERY_TOKEN_DOLLAR:
		what = "in a dollar quote";
		break;
	case QUERY_TOKEN_OPEN:
		return compile_open(c);
	case QUERY_TOKEN_CLOSE:
		return compile_close(c);
	case QUERY_TOKEN_SEMICOLON:
		return compile_end(c);
	case QUERY_TOKEN_WORD:
		if (leads_to_name(token))
			c->clauses[c->depth] = QUERY_NAMES;
		else if (leads_to_value(token))
			c->clauses[c->depth] = QUERY_VALUES;
		break;
	case QUERY_TOKEN_END:
	case QUERY_TOKEN_COMMENT:
	case QUERY_TOKEN_COMMA:
	case QUERY_TOKEN_OPERATOR:
		break;
	}
	if (what != NULL && has_variable(token->text, token->len))
		return refuse(c, "a variable cannot stand %s; write '%%u'",
		    what);
	return emit_template(c, token->text, token->len);
}

/* A placeholder must not run into what follows. */
static bool
runs_into(const struct query_compiler *c, const struct query_token *token)
{
	if (!c->is_last_param || token->has_blank)
		return false;
	return token->type == QUERY_TOKEN_WORD ||
	    token->type == QUERY_TOKEN_NAME ||
	    token->type == QUERY_TOKEN_LITERAL ||
	    token->type == QUERY_TOKEN_DOLLAR ||
	    (token->type == QUERY_TOKEN_OPERATOR && token->text[0] == '.');
}

static int
compile_all(struct query_compiler *c)
{
	struct query_token token;
	bool has_blank = false;
	size_t nparams;

	for (;;) {
		if (query_lex(&c->lexer, &token) == -1)
			return refuse(c, "%s", c->lexer.error);
		has_blank |= token.has_blank;
		token.has_blank = has_blank;
		if (token.type == QUERY_TOKEN_END)
			break;
		if (token.type == QUERY_TOKEN_COMMENT) {
			if (has_variable(token.text, token.len))
				return refuse(c,
				    "a variable cannot stand in a comment");
			has_blank = true;
			continue;
		}
		if (runs_into(c, &token))
			return refuse(c, "\"%.*s\" follows a variable at once",
			    token.len > 40 ? 40 : (int)token.len, token.text);
		if (has_blank && token.type != QUERY_TOKEN_SEMICOLON &&
		    buf_used(&c->out) > 0 && emit(c, " ", 1) == -1)
			return -1;
		nparams = c->query->nparams;
		if (compile_token(c, &token) == -1)
			return -1;
		c->is_last_param = c->query->nparams > nparams;
		c->last = token;
		has_blank = false;
	}
	if (c->depth > 0)
		return refuse(c, "'(' without ')'");
	if (buf_used(&c->out) == 0)
		return refuse(c, "the query is empty");
	return 0;
}

struct query *
query_compile(const char *text, enum query_dialect dialect, char *err,
    size_t err_size)
{
	struct query_compiler c = { .err = err, .err_size = err_size,
	    .lexer = { .at = text, .dialect = dialect } };

	c.query = xcalloc(1, sizeof(*c.query));
	c.query->arena = arena_new(QUERY_ARENA_BYTES);
	buf_init(&c.out, QUERY_STATEMENT_MAX);
	if (!str_is_utf8(text, strlen(text)))
		(void)refuse(&c, "the query is not UTF-8");
	else if (compile_all(&c) == 0) {
		c.query->statement = arena_strndup(c.query->arena,
		    (const char *)buf_head(&c.out), buf_used(&c.out));
		buf_clear(&c.out);
		return c.query;
	}
	buf_clear(&c.out);
	query_free(c.query);
	return NULL;
}

void
query_free(struct query *query)
{
	if (query == NULL)
		return;
	arena_free(query->arena);
	free(query);
}

int
query_dialect_get(const char *driver, enum query_dialect *dialect)
{
	static const char *const drivers[] = {
		[QUERY_SQLITE] = "sqlite",
		[QUERY_MYSQL] = "mysql",
		[QUERY_PGSQL] = "pgsql",
	};

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (strcmp(drivers[i], driver) == 0) {
			*dialect = (enum query_dialect)i;
			return 0;
		}
	}
	return -1;
}

const char *
query_statement(const struct query *query)
{
	return query->statement;
}

size_t
query_nparams(const struct query *query)
{
	return query->nparams;
}

int
query_param_expand(const struct query *query, size_t i,
    const struct var_values *values, char *dst, size_t size)
{
	const struct query_param *param;

	dst[0] = '\0';
	if (i >= query->nparams)
		return -1;
	param = &query->params[i];
	for (size_t k = 0; k < param->n; k++) {
		if (var_append(&param->pieces[k], values, dst, size) == -1) {
			dst[0] = '\0';
			return -1;
		}
	}
	return 0;
}

uint32_t
query_variables(const struct query *query)
{
	return query->variables;
}

bool
query_has_variables(const struct query *query)
{
	return query->variables != 0;
}

uint32_t
query_param_variables(const struct query *query, size_t i)
{
	return query->params[i].variables;
}

bool
query_is_cacheable(const struct query *query)
{
	return query->variables != 0 &&
	    (query->variables & UINT32_C(1) << VAR_PID) == 0;
}
