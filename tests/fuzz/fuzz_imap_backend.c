/*
 * Lines of an IMAP mail host, and credentials written to it: spans stay in
 * the line, only what is exactly OK is OK, one command is one command.
 * Runs in: make check, libFuzzer.
 * Hostile input: what the mail host sends; names and passwords.
 * Never: ships in a program.
 */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "fuzz.h"
#include "imap-login/imap_quote.h"
#include "imap-login/imap_reply_parse.h"

static void
check_span(struct imap_span s, const char *line, size_t len)
{
	if (s.len == 0)
		return;
	CHECK(s.text >= line && s.text <= line + len);
	CHECK(s.len <= (size_t)(line + len - s.text));
}

/* Does the line have this word behind off, and then a blank or nothing? */
static bool
has_word(const char *line, size_t len, size_t off, const char *word)
{
	size_t n = strlen(word);

	return len >= off + n && strncasecmp(line + off, word, n) == 0 &&
	    (len == off + n || line[off + n] == ' ');
}

static void
check_capabilities(struct imap_span list)
{
	struct imap_span word, all = list;
	char name[64];

	while (imap_capability_next(&list, &word)) {
		check_span(word, all.text, all.len);
		CHECK(word.len > 0);
		for (size_t i = 0; i < word.len; i++)
			CHECK(word.text[i] > 0x20 && word.text[i] < 0x7f);
		if (word.len >= sizeof(name))
			continue;
		memcpy(name, word.text, word.len);
		name[word.len] = '\0';
		CHECK(imap_capability_has(all, name));
	}
}

static void
check_tagged(const struct imap_reply *r, const char *line, size_t len)
{
	char tag[64];

	CHECK(r->tag.text == line && r->tag.len > 0);
	CHECK(line[r->tag.len] == ' ');
	if (r->status == IMAP_STATUS_OK)
		CHECK(has_word(line, len, r->tag.len + 1, "OK"));
	else if (r->status == IMAP_STATUS_NO)
		CHECK(has_word(line, len, r->tag.len + 1, "NO"));
	else
		CHECK(r->status == IMAP_STATUS_BAD &&
		    has_word(line, len, r->tag.len + 1, "BAD"));
	if (r->tag.len < sizeof(tag)) {
		memcpy(tag, line, r->tag.len);
		tag[r->tag.len] = '\0';
		CHECK(imap_reply_has_tag(r, tag));
		tag[0] ^= 0x20;
		CHECK(!imap_reply_has_tag(r, tag));
	}
}

static void
check_line(const char *line, size_t len)
{
	struct imap_reply r;

	imap_reply_parse(&r, line, len);
	check_span(r.tag, line, len);
	check_span(r.code_text, line, len);
	check_span(r.text, line, len);
	check_span(r.capabilities, line, len);
	check_capabilities(r.capabilities);
	CHECK((unsigned int)r.code <= IMAP_CODE_LAST);
	CHECK(r.code == IMAP_CODE_NONE || r.code_text.len > 0);
	if (r.code > IMAP_CODE_OTHER)
		CHECK(has_word(r.code_text.text, r.code_text.len, 0,
		    imap_code_name(r.code)));
	if (imap_code_is_kept(r.code))
		CHECK(imap_code_name(r.code)[0] != '\0');
	if (r.ends_in_literal)
		CHECK(len >= 3 && line[len - 1] == '}');
	if (r.kind != IMAP_REPLY_INVALID)
		CHECK(memchr(line, '\0', len) == NULL);
	if (r.kind == IMAP_REPLY_TAGGED)
		check_tagged(&r, line, len);
	else
		CHECK(!imap_reply_has_tag(&r, "*"));
	if (r.kind == IMAP_REPLY_UNTAGGED && r.status == IMAP_STATUS_OK)
		CHECK(has_word(line, len, 2, "OK"));
	if (r.kind == IMAP_REPLY_CONTINUATION)
		CHECK(has_word(line, len, 0, "+"));
}

/* A strict reader of a quoted string of its own; -1 when it is none. */
static ssize_t
read_quoted(const char *in, size_t len, char *out)
{
	size_t n = 0, i = 1;

	if (len < 2 || in[0] != '"')
		return -1;
	for (; i < len && in[i] != '"'; i++) {
		bool is_escape = in[i] == '\\';

		if (is_escape)
			i++;
		if (i == len || in[i] < 0x20 || in[i] > 0x7e)
			return -1;
		if (is_escape && in[i] != '\\' && in[i] != '"')
			return -1;
		out[n++] = in[i];
	}
	/* The string must end exactly where the writer says. */
	return i == len - 1 ? (ssize_t)n : -1;
}

static void
check_quote(const char *text, size_t len)
{
	char *dst = malloc(IMAP_QUOTE_SIZE(len)), *back = malloc(len + 1);
	enum imap_quote kind = imap_quote_kind(text, len);
	ssize_t n;

	CHECK(dst != NULL && back != NULL);
	n = imap_quote_put(dst, IMAP_QUOTE_SIZE(len), text, len);
	CHECK((n == -1) == (kind != IMAP_QUOTE_STRING));
	if (n != -1) {
		CHECK(read_quoted(dst, (size_t)n, back) == (ssize_t)len);
		CHECK(memcmp(back, text, len) == 0);
		CHECK(imap_quote_put(dst, (size_t)n - 1, text, len) == -1);
	}
	if (kind != IMAP_QUOTE_REFUSED) {
		CHECK(memchr(text, '\r', len) == NULL);
		CHECK(memchr(text, '\n', len) == NULL);
		CHECK(memchr(text, '\0', len) == NULL);
	}
	free(dst);
	free(back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* Each line alone in memory, so that ASan sees each overrun. */
	for (size_t start = 0; start < len;) {
		const uint8_t *lf = memchr(data + start, '\n', len - start);
		size_t n = lf == NULL ? len - start :
		    (size_t)(lf - data) - start;
		char *line = malloc(n == 0 ? 1 : n);

		CHECK(line != NULL);
		memcpy(line, data + start, n);
		check_line(line, n > 0 && line[n - 1] == '\r' ? n - 1 : n);
		check_quote(line, n);
		free(line);
		start += n + 1;
	}
	check_quote((const char *)data, len);
	return 0;
}
