/*
 * Finds where literals, names and comments of a template begin and end, as
 * SQLite, MySQL and PostgreSQL do; refuses what depends on server settings.
 * Runs in: master, auth-worker.
 * Hostile input: none that counts: the template is root's.
 * Never: guesses.
 */
#include "config/query_lex.h"

#include <ctype.h>
#include <string.h>

static bool
is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' ||
	    (unsigned char)c >= 0x80;
}

static int
lex_refuse(struct query_lexer *lexer, const char *why)
{
	lexer->error = why;
	return -1;
}

static int
lex_take(struct query_lexer *lexer, struct query_token *token,
    enum query_token_type type, size_t len)
{
	token->type = type;
	token->text = lexer->at;
	token->len = len;
	lexer->at += len;
	return 0;
}

/*
 * Whether a backslash protects a quote depends on the server's settings, so
 * that a quote behind an odd number of them ends no certain literal.
 */
static bool
is_uncertain_quote(const struct query_lexer *lexer, const char *start,
    const char *quote)
{
	size_t n = 0;

	if (lexer->dialect == QUERY_SQLITE)
		return false;
	while (quote - n > start + 1 && quote[-1 - (ptrdiff_t)n] == '\\')
		n++;
	return n % 2 != 0;
}

/* From quote to quote; a doubled one stands for itself. */
static int
lex_quoted(struct query_lexer *lexer, struct query_token *token,
    enum query_token_type type)
{
	const char *start = lexer->at, *p = start + 1;
	const char quote = *start;

	for (;; p++) {
		if (*p == '\0')
			return lex_refuse(lexer, "a quote is not closed");
		if (*p != quote)
			continue;
		if (is_uncertain_quote(lexer, start, p))
			return lex_refuse(lexer, "a backslash before a quote "
			    "means different things to different servers; "
			    "double the quote");
		if (p[1] != quote)
			break;
		p++;
	}
	return lex_take(lexer, token, type, (size_t)(p + 1 - start));
}

/* SQLite's [name]. */
static int
lex_bracket(struct query_lexer *lexer, struct query_token *token)
{
	const char *end;

	if (lexer->dialect == QUERY_PGSQL)
		return lex_take(lexer, token, QUERY_TOKEN_OPERATOR, 1);
	end = strchr(lexer->at, ']');
	if (lexer->dialect == QUERY_MYSQL || end == NULL)
		return lex_refuse(lexer, "'[' does not belong here");
	return lex_take(lexer, token, QUERY_TOKEN_NAME,
	    (size_t)(end + 1 - lexer->at));
}

/* PostgreSQL's $tag$ ... $tag$. */
static int
lex_dollar(struct query_lexer *lexer, struct query_token *token)
{
	const char *start = lexer->at, *p = start + 1, *end;
	size_t tag;

	while (is_word_char(*p) && *p != '$')
		p++;
	if (lexer->dialect != QUERY_PGSQL || *p != '$' ||
	    isdigit((unsigned char)start[1]))
		return lex_refuse(lexer, "'$' does not belong here");
	tag = (size_t)(p + 1 - start);
	for (end = p + 1; *end != '\0'; end++) {
		if (strncmp(end, start, tag) == 0)
			return lex_take(lexer, token, QUERY_TOKEN_DOLLAR,
			    (size_t)(end - start) + tag);
	}
	return lex_refuse(lexer, "a dollar quote is not closed");
}

static int
lex_block_comment(struct query_lexer *lexer, struct query_token *token)
{
	const char *end = strstr(lexer->at + 2, "*/");
	const char *inner = strstr(lexer->at + 2, "/*");

	if (end == NULL)
		return lex_refuse(lexer, "a comment is not closed");
	/* PostgreSQL nests comments; MySQL runs what is in these two. */
	if ((inner != NULL && inner < end) || lexer->at[2] == '!' ||
	    (lexer->at[2] == 'M' && lexer->at[3] == '!'))
		return lex_refuse(lexer, "this kind of comment is refused");
	return lex_take(lexer, token, QUERY_TOKEN_COMMENT,
	    (size_t)(end + 2 - lexer->at));
}

static bool
is_line_comment(const struct query_lexer *lexer)
{
	const char *p = lexer->at;

	if (p[0] == '#')
		return lexer->dialect == QUERY_MYSQL;
	return p[0] == '-' && p[1] == '-' &&
	    (lexer->dialect != QUERY_MYSQL || p[2] == ' ' || p[2] == '\0' ||
	    p[2] == '\t' || p[2] == '\n');
}

/* Bytes that a server, or its library, would take for a parameter. */
static const char *
strange_byte(const struct query_lexer *lexer)
{
	const bool is_pgsql = lexer->dialect == QUERY_PGSQL;

	switch (*lexer->at) {
	case '?':
		return is_pgsql ? NULL : "'?' does not belong here";
	case ':':
		if (is_pgsql || (lexer->dialect == QUERY_MYSQL &&
		    lexer->at[1] == '='))
			return NULL;
		return "':' does not belong here";
	case '@':
		return lexer->dialect == QUERY_SQLITE ?
		    "'@' does not belong here" : NULL;
	case '\\':
	case '{':
	case '}':
		return "a backslash or brace does not belong here";
	default:
		return iscntrl((unsigned char)*lexer->at) ?
		    "a control character" : NULL;
	}
}

static int
lex_other(struct query_lexer *lexer, struct query_token *token)
{
	const char *why = strange_byte(lexer);
	size_t len = 0;

	if (why != NULL)
		return lex_refuse(lexer, why);
	while (is_word_char(lexer->at[len]))
		len++;
	if (len > 0)
		return lex_take(lexer, token, QUERY_TOKEN_WORD, len);
	switch (*lexer->at) {
	case '(':
		return lex_take(lexer, token, QUERY_TOKEN_OPEN, 1);
	case ')':
		return lex_take(lexer, token, QUERY_TOKEN_CLOSE, 1);
	case ',':
		return lex_take(lexer, token, QUERY_TOKEN_COMMA, 1);
	case ';':
		return lex_take(lexer, token, QUERY_TOKEN_SEMICOLON, 1);
	default:
		return lex_take(lexer, token, QUERY_TOKEN_OPERATOR, 1);
	}
}

int
query_lex(struct query_lexer *lexer, struct query_token *token)
{
	size_t blanks = strspn(lexer->at, " \t\r\n");

	lexer->at += blanks;
	token->has_blank = blanks > 0;
	if (is_line_comment(lexer))
		return lex_take(lexer, token, QUERY_TOKEN_COMMENT,
		    strcspn(lexer->at, "\n"));
	if (lexer->at[0] == '/' && lexer->at[1] == '*')
		return lex_block_comment(lexer, token);
	switch (*lexer->at) {
	case '\0':
		return lex_take(lexer, token, QUERY_TOKEN_END, 0);
	case '\'':
		return lex_quoted(lexer, token, QUERY_TOKEN_LITERAL);
	case '"':
	case '`':
		return lex_quoted(lexer, token, QUERY_TOKEN_NAME);
	case '[':
		return lex_bracket(lexer, token);
	case '$':
		return lex_dollar(lexer, token);
	case '%':
		if (lexer->at[1] == '%')
			return lex_take(lexer, token, QUERY_TOKEN_OPERATOR, 2);
		return lex_take(lexer, token, QUERY_TOKEN_VARIABLE, 1);
	default:
		return lex_other(lexer, token);
	}
}
