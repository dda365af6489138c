/*
 * Parser of single lines from a POP3 mail host.
 * Runs in: pop3-login.
 * Hostile input: lines of a mail host before the relay begins.
 * Never: allocates; takes something like +OK for +OK.
 */
#include "pop3-login/pop3_reply_parse.h"

#include <string.h>

#include "lib/strutil.h"

static const struct {
	const char		*word;
	enum pop3_reply_kind	 kind;
} statuses[] = {
	{ "+OK", POP3_REPLY_OK },
	{ "-ERR", POP3_REPLY_ERR },
	{ "+", POP3_REPLY_CONTINUATION },
};

static const struct {
	const char	*name;
	bool		 is_kept;
} codes[] = {
	[POP3_CODE_NONE] = { "", false },
	[POP3_CODE_OTHER] = { "", false },
	[POP3_CODE_AUTH] = { "AUTH", true },
	[POP3_CODE_IN_USE] = { "IN-USE", true },
	[POP3_CODE_LOGIN_DELAY] = { "LOGIN-DELAY", true },
	[POP3_CODE_SYS_PERM] = { "SYS/PERM", true },
	[POP3_CODE_SYS_TEMP] = { "SYS/TEMP", true },
};

static enum pop3_code
find_code(struct pop3_span code)
{
	for (int i = POP3_CODE_OTHER + 1; i <= POP3_CODE_LAST; i++) {
		if (str_span_is(code.text, code.len, codes[i].name))
			return (enum pop3_code)i;
	}
	return POP3_CODE_OTHER;
}

/* An optional code in brackets, then text. */
static void
parse_text(struct pop3_reply *r, const char *text, size_t len)
{
	const char *end;
	size_t n;

	r->text = (struct pop3_span){ text, len };
	if (len == 0 || text[0] != '[')
		return;
	end = memchr(text, ']', len);
	if (end == NULL || end == text + 1)
		return;
	n = (size_t)(end - text);
	r->code_text = (struct pop3_span){ text + 1, n - 1 };
	r->code = find_code(r->code_text);
	n++;
	if (n < len && text[n] == ' ')
		n++;
	r->text = (struct pop3_span){ text + n, len - n };
}

void
pop3_reply_parse(struct pop3_reply *r, const char *line, size_t len)
{
	*r = (struct pop3_reply){ .kind = POP3_REPLY_INVALID };
	if (len == 0 || memchr(line, '\0', len) != NULL)
		return;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		size_t n = strlen(statuses[i].word);

		if (len < n || memcmp(line, statuses[i].word, n) != 0 ||
		    (len > n && line[n] != ' '))
			continue;
		r->kind = statuses[i].kind;
		if (len > n)
			n++;
		if (r->kind == POP3_REPLY_CONTINUATION)
			r->text = (struct pop3_span){ line + n, len - n };
		else
			parse_text(r, line + n, len - n);
		return;
	}
}

const char *
pop3_code_name(enum pop3_code code)
{
	return codes[code].name;
}

bool
pop3_code_is_kept(enum pop3_code code)
{
	return codes[code].is_kept;
}
