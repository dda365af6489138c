/*
 * Services that know users: which is asked, and what came of it.
 * Runs in: auth-worker.
 * Hostile input: answers of the services.
 * Never: asks a second service when one has refused; keeps a password; logs.
 */
#include "auth-worker/nginx_http.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "auth-worker/http_client.h"
#include "auth-worker/http_reply.h"
#include "auth-worker/http_request.h"
#include "config/http_args.h"
#include "lib/clock.h"
#include "lib/strutil.h"
#include "lib/xmem.h"

_Static_assert(HTTP_ARGS_URLS_MAX <= AUTH_WORKER_FAULTS_MAX,
    "a bit and a fault for each service");

struct nginx_http {
	struct http_args	 args;
	struct http_client	*client;
	struct http_reply	 reply;
};

/* What was wrong with the services of one question. */
struct nginx_http_faults {
	uint8_t			 n;
	struct auth_worker_fault faults[HTTP_ARGS_URLS_MAX];
};

struct nginx_http *
nginx_http_new(const char *args, char *err, size_t err_size)
{
	struct nginx_http *h = xcalloc(1, sizeof(*h));

	if (http_args_parse(&h->args, args, err, err_size) == -1 ||
	    (h->client = http_client_new(&h->args, err, err_size)) == NULL) {
		free(h);
		return NULL;
	}
	return h;
}

void
nginx_http_free(struct nginx_http *h)
{
	if (h == NULL)
		return;
	http_client_free(h->client);
	http_reply_clear(&h->reply);
	free(h);
}

/* The services that are asked, in their order. */
static size_t
nginx_http_order(const struct nginx_http *h, uint32_t skip, size_t *order)
{
	size_t n = 0;

	for (size_t i = 0; i < h->args.nurls; i++)
		if ((skip & UINT32_C(1) << i) == 0)
			order[n++] = i;
	return n;
}

/* When the answer of one service must be there, nleft being to be asked. */
static uint64_t
nginx_http_due(const struct nginx_http *h, uint64_t due_ms, size_t nleft)
{
	uint64_t now_ms = clock_ms(), share_ms;

	if (now_ms >= due_ms)
		return due_ms;
	share_ms = (due_ms - now_ms) / nleft;
	if (share_ms > h->args.timeout_ms)
		share_ms = h->args.timeout_ms;
	return now_ms + share_ms;
}

static enum auth_worker_found
nginx_http_ask(struct nginx_http *h, size_t i,
    const struct http_request *request, uint64_t due_ms, struct sql_row *row,
    struct sql_fault *fault)
{
	enum auth_worker_found found = AUTH_WORKER_FAULT;

	http_reply_init(&h->reply, h->args.is_compat);
	if (http_client_ask(h->client, i, request, due_ms, &h->reply,
	    fault) == 0)
		found = http_reply_row(&h->reply, row, fault);
	http_reply_clear(&h->reply);
	return found;
}

static void
nginx_http_note(struct nginx_http_faults *all, size_t i,
    const struct sql_fault *fault)
{
	struct auth_worker_fault *f = &all->faults[all->n++];

	f->host = (uint8_t)i;
	f->kind = (uint8_t)fault->kind;
	str_copy_clean(f->text, sizeof(f->text), fault->text,
	    strlen(fault->text));
}

void
nginx_http_find(struct nginx_http *h, const struct auth_worker_lookup *m,
    uint64_t due_ms, struct sql_row *row)
{
	enum auth_worker_found found = AUTH_WORKER_FAULT;
	struct nginx_http_faults faults = { .n = 0 };
	size_t order[HTTP_ARGS_URLS_MAX], n, i;
	struct http_request request;
	struct sql_fault fault;

	sql_row_init(row);
	n = nginx_http_order(h, m->skip_hosts, order);
	http_request_init(&request, m);
	http_request_add_lines(&request, &h->args);
	for (i = 0; i < n && found == AUTH_WORKER_FAULT; i++) {
		found = nginx_http_ask(h, order[i], &request,
		    nginx_http_due(h, due_ms, n - i), row, &fault);
		if (found == AUTH_WORKER_FAULT)
			nginx_http_note(&faults, order[i], &fault);
	}
	http_request_clear(&request);
	row->row.found = (uint8_t)found;
	row->row.nfaults = faults.n;
	memcpy(row->row.faults, faults.faults,
	    faults.n * sizeof(faults.faults[0]));
	if (found != AUTH_WORKER_FAULT)
		row->row.host = (uint8_t)order[i - 1];
}

int
nginx_http_probe(struct nginx_http *h, unsigned int service, uint64_t due_ms,
    struct sql_fault *fault)
{
	if (service >= h->args.nurls) {
		sql_fault_set(fault, SQL_FAULT_QUERY, "no such service");
		return -1;
	}
	return http_client_probe(h->client, service, due_ms, fault);
}
