/*
 * Recognises HTTP and SSH on a mail port.
 * Runs in: imap-login, pop3-login.
 * Hostile input: the first word of each line from a client.
 * Never: reads beyond the word.
 */
#include "login-common/foreign.h"

#include <string.h>

#define SSH_BANNER	"SSH-"

/* Methods are case-sensitive (RFC 9110 section 9.1). PRI opens HTTP/2. */
static const char *const methods[] = {
	"GET", "POST", "HEAD", "PUT", "CONNECT", "OPTIONS", "DELETE", "TRACE",
	"PATCH", "PRI",
};

bool
foreign_is_word(const char *word, size_t len, unsigned char next)
{
	size_t i, n = sizeof(SSH_BANNER) - 1;

	/* Words that hold the hyphen, and those that end before it. */
	if (len >= n && memcmp(word, SSH_BANNER, n) == 0)
		return true;
	if (len == n - 1 && next == '-' && memcmp(word, SSH_BANNER, len) == 0)
		return true;
	if (next != ' ')
		return false;
	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (len == strlen(methods[i]) &&
		    memcmp(word, methods[i], len) == 0)
			return true;
	}
	return false;
}
