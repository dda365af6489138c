/*
 * Lines of a POP3 mail host: spans stay in the line, and only what is
 * exactly +OK is +OK.
 * Runs in: make check, libFuzzer.
 * Hostile input: what the mail host sends.
 * Never: ships in a program.
 */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "fuzz.h"
#include "pop3-login/pop3_reply_parse.h"

static void
check_span(struct pop3_span s, const char *line, size_t len)
{
	if (s.len == 0)
		return;
	CHECK(s.text >= line && s.text <= line + len);
	CHECK(s.len <= (size_t)(line + len - s.text));
}

static bool
begins(const char *line, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && memcmp(line, word, n) == 0 &&
	    (len == n || line[n] == ' ');
}

static void
check_line(const char *line, size_t len)
{
	struct pop3_reply r;
	bool has_nul = len > 0 && memchr(line, '\0', len) != NULL;

	pop3_reply_parse(&r, line, len);
	check_span(r.code_text, line, len);
	check_span(r.text, line, len);
	CHECK((r.kind == POP3_REPLY_OK) ==
	    (!has_nul && begins(line, len, "+OK")));
	CHECK((r.kind == POP3_REPLY_ERR) ==
	    (!has_nul && begins(line, len, "-ERR")));
	CHECK((r.kind == POP3_REPLY_CONTINUATION) ==
	    (!has_nul && begins(line, len, "+")));
	CHECK((unsigned int)r.code <= POP3_CODE_LAST);
	if (r.code > POP3_CODE_OTHER)
		CHECK(r.code_text.len == strlen(pop3_code_name(r.code)) &&
		    strncasecmp(r.code_text.text, pop3_code_name(r.code),
		    r.code_text.len) == 0);
	if (pop3_code_is_kept(r.code))
		CHECK(r.code > POP3_CODE_OTHER);
	/* The text is what stands at the end of the line. */
	if (r.text.len > 0)
		CHECK(r.text.text + r.text.len == line + len);
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
		free(line);
		start += n + 1;
	}
	return 0;
}
