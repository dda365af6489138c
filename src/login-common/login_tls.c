/*
 * login_tls: from the master's certificates to contexts of TLS.
 * Runs in: login processes.
 * Hostile input: none; certificates were checked by tls-signer.
 * Never: sees a private key.
 */
#include "login-common/login_tls.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "ipc/master_tls.h"
#include "lib/log.h"
#include "lib/memfile.h"
#include "lib/proc.h"
#include "lib/tls_client.h"
#include "lib/tls_server.h"
#include "lib/xmem.h"
#include "login-common/login_process.h"
#include "login-common/signer_client.h"

_Static_assert(sizeof(struct tls_ticket_key) ==
    sizeof(struct master_ticket_key) &&
    TLS_TICKET_KEYS_MAX == MASTER_TICKETS_MAX, "keys of tickets as sent");

/*
 * Certificates that the test at the start is made with.  All were checked
 * with their keys before; what is left is whether tls-signer has the same.
 */
#define LOGIN_TLS_TESTED	4

static struct tls_chain
login_tls_chain(const struct cert_set_chain *c)
{
	return (struct tls_chain){ .pem = c->pem, .pem_len = c->pem_len,
	    .key = c->key };
}

static struct tls_certs
login_tls_certs(const struct cert_set_entry *e)
{
	return (struct tls_certs){ .first = login_tls_chain(&e->first),
	    .alt = login_tls_chain(&e->alt) };
}

