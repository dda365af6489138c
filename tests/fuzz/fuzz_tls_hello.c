/*
 * The names and protocols in a client's first message: what is accepted is
 * spelled in one way only, and finds the certificates of that name only.
 * Runs in: make check, libFuzzer.
 * Hostile input: the bodies of server_name and of ALPN.
 * Never: ships in a program.
 */
#include <stdbool.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "lib/tls_hello.h"
#include "lib/tls_names.h"

#define LIST_HEAD	5

static void
check_host(const char *src, size_t len)
{
	char host[TLS_HELLO_NAME_MAX], again[TLS_HELLO_NAME_MAX];
	size_t i;

	if (tls_hello_host(src, len, host) == -1) {
		CHECK(host[0] == '\0');
		return;
	}
	CHECK(len > 0 && strlen(host) == len);
	CHECK(host[0] != '.' && host[len - 1] != '.');
	CHECK(strstr(host, "..") == NULL);
	for (i = 0; i < len; i++) {
		CHECK(strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.",
		    host[i]) != NULL);
		CHECK((host[i] | 0x20) == (src[i] | 0x20));
	}
	CHECK(tls_hello_host(host, len, again) == 0);
	CHECK(strcmp(host, again) == 0);
}

/* Accepted means: written again it is the same list. */
static void
check_name(const uint8_t *data, size_t len)
{
	char host[TLS_HELLO_NAME_MAX];
	uint8_t again[LIST_HEAD + TLS_HELLO_NAME_MAX] = { 0 };
	size_t n;

	if (tls_hello_name(data, len, host) == -1) {
		CHECK(host[0] == '\0');
		return;
	}
	n = strlen(host);
	again[0] = (uint8_t)((n + 3) >> 8);
	again[1] = (uint8_t)(n + 3);
	again[3] = (uint8_t)(n >> 8);
	again[4] = (uint8_t)n;
	CHECK(len == LIST_HEAD + n && memcmp(again, data, LIST_HEAD) == 0);
	check_host((const char *)data + LIST_HEAD, n);
}

static void
check_protocol(const uint8_t *data, size_t len, const char *protocol)
{
	const uint8_t *found = tls_hello_protocol(data, len, protocol);
	size_t at = 0, n = strlen(protocol);
	bool is_there = false;

	while (at < len && data[at] != 0 && data[at] < len - at) {
		is_there |= data[at] == n &&
		    memcmp(data + at + 1, protocol, n) == 0;
		at += 1u + data[at];
	}
	CHECK((found != NULL) == (is_there && at == len));
	if (found != NULL) {
		CHECK(found > data && found + n <= data + len);
		CHECK(found[-1] == n && memcmp(found, protocol, n) == 0);
	}
}

/* The input's lines as names of a table; each finds a set that has it. */
static void
check_names(const char *data, size_t len)
{
	struct tls_names *names = tls_names_new();
	char host[TLS_HELLO_NAME_MAX];
	uint32_t set, n = 0;
	size_t at, end;

	for (at = 0; at < len && n < 200; at = end + 1, n++) {
		for (end = at; end < len && data[end] != '\n'; end++)
			continue;
		if (tls_names_add(names, data + at, end - at, n) == -1)
			continue;
		if (tls_hello_host(data + at, end - at, host) == 0)
			CHECK(tls_names_find(names, host, &set) && set <= n);
		else
			CHECK(data[at] == '*' && data[at + 1] == '.');
	}
	tls_names_free(names);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len > 64 * 1024)
		return 0;
	check_host((const char *)data, len);
	check_name(data, len);
	check_protocol(data, len, "imap");
	check_protocol(data, len, "pop3");
	check_names((const char *)data, len);
	return 0;
}
