/*
 * Reads configuration files into a tree of nodes.
 * Runs in: master, wicketctl.
 * Hostile input: none that counts: the files are root's. Still bounded.
 * Never: knows the name of a setting.
 */
#include "config/config_parse.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "config/arena.h"
#include "config/config_file.h"
#include "config/settings.h"
#include "lib/strutil.h"

/* A section that is open, or the whole. */
struct parse_level {
	struct config_node	**tail;		/* where the next node goes */
	struct config_node	*section;	/* NULL at the top */
};

struct parse {
	struct arena		*arena;
	struct settings_faults	*faults;
	struct parse_level	 levels[CONFIG_DEPTH_MAX + 1];
	size_t			 depth;
	size_t			 nnodes, nfiles, nincludes;
	bool			 is_secret, has_files;
};

/* The file being read, line by line. */
struct parse_file {
	const char	*text, *end;
	struct config_place place;
	unsigned int	 next_line;
};

static void parse_path(struct parse *, const char *,
    const struct config_place *, bool);

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *
skip_blanks(char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

static void
trim_end(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && (is_blank(text[len - 1]) || text[len - 1] == '\r'))
		text[--len] = '\0';
}

/* Ends the line where a comment begins outside of quotes. */
static void
cut_comment(char *line)
{
	char quote = '\0';

	for (char *p = line; *p != '\0'; p++) {
		if (quote != '\0') {
			if (*p == '\\' && p[1] != '\0')
				p++;
			else if (*p == quote)
				quote = '\0';
		} else if (*p == '"' || *p == '\'') {
			/* An apostrophe without its like is just a letter. */
			if (strchr(p + 1, *p) != NULL)
				quote = *p;
		} else if (*p == '#' && (p == line || is_blank(p[-1]))) {
			*p = '\0';
			return;
		}
	}
}

/*
 * Takes the quotes off a value that stands in one pair of them, and the
 * backslashes that protect quotes and backslashes inside.
 */
static void
unquote(char *value)
{
	const char quote = value[0];
	char *from, *to;

	if (quote != '"' && quote != '\'')
		return;
	for (from = value + 1; *from != quote; from++) {
		if (*from == '\\' && from[1] != '\0')
			from++;
		if (*from == '\0')
			return;
	}
	if (from[1] != '\0')
		return;
	*from = '\0';
	for (from = to = value; from[1] != '\0'; from++) {
		if (from[1] == '\\' && (from[2] == '\\' || from[2] == '"' ||
		    from[2] == '\''))
			from++;
		*to++ = from[1];
	}
	*to = '\0';
}

static struct config_node *
node_add(struct parse *p, const struct config_place *place, const char *name,
    const char *value)
{
	struct parse_level *level = &p->levels[p->depth];
	struct config_node *node;

	if (p->nnodes == CONFIG_NODES_MAX) {
		faults_add(p->faults, place, "too many settings");
		return NULL;
	}
	p->nnodes++;
	node = arena_alloc(p->arena, sizeof(*node));
	node->name = arena_strdup(p->arena, name);
	node->value = arena_strdup(p->arena, value);
	node->place = *place;
	*level->tail = node;
	level->tail = &node->next;
	return node;
}

static void
section_open(struct parse *p, const struct config_place *place,
    const char *name, const char *key)
{
	struct config_node *node;

	if (p->depth == CONFIG_DEPTH_MAX) {
		faults_add(p->faults, place, "sections are nested too deep");
		return;
	}
	node = node_add(p, place, name, key);
	if (node == NULL)
		return;
	node->is_section = true;
	p->depth++;
	p->levels[p->depth].tail = &node->children;
	p->levels[p->depth].section = node;
}

static size_t
name_len(const char *text)
{
	size_t n = 0;

	while (isalnum((unsigned char)text[n]) || text[n] == '_' ||
	    text[n] == '-')
		n++;
	return n;
}

/* "name = value", where a name was found. */
static void
parse_setting(struct parse *p, const struct config_place *place, char *name,
    char *value)
{
	value = skip_blanks(value);
	trim_end(value);
	unquote(value);
	node_add(p, place, name, value);
}

