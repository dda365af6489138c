/*
 * The tls-signer program: it holds the private keys and signs TLS handshakes,
 * or it looks at certificates and keys and says what they are.
 * Runs in: tls-signer.
 * Hostile input: requests of login processes.
 * Never: touches the network or a file; looks at a key before the jail.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/cert_set.h"
#include "ipc/child_setup.h"
#include "ipc/key_set.h"
#include "ipc/master_child.h"
#include "ipc/master_tls.h"
#include "ipc/roles.h"
#include "lib/channel.h"
#include "lib/jail.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/memfile.h"
#include "lib/proc.h"
#include "lib/sandbox.h"
#include "lib/strutil.h"
#include "tls-signer/check.h"
#include "tls-signer/keys.h"
#include "tls-signer/signer.h"

/* When messages of the master are legal. */
#define SIGNER_MAIN_SETUP	0x1u
#define SIGNER_MAIN_SERVING	0x2u
/* A descriptor for each login process; they are many. */
#define SIGNER_MAIN_FILES	65536
/* Beside the keys and certificates that are mapped. */
#define SIGNER_MAIN_MEMORY	(UINT64_C(256) * 1024 * 1024)

/* The one context of this process. */
struct signer_main {
	struct channel		*master;
	struct loop		*loop;
	struct master_signer	 set;
	bool			 has_set;
	int			 keys_fd, certs_fd;
	bool			 is_started;	/* or told to check */
	bool			 is_gone;	/* the master is */
	struct keys		*keys;
	struct signer		 signer;
};

static int
signer_main_set(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct signer_main *m = endpoint;

	(void)id;
	(void)fd;
	m->has_set = true;
	return master_signer_get(r, &m->set);
}

static int
signer_main_fallback(void *endpoint, uint32_t id, struct wire_reader *r,
    int fd)
{
	(void)endpoint;
	(void)id;
	return child_setup_log(r, fd);
}

static int
signer_main_keys(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct signer_main *m = endpoint;

	(void)id;
	m->keys_fd = fd;
	return wire_end(r);
}

static int
signer_main_start(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct signer_main *m = endpoint;

	(void)id;
	m->certs_fd = fd;	/* CHECK has one */
	m->is_started = m->has_set && m->keys_fd != -1;
	return m->is_started ? wire_end(r) : -1;
}

static int
signer_main_login(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct signer_main *m = endpoint;
	struct master_peer peer;

	(void)id;
	if (master_peer_get(r, &peer) == -1) {
		(void)close(fd);
		return -1;
	}
	signer_add(&m->signer, fd, peer.pid);
	return 0;
}

static int
signer_main_drain(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct signer_main *m = endpoint;

	(void)id;
	(void)fd;
	signer_drain(&m->signer);
	return wire_end(r);
}

static const struct channel_row signer_main_rows[] = {
	{ MASTER_SIGNER, "SIGNER", SIGNER_MAIN_SETUP, 1,
	    sizeof(struct master_signer) + 16, false, true, signer_main_set },
	{ MASTER_LOG_FALLBACK, "LOG_FALLBACK",
	    SIGNER_MAIN_SETUP | SIGNER_MAIN_SERVING, 1, 1, true, false,
	    signer_main_fallback },
	{ MASTER_KEYS, "KEYS", SIGNER_MAIN_SETUP, 0, 0, true, true,
	    signer_main_keys },
	{ MASTER_START, "START", SIGNER_MAIN_SETUP, 0, 0, false, true,
	    signer_main_start },
	{ MASTER_CHECK, "CHECK", SIGNER_MAIN_SETUP, 0, 0, true, true,
	    signer_main_start },
	{ MASTER_LOGIN_PEER, "LOGIN_PEER", SIGNER_MAIN_SERVING, 4, 4, true,
	    false, signer_main_login },
	{ MASTER_DRAIN, "DRAIN", SIGNER_MAIN_SERVING, 0, 0, false, true,
	    signer_main_drain },
};

static void
signer_main_master_gone(void *endpoint, enum channel_end end)
{
	struct signer_main *m = endpoint;

	(void)end;
	m->is_gone = true;
}

/* What is wrong with keys was told by the check; here it is for the log. */
static void
signer_main_key_fault(void *arg, uint16_t key, const char *text)
{
	(void)arg;
	log_error("key %u: %s", key, text);
}

static void
signer_main_tell_fault(void *arg, const struct child_tls_fault *fault)
{
	struct signer_main *m = arg;
	uint8_t body[sizeof(*fault) + 16];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	child_tls_fault_put(&w, fault);
	channel_send(m->master, CHILD_TLS_FAULT, 0, &w, -1);
}

