/*
 * The meaning of the pieces of an IMAP command.
 * Runs in: imap-login.
 * Hostile input: tokens of commands that imap_parse() found well-formed.
 * Never: reads beyond the token; changes what it copies but for the escapes.
 */
#include "imap-login/imap_token.h"

#include <string.h>

#include "lib/strutil.h"

/* Copies a quoted string without its escapes; dst has room for all of it. */
static size_t
unescape(char *dst, const char *src, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (src[i] == '\\' && i + 1 < len)
			i++;
		dst[n++] = src[i];
	}
	return n;
}

/* Length of a quoted string without its escapes. */
static size_t
unescaped_length(const char *src, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++, n++) {
		if (src[i] == '\\' && i + 1 < len)
			i++;
	}
	return n;
}

size_t
imap_token_text(const struct imap_token *token, const char *buf, char *dst,
    size_t size)
{
	const char *src = buf + token->off;
	size_t n = token->len;

	if (token->kind == IMAP_LIST || token->kind == IMAP_NIL)
		return (size_t)-1;
	if (token->kind == IMAP_QUOTED)
		n = unescaped_length(src, token->len);
	if (n >= size)
		return (size_t)-1;
	if (token->kind == IMAP_QUOTED)
		unescape(dst, src, token->len);
	else
		memcpy(dst, src, n);
	dst[n] = '\0';
	return n;
}

bool
imap_token_is(const struct imap_token *token, const char *buf,
    const char *word)
{
	return str_span_is(buf + token->off, token->len, word);
}

/* Reads the size of a literal whose "{" is at *pos; moves to its bytes. */
static uint32_t
literal_size(const char *buf, uint32_t *pos)
{
	uint32_t n = 0;

	for (++*pos; buf[*pos] != '\n'; ++*pos) {
		if (buf[*pos] >= '0' && buf[*pos] <= '9')
			n = n * 10 + (uint32_t)(buf[*pos] - '0');
	}
	++*pos;
	return n;
}

/* The string or NIL at *pos; moves behind it. */
static struct imap_token
next_item(const char *buf, uint32_t *pos)
{
	struct imap_token item = { IMAP_NIL, *pos, 3 };

	switch (buf[*pos]) {
	case '"':
		item.kind = IMAP_QUOTED;
		item.off = ++*pos;
		for (; buf[*pos] != '"'; ++*pos) {
			if (buf[*pos] == '\\')
				++*pos;
		}
		item.len = *pos - item.off;
		++*pos;
		break;
	case '{':
		item.kind = IMAP_LITERAL;
		item.len = literal_size(buf, pos);
		item.off = *pos;
		*pos += item.len;
		break;
	default:
		*pos += item.len;
		break;
	}
	return item;
}

bool
imap_id_next(const struct imap_token *list, const char *buf, uint32_t *pos,
    struct imap_token *key, struct imap_token *value)
{
	uint32_t i = list->off + *pos;

	if (list->kind != IMAP_LIST)
		return false;
	/* Before each key stands "(" or a blank; at the end ")". */
	i++;
	if (i >= list->off + list->len || buf[i] == ')')
		return false;
	*key = next_item(buf, &i);
	i++;
	*value = next_item(buf, &i);
	*pos = i - list->off;
	return true;
}
