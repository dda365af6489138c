/*
 * The POP3 command parser and the reader of SASL lines: the same events
 * however the bytes are split, and arguments byte by byte as they came.
 * Runs in: make check, libFuzzer.
 * Hostile input: what the client sends.
 * Never: ships in a program.
 */
#include <stdbool.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "pop3-login/pop3_parse.h"

static void
check_command(const struct pop3_command *cmd, const char *buf, size_t used)
{
	size_t end = used - (used > 1 && buf[used - 2] == '\r' ? 2 : 1);
	const char *arg = buf + cmd->arg_off;
	bool is_auth = pop3_verb_is(cmd, buf, "AUTH");

	CHECK(cmd->error == POP3_ERROR_NONE);
	CHECK(cmd->verb_off == 0 && cmd->verb_len >= 3 && cmd->verb_len <= 4);
	CHECK(memchr(buf, '\0', used) == NULL);
	CHECK(end <= (is_auth ? POP3_LONG_LINE_MAX : POP3_LINE_MAX));
	if (!cmd->has_arg) {
		CHECK(cmd->verb_len == end);
		return;
	}
	CHECK(cmd->arg_off == cmd->verb_len + 1);
	CHECK(cmd->arg_off + cmd->arg_len == end);
	CHECK(memchr(arg, '\r', cmd->arg_len) == NULL);
	CHECK(cmd->has_leading_blank == (cmd->arg_len > 0 && arg[0] == ' '));
	CHECK(cmd->has_trailing_blank ==
	    (cmd->arg_len > 0 && arg[cmd->arg_len - 1] == ' '));
}

/* One answer of the parser; false when the connection would end. */
static bool
check_result(enum pop3_parse_result result, const struct pop3_command *cmd,
    const char *buf, size_t used)
{
	CHECK(pop3_error_text(cmd->error) != NULL);
	switch (result) {
	case POP3_PARSE_COMMAND:
		CHECK(memchr(buf, '\n', used) == buf + used - 1);
		check_command(cmd, buf, used);
		return true;
	case POP3_PARSE_BAD:
		CHECK(memchr(buf, '\n', used) == buf + used - 1);
		CHECK(cmd->error != POP3_ERROR_NONE);
		return true;
	case POP3_PARSE_TOO_LONG:
		CHECK(cmd->error == POP3_ERROR_SIZE);
		return false;
	case POP3_PARSE_FATAL:
		return false;
	case POP3_PARSE_MORE:
	default:
		abort();
	}
}

struct run {
	struct pop3_parser	 p;
	char			*buf;
	size_t			 start, have;
	uint64_t		 digest;
	bool			 is_sasl;	/* lines instead of commands */
};

/* Takes what can be taken; false when the connection would end. */
static bool
take(struct run *r)
{
	for (;;) {
		struct pop3_command cmd = { 0 };
		enum pop3_parse_result result;
		size_t used = 0, n = 0;
		char *buf = r->buf + r->start;
		size_t len = r->have - r->start;

		result = r->is_sasl ?
		    pop3_parse_line(&r->p, buf, len, &n, &used) :
		    pop3_parse(&r->p, buf, len, &cmd, &used);
		if (result == POP3_PARSE_MORE) {
			CHECK(len < POP3_COMMAND_MAX);
			return true;
		}
		CHECK(used <= len);
		r->digest = check_digest(r->digest, result);
		r->digest = check_digest(r->digest, r->start + used);
		r->digest = check_digest(r->digest, cmd.error);
		r->digest = check_digest(r->digest, cmd.arg_len + n);
		if (r->is_sasl) {
			if (result != POP3_PARSE_COMMAND)
				return false;
			CHECK(n <= POP3_LONG_LINE_MAX);
			CHECK(memchr(buf, '\n', used) == buf + used - 1);
		} else if (!check_result(result, &cmd, buf, used))
			return false;
		r->start += used;
	}
}

/* What has not come yet is NUL in the buffer, so that looking ahead shows. */
static uint64_t
run(const uint8_t *data, size_t len, bool is_sasl, bool in_chunks)
{
	struct run r = { .is_sasl = is_sasl };

	r.buf = calloc(1, len);
	CHECK(r.buf != NULL);
	pop3_parser_init(&r.p);
	while (r.have < len) {
		size_t n = in_chunks ? check_chunk(data, len, r.have) : len;

		if (n > len - r.have)
			n = len - r.have;
		memcpy(r.buf + r.have, data + r.have, n);
		r.have += n;
		if (!take(&r))
			break;
	}
	free(r.buf);
	return r.digest;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	CHECK(run(data, len, false, false) == run(data, len, false, true));
	CHECK(run(data, len, true, false) == run(data, len, true, true));
	return 0;
}
