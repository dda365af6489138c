/*
 * What tls-signer signs: whatever it accepts has one of a few shapes.
 * Runs in: make check, fuzzing.
 * Hostile input: the whole input: algorithm, side, then the bytes.
 * Never: ships in a program.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "ipc/login_signer.h"
#include "tls-signer/transcript.h"

/* RFC 8446, 4.4.3: with SHA-256 and SHA-384. */
static bool
is_1_3(const uint8_t *p, size_t len, const char *side)
{
	return (len == 130 || len == 146) && memcmp(p + 64, "TLS 1.3, ", 9) ==
	    0 && memcmp(p + 73, side, 6) == 0 && p[97] == '\0';
}

/* RFC 8422, 5.4: randoms, a named curve, a point of its length. */
static bool
is_server_key(const uint8_t *p, size_t len)
{
	return (len == 100 || len == 124 || len == 133 || len == 165 ||
	    len == 201) && p[64] == 3 && p[67] == len - 68;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	const uint8_t *p;
	bool is_client;
	size_t len;

	if (data_bytes < 2 || data_bytes - 2 > LOGIN_SIGNER_TBS_MAX)
		return 0;
	p = data + 2;
	len = data_bytes - 2;
	is_client = (data[1] & 1) != 0;
	if (!transcript_is_signable(data[0] % (LOGIN_SIGNER_ALG_LAST + 1),
	    is_client, p, len))
		return 0;
	if (!is_client && !is_1_3(p, len, "server") && !is_server_key(p, len))
		abort();
	/* Messages from the client's hello to its key. */
	if (is_client && !is_1_3(p, len, "client") &&
	    (len < 12 || p[0] != 1))
		abort();
	/* No bytes are good for both sides. */
	if (transcript_is_signable(data[0] % (LOGIN_SIGNER_ALG_LAST + 1),
	    !is_client, p, len))
		abort();
	return 0;
}
