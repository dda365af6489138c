/*
 * cert_set: the certificates of the suite in one sealed memory file, made by
 * the master, mapped by every login process: it costs memory once, however
 * many processes and names there are.  Nothing in it is secret.
 *
 * First the head, then ncerts entries; the first entry is for names that no
 * other has.  PEM is as in the files: nobody has looked at it but the
 * tls-signer that checked it.
 */
#ifndef IPC_CERT_SET_H
#define IPC_CERT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/wire.h"

/* Of a chain; and of a bundle of authorities. */
#define CERT_SET_CHAIN_MAX	(64u * 1024)
#define CERT_SET_CA_MAX		(8u * 1024 * 1024)
#define CERT_SET_NAME_MAX	255
#define CERT_SET_NAMES_MAX	4096	/* of one entry */
#define CERT_SET_ENTRIES_MAX	16384
/* All of it; a child maps no more. */
#define CERT_SET_MAX		(1024u * 1024 * 1024)

/* Borrowed from the mapping; pem NULL: there is none. */
struct cert_set_chain {
	uint16_t	 key;		/* its number for tls-signer, not 0 */
	const char	*pem;		/* the own certificate first */
	size_t		 pem_len;
};

struct cert_set_head {
	const char		*ca;		/* ssl_ca_file; NULL: none */
	size_t			 ca_len;
	const char		*host_ca;	/* ssl_client_ca_file, _dir */
	size_t			 host_ca_len;
	struct cert_set_chain	 client;	/* what we show mail hosts */
	uint32_t		 nentries;	/* at least 1 with "ssl" on */
};

/* One certificate and its alternative; the names follow one by one. */
struct cert_set_entry {
	struct cert_set_chain	 first, alt;
	uint16_t		 nnames;	/* of local_name; 0: default */
};

/* A reader over the mapping; the first failure stays. */
void	cert_set_open(struct wire_reader *, const void *, size_t,
	    struct cert_set_head *);
/* The next entry; then cert_set_name() nnames times. */
void	cert_set_entry(struct wire_reader *, struct cert_set_entry *);
void	cert_set_name(struct wire_reader *, char name[CERT_SET_NAME_MAX + 1]);

/*
 * For the master: what stands before a chain's or a bundle's bytes, which it
 * copies from file to file.
 */
void	cert_set_begin(struct wire_writer *);
void	cert_set_put_blob(struct wire_writer *, size_t len);
void	cert_set_put_key(struct wire_writer *, uint16_t key);
void	cert_set_put_count(struct wire_writer *, uint32_t nentries);
void	cert_set_put_names(struct wire_writer *, uint16_t nnames);

#endif
