/*
 * Reads nginx.conf into a tree of directives.
 * Runs in: wicketctl.
 * Hostile input: the files, which are whoever's may write them; bounded.
 * Never: knows a directive but include, http and stream.
 */
#include "ctl/nginx_conf.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "config/arena.h"
#include "config/settings.h"
#include "ctl/convert_file.h"
#include "lib/strutil.h"

struct nginx_read {
	struct arena		*arena;
	struct settings_faults	*faults;
	const char		*first;		/* file; NULL: no includes */
	const char		**words;	/* of a directive */
	size_t			 nnodes, nfiles, nincludes, depth;
	size_t			 nskipped;	/* blocks of http, stream */
	bool			 has_failed;
};

/* The file being read. */
struct nginx_file {
	const char		*text, *end;
	struct config_place	 place;
};

enum nginx_end {
	NGINX_END_FILE,
	NGINX_END_DIRECTIVE,	/* ';' */
	NGINX_END_OPEN,		/* '{' */
	NGINX_END_CLOSE,	/* '}' */
	NGINX_END_FAULT,
};

static struct nginx_node **nginx_read_path(struct nginx_read *, const char *,
    const struct config_place *, struct nginx_node **);

static void
nginx_fault(struct nginx_read *r, const struct config_place *place,
    const char *what)
{
	if (!r->has_failed)
		faults_add(r->faults, place, "%s", what);
	r->has_failed = true;
}

static bool
nginx_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next byte, with its line counted. */
static char
nginx_take(struct nginx_file *f)
{
	char c = *f->text++;

	if (c == '\n')
		f->place.line++;
	return c;
}

static void
nginx_skip_blanks(struct nginx_file *f)
{
	while (f->text < f->end) {
		if (*f->text == '#')
			while (f->text < f->end && *f->text != '\n')
				f->text++;
		else if (nginx_is_blank(*f->text))
			(void)nginx_take(f);
		else
			return;
	}
}

/* What a backslash and the byte behind it mean; how many bytes they are. */
static size_t
nginx_unescape(char c, char *dst)
{
	static const char from[] = "\"'\\trn", to[] = "\"'\\\t\r\n";
	const char *found = c == '\0' ? NULL : strchr(from, c);

	if (found != NULL) {
		dst[0] = to[found - from];
		return 1;
	}
	dst[0] = '\\';
	dst[1] = c;
	return 2;
}

/* A word, with or without quotes; NULL after a fault. */
static const char *
nginx_read_word(struct nginx_read *r, struct nginx_file *f)
{
	char word[NGINX_CONF_WORD_MAX + 2], quote = '\0', c;
	struct config_place begin = f->place;
	size_t len = 0;

	if (*f->text == '"' || *f->text == '\'')
		quote = nginx_take(f);
	for (;;) {
		if (f->text == f->end && quote == '\0')
			break;
		c = f->text == f->end ? '\0' : *f->text;
		if (quote == '\0' && (nginx_is_blank(c) || c == ';' ||
		    (c == '{' && (len == 0 || word[len - 1] != '$'))))
			break;
		if (f->text == f->end || c == '\0' ||
		    len >= NGINX_CONF_WORD_MAX) {
			nginx_fault(r, &begin, f->text == f->end ?
			    "a quote without its end" : c == '\0' ?
			    "a byte of zero" : "a word is too long");
			return NULL;
		}
		(void)nginx_take(f);
		if (quote != '\0' && c == quote)
			break;
		if (c != '\\' || f->text == f->end || *f->text == '\0')
			word[len++] = c;
		else
			len += nginx_unescape(nginx_take(f), word + len);
	}
	if (quote != '\0' && f->text < f->end && !nginx_is_blank(*f->text) &&
	    strchr(";{)", *f->text) == NULL) {
		nginx_fault(r, &f->place, "text behind a quote");
		return NULL;
	}
	return arena_strndup(r->arena, word, len);
}

/* The words of a directive up to what ends it. */
static enum nginx_end
nginx_read_words(struct nginx_read *r, struct nginx_file *f, size_t *n,
    struct config_place *place)
{
	char c;

