/*
 * The IMAP command parser: the same events however the bytes are split,
 * well-formed tokens, and credentials that survive being written again.
 * Runs in: make check, libFuzzer.
 * Hostile input: what the client sends.
 * Never: ships in a program.
 */
#include <stdbool.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "imap-login/imap_parse.h"
#include "imap-login/imap_quote.h"

#define TEXT_MAX	(IMAP_COMMAND_MAX + 1)

static char text[IMAP_ARGS_MAX][TEXT_MAX];

static void
check_token(const struct imap_token *t, const char *buf, size_t used)
{
	CHECK(t->off <= used && t->len <= used - t->off);
	CHECK(memchr(buf + t->off, '\0', t->len) == NULL);
	if (t->kind == IMAP_LITERAL)
		return;
	for (uint32_t i = 0; i < t->len; i++) {
		unsigned char c = (unsigned char)buf[t->off + i];

		if (t->kind == IMAP_ATOM || t->kind == IMAP_NIL)
			CHECK(c > 0x20 && c < 0x7f);
		else if (t->kind == IMAP_QUOTED)
			CHECK(c < 0x80 && c != '\r' && c != '\n');
	}
}

static void
check_id(const struct imap_token *list, const char *buf)
{
	struct imap_token key, value;
	uint32_t pos = 0;
	int n = 0;

	CHECK(buf[list->off] == '(');
	CHECK(buf[list->off + list->len - 1] == ')');
	while (imap_id_next(list, buf, &pos, &key, &value)) {
		check_token(&key, buf, list->off + list->len);
		check_token(&value, buf, list->off + list->len);
		CHECK(key.kind == IMAP_QUOTED || key.kind == IMAP_LITERAL);
		CHECK(value.kind != IMAP_ATOM && value.kind != IMAP_LIST);
		CHECK(key.off > list->off && value.off > key.off + key.len);
		CHECK(key.len <= IMAP_ID_STRING_MAX);
		CHECK(value.len <= IMAP_ID_STRING_MAX);
		CHECK(++n <= IMAP_ID_PAIRS_MAX);
	}
}

/* A name and password as LOGIN to a mail host read back the same. */
static void
check_login(size_t user_len, size_t pass_len)
{
	static char line[4 * TEXT_MAX];
	const size_t lens[2] = { user_len, pass_len };
	struct imap_parser p;
	struct imap_command cmd;
	size_t n = 7, used;

	memcpy(line, "x LOGIN", n);
	for (int i = 0; i < 2; i++) {
		size_t room = sizeof(line) - n;
		ssize_t k;

		line[n++] = ' ';
		switch (imap_quote_kind(text[i], lens[i])) {
		case IMAP_QUOTE_STRING:
			k = imap_quote_put(line + n, room, text[i], lens[i]);
			break;
		case IMAP_QUOTE_LITERAL:
			if (lens[i] > IMAP_LITERAL_MAX)
				return;
			k = imap_quote_literal_put(line + n, room, lens[i],
			    true);
			CHECK(k > 0);
			memcpy(line + n + k, text[i], lens[i]);
			k += (ssize_t)lens[i];
			break;
		case IMAP_QUOTE_REFUSED:
		default:
			return;
		}
		CHECK(k >= 0);
		n += (size_t)k;
	}
	if (n > IMAP_LINE_MAX)
		return;
	memcpy(line + n, "\r\n", 2);
	n += 2;
	imap_parser_init(&p);
	CHECK(imap_parse(&p, line, n, &cmd, &used) == IMAP_PARSE_COMMAND);
	CHECK(used == n && cmd.nargs == 2);
	for (int i = 0; i < 2; i++) {
		static char back[TEXT_MAX];

		CHECK(imap_token_text(&cmd.args[i], line, back,
		    sizeof(back)) == lens[i]);
		CHECK(memcmp(back, text[i], lens[i]) == 0);
	}
}

