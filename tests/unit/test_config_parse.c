/* config_parse: trees of nodes, faults with their lines, files and bounds. */
#include "unit.h"

#include <bsd/string.h>
#include <sys/stat.h>

#include "config/arena.h"
#include "config/config_file.h"
#include "config/config_parse.h"
#include "config/settings.h"

static struct settings_faults faults;
static struct arena *arena;
static char folder[64];

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(4096);
	snprintf(folder, sizeof(folder), "/tmp/test_config_parse.XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	char command[128];

	(void)state;
	settings_faults_clear(&faults);
	arena_free(arena);
	/* The tests put only files there. */
	snprintf(command, sizeof(command), "%s/d", folder);
	chmod(command, 0700);
	for (const char *name = "abcdefgh"; *name != '\0'; name++) {
		snprintf(command, sizeof(command), "%s/%c", folder, *name);
		unlink(command);
		strlcat(command, "/a", sizeof(command));
		unlink(command);
		command[strlen(command) - 2] = '\0';
		rmdir(command);
	}
	return rmdir(folder);
}

static const struct config_node *
parse(const char *text)
{
	return config_parse_text("f", text, strlen(text), arena, &faults);
}

static void
is_setting(const struct config_node *node, const char *name,
    const char *value, unsigned int line)
{
	assert_non_null(node);
	assert_false(node->is_section);
	assert_string_equal(node->name, name);
	assert_string_equal(node->value, value);
	assert_string_equal(node->place.file, "f");
	assert_int_equal(node->place.line, line);
}

static void
is_section(const struct config_node *node, const char *name, const char *key)
{
	assert_non_null(node);
	assert_true(node->is_section);
	assert_string_equal(node->name, name);
	assert_string_equal(node->value, key);
}