	for (*n = 0;;) {
		nginx_skip_blanks(f);
		if (*n == 0)
			*place = f->place;
		if (f->text == f->end && *n == 0)
			return NGINX_END_FILE;
		c = f->text == f->end ? '\0' : *f->text;
		if (c == ';' || c == '{' || c == '}') {
			if ((*n == 0) != (c == '}')) {
				nginx_fault(r, &f->place, c == '}' ?
				    "'}' where ';' was expected" :
				    "a directive without a name");
				return NGINX_END_FAULT;
			}
			(void)nginx_take(f);
			return c == ';' ? NGINX_END_DIRECTIVE : c == '{' ?
			    NGINX_END_OPEN : NGINX_END_CLOSE;
		}
		if (f->text == f->end || *n == NGINX_CONF_ARGS_MAX) {
			nginx_fault(r, place, f->text == f->end ?
			    "a directive without ';' at its end" :
			    "a directive has too many words");
			return NGINX_END_FAULT;
		}
		r->words[*n] = nginx_read_word(r, f);
		if (r->words[*n] == NULL)
			return NGINX_END_FAULT;
		(*n)++;
	}
}

static struct nginx_node *
nginx_node_add(struct nginx_read *r, size_t n,
    const struct config_place *place, struct nginx_node ***tail)
{
	struct nginx_node *node;
	const char **args;

	if (r->nnodes == NGINX_CONF_NODES_MAX) {
		nginx_fault(r, place, "too many directives");
		return NULL;
	}
	r->nnodes++;
	node = arena_alloc(r->arena, sizeof(*node));
	args = arena_array(r->arena, n, sizeof(*args));
	memcpy(args, r->words, n * sizeof(*args));
	node->args = args;
	node->nargs = n;
	node->place = *place;
	**tail = node;
	*tail = &node->next;
	return node;
}

/*
 * Files that a pattern finds.  nginx takes a missing file for a fault, a
 * pattern that finds nothing for none.
 */
static struct nginx_node **
nginx_include(struct nginx_read *r, const char *pattern,
    const struct config_place *place, struct nginx_node **tail)
{
	const char *slash = r->first == NULL ? NULL : strrchr(r->first, '/');
	char path[PATH_MAX];
	glob_t found;
	int rc;

	if (r->first == NULL) {
		nginx_fault(r, place, "nothing can be included here");
		return tail;
	}
	if (pattern[0] == '/' || slash == NULL)
		rc = snprintf(path, sizeof(path), "%s", pattern);
	else
		rc = snprintf(path, sizeof(path), "%.*s/%s",
		    (int)(slash - r->first), r->first, pattern);
	if (rc < 0 || (size_t)rc >= sizeof(path)) {
		nginx_fault(r, place, "the path is too long");
		return tail;
	}
	if (strpbrk(pattern, "*?[") == NULL)
		return nginx_read_path(r, arena_strdup(r->arena, path), place,
		    tail);
	rc = glob(path, GLOB_ERR, NULL, &found);
	if (rc != 0 && rc != GLOB_NOMATCH)
		nginx_fault(r, place, "the files cannot be listed");
	for (size_t i = 0; rc == 0 && i < found.gl_pathc && !r->has_failed;
	    i++)
		tail = nginx_read_path(r, arena_strdup(r->arena,
		    found.gl_pathv[i]), place, tail);
	globfree(&found);
	return tail;
}

/* Lua between braces is no text of nginx; its strings may hold braces. */
static void
nginx_skip_lua(struct nginx_read *r, struct nginx_file *f,
    const struct config_place *place)
{
	size_t depth = 1;
	char quote = '\0';

	while (depth > 0 && f->text < f->end) {
		char c = nginx_take(f);

		if (quote != '\0') {
			if (c == '\\' && f->text < f->end)
				(void)nginx_take(f);
			else if (c == quote || c == '\n')
				quote = '\0';
		} else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '-' && f->text < f->end && *f->text == '-') {
			while (f->text < f->end && *f->text != '\n')
				f->text++;
		}
		depth += quote == '\0' && c == '{';
		depth -= quote == '\0' && c == '}';
	}
	if (depth > 0)
		nginx_fault(r, place, "a block without '}'");
}

static bool
nginx_is_lua(const char *name)
{
	static const char end[] = "_by_lua_block";
	size_t len = strlen(name);

	return len >= sizeof(end) - 1 &&
	    strcmp(name + len - (sizeof(end) - 1), end) == 0;
}

static bool
nginx_is_foreign(const struct nginx_read *r, const char *name)
{
	return r->nskipped > 0 || (r->depth == 0 &&
	    (strcmp(name, "http") == 0 || strcmp(name, "stream") == 0));
}

/*
 * The directives of a file, without calling itself: what is open stands in
 * levels.  Returns where what follows the file goes.
 */
