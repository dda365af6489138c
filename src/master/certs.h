/*
 * certs: the certificates and keys of the settings, as they are handed to
 * children.  The master opens the files and has the kernel copy them; what
 * they say is found out by a tls-signer in check mode (certs_check.c).
 */
#ifndef MASTER_CERTS_H
#define MASTER_CERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "ipc/master_tls.h"

struct settings;

#define CERTS_FAULTS_MAX	10
#define CERTS_FAULT_BYTES	1024

/* "file:line: setting: path: why". */
struct certs_faults {
	char	text[CERTS_FAULTS_MAX][CERTS_FAULT_BYTES];
	size_t	n;
	size_t	nmore;		/* found, but not kept */
};

/* What a file was when it was opened; another one is a change. */
struct certs_file {
	const char	*path;		/* of the settings; "" for none */
	const char	*setting, *place;
	dev_t		 dev;
	ino_t		 ino;
	off_t		 size;
	struct timespec	 changed;
};

/* A certificate with its key. */
struct certs_item {
	struct certs_file	 cert, key;
	const char		*names;	/* of local_names; NULL */
	bool			 is_alt, is_client;
	bool			 has_info;
	struct child_tls_cert	 info;	/* key: the item's number */
	size_t			 pem_at, pem_len;	/* in the cert_set */
};

struct certs {
	int			 certs_fd, keys_fd;	/* sealed; -1: none */
	size_t			 n;
	struct certs_item	*items;	/* by number, which is from 1 */
	size_t			 nentries;	/* of the cert_set */
	struct certs_file	 ca, host_ca, host_ca_dir;
	uint64_t		 host_ca_mark;	/* certs_dir_mark() */
	bool			 has_own_ca;	/* host_ca is no default */
	uint64_t		 warned_day;	/* of expiry: Unix days */
	void			*memory;	/* of the names */
};

/* Opens all; NULL with faults.  The settings are borrowed. */
struct certs	*certs_load(const struct settings *, struct certs_faults *);
void		 certs_free(struct certs *);
/* Is one of the files another one than it was? */
bool		 certs_have_changed(const struct certs *);
/* Where a certificate is used: "default", "mail hosts", or names. */
const char	*certs_item_use(const struct certs_item *);

void	certs_fault(struct certs_faults *, const struct certs_file *,
	    const char *why);

#endif
