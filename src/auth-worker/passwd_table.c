/*
 * Lines of a passwd-file: taken apart, sorted, made rows.
 * Runs in: auth-worker.
 * Hostile input: names of users; the file is root's, but may be broken.
 * Never: opens a file, logs, lets a broken line pass for no line.
 */
#include "auth-worker/passwd_table.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/login_auth.h"
#include "lib/password.h"
#include "lib/strutil.h"
#include "lib/xmem.h"

/* uid, gid, gecos, home and shell */
#define PASSWD_UNUSED_FIELDS	5

static const char passwd_yes[] = "yes";
static const char passwd_userdb[] = "userdb_";

/* The field up to the next colon; the rest is behind it. */
static struct passwd_span
passwd_field(struct passwd_span *rest)
{
	const char *colon = rest->len == 0 ? NULL :
	    memchr(rest->text, ':', rest->len);
	struct passwd_span field = *rest;

	if (colon == NULL) {
		rest->text += rest->len;
		rest->len = 0;
		return field;
	}
	field.len = (size_t)(colon - rest->text);
	rest->text += field.len + 1;
	rest->len -= field.len + 1;
	return field;
}

/* The next extra field; its length is 0 when there is none. */
static struct passwd_span
passwd_extra(struct passwd_span *rest)
{
	struct passwd_span word = { rest->text, 0 };

	while (rest->len > 0 && rest->text[0] == ' ') {
		rest->text++;
		rest->len--;
	}
	word.text = rest->text;
	while (word.len < rest->len && word.text[word.len] != ' ')
		word.len++;
	rest->text += word.len;
	rest->len -= word.len;
	return word;
}

/* How much of an extra field is its name. */
static size_t
passwd_name_len(const struct passwd_span *extra)
{
	const char *eq = memchr(extra->text, '=', extra->len);

	return eq == NULL ? extra->len : (size_t)(eq - extra->text);
}

static bool
passwd_is_userdb(const struct passwd_span *extra)
{
	const size_t n = sizeof(passwd_userdb) - 1;

	return extra->len >= n && memcmp(extra->text, passwd_userdb, n) == 0;
}

static const char *
passwd_extras_fault(struct passwd_span rest)
{
	struct passwd_span extra;
	size_t n = 0, name_len;

	for (;;) {
		extra = passwd_extra(&rest);
		if (extra.len == 0)
			return NULL;
		name_len = passwd_name_len(&extra);
		if (name_len == 0)
			return "an extra field has no name";
		if (name_len > AUTH_WORKER_NAME_MAX)
			return "the name of an extra field is too long";
		if (extra.len - name_len > AUTH_WORKER_VALUE_MAX)
			return "the value of an extra field is too long";
		if (!passwd_is_userdb(&extra) && ++n > PASSWD_EXTRAS_MAX)
			return "too many extra fields";
	}
}

const char *
passwd_line_parse(struct passwd_line *line, const char *text, size_t len)
{
	struct passwd_span rest = { text, len };

	memset(line, 0, sizeof(*line));
	line->name = passwd_field(&rest);
	if (line->name.len > LOGIN_AUTH_USER_MAX ||
	    str_has_control(line->name.text, line->name.len)) {
		line->name.len = 0;
		return "the name is too long, or has a control character";
	}
	if (line->name.len == 0)
		return "there is no name";
	line->pass = passwd_field(&rest);
	for (int i = 0; i < PASSWD_UNUSED_FIELDS; i++)
		(void)passwd_field(&rest);
	line->extra = rest;
	if (len > PASSWD_LINE_MAX)
		return "too long";
	if (text[len - 1] == '\r')
		return "ends with a carriage return";
	if (str_has_control(text, len))
		return "has a control character";
	if (line->pass.len > PASSWORD_HASH_MAX)
		return "the password is too long";
	return passwd_extras_fault(line->extra);
}

/* Is this a line that nobody means? */
static bool
passwd_is_skipped(const char *text, size_t len)
{
	return len == 0 || text[0] == '#' || (len == 1 && text[0] == '\r');
}

static void
passwd_table_add(struct passwd_table *t, size_t off, size_t len,
    uint32_t number, const char **fault)
{
	struct passwd_line line;
	struct passwd_ref *ref;

	*fault = passwd_line_parse(&line, t->bytes + off, len);
	if (*fault != NULL)
		t->nbroken++;
	if (line.name.len == 0)
		return;
	ref = &t->refs[t->n++];
	ref->off = (uint32_t)off;
	ref->line = number;
	ref->name_len = (uint16_t)line.name.len;
	ref->is_broken = *fault != NULL;
}

/* Compares a name with that of a line. */
static int
passwd_compare(const char *name, size_t len, const char *bytes,
    const struct passwd_ref *ref)
{
	size_t common = len < ref->name_len ? len : ref->name_len;
	int order = memcmp(name, bytes + ref->off, common);

	if (order != 0)
		return order;
	return (len > ref->name_len) - (len < ref->name_len);
}

