/*
 * password_scram: the keys that a server of SCRAM stores for a password (RFC
 * 5802, section 3), as they stand in "{SCRAM-SHA-256}rounds,salt,key,key".
 */
#ifndef LIB_PASSWORD_SCRAM_H
#define LIB_PASSWORD_SCRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/digest.h"

/* Longer salts are of no use; all that store keys have 12 to 32 bytes. */
#define PASSWORD_SALT_MAX	64

struct password_scram {
	bool		has_keys;	/* false: a dummy's rounds and salt */
	uint32_t	rounds;
	size_t		slen;
	uint8_t		salt[PASSWORD_SALT_MAX];
	uint8_t		stored[DIGEST_BYTES_MAX];	/* StoredKey */
	uint8_t		server[DIGEST_BYTES_MAX];	/* ServerKey */
};

/*
 * Reads the keys of a full hash (password.h).  -1 when it is of another
 * scheme or digest, or malformed.
 */
int	password_scram_get(struct password_scram *, enum digest_kind,
	    const char *full_hash) __attribute__((warn_unused_result));

#endif
