/*
 * Files of authorities.
 * Runs in: master.
 * Hostile input: none; the files are root's.
 * Never: reads them itself.
 */
#include "master/certs_dir.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_file.h"
#include "lib/memfile.h"
#include "lib/siphash.h"

/* "openssl rehash": eight digits of the name's hash, a dot, a number. */
#define CERTS_HASH_DIGITS	8

/* Where systems keep it: Debian and others, Red Hat, BSD's way. */
static const char *const certs_bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/cert.pem",
};

const char *
certs_bundle_system(size_t bytes_max)
{
	uint64_t bytes;
	char why[64];
	size_t i;
	int fd;

	for (i = 0; i < sizeof(certs_bundles) / sizeof(*certs_bundles); i++) {
		fd = config_file_open(certs_bundles[i], false, bytes_max,
		    &bytes, why, sizeof(why));
		if (fd == -1)
			continue;
		(void)close(fd);
		return certs_bundles[i];
	}
	return "";
}

int
certs_bundle_add(struct certs_bundle *b, const char *path, size_t bytes_max,
    char *why, size_t size)
{
	uint64_t bytes;
	int fd;

	if (b->n == CERTS_BUNDLE_MAX) {
		(void)snprintf(why, size, "more than %d files",
		    CERTS_BUNDLE_MAX);
		return -1;
	}
	if (b->bytes + 1 >= bytes_max) {
		(void)snprintf(why, size, "is too large");
		return -1;
	}
	fd = config_file_open(path, false, bytes_max - b->bytes - 1, &bytes,
	    why, size);
	if (fd == -1)
		return -1;
	b->files[b->n].fd = fd;
	b->files[b->n++].len = (size_t)bytes;
	b->bytes += (size_t)bytes + 1;
	return 0;
}

/* Certificates "1a2b3c4d.0", lists of revoked ones "1a2b3c4d.r0". */
static int
certs_is_hash(const struct dirent *entry)
{
	const char *p = entry->d_name;
	int i;

	for (i = 0; i < CERTS_HASH_DIGITS; i++, p++)
		if (!isxdigit((unsigned char)*p))
			return 0;
	if (*p++ != '.')
		return 0;
	if (*p == 'r')
		p++;
	return *p != '\0' && strspn(p, "0123456789") == strlen(p);
}

int
certs_bundle_add_dir(struct certs_bundle *b, const char *path,
    size_t bytes_max, char *why, size_t size)
{
	char file[PATH_MAX], reason[128];
	struct dirent *entry;
	DIR *dir = opendir(path);
	size_t before = b->n;
	int rc = 0;

	if (dir == NULL) {
		(void)snprintf(why, size, "%s", strerror(errno));
		return -1;
	}
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (!certs_is_hash(entry))
			continue;
		(void)snprintf(file, sizeof(file), "%s/%s", path,
		    entry->d_name);
		rc = certs_bundle_add(b, file, bytes_max, reason,
		    sizeof(reason));
		if (rc == -1)
			(void)snprintf(why, size, "%.64s: %s", entry->d_name,
			    reason);
	}
	(void)closedir(dir);
	if (rc == 0 && b->n == before) {
		(void)snprintf(why, size, "holds no certificates; has "
		    "\"openssl rehash\" been run?");
		return -1;
	}
	return rc;
}

/* Of one entry, what a link leads to included; 0 when it is not there. */
static uint64_t
certs_entry_mark(int dir_fd, const char *name)
{
	static const uint8_t key[SIPHASH_KEY_BYTES];
	uint8_t hash[SIPHASH_BYTES];
	struct siphash sip;
	struct stat st;
	uint64_t mark;

	if (fstatat(dir_fd, name, &st, 0) == -1)
		return 0;
	siphash_init(&sip, key);
	siphash_add_text(&sip, name);
	siphash_add(&sip, &st.st_dev, sizeof(st.st_dev));
	siphash_add(&sip, &st.st_ino, sizeof(st.st_ino));
	siphash_add(&sip, &st.st_size, sizeof(st.st_size));
	siphash_add(&sip, &st.st_mtim.tv_sec, sizeof(st.st_mtim.tv_sec));
	siphash_add(&sip, &st.st_mtim.tv_nsec, sizeof(st.st_mtim.tv_nsec));
	siphash_end(&sip, hash);
	memcpy(&mark, hash, sizeof(mark));
	return mark;
}

uint64_t
certs_dir_mark(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	uint64_t sum = 1;

	if (dir == NULL)
		return 0;
	/* They come in no order that could be relied on. */
	while ((entry = readdir(dir)) != NULL)
		if (certs_is_hash(entry))
			sum += certs_entry_mark(dirfd(dir), entry->d_name);
	(void)closedir(dir);
	return sum;
}

int
certs_bundle_copy(const struct certs_bundle *b, int to)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (memfile_add_file(to, b->files[i].fd,
		    b->files[i].len) == -1 || memfile_add(to, "\n", 1) == -1)
			return -1;
	return 0;
}

void
certs_bundle_clear(struct certs_bundle *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		(void)close(b->files[i].fd);
	b->n = 0;
}