/* An empty setting is the library's, or lib/tls's, default. */
static const char *
login_tls_text(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

static enum tls_version
login_tls_version(const char *text)
{
	return strcmp(text, "TLSv1.3") == 0 ? TLS_VERSION_1_3 :
	    TLS_VERSION_1_2;
}

/* Whether clients are asked for a certificate, and for what kind. */
static enum tls_ask
login_tls_ask(const struct settings *set)
{
	bool is_required = set->auth_ssl_require_client_cert;

	if (strcmp(set->ssl_verify_client_cert, "no") == 0)
		return TLS_ASK_NONE;
	if (strcmp(set->ssl_verify_client_cert, "any-cert") == 0)
		return is_required ? TLS_ASK_ANY_REQUIRED : TLS_ASK_ANY;
	return is_required ? TLS_ASK_REQUIRED : TLS_ASK_WANTED;
}

static void
login_tls_config(const struct login_process *process,
    struct tls_server_config *config)
{
	const struct settings *set = process->set;

	config->policy = (struct tls_policy){
		.min = login_tls_version(set->ssl_min_protocol),
		.ciphers = login_tls_text(set->ssl_cipher_list),
		.suites = login_tls_text(set->ssl_cipher_suites),
		.groups = login_tls_text(set->ssl_curve_list),
		.prefers_server = set->ssl_prefer_server_ciphers,
	};
	config->alpn = config->context =
	    service_name(process->protocol->service);
	config->ask = login_tls_ask(set);
}

/* One entry, for the names that follow it. */
static void
login_tls_names(struct login_tls *tls, struct wire_reader *r,
    const struct cert_set_entry *e)
{
	char (*texts)[CERT_SET_NAME_MAX + 1];
	const char **names;
	struct tls_certs certs = login_tls_certs(e);
	struct tls_error error;
	size_t i;

	if (e->nnames == 0)
		return;
	texts = xcalloc(e->nnames, sizeof(*texts));
	names = xcalloc(e->nnames, sizeof(*names));
	for (i = 0; i < e->nnames; i++) {
		cert_set_name(r, texts[i]);
		names[i] = texts[i];
	}
	if (!r->has_failed && tls_server_add(tls->server, names, e->nnames,
	    &certs, &error) == -1)
		fatal(EX_CONFIG, "certificate of %s: %s", names[0],
		    error.text);
	free(names);
	free(texts);
}

static void	login_tls_give_tickets(struct login_tls *);

/* The first entry makes the context, the others are added to it. */
struct tls_server *
login_tls_clients(const struct login_process *process)
{
	struct login_tls *tls = process->tls;
	struct wire_reader *r = &tls->entries;
	struct tls_server_config config = {
		.ca = tls->head.ca, .ca_len = tls->head.ca_len,
		.sign = signer_client_sign, .sign_arg = tls->signer,
	};
	struct cert_set_entry e;
	struct tls_error error;
	uint32_t i;

	if (tls->server != NULL)
		return tls->server;
	login_tls_config(process, &config);
	for (i = 0; i < tls->head.nentries && !r->has_failed; i++) {
		cert_set_entry(r, &e);
		if (r->has_failed)
			break;
		if (i == 0) {
			config.certs = login_tls_certs(&e);
			tls->server = tls_server_new(&config, &error);
			if (tls->server == NULL)
				fatal(EX_CONFIG, "TLS: %s", error.text);
		}
		login_tls_names(tls, r, &e);
	}
	if (wire_end(r) == -1)
		fatal(PROC_EXIT_PROTOCOL, "certificates are malformed");
	login_tls_give_tickets(tls);
	return tls->server;
}

static struct login_tls *
login_tls_alloc(const struct login_process *process)
{
	struct login_tls *tls = xcalloc(1, sizeof(*tls));

	tls->signer = signer_client_new((uint16_t)process->protocol->role);
	return tls;
}

struct login_tls *
login_tls_new(const struct login_process *process, int certs_fd,
    int signer_fd)
{
	struct login_tls *tls = login_tls_alloc(process);
	const void *map;
	size_t len;

	if (signer_fd != -1)
		signer_client_open(tls->signer, signer_fd);
	/* For as long as the process lives: the chains point into it. */
	if ((map = memfile_map(certs_fd, CERT_SET_MAX, &len)) == NULL)
		fatal(EX_OSERR, "certificates: %m");
	(void)close(certs_fd);
	cert_set_open(&tls->entries, map, len, &tls->head);
	if (tls->entries.has_failed || (!login_tls_has_certs(tls) &&
	    wire_end(&tls->entries) == -1))
		fatal(PROC_EXIT_PROTOCOL, "certificates are malformed");
	return tls;
}

struct tls_client *
login_tls_hosts(struct login_process *process, struct tls_error *error)
{
	const struct settings *set = process->set;
	struct tls_client_config config = { .sign = signer_client_sign };
	struct login_tls *tls;

	/* Without certificates of any kind: all that is left is any-cert. */
	if (process->tls == NULL)
		process->tls = login_tls_alloc(process);
	tls = process->tls;
	if (tls->hosts != NULL)
		return tls->hosts;
	config.policy.min = login_tls_version(set->ssl_client_min_protocol);
	config.policy.ciphers = login_tls_text(set->ssl_client_cipher_list);
	config.ca = tls->head.host_ca;
	config.ca_len = tls->head.host_ca_len;
	config.chain = login_tls_chain(&tls->head.client);
	config.sign_arg = tls->signer;
	tls->hosts = tls_client_new(&config, error);
	return tls->hosts;
}

void
login_tls_self_test(const struct login_process *process)
{
	struct login_tls *tls = process->tls;
	struct tls_error error;

	if (!signer_client_is_open(tls->signer) ||
	    tls_server_self_test(login_tls_clients(process),
	    LOGIN_TLS_TESTED, &error) == 0)
		return;
	if (signer_client_is_open(tls->signer) &&
	    !signer_client_is_late(tls->signer))
		fatal(EX_CONFIG, "TLS: self-test: %s", error.text);
	log_warn("TLS: self-test: %s", error.text);
}

/* To the context, if there is one; they are kept until then. */
static void
login_tls_give_tickets(struct login_tls *tls)
{
	struct tls_ticket_key keys[MASTER_TICKETS_MAX];
	struct master_tickets *from = &tls->tickets;
	size_t i;

	if (tls->server == NULL)
		return;
	for (i = 0; i < from->n; i++) {
		memcpy(keys[i].name, from->keys[i].name, sizeof(keys[i].name));
		memcpy(keys[i].aes, from->keys[i].aes, sizeof(keys[i].aes));
		memcpy(keys[i].mac, from->keys[i].mac, sizeof(keys[i].mac));
	}
	tls_server_tickets(tls->server, keys, from->n);
	explicit_bzero(keys, sizeof(keys));
	explicit_bzero(from, sizeof(*from));
}

void
login_tls_tickets(struct login_tls *tls, struct master_tickets *m)
{
	tls->tickets = *m;
	explicit_bzero(m, sizeof(*m));
	login_tls_give_tickets(tls);
}

void
login_tls_signer(struct login_tls *tls, int fd)
{
	if (tls == NULL || tls->is_left)
		(void)close(fd);
	else
		signer_client_open(tls->signer, fd);
}

void
login_tls_leave(struct login_tls *tls)
{
	signer_client_close(tls->signer);
	tls->is_left = true;
}
