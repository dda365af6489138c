/*
 * Which tls-signer serves which login processes.
 * Runs in: master.
 * Hostile input: none.
 * Never: keeps an end of a channel between two children; reads a key.
 */
#include "master/signers.h"

#include <bsd/stdlib.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/settings.h"
#include "ipc/master_tls.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/sock.h"
#include "lib/wire.h"
#include "lib/xmem.h"
#include "master/certs.h"
#include "master/certs_check.h"
#include "master/child.h"
#include "master/master.h"

/* Login processes let go of it at once; those that hang shall not keep it. */
#define SIGNERS_END_MS	60000

/* It takes seconds with thousands of keys; plain clients come first then. */
#define SIGNERS_START_MS	10000

/* What a tls-signer of one time is started with. */
struct keyring {
	SLIST_ENTRY(keyring)	 entry;
	uint32_t		 number;
	int			 fd;		/* sealed */
	char			*password;
	uint64_t		 made_ms;
	bool			 was_ready;	/* its tls-signer, once */
};

static struct keyring *
signers_keyring(const struct master *m, uint32_t number)
{
	struct keyring *k;

	SLIST_FOREACH(k, &m->signers.keyrings, entry)
		if (k->number == number)
			return k;
	return NULL;
}

static void
signers_free(struct master *m, struct keyring *k)
{
	SLIST_REMOVE(&m->signers.keyrings, k, keyring, entry);
	(void)close(k->fd);
	freezero(k->password, strlen(k->password) + 1);
	free(k);
}

void
signers_renew(struct master *m)
{
	struct keyring *k;
	int fd;

	/* Login processes of this time have a number, also without keys. */
	m->signers.last++;
	if (m->certs->n == 0)
		return;
	fd = fcntl(m->certs->keys_fd, F_DUPFD_CLOEXEC, 0);
	if (fd == -1) {
		log_error("tls-signer: keys: %m");
		return;
	}
	k = xcalloc(1, sizeof(*k));
	k->number = m->signers.last;
	k->fd = fd;
	k->made_ms = clock_ms();
	k->password = xstrdup(m->settings->ssl_key_password);
	SLIST_INSERT_HEAD(&m->signers.keyrings, k, entry);
}

/* One that will answer: it was not told to end, or not before its last. */
static struct child *
signers_find(const struct master *m, uint32_t number)
{
	struct child *c;

	TAILQ_FOREACH(c, &m->services[MASTER_SIGNER_SERVICE].children, entry)
		if (c->keyring == number && c->state != CHILD_IS_ENDING)
			return c;
	return NULL;
}

/* A channel between both; without a signer, one whose other end is closed. */
static void
signers_join(struct child *signer, struct child *login)
{
	int fds[2];

	if (sock_pair(SOCK_STREAM, fds) == -1) {
		log_error("%s[%ld]: no channel to tls-signer: %m",
		    child_name(login), (long)login->pid);
		return;
	}
	child_send_fd(login, MASTER_SIGNER_PEER, fds[0]);
	if (signer != NULL)
		child_send_peer(signer, MASTER_LOGIN_PEER, login->pid,
		    fds[1]);
	/* The messages hold duplicates. */
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void
signers_send_keys(struct master *m, struct child *c)
{
	uint8_t body[sizeof(struct master_signer) + 16];
	struct keyring *k = signers_keyring(m, c->keyring);
	struct wire_writer w;

	/* It ends when it hears START without them, and is tried again. */
	if (k == NULL)
		return;
	wire_writer_init(&w, body, sizeof(body));
	certs_signer_put(&w, m->settings, m->settings->login_dir,
	    k->password);
	child_send_body(c, MASTER_SIGNER, &w);
	child_send_fd(c, MASTER_KEYS, k->fd);
}

void
signers_send(struct master *m, struct child *c)
{
	c->keyring = m->signers.next != 0 ? m->signers.next :
	    m->signers.last;
	if (c->config.role == ROLE_ID_TLS_SIGNER)
		signers_send_keys(m, c);
	else if (signers_keyring(m, c->keyring) != NULL)
		signers_join(signers_find(m, c->keyring), c);
}

/*
 * May this login process still need a signature?  One that was drained says
 * so by its clients that have not logged in.
 */
static bool
signers_is_asking(const struct child *c)
{
	return c->state < CHILD_IS_DRAINING ||
	    (c->state == CHILD_IS_DRAINING && c->status.waiting > 0);
}

void
signers_use(struct master *m, struct child *signer)
{
	struct child *c;
	size_t i;

	for (i = MASTER_IMAP_LOGIN; i < MASTER_SERVICES; i++)
		TAILQ_FOREACH(c, &m->services[i].children, entry)
			if (c->keyring == signer->keyring &&
			    signers_is_asking(c))
				signers_join(signer, c);
}

bool
signers_are_starting(struct master *m)
{
	struct keyring *k = signers_keyring(m, m->signers.last);
	const struct child *c;

	if (k == NULL || k->was_ready ||
	    clock_ms() - k->made_ms >= SIGNERS_START_MS)
		return false;
	c = signers_find(m, k->number);
	k->was_ready = c != NULL && c->ready_ms != 0;
	return !k->was_ready;
}

static bool
signers_is_needed(const struct master *m, const struct keyring *k)
{
	const struct child *c;
	size_t i;

	for (i = MASTER_IMAP_LOGIN; i < MASTER_SERVICES; i++)
		TAILQ_FOREACH(c, &m->services[i].children, entry)
			if (c->keyring == k->number && signers_is_asking(c))
				return true;
	return false;
}

/* As old as those that it serves: it ends with the last of them. */
static void
signers_replace(struct master *m, const struct keyring *k)
{
	struct service *s = &m->services[MASTER_SIGNER_SERVICE];
	struct child *c;

	m->signers.next = k->number;
	if ((c = service_start(s)) != NULL)
		service_child_to(s, c, CHILD_IS_OLD);
	m->signers.next = 0;
}

/* It ends with its last channel; one that is not needed has so long. */
static void
signers_limit(struct child *signer, bool is_needed)
{
	if (is_needed)
		signer->kill_at_ms = 0;
	else if (signer->kill_at_ms == 0)
		signer->kill_at_ms = clock_ms() + SIGNERS_END_MS;
}

void
signers_fill(struct master *m)
{
	struct keyring *k, *next;
	struct child *c;
	bool is_needed;

	SLIST_FOREACH_SAFE(k, &m->signers.keyrings, entry, next) {
		if (k->number == m->signers.last)
			continue;
		is_needed = signers_is_needed(m, k);
		c = signers_find(m, k->number);
		if (c != NULL)
			signers_limit(c, is_needed);
		else if (is_needed)
			signers_replace(m, k);
		else
			signers_free(m, k);
	}
}

void
signers_clear(struct master *m)
{
	struct keyring *k;

	while ((k = SLIST_FIRST(&m->signers.keyrings)) != NULL)
		signers_free(m, k);
}
