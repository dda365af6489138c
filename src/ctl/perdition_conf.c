/*
 * Reads the files of Perdition.
 * Runs in: wicketctl.
 * Hostile input: the files, which are whoever's may write them; bounded.
 * Never: knows an option.
 */
#include "ctl/perdition_conf.h"

#include <stdbool.h>
#include <string.h>

#include "config/arena.h"
#include "config/settings.h"
#include "ctl/convert_file.h"

/* Lines of a file that was read so far, and where the next ones begin. */
struct perdition_read {
	struct arena		*arena;
	struct settings_faults	*faults;
	const char		*text, *end;
	struct config_place	 place;		/* of the next byte */
	struct perdition_line	*lines, **tail;
	size_t			 nlines;
};

/* A line being put together: the key, a NUL, the value. */
struct perdition_text {
	char	 bytes[PERDITION_LINE_MAX + 2];
	size_t	 len, kept;	/* kept: without blanks at the end */
	size_t	 value;		/* where it begins; 0: not yet */
	bool	 has_key;
};

static int
line_add(struct perdition_read *r, const struct config_place *place,
    const char *key, const char *value)
{
	struct perdition_line *line;

	if (r->nlines == PERDITION_LINES_MAX) {
		faults_add(r->faults, place, "too many lines");
		return -1;
	}
	r->nlines++;
	line = arena_alloc(r->arena, sizeof(*line));
	line->key = key;
	line->value = value;
	line->place = *place;
	*r->tail = line;
	r->tail = &line->next;
	return 0;
}

/* A byte of the key or of the value; is_plain: it had no quotes. */
static const char *
text_put(struct perdition_text *t, char c, bool is_plain)
{
	bool is_blank = is_plain && (c == ' ' || c == '\t' || c == '\r');

	if (c == '\0')
		return "a byte of zero";
	if (is_blank && !t->has_key)
		return NULL;
	if (is_blank && t->value == 0) {
		t->bytes[t->len++] = '\0';
		t->value = t->kept = t->len;
		return NULL;
	}
	if (is_blank && t->len == t->value)
		return NULL;
	if (t->len >= PERDITION_LINE_MAX)
		return "the line is too long";
	t->has_key = true;
	t->bytes[t->len++] = c;
	if (!is_blank)
		t->kept = t->len;
	return NULL;
}

/* A backslash makes a comment go on, too. */
static void
skip_comment(struct perdition_read *r)
{
	for (; r->text < r->end && *r->text != '\n'; r->text++) {
		if (*r->text == '\\' && r->end - r->text > 1) {
			r->text++;
			r->place.line += *r->text == '\n';
		}
	}
}

/* The next byte behind a backslash, which means itself; or a line end. */
static const char *
text_escape(struct perdition_read *r, struct perdition_text *t)
{
	if (r->text == r->end)
		return NULL;
	if (*r->text != '\n')
		return text_put(t, *r->text++, false);
	r->text++;
	r->place.line++;
	return NULL;
}

/* Up to the end of the line; what is wrong with it, or NULL. */
static const char *
text_read(struct perdition_read *r, struct perdition_text *t)
{
	const char *fault = NULL;
	char quote = '\0', c;

	memset(t, 0, sizeof(*t));
	while (fault == NULL && r->text < r->end) {
		c = *r->text++;
		if (c == '\n') {
			r->place.line++;
			break;
		}
		if (quote == '\0' && c == '#')
			skip_comment(r);
		else if (c == '\\' && quote != '\'')
			fault = text_escape(r, t);
		else if (quote == '\0' && (c == '"' || c == '\'')) {
			quote = c;
			t->has_key = true;
		} else if (quote != '\0' && c == quote)
			quote = '\0';
		else
			fault = text_put(t, c, quote == '\0');
	}
	if (fault == NULL && quote != '\0')
		fault = "a quote without its end";
	return fault;
}

static void
conf_lines(struct perdition_read *r)
{
	struct perdition_text t;
	struct config_place place;
	const char *fault, *key;

	while (r->text < r->end) {
		place = r->place;
		fault = text_read(r, &t);
		if (fault == NULL && t.has_key && t.bytes[0] == '\0')
			fault = "a line without a key";
		if (fault != NULL) {
			faults_add(r->faults, &place, "%s", fault);
			return;
		}
		if (!t.has_key)
			continue;
		t.bytes[t.kept] = '\0';
		key = arena_strdup(r->arena, t.bytes);
		if (line_add(r, &place, key, t.value == 0 ? "" :
		    arena_strdup(r->arena, t.bytes + t.value)) == -1)
			return;
	}
}

static void
popmap_lines(struct perdition_read *r)
{
	const char *eol, *colon;
	size_t len;

	for (; r->text < r->end; r->text += len + 1, r->place.line++) {
		eol = memchr(r->text, '\n', (size_t)(r->end - r->text));
		len = (size_t)((eol == NULL ? r->end : eol) - r->text);
		if (len == 0)
			continue;
		colon = memchr(r->text, ':', len);
		if (colon == NULL || colon == r->text ||
		    len > PERDITION_LINE_MAX ||
		    memchr(r->text, '\0', len) != NULL) {
			faults_add(r->faults, &r->place, "%s",
			    len > PERDITION_LINE_MAX ? "the line is too long" :
			    "expected key:value");
			return;
		}
		if (line_add(r, &r->place, arena_strndup(r->arena, r->text,
		    (size_t)(colon - r->text)), arena_strndup(r->arena,
		    colon + 1, len - (size_t)(colon + 1 - r->text))) == -1)
			return;
		if (eol == NULL)
			return;
	}
}

static struct perdition_line *
lines_parse(const char *name, const char *text, size_t len,
    struct perdition_read *r, void (*parse)(struct perdition_read *))
{
	size_t before = r->faults->n;

	r->text = text;
	r->end = text + len;
	r->place = (struct config_place){ .file = name, .line = 1 };
	r->tail = &r->lines;
	parse(r);
	return r->faults->n > before ? NULL : r->lines;
}

static struct perdition_line *
lines_read(const char *path, struct perdition_read *r,
    void (*parse)(struct perdition_read *))
{
	const struct config_place place = { .file = arena_strdup(r->arena,
	    path) };
	char err[128];
	size_t len;
	char *text;

	text = convert_file_read(path, r->arena, &len, err, sizeof(err));
	if (text == NULL) {
		faults_add(r->faults, &place, "%s", err);
		return NULL;
	}
	return lines_parse(place.file, text, len, r, parse);
}

struct perdition_line *
perdition_conf_read(const char *path, struct arena *arena,
    struct settings_faults *faults)
{
	struct perdition_read r = { .arena = arena, .faults = faults };

	return lines_read(path, &r, conf_lines);
}

struct perdition_line *
perdition_popmap_read(const char *path, struct arena *arena,
    struct settings_faults *faults)
{
	struct perdition_read r = { .arena = arena, .faults = faults };

	return lines_read(path, &r, popmap_lines);
}

struct perdition_line *
perdition_conf_parse(const char *name, const char *text, size_t len,
    struct arena *arena, struct settings_faults *faults)
{
	struct perdition_read r = { .arena = arena, .faults = faults };

	return lines_parse(name, text, len, &r, conf_lines);
}

struct perdition_line *
perdition_popmap_parse(const char *name, const char *text, size_t len,
    struct arena *arena, struct settings_faults *faults)
{
	struct perdition_read r = { .arena = arena, .faults = faults };

	return lines_parse(name, text, len, &r, popmap_lines);
}
