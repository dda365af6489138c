/*
 * Regular expressions of a popmap as patterns of SQLite's GLOB: enough for
 * names, domains and first letters.
 * Runs in: wicketctl.
 * Hostile input: the expressions.
 * Never: gives a pattern that matches other names than the expression.
 */
#include <string.h>

#include "config/arena.h"
#include "ctl/convert_perdition_state.h"

struct glob {
	const char	*from;
	char		*to;
};

/* Repetitions; ".*" and ".+" are known where they are looked for. */
static bool
is_repeated(char c)
{
	return c == '*' || c == '+' || c == '?' || c == '{';
}

/* A set in brackets; false when GLOB has no such set. */
static bool
glob_set(struct glob *g)
{
	const char *p = g->from + 1;
	size_t len;

	p += *p == '^';
	/* A bracket that stands first is one of the set. */
	p += *p == ']';
	while (*p != '\0' && *p != ']') {
		if (*p == '[' && (p[1] == ':' || p[1] == '.' || p[1] == '='))
			return false;
		p++;
	}
	if (*p == '\0' || is_repeated(p[1]))
		return false;
	len = (size_t)(p + 1 - g->from);
	memcpy(g->to, g->from, len);
	g->from += len;
	g->to += len;
	return true;
}

static bool
glob_literal(struct glob *g, char c)
{
	if (c == '\0' || is_repeated(*g->from))
		return false;
	if (strchr("*?[", c) != NULL) {
		*g->to++ = '[';
		*g->to++ = c;
		*g->to++ = ']';
	} else
		*g->to++ = c;
	return true;
}

/* Any character, any of them, or one and more. */
static bool
glob_dot(struct glob *g)
{
	g->from++;
	if (*g->from == '*') {
		*g->to++ = '*';
		g->from++;
	} else {
		*g->to++ = '?';
		if (*g->from == '+') {
			*g->to++ = '*';
			g->from++;
		}
	}
	return !is_repeated(*g->from);
}

static bool
glob_next(struct glob *g, bool *is_end)
{
	char c = *g->from;

	*is_end = c == '$' && g->from[1] == '\0';
	if (*is_end || c == '\0')
		return true;
	switch (c) {
	case '.':
		return glob_dot(g);
	case '[':
		return glob_set(g);
	case '(':
		g->from++;
		return *g->from != ')' && !is_repeated(*g->from);
	case ')':
		g->from++;
		return !is_repeated(*g->from);
	case '\\':
		g->from += 2;
		/* "\w" and its like mean something. */
		return strchr(".*+?[](){}|^$\\/-@_", g->from[-1]) != NULL &&
		    glob_literal(g, g->from[-1]);
	case '|':
	case '^':
	case '$':
	case '*':
	case '+':
	case '?':
	case '{':
		return false;
	default:
		g->from++;
		return glob_literal(g, c);
	}
}

/* "^(.*)@" or "(.*)@": the first group is the user. */
static bool
glob_has_user_first(const char *regex)
{
	static const char *const begins[] = { "(.*)@", "(.+)@", "([^@]*)@",
	    "([^@]+)@" };

	regex += *regex == '^';
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		if (strncmp(regex, begins[i], strlen(begins[i])) == 0)
			return strchr(regex + strlen(begins[i]), '(') == NULL;
	}
	return false;
}

char *
perdition_glob(struct convert *c, const char *regex, bool *is_user_first)
{
	char *pattern = arena_alloc(c->arena, 3 * strlen(regex) + 3);
	struct glob g = { .from = regex, .to = pattern };
	bool is_end = false;

	*is_user_first = glob_has_user_first(regex);
	if (*g.from == '^')
		g.from++;
	else
		*g.to++ = '*';
	while (*g.from != '\0' && !is_end) {
		if (!glob_next(&g, &is_end))
			return NULL;
	}
	if (!is_end)
		*g.to++ = '*';
	return pattern;
}
