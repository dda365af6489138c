/*
 * The HTTP client of a build without libcurl.
 * Runs in: auth-worker.
 * Hostile input: none.
 * Never: asks anybody.
 */
#include <stdio.h>

#include "auth-worker/http_client.h"

static const char http_missing[] = "this build has no HTTP client";

struct http_client *
http_client_new(const struct http_args *args, char *err, size_t err_size)
{
	(void)args;
	(void)snprintf(err, err_size, "%s", http_missing);
	return NULL;
}

void
http_client_free(struct http_client *c)
{
	(void)c;
}

int
http_client_probe(struct http_client *c, size_t i, uint64_t due_ms,
    struct sql_fault *fault)
{
	(void)c;
	(void)i;
	(void)due_ms;
	sql_fault_set(fault, SQL_FAULT_CONNECT, "%s", http_missing);
	return -1;
}

int
http_client_ask(struct http_client *c, size_t i,
    const struct http_request *request, uint64_t due_ms,
    struct http_reply *reply, struct sql_fault *fault)
{
	(void)c;
	(void)i;
	(void)request;
	(void)due_ms;
	(void)reply;
	sql_fault_set(fault, SQL_FAULT_CONNECT, "%s", http_missing);
	return -1;
}
