/*
 * key_set: the private keys of the suite in one sealed memory file, made by
 * the master, which copies them from file to file without reading them, and
 * read by tls-signer alone.
 */
#ifndef IPC_KEY_SET_H
#define IPC_KEY_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/wire.h"

#define KEY_SET_PEM_MAX	(64u * 1024)
#define KEY_SET_MAX	(256u * 1024 * 1024)	/* all of it */

/* Borrowed from the mapping. */
struct key_set_key {
	uint16_t	 key;		/* its number, not 0 */
	bool		 is_client;	/* signs as a client, not as a server */
	const char	*pem;
	size_t		 pem_len;
};

/* A reader over the mapping; the first failure stays.  How many keys. */
size_t	key_set_open(struct wire_reader *, const void *, size_t);
void	key_set_next(struct wire_reader *, struct key_set_key *);

/* For the master; the bytes of each key follow. */
void	key_set_begin(struct wire_writer *, uint16_t nkeys);
void	key_set_put(struct wire_writer *, uint16_t key, bool is_client,
	    size_t pem_len);

#endif
