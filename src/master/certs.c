/*
 * Certificates and keys on their way from files to children.
 * Runs in: master.
 * Hostile input: none; the files are root's.
 * Never: has a private key in its memory; understands a certificate.
 */
#include "master/certs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config_file.h"
#include "config/settings.h"
#include "ipc/cert_set.h"
#include "ipc/key_set.h"
#include "lib/memfile.h"
#include "lib/xmem.h"
#include "master/certs_dir.h"

#define CERTS_WHY_MAX	256
/* One local_name's names as a part of the cert_set. */
#define CERTS_NAMES_BYTES \
	(4 + CERT_SET_NAMES_MAX * (2 + CERT_SET_NAME_MAX))

/* The files of one entry: what local_names with the same share. */
struct certs_entry {
	const char	*files[4];	/* cert, key, alt cert, alt key */
	const char	*place;
	const char	*names;		/* NULL: the default */
};

/* All that is at work while a set is made. */
struct certs_work {
	const struct settings	*set;
	struct certs		*certs;
	struct certs_faults	*faults;
	struct certs_entry	*entries;	/* the default first */
	size_t			 nentries;
	size_t			 at;		/* bytes of the cert_set */
};

/* Of faults that no file has. */
static const struct certs_file certs_memory = {
	.path = "memory", .setting = "certificates", .place = "TLS",
};

void
certs_fault(struct certs_faults *f, const struct certs_file *file,
    const char *why)
{
	if (f->n == CERTS_FAULTS_MAX) {
		f->nmore++;
		return;
	}
	(void)snprintf(f->text[f->n++], CERTS_FAULT_BYTES, "%s: %s: %s: %s",
	    file->place, file->setting, file->path, why);
}

const char *
certs_item_use(const struct certs_item *item)
{
	if (item->is_client)
		return "mail hosts";
	return item->names == NULL ? "default" : item->names;
}

static void
certs_file_set(struct certs_file *f, const char *path, const char *setting,
    const char *place)
{
	f->path = path;
	f->setting = setting;
	f->place = place;
}

static void
certs_file_remember(struct certs_file *f, const struct stat *st)
{
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->size = st->st_size;
	f->changed = st->st_mtim;
}

static bool
certs_file_is_same(const struct certs_file *f)
{
	struct stat st;

	/* One that is missing just now is not another one. */
	if (f->path[0] == '\0' || stat(f->path, &st) == -1)
		return true;
	return f->dev == st.st_dev && f->ino == st.st_ino &&
	    f->size == st.st_size &&
	    f->changed.tv_sec == st.st_mtim.tv_sec &&
	    f->changed.tv_nsec == st.st_mtim.tv_nsec;
}

bool
certs_have_changed(const struct certs *c)
{
	uint64_t mark;
	size_t i;

	for (i = 0; i < c->n; i++)
		if (!certs_file_is_same(&c->items[i].cert) ||
		    !certs_file_is_same(&c->items[i].key))
			return true;
	mark = c->host_ca_dir.path[0] == '\0' ? 0 :
	    certs_dir_mark(c->host_ca_dir.path);
	return (mark != 0 && mark != c->host_ca_mark) ||
	    !certs_file_is_same(&c->ca) || !certs_file_is_same(&c->host_ca);
}

/* Which entries there are. */

static int
certs_entry_compare(const void *a, const void *b)
{
	const struct certs_entry *x = a, *y = b;
	size_t i;
	int order;

	for (i = 0; i < 4; i++)
		if ((order = strcmp(x->files[i], y->files[i])) != 0)
			return order;
	return strcmp(x->names, y->names);
}

static bool
certs_entry_is_same(const struct certs_entry *x, const struct certs_entry *y)
{
	size_t i;

	for (i = 0; i < 4; i++)
		if (strcmp(x->files[i], y->files[i]) != 0)
			return false;
	return true;
}

static size_t
certs_count_names(const char *names)
{
	size_t n = 0;

	for (names += strspn(names, " \t"); *names != '\0';
	    names += strspn(names, " \t")) {
		names += strcspn(names, " \t");
		n++;
	}
	return n;
}

