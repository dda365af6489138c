/*
 * Certificates and keys on their way from files into the sets of children.
 * Runs in: make check.
 * Hostile input: files that others may change.
 * Never: ships in a program.
 */
#include <bsd/string.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/settings.h"
#include "config/settings_read.h"
#include "ipc/cert_set.h"
#include "ipc/key_set.h"
#include "lib/memfile.h"
#include "master/certs.h"

static char folder[64];
static struct certs_faults faults;

/* Files are named by a letter each and hold their path. */
static void
write_file(const char *name, const char *text, mode_t mode)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* '@' in the lines is the folder. */
static struct settings *
read_lines(const char *lines)
{
	static struct settings_faults told;
	static char text[65536];
	struct settings *s;
	size_t n = 0;

	for (; *lines != '\0'; lines++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s",
		    *lines == '@' ? (int)strlen(folder) : 1,
		    *lines == '@' ? folder : lines);
	(void)snprintf(text + n, sizeof(text) - n, "auth default {\n"
	    "passdb static {\nargs = host=::1\n}\n}\n");
	settings_faults_clear(&told);
	s = settings_read_text("f", text, strlen(text), &told);
	if (s == NULL)
		fail_msg("%s", told.text[0]);
	settings_faults_clear(&told);
	return s;
}

static struct certs *
load(const struct settings *s)
{
	struct certs *c;

	memset(&faults, 0, sizeof(faults));
	c = certs_load(s, &faults);
	if (c == NULL)
		fail_msg("%s", faults.text[0]);
	return c;
}

static void
expect_names(struct wire_reader *r, const struct cert_set_entry *e,
    const char *wanted)
{
	char name[CERT_SET_NAME_MAX + 1], all[1024] = "";

	for (uint16_t i = 0; i < e->nnames; i++) {
		cert_set_name(r, name);
		(void)strlcat(all, name, sizeof(all));
		(void)strlcat(all, " ", sizeof(all));
	}
	assert_string_equal(all, wanted);
}

static void
expect_chain(const struct cert_set_chain *c, uint16_t key, const char *pem)
{
	assert_int_equal(c->key, key);
	if (pem == NULL) {
		assert_null(c->pem);
		return;
	}
	assert_int_equal(c->pem_len, strlen(pem));
	assert_memory_equal(c->pem, pem, c->pem_len);
}

static const char all_lines[] =
    "ssl_cert_file = @/c\nssl_key_file = @/k\n"
    "ssl_alt_cert_file = @/ac\nssl_alt_key_file = @/ak\n"
    "ssl_ca_file = @/ca\nssl_client_ca_file = @/hca\n"
    "ssl_client_cert_file = @/cc\nssl_client_key_file = @/ck\n"
    "local_name z.test {\nssl_cert_file = @/c1\nssl_key_file = @/k1\n}\n"
    "local_name b.test *.c.test {\nssl_cert_file = @/c2\n"
    "ssl_key_file = @/k2\n}\n"
    "local_name a.test {\nssl_cert_file = @/c1\nssl_key_file = @/k1\n}\n";

/* Everything at its place; sections with the same files are one entry. */
static void
test_sets(void **state)
{
	struct settings *s = read_lines(all_lines);
	struct certs *c = load(s);
	struct cert_set_entry e;
	struct cert_set_head head;
	struct wire_reader r;
	struct key_set_key k;
	const void *map;
	size_t len;

	(void)state;
	assert_int_equal(c->n, 5);
	map = memfile_map(c->certs_fd, CERT_SET_MAX, &len);
	assert_non_null(map);
	cert_set_open(&r, map, len, &head);
	assert_memory_equal(head.ca, "ca\n", head.ca_len);
	assert_memory_equal(head.host_ca, "hca\n", head.host_ca_len);
	expect_chain(&head.client, 1, "cc");
	assert_int_equal(head.nentries, 3);
	cert_set_entry(&r, &e);
	expect_chain(&e.first, 2, "c");
	expect_chain(&e.alt, 3, "ac");
	expect_names(&r, &e, "");
	cert_set_entry(&r, &e);
	expect_chain(&e.first, 4, "c1");
	expect_chain(&e.alt, 0, NULL);
	expect_names(&r, &e, "a.test z.test ");
	cert_set_entry(&r, &e);
	expect_chain(&e.first, 5, "c2");
	cert_set_name(&r, (char[CERT_SET_NAME_MAX + 1]){ 0 });
	cert_set_name(&r, (char[CERT_SET_NAME_MAX + 1]){ 0 });
	assert_int_equal(wire_end(&r), 0);
	memfile_unmap(map, len);

	map = memfile_map(c->keys_fd, KEY_SET_MAX, &len);
	assert_int_equal(key_set_open(&r, map, len), 5);
	key_set_next(&r, &k);
	assert_true(k.is_client && k.key == 1);
	assert_memory_equal(k.pem, "ck", k.pem_len);
	for (uint16_t i = 2; i <= 5; i++) {
		key_set_next(&r, &k);
		assert_true(!k.is_client && k.key == i);
	}
	assert_memory_equal(k.pem, "k2", k.pem_len);
	assert_int_equal(wire_end(&r), 0);
	memfile_unmap(map, len);

	assert_string_equal(certs_item_use(&c->items[0]), "mail hosts");
	assert_string_equal(certs_item_use(&c->items[1]), "default");
	assert_string_equal(certs_item_use(&c->items[3]), "a.test z.test");
	certs_free(c);
	settings_free(s);
}