static int
passwd_order(const void *a, const void *b, void *bytes)
{
	const struct passwd_ref *x = a, *y = b;
	int order;

	order = passwd_compare((const char *)bytes + x->off, x->name_len,
	    bytes, y);
	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static size_t
passwd_count_lines(const char *bytes, size_t len)
{
	const char *end = bytes + len;
	size_t n = 1;

	while (bytes < end && (bytes = memchr(bytes, '\n',
	    (size_t)(end - bytes))) != NULL) {
		bytes++;
		n++;
	}
	return n;
}

void
passwd_table_init(struct passwd_table *t, char *bytes, size_t len,
    passwd_broken_fn broken, void *arg)
{
	const char *fault, *end;
	uint32_t number = 1;
	size_t off, n;

	memset(t, 0, sizeof(*t));
	t->bytes = bytes;
	t->len = len;
	t->refs = xcalloc(passwd_count_lines(bytes, len), sizeof(*t->refs));
	for (off = 0; off < len; off += n + 1, number++) {
		end = memchr(bytes + off, '\n', len - off);
		n = end == NULL ? len - off : (size_t)(end - bytes) - off;
		if (passwd_is_skipped(bytes + off, n))
			continue;
		passwd_table_add(t, off, n, number, &fault);
		if (fault != NULL)
			broken(arg, number, fault);
	}
	qsort_r(t->refs, t->n, sizeof(*t->refs), passwd_order, t->bytes);
}

void
passwd_table_clear(struct passwd_table *t)
{
	if (t->bytes != NULL)
		explicit_bzero(t->bytes, t->len);
	free(t->bytes);
	free(t->refs);
	memset(t, 0, sizeof(*t));
}

/* The first line whose name is not before this one. */
static size_t
passwd_table_place(const struct passwd_table *t, const char *name, size_t len)
{
	size_t low = 0, high = t->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (passwd_compare(name, len, t->bytes, &t->refs[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
passwd_add_extra(struct sql_row *row, const struct passwd_span *extra,
    struct sql_fault *fault)
{
	size_t name_len = passwd_name_len(extra);
	char name[AUTH_WORKER_NAME_MAX + 1];

	if (str_copy(name, sizeof(name), extra->text, name_len) == -1)
		return -1;
	if (name_len == extra->len)
		return sql_row_add(row, name, passwd_yes,
		    sizeof(passwd_yes) - 1, fault);
	return sql_row_add(row, name, extra->text + name_len + 1,
	    extra->len - name_len - 1, fault);
}

static enum auth_worker_found
passwd_row(const struct passwd_line *line, struct sql_row *row,
    struct sql_fault *fault)
{
	struct passwd_span rest = line->extra, extra;

	/* An empty one is not NULL: nobody logs in with it. */
	if (sql_row_add(row, "password", line->pass.len == 0 ? "" :
	    line->pass.text, line->pass.len, fault) == -1)
		return AUTH_WORKER_UNUSABLE;
	while ((extra = passwd_extra(&rest)).len > 0) {
		if (!passwd_is_userdb(&extra) &&
		    passwd_add_extra(row, &extra, fault) == -1)
			return AUTH_WORKER_UNUSABLE;
	}
	return AUTH_WORKER_ONE;
}

static enum auth_worker_found
passwd_table_look(const struct passwd_table *t, const char *name,
    struct sql_row *row, struct sql_fault *fault)
{
	size_t len = strlen(name), i = passwd_table_place(t, name, len);
	const struct passwd_ref *ref = &t->refs[i];
	struct passwd_line line;
	const char *text, *end;

	if (i == t->n || passwd_compare(name, len, t->bytes, ref) != 0)
		return AUTH_WORKER_NONE;
	if (i + 1 < t->n &&
	    passwd_compare(name, len, t->bytes, ref + 1) == 0)
		return AUTH_WORKER_MANY;
	text = t->bytes + ref->off;
	end = memchr(text, '\n', t->len - ref->off);
	if (ref->is_broken || passwd_line_parse(&line, text, end == NULL ?
	    t->len - ref->off : (size_t)(end - text)) != NULL) {
		sql_fault_set(fault, SQL_FAULT_ROW, "line %u is broken",
		    ref->line);
		return AUTH_WORKER_UNUSABLE;
	}
	return passwd_row(&line, row, fault);
}

enum auth_worker_found
passwd_table_find(const struct passwd_table *t, const char *name,
    struct sql_row *row, struct sql_fault *fault)
{
	enum auth_worker_found found;

	sql_row_init(row);
	found = t->n == 0 ? AUTH_WORKER_NONE :
	    passwd_table_look(t, name, row, fault);
	if (found != AUTH_WORKER_ONE)
		sql_row_clear(row);
	row->row.found = (uint8_t)found;
	return found;
}