static void
signer_main_tell_cert(void *arg, const struct child_tls_cert *cert)
{
	struct signer_main *m = arg;
	uint8_t body[sizeof(*cert) + 16];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	child_tls_cert_put(&w, cert);
	channel_send(m->master, CHILD_TLS_CERT, 0, &w, -1);
}

static void
signer_main_tell_key_fault(void *arg, uint16_t key, const char *text)
{
	struct child_tls_fault fault = { .key = key,
	    .file = CHILD_TLS_FILE_KEY };

	str_copy_clean(fault.text, sizeof(fault.text), text, strlen(text));
	signer_main_tell_fault(arg, &fault);
}

static void
signer_main_jail(const struct signer_main *m)
{
	struct jail jail = {
		.uid = m->set.uid,
		.gid = m->set.gid,
		.root = m->set.root,
		.memory_bytes = SIGNER_MAIN_MEMORY + 4 * (uint64_t)KEY_SET_MAX +
		    (m->certs_fd == -1 ? 0 : CERT_SET_MAX),
		.files = SIGNER_MAIN_FILES,
	};

	jail_enter(&jail);
	sandbox_enter(SANDBOX_SIGNER);
}

/* Nothing of the file stays but the keys themselves. */
static void
signer_main_read_keys(struct signer_main *m, keys_fault_fn fn)
{
	const void *set;
	size_t len;

	set = memfile_map(m->keys_fd, KEY_SET_MAX, &len);
	if (set == NULL)
		fatal(PROC_EXIT_PROTOCOL, "keys cannot be mapped: %m");
	keys_init(len);
	m->keys = keys_new(set, len, m->set.password, fn, m);
	memfile_unmap(set, len);
	(void)close(m->keys_fd);
	explicit_bzero(&m->set, sizeof(m->set));
	if (m->keys == NULL)
		fatal(PROC_EXIT_PROTOCOL, "keys are malformed");
}

static void
signer_main_check(struct signer_main *m)
{
	const struct check_tell tell = {
		.cert = signer_main_tell_cert,
		.fault = signer_main_tell_fault,
		.arg = m,
	};
	const void *set;
	size_t len;

	set = memfile_map(m->certs_fd, CERT_SET_MAX, &len);
	if (set == NULL)
		fatal(PROC_EXIT_PROTOCOL, "certificates cannot be mapped: %m");
	signer_main_read_keys(m, signer_main_tell_key_fault);
	if (check_certs(set, len, m->keys, &tell) == -1)
		fatal(PROC_EXIT_PROTOCOL, "certificates are malformed");
	channel_send_empty(m->master, CHILD_TLS_CHECKED, 0);
	memfile_unmap(set, len);
}

static void
signer_main_serve(struct signer_main *m)
{
	m->loop = loop_new();
	signer_main_read_keys(m, signer_main_key_fault);
	signer_init(&m->signer, m->loop, m->keys);
	channel_set_state(m->master, SIGNER_MAIN_SERVING);
	channel_send_empty(m->master, CHILD_READY, 0);
	channel_attach(m->master, m->loop);
	while (!m->is_gone && !signer_is_over(&m->signer)) {
		loop_turn(m->loop, m->signer.nwaiting == 0);
		signer_round(&m->signer);
		log_flush();
	}
	signer_clear(&m->signer);
	channel_flush(m->master);
}

int
main(void)
{
	struct signer_main m = { .keys_fd = -1, .certs_fd = -1 };

	log_init_child("tls-signer", PROC_FD_LOG);
	m.master = channel_new(&(struct channel_config){
		.fd = PROC_FD_MASTER,
		.contract = &master_child_contract,
		.rows = signer_main_rows,
		.nrows = sizeof(signer_main_rows) /
		    sizeof(signer_main_rows[0]),
		.policy = CHANNEL_PEER_HIGHER,
		.role = ROLE_ID_TLS_SIGNER,
		.peer = "master",
		.endpoint = &m,
		.closed_fn = signer_main_master_gone,
	});
	channel_set_state(m.master, SIGNER_MAIN_SETUP);
	while (!m.is_started)
		if (channel_step(m.master) == -1)
			exit(PROC_EXIT_MASTER_GONE);
	log_set_level(m.set.is_debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	signer_main_jail(&m);
	if (m.certs_fd != -1)
		signer_main_check(&m);
	else
		signer_main_serve(&m);
	keys_free(m.keys);
	channel_free(m.master);
	if (m.loop != NULL)
		loop_free(m.loop);
	log_flush();
	return m.is_gone ? PROC_EXIT_MASTER_GONE : 0;
}