/* Neighbours with the same files become one, as far as names find room. */
static void
certs_merge(struct certs_work *w, size_t first)
{
	const char *names;
	char *p;
	size_t i, len, size = 1, to = first;

	for (i = first; i < w->nentries; i++)
		size += strlen(w->entries[i].names) + 1;
	p = w->certs->memory = xcalloc(1, size);
	for (i = first; i < w->nentries; i++) {
		names = w->entries[i].names;
		len = strlen(names);
		if (i > first && certs_entry_is_same(&w->entries[i],
		    &w->entries[to - 1]) && certs_count_names(
		    w->entries[to - 1].names) + certs_count_names(names) <=
		    CERT_SET_NAMES_MAX) {
			p[-1] = ' ';
		} else {
			w->entries[to] = w->entries[i];
			w->entries[to++].names = p;
		}
		memcpy(p, names, len);
		p += len + 1;
	}
	w->nentries = to;
}

static void
certs_collect(struct certs_work *w)
{
	const struct settings *set = w->set;
	const struct settings_local_name *local = set->local_names;
	struct certs_entry *e;
	size_t i;

	w->entries = xcalloc(1 + set->nlocal_names, sizeof(*e));
	if (!set->has_tls)
		return;
	w->entries[w->nentries++] = (struct certs_entry){
		.files = { set->ssl_cert_file, set->ssl_key_file,
		    set->ssl_alt_cert_file, set->ssl_alt_key_file },
	};
	for (i = 0; i < set->nlocal_names; i++, local++)
		w->entries[w->nentries++] = (struct certs_entry){
			.files = { local->ssl_cert_file, local->ssl_key_file,
			    local->ssl_alt_cert_file,
			    local->ssl_alt_key_file },
			.place = local->place,
			.names = local->names,
		};
	qsort(w->entries + 1, w->nentries - 1, sizeof(*e),
	    certs_entry_compare);
	certs_merge(w, 1);
}

/* Which items; the numbers follow from the order. */

static void
certs_add_item(struct certs_work *w, const struct certs_entry *e, size_t which,
    enum settings_tls_file setting)
{
	struct certs_item *item = &w->certs->items[w->certs->n++];
	const char *place = e->place;

	item->names = e->names;
	item->is_alt = which != 0;
	item->info.key = (uint16_t)w->certs->n;
	certs_file_set(&item->cert, e->files[which],
	    settings_tls_files[setting],
	    place != NULL ? place : w->set->tls_places[setting]);
	certs_file_set(&item->key, e->files[which + 1],
	    settings_tls_files[setting + 1],
	    place != NULL ? place : w->set->tls_places[setting + 1]);
}

static void
certs_number(struct certs_work *w)
{
	const struct certs_entry client = { .files = {
		w->set->ssl_client_cert_file, w->set->ssl_client_key_file,
	} };
	size_t i;

	w->certs->items = xcalloc(1 + 2 * w->nentries,
	    sizeof(*w->certs->items));
	if (client.files[0][0] != '\0') {
		certs_add_item(w, &client, 0, SETTINGS_TLS_CLIENT_CERT);
		w->certs->items[0].is_client = true;
	}
	for (i = 0; i < w->nentries; i++) {
		certs_add_item(w, &w->entries[i], 0, SETTINGS_TLS_CERT);
		if (w->entries[i].files[2][0] != '\0')
			certs_add_item(w, &w->entries[i], 2,
			    SETTINGS_TLS_ALT_CERT);
	}
}

/* The sets themselves. */

static int
certs_put(struct certs_work *w, int fd, const struct wire_writer *head)
{

	if (!head->has_failed && memfile_add(fd, head->data, head->len) == 0) {
		if (fd == w->certs->certs_fd)
			w->at += head->len;
		return 0;
	}
	certs_fault(w->faults, &certs_memory, strerror(errno));
	return -1;
}

/* Opens; -1 after a fault. */
static int
certs_open(struct certs_work *w, struct certs_file *f, bool is_secret,
    uint64_t max, size_t *len)
{
	char why[CERTS_WHY_MAX];
	uint64_t bytes;
	struct stat st;
	int fd;

	fd = config_file_open(f->path, is_secret, max, &bytes, why,
	    sizeof(why));
	if (fd == -1) {
		certs_fault(w->faults, f, why);
		return -1;
	}
	if (fstat(fd, &st) == 0)
		certs_file_remember(f, &st);
	*len = (size_t)bytes;
	return fd;
}

