/*
 * Writes credentials as arguments of IMAP commands.
 * Runs in: imap-login.
 * Hostile input: names and passwords, from clients and from SQL rows.
 * Never: drops or changes a byte; lets a byte end the argument.
 */
#include "imap-login/imap_quote.h"

#include <stdio.h>
#include <string.h>

enum imap_quote
imap_quote_kind(const char *text, size_t len)
{
	enum imap_quote kind = IMAP_QUOTE_STRING;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f)
			return IMAP_QUOTE_REFUSED;
		if (c > 0x7f)
			kind = IMAP_QUOTE_LITERAL;
	}
	return kind;
}

ssize_t
imap_quote_put(char *dst, size_t size, const char *text, size_t len)
{
	size_t escapes = 0, n = 0;

	if (imap_quote_kind(text, len) != IMAP_QUOTE_STRING)
		return -1;
	for (size_t i = 0; i < len; i++)
		escapes += text[i] == '"' || text[i] == '\\';
	if (size < 2 || len > size - 2 || escapes > size - 2 - len)
		return -1;
	dst[n++] = '"';
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			dst[n++] = '\\';
		dst[n++] = text[i];
	}
	dst[n++] = '"';
	return (ssize_t)n;
}

ssize_t
imap_quote_literal_put(char *dst, size_t size, size_t len,
    bool has_literal_plus)
{
	char head[IMAP_QUOTE_LITERAL_SIZE];
	int n;

	n = snprintf(head, sizeof(head), "{%zu%s}\r\n", len,
	    has_literal_plus ? "+" : "");
	if (n < 0 || (size_t)n > size)
		return -1;
	memcpy(dst, head, (size_t)n);
	return n;
}
