/*
 * Puts a configuration together and writes it.
 * Runs in: wicketctl.
 * Hostile input: words of files that anybody may have written.
 * Never: lets a value or a note end its line; gives a result with faults.
 */
#include "ctl/convert_out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/arena.h"
#include "config/config_parse.h"
#include "config/faults.h"
#include "config/setting_text.h"
#include "config/setting_value.h"
#include "config/settings.h"
#include "config/settings_read.h"
#include "config/settings_table.h"
#include "lib/strutil.h"
#include "lib/xmem.h"

#define CONVERT_NOTE_MAX	1024
/* The place for a value that is only looked at. */
#define CONVERT_FIELD_MAX	64

void
convert_init(struct convert *c, struct arena *arena,
    struct settings_faults *faults)
{
	memset(c, 0, sizeof(*c));
	c->arena = arena;
	c->faults = faults;
	c->tail = &c->lines;
	buf_init(&c->conf, CONVERT_OUT_MAX);
	buf_init(&c->sql, CONVERT_OUT_MAX);
	buf_init(&c->data, CONVERT_OUT_MAX);
}

void
convert_clear(struct convert *c)
{
	buf_clear(&c->conf);
	buf_clear(&c->sql);
	buf_clear(&c->data);
}

static char *convert_vtext(struct convert *, const char *, va_list)
    __attribute__((format(printf, 2, 0)));

static char *
convert_vtext(struct convert *c, const char *fmt, va_list ap)
{
	va_list again;
	char *text;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		len = 0;
	text = arena_alloc(c->arena, (size_t)len + 1);
	(void)vsnprintf(text, (size_t)len + 1, fmt, ap);
	return text;
}

char *
convert_text(struct convert *c, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = convert_vtext(c, fmt, ap);
	va_end(ap);
	return text;
}

char *
convert_time(struct convert *c, uint64_t ms)
{
	if (ms % 1000 == 0)
		return convert_text(c, "%" PRIu64 " secs", ms / 1000);
	return convert_text(c, "%" PRIu64 " ms", ms);
}

static struct convert_line *
convert_find(const struct convert *c, enum convert_section section,
    const char *name)
{
	struct convert_line *line;

	for (line = c->lines; line != NULL; line = line->next) {
		if (line->section == section &&
		    strcmp(line->name, name) == 0)
			return line;
	}
	return NULL;
}

const char *
convert_get(const struct convert *c, enum convert_section section,
    const char *name)
{
	const struct convert_line *line = convert_find(c, section, name);

	return line == NULL ? NULL : line->value;
}

/* The row of a setting as it is written in a section. */
static const struct setting *
convert_row(struct convert *c, enum convert_section section,
    const char *name)
{
	const struct setting *row;

	if (section == CONVERT_AUTH)
		name = convert_text(c, "auth_%s", name);
	row = settings_table_find(name, SETTING_GLOBAL);
	return row != NULL ? row : settings_table_find(name,
	    SETTING_SERVICE);
}

/* Why a value cannot be written there, or NULL. */
static const char *
convert_refusal(struct convert *c, enum convert_section section,
    const char *name, const char *value)
{
	const struct setting *row = convert_row(c, section, name);
	_Alignas(16) uint8_t field[CONVERT_FIELD_MAX] = { 0 };
	struct setting_value_ctx ctx = { .arena = c->arena };
	size_t len = strlen(value);

	if (row == NULL)
		return "this version has no such setting";
	if (str_has_control(value, len) || !str_is_utf8(value, len))
		return "control characters, or not UTF-8";
	if (len > CONFIG_LINE_MAX / 2)
		return "too long";
	if (setting_value_set(row, field, value, &ctx) == -1)
		return convert_text(c, "%s", ctx.error);
	return NULL;
}

bool
convert_set(struct convert *c, const struct config_place *place,
    enum convert_section section, const char *name, const char *value)
{
	const char *why = convert_refusal(c, section, name, value);
	struct convert_line *line = convert_find(c, section, name);

	if (why != NULL) {
		faults_notice(c->faults, place, "%s = %s was left out: %s",
		    name, value, why);
		return false;
	}
	if (line == NULL) {
		line = arena_alloc(c->arena, sizeof(*line));
		line->section = section;
		line->name = name;
		*c->tail = line;
		c->tail = &line->next;
	}
	line->value = arena_strdup(c->arena, value);
	return true;
}

bool
convert_add(struct convert *c, const struct config_place *place,
    enum convert_section section, const char *name, const char *value)
{
	const char *before = convert_get(c, section, name);

