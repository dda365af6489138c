/*
 * Where else a user can log in.
 * Runs in: login processes.
 * Hostile input: none; auth has checked the row.
 * Never: writes a byte that could end a response code.
 */
#include "login-common/referral.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char *
referral_text(const struct login_auth_referral *m,
    char dst[REFERRAL_TEXT_MAX])
{
	static const char hex[] = "0123456789ABCDEF";
	char *p = dst;

	for (const char *u = m->user; *u != '\0'; u++) {
		unsigned char c = (unsigned char)*u;

		if (c < 0x80 && (isalnum(c) || strchr("-._~", c) != NULL)) {
			*p++ = (char)c;
			continue;
		}
		*p++ = '%';
		*p++ = hex[c >> 4];
		*p++ = hex[c & 15];
	}
	p += snprintf(p, (size_t)(dst + REFERRAL_TEXT_MAX - p), "@%s",
	    m->host);
	if (m->port != 0)
		(void)snprintf(p, (size_t)(dst + REFERRAL_TEXT_MAX - p),
		    ":%u", m->port);
	return dst;
}
