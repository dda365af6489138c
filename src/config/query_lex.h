/* query_lex: the words of an SQL template, as far as placeholders need. */
#ifndef CONFIG_QUERY_LEX_H
#define CONFIG_QUERY_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "config/query.h"

enum query_token_type {
	QUERY_TOKEN_END,
	QUERY_TOKEN_WORD,	/* keyword, name or number */
	QUERY_TOKEN_NAME,	/* "name", `name`, [name] */
	QUERY_TOKEN_LITERAL,	/* 'text', with its quotes */
	QUERY_TOKEN_DOLLAR,	/* $tag$text$tag$ */
	QUERY_TOKEN_COMMENT,
	QUERY_TOKEN_VARIABLE,	/* at the '%'; its end is not looked for */
	QUERY_TOKEN_OPEN,	/* ( */
	QUERY_TOKEN_CLOSE,	/* ) */
	QUERY_TOKEN_COMMA,
	QUERY_TOKEN_SEMICOLON,
	QUERY_TOKEN_OPERATOR,	/* one byte, or "%%" */
};

struct query_token {
	enum query_token_type	 type;
	const char		*text;
	size_t			 len;
	bool			 has_blank;	/* before it */
};

struct query_lexer {
	const char		*at;
	enum query_dialect	 dialect;
	const char		*error;		/* NULL, or what is refused */
};

/*
 * The next token, QUERY_TOKEN_END at the end.  -1 with lexer->error on what
 * cannot be told apart with certainty, or is not wanted in a template.
 */
int	query_lex(struct query_lexer *, struct query_token *)
	    __attribute__((warn_unused_result));

#endif
