/* nginx_conf: words, blocks, quotes, includes, limits. */
#include "unit.h"

#include <sys/stat.h>

#include "config/arena.h"
#include "config/settings.h"
#include "ctl/nginx_conf.h"

static struct arena *arena;
static struct settings_faults faults;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(4096);
	memset(&faults, 0, sizeof(faults));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	settings_faults_clear(&faults);
	arena_free(arena);
	return 0;
}

static struct nginx_node *
parse(const char *text)
{
	settings_faults_clear(&faults);
	return nginx_conf_parse("f", text, strlen(text), arena, &faults);
}

/* The words of a tree, one blank between them. */
static void
show(const struct nginx_node *node, char *dst, size_t size)
{
	size_t used;

	for (; node != NULL; node = node->next) {
		for (size_t i = 0; i < node->nargs; i++) {
			used = strlen(dst);
			(void)snprintf(dst + used, size - used, "<%s>",
			    node->args[i]);
		}
		used = strlen(dst);
		(void)snprintf(dst + used, size - used, "%s",
		    node->is_block ? "{" : ";");
		if (!node->is_block)
			continue;
		show(node->children, dst, size);
		used = strlen(dst);
		(void)snprintf(dst + used, size - used, "}");
	}
}

static void
good(const char *text, const char *want)
{
	char shown[4096] = "";
	const struct nginx_node *top = parse(text);

	if (faults.n > 0)
		fail_msg("%s: %s", text, faults.text[0]);
	show(top, shown, sizeof(shown));
	assert_string_equal(shown, want);
}

static void
bad(const char *text, const char *reason)
{
	assert_null(parse(text));
	assert_int_equal(faults.n, 1);
	if (strcmp(faults.text[0], reason) != 0)
		fail_msg("%s: %s", text, faults.text[0]);
}

static void
test_words(void **state)
{
	(void)state;
	good("", "");
	good(" \n# nothing\n", "");
	good("a;", "<a>;");
	good("a b  c;d\te\n;", "<a><b><c>;<d><e>;");
	good("a { b c; } d;", "<a>{<b><c>;}<d>;");
	good("a{b{c d;}}", "<a>{<b>{<c><d>;}}");
	good("a b#c #d; e\n;", "<a><b#c>;");
	good("a \"b c\" 'd;{}#' \"\";", "<a><b c><d;{}#><>;");
	good("a \"b\\\"c\" 'd\\'e' f\\;g h\\ i;",
	    "<a><b\"c><d'e><f\\;g><h\\ i>;");
	good("a \\t\\r\\n\\x;", "<a><\t\r\n\\x>;");
	good("a b\"c d'e;", "<a><b\"c><d'e>;");
	good("a ${b}c x}y;", "<a><${b}c><x}y>;");
	good("a (\"b\");", "<a><(\"b\")>;");
	good("\"a\" b;", "<a><b>;");
}

/* nginx refuses all of these as well. */
static void
test_faults(void **state)
{
	(void)state;
	bad("a", "f:1: a directive without ';' at its end");
	bad("\n\na\nb", "f:3: a directive without ';' at its end");
	bad("a {\n b;", "f:1: a block without '}'");
	bad("a; }", "f:1: '}' without a block");
	bad("a { b }", "f:1: '}' where ';' was expected");
	bad(";", "f:1: a directive without a name");
	bad("{ }", "f:1: a directive without a name");
	bad("a \"b", "f:1: a quote without its end");
	bad("a \"b\"c;", "f:1: text behind a quote");
	bad("a\n\n'b'/x;", "f:3: text behind a quote");
	bad("include x;", "f:1: nothing can be included here");
	assert_null(nginx_conf_parse("f", "a \0;", 4, arena, &faults));
}

