/*
 * Which auth process a user belongs to.
 * Runs in: master, imap-login, pop3-login, auth.
 * Hostile input: names of clients.
 * Never: depends on anything but its arguments: all processes must agree.
 */
#include "ipc/auth_choice.h"

#include <string.h>

/* FNV-1a, 64 bits: public domain, Fowler, Noll and Vo. */
#define AUTH_CHOICE_BASIS	UINT64_C(0xcbf29ce484222325)
#define AUTH_CHOICE_PRIME	UINT64_C(0x100000001b3)

uint32_t
auth_choice(const char *user, size_t len, const char *separator)
{
	uint64_t hash = AUTH_CHOICE_BASIS;
	const char *end = NULL;

	if (separator[0] != '\0')
		end = memchr(user, separator[0], len);
	if (end != NULL)
		len = (size_t)(end - user);
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = (uint8_t)user[i];

		if (byte >= 'A' && byte <= 'Z')
			byte = (uint8_t)(byte - 'A' + 'a');
		hash = (hash ^ byte) * AUTH_CHOICE_PRIME;
	}
	/* The low bits alone would show the last byte too well. */
	return (uint32_t)(hash ^ hash >> 32);
}

uint32_t
auth_share(uint32_t total, uint32_t index, uint32_t count)
{
	uint32_t part = total / count + (index < total % count);

	return part == 0 ? 1 : part;
}