static void
test_values(void **state)
{
	static const struct {
		const char	*line, *value;
	} cases[] = {
		{ "a = b", "b" },
		{ "a=b", "b" },
		{ "  a\t =\tb  \t", "b" },
		{ "a = b\r", "b" },
		{ "a =", "" },
		{ "a = b c = d", "b c = d" },
		{ "a = b # c", "b" },
		{ "a = b#c", "b#c" },
		{ "a = # c", "" },
		{ "a = 'b # c'", "b # c" },
		{ "a = \"b # c\" # d", "b # c" },
		{ "a = It's b # c", "It's b" },
		{ "a = \" b \"", " b " },
		{ "a = \"b \\\"c\\\" \\\\\"", "b \"c\" \\" },
		{ "a = \"b\\n\"", "b\\n" },
		{ "a = 'b' = 'c'", "'b' = 'c'" },
		{ "a = 'b", "'b" },
		{ "a = \"\"", "" },
		{ "a = \"", "\"" },
		{ "a = b\\\n c", "b  c" },
		{ "a = b \\\r\n c\\\nd", "b   c d" },
		{ "a = b\\", "b" },
		{ "a = {b}", "{b}" },
		{ "a = b {", "b {" },
		{ "a = j\xc3\xb6hn", "j\xc3\xb6hn" },
		{ "# x\n\n  # y\na = b", "b" },
		{ "# f\xfcr\na = b # \033[1m", "b" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		const struct config_node *node = parse(cases[i].line);

		assert_int_equal(faults.n, 0);
		assert_non_null(node);
		assert_string_equal(node->name, "a");
		assert_string_equal(node->value, cases[i].value);
		assert_null(node->next);
	}
	assert_null(parse(""));
	assert_null(parse("\n#\n \t\n"));
	assert_int_equal(faults.n, 0);
}

static void
test_sections(void **state)
{
	const struct config_node *node, *inner;

	(void)state;
	node = parse("a = 1\nauth default {\n b = 2\n passdb sql { # why\n"
	    "  args = /x\n }\n c = \\\n 3\n}\nplugin{\n}\nd=4\n"
	    "userdb \"x y\" {}\ne { f = g }\n");
	assert_int_equal(faults.n, 0);
	is_setting(node, "a", "1", 1);
	node = node->next;
	is_section(node, "auth", "default");
	inner = node->children;
	is_setting(inner, "b", "2", 3);
	inner = inner->next;
	is_section(inner, "passdb", "sql");
	is_setting(inner->children, "args", "/x", 5);
	is_setting(inner->next, "c", "3", 7);
	assert_null(inner->next->next);
	node = node->next;
	is_section(node, "plugin", "");
	assert_null(node->children);
	node = node->next;
	is_setting(node, "d", "4", 12);
	node = node->next;
	is_section(node, "userdb", "x y");
	node = node->next;
	is_section(node, "e", "");
	is_setting(node->children, "f", "g", 14);
	assert_null(node->next);
}

static void
test_faults(void **state)
{
	static const struct {
		const char	*text, *fault;
	} cases[] = {
		{ "a = b\nhello\n", "f:2: expected \"name = value\", "
		    "\"name {\" or \"}\"" },
		{ "= b\n", "f:1: expected \"name = value\", \"name {\" or "
		    "\"}\"" },
		{ "a b = c\n", "f:1: expected \"name = value\", \"name {\" or "
		    "\"}\"" },
		{ "\n}\n", "f:2: '}' without a section" },
		{ "a {\nb {\n}\n", "f:1: section without '}'" },
		{ "a {\nb = c", "f:1: section without '}'" },
		{ "a { b = c\n}\n",
		    "f:1: '{' must be the last character of its line" },
		{ "a { b c }\n",
		    "f:1: expected \"name = value\" between '{' and '}'" },
		{ "a = b\001\n", "f:1: control characters, or not UTF-8" },
		{ "a = \xff\n", "f:1: control characters, or not UTF-8" },
		{ "!include /etc/passwd", "f:1: nothing can be included here" },
		{ "!what /etc/passwd", "f:1: unknown directive !what" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		parse(cases[i].text);
		if (faults.n == 0)
			fail_msg("accepted: %s", cases[i].text);
		assert_string_equal(faults.text[0], cases[i].fault);
		settings_faults_clear(&faults);
	}
}

/* Up to ten faults are told, and what is good between them is kept. */
static void
test_many_faults(void **state)
{
	const struct config_node *node;

	(void)state;
	config_parse_text("f", "a = b\0c", 7, arena, &faults);
	assert_string_equal(faults.text[0],
	    "f:1: control characters, or not UTF-8");
	settings_faults_clear(&faults);
	node = parse("!\n!\n!\n!\na = 1\n!\n!\n!\n!\n!\n!\n!\n!\n!\nb = 2\n");
	assert_int_equal(faults.n, SETTINGS_FAULTS_MAX);
	assert_string_equal(faults.text[9], "f:11: unknown directive !");
	is_setting(node, "a", "1", 5);
	is_setting(node->next, "b", "2", 15);
}

static void
test_bounds(void **state)
{
	static char text[CONFIG_LINE_MAX * 32];
	size_t n;

	(void)state;
	for (n = 0; n < CONFIG_DEPTH_MAX; n++)
		strlcat(text, "a {\n", sizeof(text));
	for (n = 0; n < CONFIG_DEPTH_MAX; n++)
		strlcat(text, "}\n", sizeof(text));
	parse(text);
	assert_int_equal(faults.n, 0);
	memset(text, 0, sizeof(text));
	for (n = 0; n <= CONFIG_DEPTH_MAX; n++)
		strlcat(text, "a {\n", sizeof(text));
	parse(text);
	assert_string_equal(faults.text[0],
	    "f:9: sections are nested too deep");
	settings_faults_clear(&faults);

	memset(text, 'x', sizeof(text));
	memcpy(text, "a = ", 4);
	text[CONFIG_LINE_MAX] = '\0';
	assert_non_null(parse(text));
	assert_int_equal(faults.n, 0);
	text[CONFIG_LINE_MAX] = 'x';
	text[CONFIG_LINE_MAX + 1] = '\0';
	assert_null(parse(text));
	assert_string_equal(faults.text[0], "f:1: line too long");
	settings_faults_clear(&faults);

	for (n = 0; n < sizeof(text) - 5; n += 4)
		memcpy(text + n, "a=b\n", 5);
	assert_true(n / 4 > CONFIG_NODES_MAX);
	parse(text);
	assert_string_equal(faults.text[0], "f:60001: too many settings");
	settings_faults_clear(&faults);

	memset(text, 'x', sizeof(text));
	for (n = 4000; n < sizeof(text); n += 4000)
		memcpy(text + n, "\\\n", 2);
	text[sizeof(text) - 1] = '\0';
	parse(text);
	assert_string_equal(faults.text[0], "f:1: line too long");
	memset(text, 0, sizeof(text));
}

static char *
file_make(const char *name, const char *text, mode_t mode)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
	return arena_strdup(arena, path);
}

static void
test_include(void **state)
{
	const struct config_node *node;
	char path[128];

	(void)state;
	file_make("a", "a = 1\n!include_try nothing\n!include [cb]\nd = 4\n"
	    "s {\n!include b\n}\n", 0644);
	file_make("b", "b = 2\n", 0644);
	file_make("c", "c = 3\n", 0600);
	snprintf(path, sizeof(path), "%s/a", folder);
	node = config_parse_file(path, arena, &faults);
	assert_int_equal(faults.n, 0);
	for (const char *name = "abcd"; *name != '\0'; name++) {
		assert_non_null(node);
		assert_int_equal(node->name[0], *name);
		node = node->next;
	}
	assert_string_equal(node->children->name, "b");

	file_make("b", "x {\n", 0644);
	file_make("c", "!include c\n!include nothing\n", 0600);
	config_parse_file(path, arena, &faults);
	assert_true(faults.n > 2);
	assert_non_null(strstr(faults.text[0], "/b:1: section without"));
	assert_non_null(strstr(faults.text[1], "/c:1: files are included"));
	assert_non_null(strstr(faults.text[2], "nothing: no such file"));
}

static const char *
read_file(const char *path, bool is_secret)
{
	static char err[128];
	size_t len;

	err[0] = '\0';
	if (config_file_read(path, is_secret, arena, &len, err,
	    sizeof(err)) != NULL)
		return NULL;
	assert_true(err[0] != '\0');
	return err;
}

static void
refused(const char *path, bool is_secret, const char *why)
{
	const char *err = read_file(path, is_secret);

	if (err == NULL)
		fail_msg("%s was read, expected: %s", path, why);
	if (strstr(err, why) == NULL)
		fail_msg("%s: %s, expected: %s", path, err, why);
}

static void
test_include_faults(void **state)
{
	static const struct {
		const char	*line, *fault;
	} cases[] = {
		{ "!include", ":1: !include needs a path" },
		{ "!include  ", ":1: !include needs a path" },
		{ "!include b", "/b: must not be writable by group" },
		{ "!include_try b", "/b: must not be writable by group" },
		{ "!include /no/such/file", ":1: /no/such/file: no such file" },
		{ "!include c", ":1: '}' without a section" },
	};
	char *a;

	(void)state;
	file_make("b", "b = 2\n", 0666);
	file_make("c", "}\n", 0600);
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		a = file_make("a", cases[i].line, 0600);
		config_parse_file(a, arena, &faults);
		assert_int_equal(faults.n, 1);
		if (strstr(faults.text[0], cases[i].fault) == NULL)
			fail_msg("%s: %s", cases[i].line, faults.text[0]);
		settings_faults_clear(&faults);
	}
	config_parse_file("/no/such/file", arena, &faults);
	assert_string_equal(faults.text[0],
	    "/no/such/file: No such file or directory");
}

