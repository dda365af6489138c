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

/* Random bytes are fetched for so many ids at a time: one call less each. */
#define SESSION_ID_BATCH	64
#define SESSION_ID_BYTES	12

void
session_id_make(char dst[17])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	static uint8_t batch[SESSION_ID_BATCH][SESSION_ID_BYTES];
	static size_t left;
	const uint8_t *p;
	uint32_t v;
	size_t i;

	if (left == 0) {
		rnd_bytes(batch, sizeof(batch));
		left = SESSION_ID_BATCH;
	}
	p = batch[--left];
	for (i = 0; i < SESSION_ID_BYTES; i += 3, p += 3, dst += 4) {
		v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		dst[0] = digits[v >> 18];
		dst[1] = digits[v >> 12 & 63];
		dst[2] = digits[v >> 6 & 63];
		dst[3] = digits[v & 63];
	}
	*dst = '\0';
}