/* The bytes of a file behind its head; takes from. */
static int
certs_copy(struct certs_work *w, int to, int from, size_t len,
    const struct certs_file *f)
{
	int rc = memfile_add_file(to, from, len);

	if (rc == -1)
		certs_fault(w->faults, f, errno == EBUSY ?
		    "changes just now" : strerror(errno));
	else if (to == w->certs->certs_fd)
		w->at += len;
	(void)close(from);
	return rc;
}

static int
certs_put_key(struct certs_work *w, struct certs_item *item)
{
	struct wire_writer head;
	uint8_t bytes[16];
	size_t len;
	int fd;

	if ((fd = certs_open(w, &item->key, true, KEY_SET_PEM_MAX,
	    &len)) == -1)
		return -1;
	wire_writer_init(&head, bytes, sizeof(bytes));
	key_set_put(&head, item->info.key, item->is_client, len);
	if (certs_put(w, w->certs->keys_fd, &head) == -1) {
		(void)close(fd);
		return -1;
	}
	return certs_copy(w, w->certs->keys_fd, fd, len, &item->key);
}

/* A chain; NULL puts the mark that there is none. */
static int
certs_put_chain(struct certs_work *w, struct certs_item *item)
{
	struct wire_writer head;
	uint8_t bytes[16];
	size_t len = 0;
	int fd = -1;

	if (item != NULL && (fd = certs_open(w, &item->cert, false,
	    CERT_SET_CHAIN_MAX, &len)) == -1)
		return -1;
	wire_writer_init(&head, bytes, sizeof(bytes));
	cert_set_put_key(&head, item == NULL ? 0 : item->info.key);
	cert_set_put_blob(&head, len);
	if (certs_put(w, w->certs->certs_fd, &head) == -1) {
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	if (item == NULL)
		return 0;
	item->pem_at = w->at;
	item->pem_len = len;
	return certs_copy(w, w->certs->certs_fd, fd, len, &item->cert);
}

static int
certs_put_ca(struct certs_work *w, struct certs_file *f,
    struct certs_file *dir)
{
	struct certs_bundle all = { .n = 0 };
	struct wire_writer head;
	uint8_t bytes[8];
	char why[CERTS_WHY_MAX];
	struct stat st;
	int rc = 0;

	if (f->path[0] != '\0' && certs_bundle_add(&all, f->path,
	    CERT_SET_CA_MAX, why, sizeof(why)) == -1) {
		certs_fault(w->faults, f, why);
		rc = -1;
	}
	if (dir != NULL && dir->path[0] != '\0' && certs_bundle_add_dir(&all,
	    dir->path, CERT_SET_CA_MAX, why, sizeof(why)) == -1) {
		certs_fault(w->faults, dir, why);
		rc = -1;
	}
	if (stat(f->path, &st) == 0)
		certs_file_remember(f, &st);
	wire_writer_init(&head, bytes, sizeof(bytes));
	cert_set_put_blob(&head, all.bytes);
	if (rc == 0)
		rc = certs_put(w, w->certs->certs_fd, &head);
	if (rc == 0 && certs_bundle_copy(&all, w->certs->certs_fd) == -1) {
		certs_fault(w->faults, f, strerror(errno));
		rc = -1;
	}
	w->at += all.bytes;
	certs_bundle_clear(&all);
	return rc;
}

static int
certs_put_names(struct certs_work *w, const char *names)
{
	uint8_t *bytes = xcalloc(1, CERTS_NAMES_BYTES);
	char name[CERT_SET_NAME_MAX + 1];
	struct wire_writer head;
	size_t len;
	int rc;

	wire_writer_init(&head, bytes, CERTS_NAMES_BYTES);
	cert_set_put_names(&head, names == NULL ? 0 :
	    (uint16_t)certs_count_names(names));
	for (names = names == NULL ? "" : names; *names != '\0';
	    names += len + strspn(names + len, " \t")) {
		len = strcspn(names, " \t");
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, names);
		if (len > 0)
			wire_put_text(&head, name);
	}
	rc = certs_put(w, w->certs->certs_fd, &head);
	free(bytes);
	return rc;
}

static int
certs_make_keys(struct certs_work *w)
{
	struct wire_writer head;
	uint8_t bytes[16];
	size_t i;
	int rc;

	wire_writer_init(&head, bytes, sizeof(bytes));
	key_set_begin(&head, (uint16_t)w->certs->n);
	rc = certs_put(w, w->certs->keys_fd, &head);
	for (i = 0; i < w->certs->n; i++)
		rc |= certs_put_key(w, &w->certs->items[i]);
	return rc;
}

