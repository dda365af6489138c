/*
 * query: a password_query as a statement with bound parameters.
 *
 * The template is compiled when the configuration is read.  A quoted literal
 * that holds a variable becomes one parameter; a variable outside of a
 * literal is a parameter where SQL takes a value.  Anything else is refused.
 * The statement's text never depends on a value.
 */
#ifndef CONFIG_QUERY_H
#define CONFIG_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct var_values;		/* config/var.h */
struct query;

enum query_dialect {
	QUERY_SQLITE,		/* parameters are "?" */
	QUERY_MYSQL,		/* "?" */
	QUERY_PGSQL,		/* "$1", "$2", ... */
};

#define QUERY_PARAMS_MAX	64
/* Longest value of one parameter, with NUL. */
#define QUERY_VALUE_MAX		4096

/* The dialect of a driver's name ("sqlite", ...); -1 when unknown. */
int	query_dialect_get(const char *driver, enum query_dialect *)
	    __attribute__((warn_unused_result));
/* NULL with a text in err when the template is refused. */
struct query	*query_compile(const char *text, enum query_dialect,
		    char *err, size_t err_size);
void		 query_free(struct query *);
/* The statement with its placeholders. */
const char	*query_statement(const struct query *);
size_t		 query_nparams(const struct query *);
/*
 * Value of parameter i, terminated; -1 (and an empty dst) when it does not
 * fit, or when i is not a parameter.
 */
int	query_param_expand(const struct query *, size_t i,
	    const struct var_values *, char *dst, size_t size)
	    __attribute__((warn_unused_result));
/* Bits 1 << enum var_id of the variables that the parameters use. */
uint32_t	query_variables(const struct query *);
bool		query_has_variables(const struct query *);
/* The same of parameter i, which must be one. */
uint32_t	query_param_variables(const struct query *, size_t i);
/*
 * Do the parameters' values tell all that an answer depends on, and anything
 * at all?  Not with %p: each process that asks has one of its own.
 */
bool		query_is_cacheable(const struct query *);

#endif