/* T-F2: an SQL file that others could read or have written. */
static void
test_permissions(void **state)
{
	char *a, *link, *dir, *inner, path[128];

	(void)state;
	a = file_make("a", "x = y\n", 0600);
	assert_null(read_file(a, true));
	assert_int_equal(chmod(a, 0640), 0);
	refused(a, true, "mode 0600");
	assert_null(read_file(a, false));
	assert_int_equal(chmod(a, 0604), 0);
	refused(a, true, "mode 0600");
	assert_int_equal(chmod(a, 0660), 0);
	refused(a, false, "writable by group");
	assert_int_equal(chmod(a, 0602), 0);
	refused(a, false, "writable by group");
	assert_int_equal(chmod(a, 0600), 0);

	snprintf(path, sizeof(path), "%s/b", folder);
	link = arena_strdup(arena, path);
	assert_int_equal(symlink(a, link), 0);
	refused(link, true, "symbolic link");
	assert_null(read_file(link, false));

	snprintf(path, sizeof(path), "%s/c", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(path, true, "not a regular file");
	snprintf(path, sizeof(path), "%s/h", folder);
	refused(path, true, "No such file");

	snprintf(path, sizeof(path), "%s/d", folder);
	dir = arena_strdup(arena, path);
	assert_int_equal(mkdir(dir, 0700), 0);
	refused(dir, true, "not a regular file");
	inner = file_make("d/a", "x = y\n", 0600);
	assert_null(read_file(inner, true));
	assert_int_equal(chmod(dir, 01777), 0);
	refused(inner, true, "directory is writable by everybody");
	refused(inner, false, "directory is writable by everybody");
	assert_int_equal(chmod(dir, 0700), 0);
	assert_int_equal(chmod(folder, 0777), 0);
	refused(inner, true, "a directory above is writable");
	assert_int_equal(chmod(folder, 0700), 0);
}

static void
test_owner(void **state)
{
	char *a;

	(void)state;
	if (geteuid() != 0)
		return;
	a = file_make("a", "x = y\n", 0600);
	assert_int_equal(chown(a, 12345, 0), 0);
	refused(a, true, "must belong to root");
	refused(a, false, "must belong to root");
	assert_int_equal(chown(a, 0, 12345), 0);
	assert_null(read_file(a, true));
	assert_int_equal(chown(folder, 12345, 0), 0);
	refused(a, true, "neither root nor the caller");
	assert_int_equal(chown(folder, 0, 12345), 0);
	assert_int_equal(chmod(folder, 0770), 0);
	refused(a, true, "writable by a group");
	assert_int_equal(chmod(folder, 0700), 0);
}

static void
test_size(void **state)
{
	char *a;

	(void)state;
	a = file_make("a", "", 0600);
	assert_null(read_file(a, true));
	assert_int_equal(truncate(a, CONFIG_FILE_MAX), 0);
	assert_null(read_file(a, true));
	assert_int_equal(truncate(a, CONFIG_FILE_MAX + 1), 0);
	refused(a, true, "too large");
}

int
main(void)
{
#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_values),
		TEST(test_sections),
		TEST(test_faults),
		TEST(test_many_faults),
		TEST(test_bounds),
		TEST(test_include),
		TEST(test_include_faults),
		TEST(test_permissions),
		TEST(test_owner),
		TEST(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