static int
certs_make_certs(struct certs_work *w)
{
	struct certs_item *item = w->certs->items;
	struct wire_writer head;
	uint8_t bytes[16];
	size_t i;
	int rc;

	wire_writer_init(&head, bytes, sizeof(bytes));
	cert_set_begin(&head);
	rc = certs_put(w, w->certs->certs_fd, &head);
	rc |= certs_put_ca(w, &w->certs->ca, NULL);
	rc |= certs_put_ca(w, &w->certs->host_ca, &w->certs->host_ca_dir);
	rc |= certs_put_chain(w, w->certs->n > 0 && item->is_client ?
	    item++ : NULL);
	wire_writer_init(&head, bytes, sizeof(bytes));
	cert_set_put_count(&head, (uint32_t)w->nentries);
	rc |= certs_put(w, w->certs->certs_fd, &head);
	for (i = 0; i < w->nentries; i++) {
		rc |= certs_put_chain(w, item++);
		rc |= certs_put_chain(w, w->entries[i].files[2][0] != '\0' ?
		    item++ : NULL);
		rc |= certs_put_names(w, w->entries[i].names);
	}
	return rc;
}

static void
certs_name_bundles(struct certs_work *w)
{
	const struct settings *set = w->set;
	const char *const *places = set->tls_places;

	certs_file_set(&w->certs->ca, set->has_tls ? set->ssl_ca_file : "",
	    settings_tls_files[SETTINGS_TLS_CA], places[SETTINGS_TLS_CA]);
	w->certs->has_own_ca = set->ssl_client_ca_file[0] != '\0' ||
	    set->ssl_client_ca_dir[0] != '\0';
	certs_file_set(&w->certs->host_ca, w->certs->has_own_ca ?
	    set->ssl_client_ca_file : certs_bundle_system(CERT_SET_CA_MAX),
	    settings_tls_files[SETTINGS_TLS_CLIENT_CA],
	    places[SETTINGS_TLS_CLIENT_CA]);
	certs_file_set(&w->certs->host_ca_dir, set->ssl_client_ca_dir,
	    settings_tls_files[SETTINGS_TLS_CLIENT_CA_DIR],
	    places[SETTINGS_TLS_CLIENT_CA_DIR]);
	/* Before they are read: what changes meanwhile is seen later. */
	if (set->ssl_client_ca_dir[0] != '\0')
		w->certs->host_ca_mark =
		    certs_dir_mark(set->ssl_client_ca_dir);
}

static int
certs_make(struct certs_work *w)
{
	struct certs *c = w->certs;

	c->nentries = w->nentries;
	if (c->n == 0 && c->host_ca.path[0] == '\0' &&
	    c->host_ca_dir.path[0] == '\0')
		return 0;
	c->certs_fd = memfile_open("mailwicket-certs");
	c->keys_fd = memfile_open("mailwicket-keys");
	if (c->certs_fd != -1 && c->keys_fd != -1 &&
	    (certs_make_keys(w) | certs_make_certs(w)) != 0)
		return -1;
	if (c->certs_fd == -1 || c->keys_fd == -1 ||
	    memfile_seal(c->certs_fd) == -1 || memfile_seal(c->keys_fd) == -1) {
		certs_fault(w->faults, &certs_memory, strerror(errno));
		return -1;
	}
	return 0;
}

struct certs *
certs_load(const struct settings *set, struct certs_faults *faults)
{
	struct certs_work w = { .set = set, .faults = faults };
	int rc;

	w.certs = xcalloc(1, sizeof(*w.certs));
	w.certs->certs_fd = w.certs->keys_fd = -1;
	certs_collect(&w);
	certs_number(&w);
	certs_name_bundles(&w);
	rc = certs_make(&w);
	free(w.entries);
	if (rc == 0)
		return w.certs;
	certs_free(w.certs);
	return NULL;
}

void
certs_free(struct certs *c)
{
	if (c == NULL)
		return;
	if (c->certs_fd != -1)
		(void)close(c->certs_fd);
	if (c->keys_fd != -1)
		(void)close(c->keys_fd);
	free(c->items);
	free(c->memory);
	free(c);
}
