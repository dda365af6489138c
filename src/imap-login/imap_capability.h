/*
 * imap_capability: lists of capabilities that a client is told, blanks
 * between the words.  What depends on the connection, STARTTLS, LOGINDISABLED
 * and AUTH=, is nobody's to say but ours: neither a host's nor a setting's.
 * UNAUTHENTICATE is not told: who logs in anew does that by a new connection.
 */
#ifndef IMAP_LOGIN_IMAP_CAPABILITY_H
#define IMAP_LOGIN_IMAP_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>

#include "imap-login/imap_reply_parse.h"

/* Makes a list empty, and adds the words of another as far as they fit. */
void	imap_capability_set(char *list, size_t size, struct imap_span words);
/* Adds to it what it has not yet (RFC 3501: words are case-blind). */
void	imap_capability_add(char *list, size_t size, struct imap_span words);
/* Has it all of the words but those that depend on the connection? */
bool	imap_capability_has_all(struct imap_span list, const char *words);

#endif