	return convert_set(c, place, section, name, before == NULL ? value :
	    convert_text(c, "%s, %s", before, value));
}

bool
convert_list_has(const char *list, const char *word)
{
	size_t len;

	for (; list != NULL && *list != '\0'; list += len) {
		list += strspn(list, ", ");
		len = strcspn(list, ", ");
		if (str_span_is(list, len, word))
			return true;
	}
	return false;
}

struct convert_passdb *
convert_passdb_add(struct convert *c, const char *driver, const char *args)
{
	struct convert_passdb *p = &c->passdbs[c->npassdbs++];

	p->driver = driver;
	p->args = args;
	return p;
}

void
convert_put(struct convert *c, struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = convert_vtext(c, fmt, ap);
	va_end(ap);
	if (buf_add(b, text, strlen(text)) == -1)
		faults_add(c->faults, NULL, "the result is too long");
}

/* One comment, whatever its text is made of. */
static void
convert_put_note(struct convert *c, const char *note)
{
	char text[CONVERT_NOTE_MAX];

	convert_put(c, &c->conf, "#   %s\n", str_escape(text, sizeof(text),
	    note, strlen(note)));
}

static void
convert_put_head(struct convert *c, const char *title)
{
	const struct settings_faults *f = c->faults;
	char text[CONVERT_NOTE_MAX];

	convert_put(c, &c->conf, "# %s\n", str_escape(text, sizeof(text),
	    title, strlen(title)));
	if (f->nnotices == 0)
		return;
	convert_put(c, &c->conf, "#\n"
	    "# What could not be taken over, or works in another way:\n");
	for (size_t i = 0; i < f->nnotices; i++)
		convert_put_note(c, f->notices[i]);
	if (f->nnotices >= FAULTS_NOTICES_MAX)
		convert_put_note(c, "and perhaps more: that is as many as "
		    "are kept");
}

static void
convert_put_lines(struct convert *c, enum convert_section section,
    const char *indent)
{
	for (const struct convert_line *line = c->lines; line != NULL;
	    line = line->next) {
		if (line->section == section)
			convert_put(c, &c->conf, "%s%s = %s\n", indent,
			    line->name, setting_text_quoted(line->value,
			    c->arena));
	}
}

static bool
convert_has_lines(const struct convert *c, enum convert_section section)
{
	for (const struct convert_line *line = c->lines; line != NULL;
	    line = line->next) {
		if (line->section == section)
			return true;
	}
	return false;
}

static void
convert_put_passdbs(struct convert *c)
{
	for (size_t i = 0; i < c->npassdbs; i++) {
		const struct convert_passdb *p = &c->passdbs[i];

		convert_put(c, &c->conf, "  passdb %s {\n    args = %s\n%s"
		    "  }\n", p->driver, setting_text_quoted(p->args,
		    c->arena), p->is_pass ? "    pass = yes\n" : "");
	}
}

/* Do the readers understand what was written? */
static void
convert_check(struct convert *c)
{
	struct settings_faults faults = { .n = 0 };
	struct settings *set;

	set = settings_read_text("the result",
	    (const char *)buf_head(&c->conf), buf_used(&c->conf), &faults);
	for (size_t i = 0; i < faults.n; i++)
		faults_add(c->faults, NULL, "%s", faults.text[i]);
	settings_free(set);
	settings_faults_clear(&faults);
	if (buf_used(&c->sql) > 0)
		(void)config_parse_text("the SQL file",
		    (const char *)buf_head(&c->sql), buf_used(&c->sql),
		    c->arena, c->faults);
}

int
convert_finish(struct convert *c, const char *title)
{
	static const char *const heads[] = {
		[CONVERT_IMAP] = "protocol imap {",
		[CONVERT_POP3] = "protocol pop3 {",
		[CONVERT_AUTH] = "auth default {",
	};

	if (c->faults->n > 0)
		return -1;
	convert_put_head(c, title);
	convert_put(c, &c->conf, "\n");
	convert_put_lines(c, CONVERT_TOP, "");
	for (size_t i = CONVERT_IMAP; i <= CONVERT_SECTION_LAST; i++) {
		if (!convert_has_lines(c, (enum convert_section)i))
			continue;
		convert_put(c, &c->conf, "\n%s\n", heads[i]);
		convert_put_lines(c, (enum convert_section)i, "  ");
		if (i == CONVERT_AUTH)
			convert_put_passdbs(c);
		convert_put(c, &c->conf, "}\n");
	}
	convert_check(c);
	return c->faults->n > 0 ? -1 : 0;
}