static void
check_command(const struct imap_command *cmd, const char *buf, size_t used)
{
	size_t n[IMAP_ARGS_MAX] = { 0 };

	CHECK(cmd->error == IMAP_ERROR_NONE && cmd->has_tag);
	CHECK(cmd->nargs <= IMAP_ARGS_MAX);
	CHECK(cmd->verb.len > 0);
	check_token(&cmd->verb, buf, used);
	for (unsigned int i = 0; i < cmd->nargs; i++) {
		const struct imap_token *t = &cmd->args[i];

		check_token(t, buf, used);
		n[i] = imap_token_text(t, buf, text[i], TEXT_MAX);
		if (t->kind == IMAP_LIST) {
			CHECK(n[i] == (size_t)-1);
			check_id(t, buf);
			continue;
		}
		CHECK(n[i] <= t->len && strlen(text[i]) == n[i]);
		CHECK(imap_token_text(t, buf, text[i], n[i]) == (size_t)-1);
	}
	if (imap_token_is(&cmd->verb, buf, "LOGIN") && cmd->nargs == 2)
		check_login(n[0], n[1]);
}

static uint64_t
digest_command(uint64_t digest, const struct imap_command *cmd)
{
	digest = check_digest(digest, cmd->has_tag);
	digest = check_digest(digest, cmd->error);
	digest = check_digest(digest, cmd->tag.len);
	digest = check_digest(digest, cmd->verb.off);
	digest = check_digest(digest, cmd->verb.len);
	digest = check_digest(digest, cmd->nargs);
	for (unsigned int i = 0; i < cmd->nargs; i++) {
		digest = check_digest(digest, cmd->args[i].kind);
		digest = check_digest(digest, cmd->args[i].off);
		digest = check_digest(digest, cmd->args[i].len);
	}
	return digest;
}

/* One answer of the parser; false when the connection would end. */
static bool
check_result(enum imap_parse_result result, const struct imap_command *cmd,
    const char *buf, size_t used)
{
	CHECK(imap_error_text(cmd->error) != NULL);
	if (cmd->has_tag) {
		CHECK(cmd->tag.off == 0 && cmd->tag.len >= 1);
		CHECK(cmd->tag.len <= IMAP_TAG_MAX);
		check_token(&cmd->tag, buf, used);
		for (uint32_t i = 0; i < cmd->tag.len; i++)
			CHECK(strchr("(){%*\"\\+<>", buf[i]) == NULL);
	}
	switch (result) {
	case IMAP_PARSE_COMMAND:
		CHECK(used <= IMAP_COMMAND_MAX && buf[used - 1] == '\n');
		check_command(cmd, buf, used);
		return true;
	case IMAP_PARSE_BAD:
		CHECK(used <= IMAP_COMMAND_MAX && buf[used - 1] == '\n');
		CHECK(cmd->error != IMAP_ERROR_NONE);
		return true;
	case IMAP_PARSE_LITERAL:
		CHECK(buf[used - 1] == '\n');
		CHECK(cmd->literal_bytes <= IMAP_LITERAL_MAX);
		return true;
	case IMAP_PARSE_TOO_BIG:
		CHECK(cmd->error == IMAP_ERROR_SIZE);
		return false;
	case IMAP_PARSE_FATAL:
		CHECK(!cmd->has_tag);
		return false;
	case IMAP_PARSE_MORE:
	default:
		abort();
	}
}

/*
 * Runs all of the bytes, or chunks of them, through a parser. What has not
 * come yet is NUL in buf, so that looking ahead shows.
 */
static uint64_t
run(const uint8_t *data, size_t len, char *buf, bool in_chunks)
{
	struct imap_parser p;
	struct imap_command cmd;
	enum imap_parse_result result;
	size_t start = 0, have = 0, used;
	uint64_t digest = 0;

	imap_parser_init(&p);
	while (have < len) {
		size_t n = in_chunks ? check_chunk(data, len, have) : len;

		if (n > len - have)
			n = len - have;
		memcpy(buf + have, data + have, n);
		have += n;
		while ((result = imap_parse(&p, buf + start, have - start,
		    &cmd, &used)) != IMAP_PARSE_MORE) {
			CHECK(used <= have - start);
			digest = check_digest(digest, result);
			digest = check_digest(digest, start + used);
			digest = digest_command(digest, &cmd);
			if (!check_result(result, &cmd, buf + start, used))
				return digest;
			if (result != IMAP_PARSE_LITERAL)
				start += used;
		}
		CHECK(have - start < IMAP_COMMAND_MAX);
	}
	return digest;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *whole, *chunks;

	if (len == 0)
		return 0;
	whole = calloc(1, len);
	chunks = calloc(1, len);
	CHECK(whole != NULL && chunks != NULL);
	CHECK(run(data, len, whole, false) == run(data, len, chunks, true));
	free(whole);
	free(chunks);
	return 0;
}