/* "name key {", or all of a section with at most one setting in it. */
static void
parse_section(struct parse *p, const struct config_place *place, char *name,
    char *rest)
{
	char *brace = strchr(rest, '{'), *inner, *end;
	char *key = skip_blanks(rest);
	size_t depth = p->depth;

	*brace = '\0';
	trim_end(key);
	unquote(key);
	section_open(p, place, name, key);
	inner = skip_blanks(brace + 1);
	if (*inner == '\0' || p->depth == depth)
		return;
	end = inner + strlen(inner) - 1;
	if (*end != '}') {
		faults_add(p->faults, place,
		    "'{' must be the last character of its line");
		return;
	}
	*end = '\0';
	trim_end(inner);
	if (*inner != '\0') {
		size_t len = name_len(inner);
		char *equals = skip_blanks(inner + len);

		if (len == 0 || *equals != '=') {
			faults_add(p->faults, place,
			    "expected \"name = value\" between '{' and '}'");
		} else {
			inner[len] = '\0';
			parse_setting(p, place, inner, equals + 1);
		}
	}
	p->depth--;
}

static void
parse_close(struct parse *p, const struct config_place *place, size_t base)
{
	if (p->depth == base)
		faults_add(p->faults, place, "'}' without a section");
	else
		p->depth--;
}

/* Includes what a pattern finds, seen from the directory of the file. */
static void
parse_include(struct parse *p, const struct config_place *place,
    const char *pattern, bool is_try)
{
	char path[PATH_MAX];
	const char *slash = strrchr(place->file, '/');
	glob_t found;
	int rc;

	if (!p->has_files) {
		faults_add(p->faults, place, "nothing can be included here");
		return;
	}
	if (pattern[0] == '/' || slash == NULL)
		rc = snprintf(path, sizeof(path), "%s", pattern);
	else
		rc = snprintf(path, sizeof(path), "%.*s/%s",
		    (int)(slash - place->file), place->file, pattern);
	if (*pattern == '\0' || rc < 0 || (size_t)rc >= sizeof(path)) {
		faults_add(p->faults, place, "!include needs a path");
		return;
	}
	rc = glob(path, GLOB_ERR, NULL, &found);
	if (rc == GLOB_NOMATCH && !is_try)
		faults_add(p->faults, place, "%s: no such file", path);
	else if (rc != 0 && rc != GLOB_NOMATCH)
		faults_add(p->faults, place, "%s: cannot be read", path);
	for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
		parse_path(p, arena_strdup(p->arena, found.gl_pathv[i]),
		    place, is_try);
	globfree(&found);
}

static void
parse_directive(struct parse *p, const struct config_place *place, char *line)
{
	char *arg = line + strcspn(line, " \t");

	if (*arg != '\0')
		*arg++ = '\0';
	arg = skip_blanks(arg);
	unquote(arg);
	if (strcmp(line, "!include") == 0)
		parse_include(p, place, arg, false);
	else if (strcmp(line, "!include_try") == 0)
		parse_include(p, place, arg, true);
	else
		faults_add(p->faults, place, "unknown directive %s", line);
}

static void
parse_line(struct parse *p, const struct config_place *place, char *line,
    size_t base)
{
	char *rest, *name;
	size_t len;

	cut_comment(line);
	trim_end(line);
	line = skip_blanks(line);
	if (*line == '\0')
		return;
	/* A comment may be in any character set. */
	if (!str_is_utf8(line, strlen(line)) ||
	    str_has_control(line, strlen(line))) {
		faults_add(p->faults, place,
		    "control characters, or not UTF-8");
		return;
	}
	if (*line == '!') {
		parse_directive(p, place, line);
		return;
	}
	if (strcmp(line, "}") == 0) {
		parse_close(p, place, base);
		return;
	}
	len = name_len(line);
	rest = skip_blanks(line + len);
	name = arena_strndup(p->arena, line, len);
	if (len > 0 && *rest == '=')
		parse_setting(p, place, name, rest + 1);
	else if (len > 0 && strchr(rest, '{') != NULL)
		parse_section(p, place, name, rest);
	else
		faults_add(p->faults, place,
		    "expected \"name = value\", \"name {\" or \"}\"");
}