static void
test_none(void **state)
{
	struct settings *s = read_lines("ssl = no\nssl_cert_file = @/c\n"
	    "ssl_key_file = @/k\n");
	struct certs *c = load(s);

	(void)state;
	assert_int_equal(c->n, 0);
	/* But those that the system trusts, if it has any. */
	assert_false(c->has_own_ca);
	assert_int_equal(c->certs_fd == -1, c->host_ca.path[0] == '\0');
	assert_false(certs_have_changed(c));
	certs_free(c);
	settings_free(s);
}

static void
bad(const char *fault)
{
	struct settings *s = read_lines(all_lines);
	char want[256] = "";
	const char *p;
	size_t n = 0;

	for (p = fault; *p != '\0'; p++)
		n += (size_t)snprintf(want + n, sizeof(want) - n, "%.*s",
		    *p == '@' ? (int)strlen(folder) : 1,
		    *p == '@' ? folder : p);
	memset(&faults, 0, sizeof(faults));
	assert_null(certs_load(s, &faults));
	if (faults.n != 1 || strstr(faults.text[0], want) == NULL)
		fail_msg("%zu faults, the first is \"%s\", expected \"%s\"",
		    faults.n, faults.text[0], want);
	settings_free(s);
}

static void
test_files(void **state)
{
	char path[128], to[128];

	(void)state;
	write_file("k", "k", 0644);
	bad("f:2: ssl_key_file: @/k: must have mode 0600 or 0640");
	write_file("k", "k", 0660);
	bad("f:2: ssl_key_file: @/k: must not be writable by group");
	write_file("k", "", 0600);
	bad("f:2: ssl_key_file: @/k: is empty");
	write_file("c", "c", 0666);
	write_file("k", "k", 0640);
	bad("f:1: ssl_cert_file: @/c: must not be writable");
	write_file("c", "c", 0644);
	(void)snprintf(path, sizeof(path), "%s/k2", folder);
	assert_int_equal(unlink(path), 0);
	bad("f:13: ssl_key_file: @/k2: No such file");
	assert_int_equal(mkfifo(path, 0600), 0);
	bad("ssl_key_file: @/k2: not a regular file");
	assert_int_equal(unlink(path), 0);
	/* Keys may be symbolic links: those that are renewed are. */
	write_file("real", "k2", 0600);
	(void)snprintf(to, sizeof(to), "%s/real", folder);
	assert_int_equal(symlink(to, path), 0);
	{
		struct settings *s = read_lines(all_lines);

		certs_free(load(s));
		settings_free(s);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(to, path), 0);
}

static void
test_changes(void **state)
{
	struct settings *s = read_lines(all_lines);
	struct certs *c = load(s);
	char path[128];

	(void)state;
	assert_false(certs_have_changed(c));
	/* Missing for a moment is not another file. */
	(void)snprintf(path, sizeof(path), "%s/k1", folder);
	assert_int_equal(unlink(path), 0);
	assert_false(certs_have_changed(c));
	write_file("k1", "other", 0600);
	assert_true(certs_have_changed(c));
	write_file("k1", "k1", 0600);
	certs_free(c);
	c = load(s);
	assert_false(certs_have_changed(c));
	write_file("hca", "hca and more", 0600);
	assert_true(certs_have_changed(c));
	write_file("hca", "hca", 0600);
	certs_free(c);
	settings_free(s);
}

/* A directory of authorities: hashed names count, others do not. */
static void
test_directory(void **state)
{
	struct settings *s = read_lines("ssl_client_ca_dir = @/dir\n");
	struct cert_set_head head;
	struct wire_reader r;
	struct certs *c;
	char path[128];
	const void *map;
	size_t len;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/dir", folder);
	assert_int_equal(mkdir(path, 0755), 0);
	write_file("dir/readme", "no", 0644);
	memset(&faults, 0, sizeof(faults));
	assert_null(certs_load(s, &faults));
	assert_non_null(strstr(faults.text[0], "holds no certificates"));
	write_file("dir/0a1b2c3d.0", "one", 0644);
	write_file("dir/0a1b2c3d.r0", "crl", 0644);
	c = load(s);
	assert_int_equal(c->n, 0);
	map = memfile_map(c->certs_fd, CERT_SET_MAX, &len);
	cert_set_open(&r, map, len, &head);
	assert_int_equal(wire_end(&r), 0);
	assert_int_equal(head.host_ca_len, 8);
	assert_int_equal(head.nentries, 0);
	memfile_unmap(map, len);
	/* Files that do not count do not change anything. */
	write_file("dir/readme", "still no", 0644);
	assert_false(certs_have_changed(c));
	write_file("dir/0a1b2c3d.0", "another one", 0644);
	assert_true(certs_have_changed(c));
	certs_free(c);
	c = load(s);
	assert_false(certs_have_changed(c));
	write_file("dir/0a1b2c3d.1", "one more", 0644);
	assert_true(certs_have_changed(c));
	(void)snprintf(path, sizeof(path), "%s/dir/0a1b2c3d.1", folder);
	assert_int_equal(unlink(path), 0);
	assert_false(certs_have_changed(c));
	certs_free(c);
	settings_free(s);
}

static int
setup(void **state)
{
	static const char *const names[] = { "c", "ac", "cc", "c1", "c2",
	    "ca", "hca", "k", "ak", "ck", "k1", "k2" };

	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/test_certs.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		write_file(names[i], names[i], 0600);
	return 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = { "c", "ac", "cc", "c1", "c2",
	    "ca", "hca", "k", "ak", "ck", "k1", "k2", "dir/readme",
	    "dir/0a1b2c3d.0", "dir/0a1b2c3d.r0" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)snprintf(path, sizeof(path), "%s/dir", folder);
	(void)rmdir(path);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_directory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
