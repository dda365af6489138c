/*
 * Lists of capabilities for clients.
 * Runs in: imap-login.
 * Hostile input: the lists of mail hosts.
 * Never: hands on what a host says of the connection to us.
 */
#include "imap-login/imap_capability.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "lib/strutil.h"

/*
 * What was true of another connection, or another time.  UNAUTHENTICATE
 * (RFC 8437) leads to a login that we would not see, with names and passwords
 * that the host need not know.
 */
static bool
imap_capability_is_ours(struct imap_span word)
{
	static const char *const words[] = { "STARTTLS", "LOGINDISABLED",
	    "UNAUTHENTICATE" };
	static const char auth[] = "AUTH=";
	const size_t n = sizeof(auth) - 1;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_span_is(word.text, word.len, words[i]))
			return true;
	return word.len >= n && str_span_is(word.text, n, auth);
}

/* Is the word in the list, in any case? */
static bool
imap_capability_is_in(struct imap_span list, struct imap_span word)
{
	struct imap_span other;

	while (imap_capability_next(&list, &other))
		if (other.len == word.len && strncasecmp(other.text,
		    word.text, word.len) == 0)
			return true;
	return false;
}

void
imap_capability_set(char *list, size_t size, struct imap_span words)
{
	list[0] = '\0';
	imap_capability_add(list, size, words);
}

void
imap_capability_add(char *list, size_t size, struct imap_span words)
{
	size_t n = strlen(list);
	struct imap_span word;

	while (imap_capability_next(&words, &word)) {
		if (imap_capability_is_ours(word) || imap_capability_is_in(
		    (struct imap_span){ list, n }, word))
			continue;
		if (n + word.len + 2 > size)
			break;
		if (n > 0)
			list[n++] = ' ';
		memcpy(list + n, word.text, word.len);
		n += word.len;
		list[n] = '\0';
	}
}

bool
imap_capability_has_all(struct imap_span list, const char *words)
{
	struct imap_span all = { words, strlen(words) }, word;

	while (imap_capability_next(&all, &word)) {
		if (!imap_capability_is_ours(word) &&
		    !imap_capability_is_in(list, word))
			return false;
	}
	return true;
}
