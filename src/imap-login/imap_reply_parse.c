/*
 * Parser of single lines from an IMAP mail host.
 * Runs in: imap-login.
 * Hostile input: lines of a mail host before the relay begins.
 * Never: allocates; takes something like OK for OK.
 */
#include "imap-login/imap_reply_parse.h"

#include <string.h>

#include "lib/strutil.h"

static const struct {
	const char	*name;
	enum imap_status status;
	bool		 can_be_tagged;
} statuses[] = {
	{ "OK", IMAP_STATUS_OK, true },
	{ "NO", IMAP_STATUS_NO, true },
	{ "BAD", IMAP_STATUS_BAD, true },
	{ "PREAUTH", IMAP_STATUS_PREAUTH, false },
	{ "BYE", IMAP_STATUS_BYE, false },
	{ "CAPABILITY", IMAP_STATUS_CAPABILITY, false },
};

static const struct {
	const char	*name;
	bool		 is_kept;
} codes[] = {
	[IMAP_CODE_NONE] = { "", false },
	[IMAP_CODE_OTHER] = { "", false },
	[IMAP_CODE_ALERT] = { "ALERT", false },
	[IMAP_CODE_AUTHENTICATIONFAILED] = { "AUTHENTICATIONFAILED", true },
	[IMAP_CODE_AUTHORIZATIONFAILED] = { "AUTHORIZATIONFAILED", true },
	[IMAP_CODE_CANNOT] = { "CANNOT", false },
	[IMAP_CODE_CAPABILITY] = { "CAPABILITY", false },
	[IMAP_CODE_CLIENTBUG] = { "CLIENTBUG", false },
	[IMAP_CODE_CONTACTADMIN] = { "CONTACTADMIN", true },
	[IMAP_CODE_CORRUPTION] = { "CORRUPTION", false },
	[IMAP_CODE_EXPIRED] = { "EXPIRED", true },
	[IMAP_CODE_INUSE] = { "INUSE", true },
	[IMAP_CODE_LIMIT] = { "LIMIT", true },
	[IMAP_CODE_NOPERM] = { "NOPERM", false },
	[IMAP_CODE_OVERQUOTA] = { "OVERQUOTA", false },
	[IMAP_CODE_PRIVACYREQUIRED] = { "PRIVACYREQUIRED", false },
	[IMAP_CODE_REFERRAL] = { "REFERRAL", false },
	[IMAP_CODE_SERVERBUG] = { "SERVERBUG", true },
	[IMAP_CODE_UNAVAILABLE] = { "UNAVAILABLE", true },
};

/* Takes n bytes off the front. */
static struct imap_span
take(struct imap_span *s, size_t n)
{
	struct imap_span front = { s->text, n };

	s->text += n;
	s->len -= n;
	return front;
}

/* Takes the bytes up to a blank or the end, and the blank. */
static struct imap_span
take_word(struct imap_span *s)
{
	const char *blank = s->len == 0 ? NULL : memchr(s->text, ' ', s->len);
	struct imap_span word;

	word = take(s, blank == NULL ? s->len : (size_t)(blank - s->text));
	if (blank != NULL)
		take(s, 1);
	return word;
}

/* "{n}" or "{n+}" at the end, whatever stands before it. */
static bool
ends_in_literal(const char *line, size_t len)
{
	size_t i = len;

	if (i < 3 || line[--i] != '}')
		return false;
	if (line[i - 1] == '+')
		i--;
	if (line[i - 1] < '0' || line[i - 1] > '9')
		return false;
	while (i > 0 && line[i - 1] >= '0' && line[i - 1] <= '9')
		i--;
	return i > 0 && line[i - 1] == '{';
}

static enum imap_status
find_status(struct imap_span word, bool is_tagged)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (str_span_is(word.text, word.len, statuses[i].name) &&
		    (!is_tagged || statuses[i].can_be_tagged))
			return statuses[i].status;
	}
	return is_tagged ? IMAP_STATUS_NONE : IMAP_STATUS_OTHER;
}