static struct nginx_node **
nginx_read_nodes(struct nginx_read *r, struct nginx_file *f,
    struct nginx_node **tail)
{
	struct nginx_node **tails[NGINX_CONF_DEPTH_MAX + 1], *node;
	struct config_place places[NGINX_CONF_DEPTH_MAX + 1], place;
	const size_t base = r->depth;
	enum nginx_end end;
	size_t n;

	while (!r->has_failed) {
		end = nginx_read_words(r, f, &n, &place);
		if (end == NGINX_END_FILE || end == NGINX_END_FAULT)
			break;
		if (end == NGINX_END_CLOSE) {
			if (r->depth == base) {
				nginx_fault(r, &place, "'}' without a block");
				break;
			}
			tail = tails[--r->depth];
			r->nskipped -= r->nskipped > 0;
			continue;
		}
		if (end == NGINX_END_OPEN && nginx_is_lua(r->words[0])) {
			nginx_skip_lua(r, f, &place);
			continue;
		}
		if (end == NGINX_END_DIRECTIVE && r->nskipped > 0)
			continue;
		if (end == NGINX_END_DIRECTIVE && n == 2 &&
		    strcmp(r->words[0], "include") == 0) {
			tail = nginx_include(r, r->words[1], &place, tail);
			continue;
		}
		if (end == NGINX_END_OPEN && r->depth == NGINX_CONF_DEPTH_MAX) {
			nginx_fault(r, &place, "blocks are nested too deep");
			break;
		}
		node = NULL;
		if (r->nskipped == 0 &&
		    (node = nginx_node_add(r, n, &place, &tail)) == NULL)
			break;
		if (end != NGINX_END_OPEN)
			continue;
		r->nskipped += nginx_is_foreign(r, r->words[0]);
		places[r->depth] = place;
		tails[r->depth++] = tail;
		if (node != NULL) {
			node->is_block = true;
			tail = &node->children;
		}
	}
	if (r->depth > base && !r->has_failed)
		nginx_fault(r, &places[r->depth - 1], "a block without '}'");
	return tail;
}

static struct nginx_node **
nginx_read_path(struct nginx_read *r, const char *path,
    const struct config_place *place, struct nginx_node **tail)
{
	struct nginx_file f = { .place = { .file = path, .line = 1 } };
	struct config_place nowhere = { .file = path };
	char err[128];
	size_t len;

	if (r->nincludes == NGINX_CONF_INCLUDES_MAX ||
	    r->nfiles == NGINX_CONF_FILES_MAX) {
		nginx_fault(r, place, r->nfiles == NGINX_CONF_FILES_MAX ?
		    "too many files" : "files are included too deep");
		return tail;
	}
	f.text = convert_file_read(path, r->arena, &len, err, sizeof(err));
	if (f.text == NULL) {
		faults_add(r->faults, place == NULL ? &nowhere : place,
		    "%s%s%s", place == NULL ? "" : path,
		    place == NULL ? "" : ": ", err);
		r->has_failed = true;
		return tail;
	}
	f.end = f.text + len;
	r->nfiles++;
	r->nincludes++;
	tail = nginx_read_nodes(r, &f, tail);
	r->nincludes--;
	return tail;
}

static void
nginx_read_init(struct nginx_read *r, struct arena *arena,
    struct settings_faults *faults)
{
	memset(r, 0, sizeof(*r));
	r->arena = arena;
	r->faults = faults;
	r->words = arena_array(arena, NGINX_CONF_ARGS_MAX, sizeof(*r->words));
}

struct nginx_node *
nginx_conf_read(const char *path, struct arena *arena,
    struct settings_faults *faults)
{
	struct nginx_node *top = NULL;
	struct nginx_read r;

	nginx_read_init(&r, arena, faults);
	r.first = arena_strdup(arena, path);
	(void)nginx_read_path(&r, r.first, NULL, &top);
	return r.has_failed ? NULL : top;
}

struct nginx_node *
nginx_conf_parse(const char *name, const char *text, size_t len,
    struct arena *arena, struct settings_faults *faults)
{
	struct nginx_file f = { .text = text, .end = text + len,
	    .place = { .file = name, .line = 1 } };
	struct nginx_node *top = NULL;
	struct nginx_read r;

	nginx_read_init(&r, arena, faults);
	(void)nginx_read_nodes(&r, &f, &top);
	return r.has_failed ? NULL : top;
}
