/*
 * An answer of any bytes: a row that can be sent on, a refusal, or a fault.
 * Runs in: make check, fuzzing.
 * Hostile input: one byte for the way to read, the head, an empty line, body.
 * Never: ships in a program.
 */
#include <string.h>

#include "auth-worker/http_reply.h"
#include "check.h"
#include "fuzz.h"
#include "lib/strutil.h"

/* Feeds line by line, as libcurl does; bytes behind the head are a body. */
static void
fuzz_feed(struct http_reply *r, const char *p, size_t left)
{
	const char *end;
	size_t len;

	while (left > 0 && !r->has_head) {
		end = memchr(p, '\n', left);
		len = end == NULL ? left : (size_t)(end - p) + 1;
		if (http_reply_line(r, p, len) == -1)
			return;
		p += len;
		left -= len;
	}
	if (left > 0 && http_reply_body(r, left) == -1)
		CHECK(r->fault != NULL);
}

static void
fuzz_row(const struct sql_row *row)
{
	static uint8_t body[CHANNEL_BODY_MAX];
	struct wire_writer w;

	for (unsigned int i = 0; i < row->row.ncolumns; i++) {
		const struct auth_worker_column *c = &row->row.columns[i];

		CHECK(c->name[0] != '\0' && !c->is_null);
		CHECK(!str_has_control(c->name, strlen(c->name)));
		CHECK(!str_has_control((const char *)c->value, c->len));
	}
	wire_writer_init(&w, body, sizeof(body));
	auth_worker_row_put(&w, &row->row);
	CHECK(!w.has_failed);
}

/* Said yes: then it was there, once, as it has to be. */
static void
fuzz_accepted(const struct http_reply *r)
{
	size_t nstatus = 0;

	CHECK(r->has_head && r->fault == NULL);
	CHECK(r->is_compat || (r->status >= 200 && r->status < 300));
	for (size_t i = 0; i < r->nheaders; i++) {
		if (strcmp(r->headers[i].name, "auth-status") != 0)
			continue;
		nstatus++;
		CHECK(r->headers[i].len == 2 && memcmp(r->values +
		    r->headers[i].off, "OK", 2) == 0);
	}
	CHECK(nstatus == 1 || (r->is_compat && nstatus == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	static struct http_reply reply;
	static struct sql_row row;
	struct sql_fault fault = { .text = "" };
	enum auth_worker_found found;

	if (data_bytes == 0)
		return 0;
	http_reply_init(&reply, (data[0] & 1) != 0);
	fuzz_feed(&reply, (const char *)data + 1, data_bytes - 1);
	found = http_reply_row(&reply, &row, &fault);
	CHECK(found == AUTH_WORKER_ONE || found == AUTH_WORKER_REFUSED ||
	    found == AUTH_WORKER_FAULT);
	CHECK((found == AUTH_WORKER_FAULT) == (fault.text[0] != '\0'));
	CHECK(reply.nbytes <= HTTP_REPLY_BYTES_MAX);
	if (found == AUTH_WORKER_ONE)
		fuzz_accepted(&reply);
	fuzz_row(&row);
	http_reply_clear(&reply);
	return 0;
}
