/*
 * session_id: a short text that names one session in every log line.
 * Runs in: login processes.
 * Hostile input: none.
 * Never: gives the same id twice, whatever the process.
 */
#include "login-common/session_id.h"

#include <stddef.h>
#include <stdint.h>

#include "lib/rnd.h"

#define SESSION_ID_BYTES	12

void
session_id_make(char dst[17])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t random[SESSION_ID_BYTES];
	const uint8_t *p = random;
	uint32_t v;
	size_t i;

	rnd_bytes(random, sizeof(random));
	for (i = 0; i < SESSION_ID_BYTES; i += 3, p += 3, dst += 4) {
		v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		dst[0] = digits[v >> 18];
		dst[1] = digits[v >> 12 & 63];
		dst[2] = digits[v >> 6 & 63];
		dst[3] = digits[v & 63];
	}
	*dst = '\0';
}