/*
 * Copies the next line, with those that it goes on in, to dst and replaces
 * tabs by blanks.  False at the end of the file.
 */
static bool
next_line(struct parse *p, struct parse_file *file, char *dst)
{
	size_t used = 0, len;
	const char *eol;
	bool goes_on = true;

	if (file->text == file->end)
		return false;
	file->place.line = file->next_line;
	while (goes_on && file->text < file->end) {
		eol = memchr(file->text, '\n',
		    (size_t)(file->end - file->text));
		len = (size_t)((eol == NULL ? file->end : eol) - file->text);
		file->next_line++;
		if (len > CONFIG_LINE_MAX || used + len >= CONFIG_VALUE_MAX) {
			faults_add(p->faults, &file->place, "line too long");
			used = 0;
		} else {
			memcpy(dst + used, file->text, len);
			used += len;
		}
		file->text = eol == NULL ? file->end : eol + 1;
		if (used > 0 && dst[used - 1] == '\r')
			used--;
		goes_on = used > 0 && dst[used - 1] == '\\';
		if (goes_on)
			dst[used - 1] = ' ';
	}
	for (size_t i = 0; i < used; i++) {
		if (dst[i] == '\t')
			dst[i] = ' ';
		else if (dst[i] == '\0')
			dst[i] = '\177';	/* refused like one */
	}
	dst[used] = '\0';
	return true;
}

/* A file must close the sections that it opens, and no others. */
static void
parse_lines(struct parse *p, struct parse_file *file)
{
	const size_t base = p->depth;
	char line[CONFIG_VALUE_MAX];

	while (next_line(p, file, line))
		parse_line(p, &file->place, line, base);
	if (p->depth > base) {
		faults_add(p->faults, &p->levels[p->depth].section->place,
		    "section without '}'");
		p->depth = base;
	}
	explicit_bzero(line, sizeof(line));
}

/* Reads a file that the place includes; NULL place for the first. */
static void
parse_path(struct parse *p, const char *path,
    const struct config_place *place, bool is_try)
{
	struct parse_file file = { .place.file = path, .next_line = 1 };
	char err[128];
	size_t len;

	if (p->nincludes == CONFIG_INCLUDES_MAX) {
		faults_add(p->faults, place, "files are included too deep");
		return;
	}
	if (p->nfiles == CONFIG_FILES_MAX) {
		faults_add(p->faults, place, "too many files");
		return;
	}
	p->nfiles++;
	file.text = config_file_read(path, p->is_secret, p->arena, &len, err,
	    sizeof(err));
	if (file.text == NULL) {
		if (is_try && errno == ENOENT)
			return;
		if (place == NULL)
			faults_add(p->faults, &file.place, "%s", err);
		else
			faults_add(p->faults, place, "%s: %s", path, err);
		return;
	}
	file.end = file.text + len;
	p->nincludes++;
	parse_lines(p, &file);
	p->nincludes--;
}

struct config_node *
config_parse_file(const char *path, struct arena *arena,
    struct settings_faults *faults)
{
	struct parse p = { .arena = arena, .faults = faults,
	    .has_files = true };
	struct config_node *top = NULL;

	p.levels[0].tail = &top;
	parse_path(&p, arena_strdup(arena, path), NULL, false);
	return top;
}

struct config_node *
config_parse_secret(const char *path, const struct config_place *place,
    struct arena *arena, struct settings_faults *faults)
{
	struct parse p = { .arena = arena, .faults = faults,
	    .is_secret = true };
	struct config_node *top = NULL;

	p.levels[0].tail = &top;
	parse_path(&p, arena_strdup(arena, path), place, false);
	return top;
}

struct config_node *
config_parse_text(const char *name, const char *text, size_t len,
    struct arena *arena, struct settings_faults *faults)
{
	struct parse p = { .arena = arena, .faults = faults };
	struct parse_file file = { .text = text, .end = text + len,
	    .place.file = name, .next_line = 1 };
	struct config_node *top = NULL;

	p.levels[0].tail = &top;
	parse_lines(&p, &file);
	return top;
}