static enum imap_code
find_code(struct imap_span word)
{
	for (int i = IMAP_CODE_OTHER + 1; i <= IMAP_CODE_LAST; i++) {
		if (str_span_is(word.text, word.len, codes[i].name))
			return (enum imap_code)i;
	}
	return IMAP_CODE_OTHER;
}

/* resp-text: an optional code in brackets, then text. */
static void
parse_text(struct imap_reply *r, struct imap_span rest)
{
	const char *end;

	r->text = rest;
	if (rest.len == 0 || rest.text[0] != '[')
		return;
	end = memchr(rest.text, ']', rest.len);
	if (end == NULL || end == rest.text + 1)
		return;
	take(&rest, 1);
	r->code_text = take(&rest, (size_t)(end - rest.text));
	take(&rest, 1);
	if (rest.len > 0 && rest.text[0] == ' ')
		take(&rest, 1);
	r->text = rest;
	rest = r->code_text;
	r->code = find_code(take_word(&rest));
	if (r->code == IMAP_CODE_CAPABILITY)
		r->capabilities = rest;
}

/* Printable bytes without those that open something; not "+" and "*". */
static bool
tag_is_valid(struct imap_span tag)
{
	if (tag.len == 0)
		return false;
	for (size_t i = 0; i < tag.len; i++) {
		if (tag.text[i] < 0x21 || tag.text[i] > 0x7e ||
		    strchr("(){%*\"\\+", tag.text[i]) != NULL)
			return false;
	}
	return true;
}

void
imap_reply_parse(struct imap_reply *r, const char *line, size_t len)
{
	struct imap_span rest = { line, len }, word;

	*r = (struct imap_reply){ .kind = IMAP_REPLY_INVALID };
	if (len == 0 || memchr(line, '\0', len) != NULL)
		return;
	r->ends_in_literal = ends_in_literal(line, len);
	word = take_word(&rest);
	if (word.len == 1 && word.text[0] == '+') {
		r->kind = IMAP_REPLY_CONTINUATION;
		r->text = rest;
		return;
	}
	if (word.len == 1 && word.text[0] == '*') {
		word = take_word(&rest);
		if (word.len == 0)
			return;
		r->kind = IMAP_REPLY_UNTAGGED;
		r->status = find_status(word, false);
	} else if (tag_is_valid(word)) {
		r->tag = word;
		r->status = find_status(take_word(&rest), true);
		if (r->status == IMAP_STATUS_NONE)
			return;
		r->kind = IMAP_REPLY_TAGGED;
	} else
		return;
	if (r->status == IMAP_STATUS_CAPABILITY)
		r->capabilities = rest;
	else if (r->status != IMAP_STATUS_OTHER)
		parse_text(r, rest);
}

bool
imap_reply_has_tag(const struct imap_reply *r, const char *tag)
{
	return r->kind == IMAP_REPLY_TAGGED && r->tag.len == strlen(tag) &&
	    memcmp(r->tag.text, tag, r->tag.len) == 0;
}

/* A word that can stand in an answer to the client. */
static bool
word_is_clean(struct imap_span word)
{
	for (size_t i = 0; i < word.len; i++) {
		if (word.text[i] < 0x21 || word.text[i] > 0x7e ||
		    word.text[i] == ']')
			return false;
	}
	return word.len > 0;
}

bool
imap_capability_next(struct imap_span *list, struct imap_span *word)
{
	while (list->len > 0) {
		*word = take_word(list);
		if (word_is_clean(*word))
			return true;
	}
	return false;
}

bool
imap_capability_has(struct imap_span list, const char *name)
{
	struct imap_span word;

	while (imap_capability_next(&list, &word)) {
		if (str_span_is(word.text, word.len, name))
			return true;
	}
	return false;
}

const char *
imap_code_name(enum imap_code code)
{
	return codes[code].name;
}

bool
imap_code_is_kept(enum imap_code code)
{
	return codes[code].is_kept;
}
