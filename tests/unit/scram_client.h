/* scram_client: the client's side of SCRAM, and stored keys, for tests. */
#ifndef TESTS_UNIT_SCRAM_CLIENT_H
#define TESTS_UNIT_SCRAM_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/digest.h"

#define SCRAM_CLIENT_TEXT	1024

struct scram_client {
	enum digest_kind	 digest;
	const char		*pass;
	const char		*header;	/* gs2: "n,," */
	char			 bare[SCRAM_CLIENT_TEXT];	/* of first */
	char			 first[SCRAM_CLIENT_TEXT];
	char			 final[SCRAM_CLIENT_TEXT];
	char			 wanted[SCRAM_CLIENT_TEXT];	/* "v=..." */
};

/* "{SCRAM-...}rounds,salt,StoredKey,ServerKey"; the salt in base64. */
void	scram_hash(char *dst, size_t size, enum digest_kind, const char *pass,
	    const char *salt, unsigned int rounds);
/* Makes first. */
void	scram_client_begin(struct scram_client *, const char *user,
	    const char *nonce);
/* Answers a challenge by final; false: it is none, or not ours. */
bool	scram_client_answer(struct scram_client *, const char *challenge,
	    const char *nonce);

#endif