static void
test_what_is_not_mail(void **state)
{
	(void)state;
	good("http { a b; c { include /nowhere; } } d;", "<http>{}<d>;");
	good("stream { server { listen 1; } }", "<stream>{}");
	good("mail { http { a; } }", "<mail>{<http>{<a>;}}");
	good("http { x_by_lua_block { local a = { '}', \"\\\"}\" } -- }\n"
	    " } } d;", "<http>{}<d>;");
	bad("http { x_by_lua_block { {", "f:1: a block without '}'");
}

/* Text with n copies of a part. */
static char *
repeat(const char *begin, const char *part, size_t n, const char *end)
{
	size_t size = strlen(begin) + n * strlen(part) + strlen(end) + 1;
	char *text = arena_alloc(arena, size), *at = text;

	at += snprintf(at, size, "%s", begin);
	for (; n > 0; n--)
		at += snprintf(at, size - (size_t)(at - text), "%s", part);
	(void)snprintf(at, size - (size_t)(at - text), "%s", end);
	return text;
}

static void
test_limits(void **state)
{
	char *text;

	(void)state;
	assert_non_null(parse(repeat("a ", "x", NGINX_CONF_WORD_MAX, ";")));
	bad(repeat("a ", "x", NGINX_CONF_WORD_MAX + 1, ";"),
	    "f:1: a word is too long");
	assert_non_null(parse(repeat("", "a ", NGINX_CONF_ARGS_MAX, ";")));
	bad(repeat("", "a ", NGINX_CONF_ARGS_MAX + 1, ";"),
	    "f:1: a directive has too many words");
	text = repeat("", "a{", NGINX_CONF_DEPTH_MAX,
	    repeat("", "}", NGINX_CONF_DEPTH_MAX, ""));
	assert_non_null(parse(text));
	bad(repeat("", "a{", NGINX_CONF_DEPTH_MAX + 1, ""),
	    "f:1: blocks are nested too deep");
	assert_non_null(parse(repeat("", "a;", NGINX_CONF_NODES_MAX, "")));
	bad(repeat("", "a;", NGINX_CONF_NODES_MAX + 1, ""),
	    "f:1: too many directives");
}

static void
put(const char *dir, const char *name, const char *text)
{
	char path[300];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	(void)fputs(text, file);
	(void)fclose(file);
}

static const char *const included[] = { "main", "one", "d/1", "d/2", "self",
    "open", "fifo" };

static void
test_includes(void **state)
{
	char dir[] = "/tmp/mw-nginx.XXXXXX", path[300], shown[256] = "";
	const struct nginx_node *top;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/d", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	put(dir, "main", "a { include one; z; }\ninclude none*;");
	put(dir, "one", "b;\ninclude d/*;\n");
	put(dir, "d/1", "c {\nd; }");
	put(dir, "d/2", "e;");
	put(dir, "self", "\ninclude self;");
	put(dir, "open", "a { include d/1; include d/3; }");
	(void)snprintf(path, sizeof(path), "%s/main", dir);
	top = nginx_conf_read(path, arena, &faults);
	assert_int_equal(faults.n, 0);
	show(top, shown, sizeof(shown));
	assert_string_equal(shown, "<a>{<b>;<c>{<d>;}<e>;<z>;}");
	assert_int_equal(top->children->next->children->place.line, 2);
	(void)snprintf(path, sizeof(path), "%s/self", dir);
	assert_null(nginx_conf_read(path, arena, &faults));
	assert_non_null(strstr(faults.text[0], "self:2: files are included"));
	settings_faults_clear(&faults);
	(void)snprintf(path, sizeof(path), "%s/open", dir);
	assert_null(nginx_conf_read(path, arena, &faults));
	assert_non_null(strstr(faults.text[0], "d/3: No such file"));
	settings_faults_clear(&faults);
	(void)snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(nginx_conf_read(path, arena, &faults));
	assert_non_null(strstr(faults.text[0], "not a regular file"));
	for (size_t i = 0; i < UNIT_LENGTH(included); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, included[i]);
		assert_int_equal(unlink(path), 0);
	}
	(void)snprintf(path, sizeof(path), "%s/d", dir);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_not_mail, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_includes, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
