/*
 * signer_client: asks tls-signer to sign, and waits for it.
 * Runs in: login processes.
 * Hostile input: none; tls-signer is trusted.
 * Never: waits longer than LOGIN_SIGNER_WAIT_MS; sees a key.
 */
#include "login-common/signer_client.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/login_signer.h"
#include "lib/channel.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xmem.h"

_Static_assert((int)TLS_SIGN_ED25519 == (int)LOGIN_SIGNER_ED25519 &&
    (int)TLS_SIGN_ECDSA_SHA256 == (int)LOGIN_SIGNER_ECDSA_SHA256 &&
    (int)TLS_SIGN_RSA_PKCS1_SHA256 == (int)LOGIN_SIGNER_RSA_PKCS1_SHA256 &&
    (int)TLS_SIGN_RSA_PSS_SHA256 == (int)LOGIN_SIGNER_RSA_PSS_SHA256,
    "the algorithms' numbers are those of the wire");
_Static_assert(TLS_SIGN_TBS_MAX == LOGIN_SIGNER_TBS_MAX,
    "what can be asked for can be sent");

struct signer_client {
	struct channel	*channel;	/* NULL: no tls-signer */
	uint16_t	 role;
	uint32_t	 id;		/* of the last request */
	bool		 is_open;	/* it has not been answered yet */
	bool		 is_late;	/* and is not waited for any more */
	uint8_t		*sig;		/* where its answer goes */
	size_t		 sig_max, sig_len;	/* 0: refused */
};

static const char *const refusals[] = {
	[LOGIN_SIGNER_CODE_KEY] = "no such key",
	[LOGIN_SIGNER_CODE_ALG] = "not with this key",
	[LOGIN_SIGNER_CODE_BYTES] = "not a TLS handshake",
	[LOGIN_SIGNER_CODE_RATE] = "too many requests",
	[LOGIN_SIGNER_CODE_FAULT] = "internal fault",
};

_Static_assert(sizeof(refusals) / sizeof(refusals[0]) ==
    LOGIN_SIGNER_CODE_LAST + 1, "a text of each code");

/* Is it the answer that is waited for?  One that came too late is not. */
static bool
signer_client_answered(struct signer_client *c, uint32_t id)
{
	bool is_wanted = c->is_open && !c->is_late && id == c->id;

	if (id == c->id)
		c->is_open = c->is_late = false;
	return is_wanted;
}

static int
signer_client_signed(void *endpoint, uint32_t id, struct wire_reader *r,
    int fd)
{
	struct signer_client *c = endpoint;
	struct login_signer_signed m;

	(void)fd;
	if (login_signer_signed_get(r, &m) == -1 || m.sig_len == 0)
		return -1;
	if (!signer_client_answered(c, id))
		return 0;
	if (m.sig_len > c->sig_max)
		return -1;
	memcpy(c->sig, m.sig, m.sig_len);
	c->sig_len = m.sig_len;
	return 0;
}

static int
signer_client_refused(void *endpoint, uint32_t id, struct wire_reader *r,
    int fd)
{
	struct signer_client *c = endpoint;
	struct login_signer_refused m;

	(void)fd;
	if (login_signer_refused_get(r, &m) == -1)
		return -1;
	if (signer_client_answered(c, id))
		log_warn("tls-signer: refused to sign: %s", refusals[m.code]);
	return 0;
}

static const struct channel_row signer_rows[] = {
	{ .type = LOGIN_SIGNER_SIGNED, .name = "SIGNED", .when = 1,
	  .max = 2 + LOGIN_SIGNER_SIG_MAX, .handler = signer_client_signed },
	{ .type = LOGIN_SIGNER_REFUSED, .name = "REFUSED", .when = 1,
	  .max = 1, .handler = signer_client_refused },
};

struct signer_client *
signer_client_new(uint16_t role)
{
	struct signer_client *c = xcalloc(1, sizeof(*c));

	c->role = role;
	return c;
}

void
signer_client_close(struct signer_client *c)
{
	channel_free(c->channel);
	c->channel = NULL;
	c->is_open = c->is_late = false;
}

void
signer_client_free(struct signer_client *c)
{
	if (c != NULL)
		signer_client_close(c);
	free(c);
}

void
signer_client_open(struct signer_client *c, int fd)
{
	struct channel_config config = {
		.fd = fd,
		.contract = &login_signer_contract,
		.rows = signer_rows,
		.nrows = sizeof(signer_rows) / sizeof(signer_rows[0]),
		.policy = CHANNEL_PEER_HIGHER,
		.role = c->role,
		.peer = "tls-signer",
		.endpoint = c,
	};

	signer_client_close(c);
	c->channel = channel_new(&config);
}

bool
signer_client_is_open(const struct signer_client *c)
{
	return c->channel != NULL;
}

bool
signer_client_is_late(const struct signer_client *c)
{
	return c->is_late;
}

/* Handles what has come; without a channel any more if it has ended. */
static void
signer_client_turn(struct signer_client *c)
{
	if (c->channel != NULL && channel_turn(c->channel) == -1)
		signer_client_close(c);
}

/* Until the answer is there, the channel ends, or time is up. */
static void
signer_client_wait(struct signer_client *c)
{
	uint64_t now = clock_ms(), until = now + LOGIN_SIGNER_WAIT_MS;
	struct pollfd pfd = { .events = POLLIN };

	for (; c->channel != NULL && c->is_open; now = clock_ms()) {
		if (now >= until) {
			c->is_late = true;
			log_warn("tls-signer: no answer in %d ms",
			    LOGIN_SIGNER_WAIT_MS);
			return;
		}
		pfd.fd = channel_fd(c->channel);
		if (poll(&pfd, 1, (int)(until - now)) > 0)
			signer_client_turn(c);
	}
}

static void
signer_client_send(struct signer_client *c,
    const struct tls_sign_request *request)
{
	struct login_signer_sign m = { .key = request->key,
	    .alg = (uint8_t)request->alg, .tbs = request->tbs,
	    .tbs_len = request->tbs_len };
	uint8_t body[2 + 1 + 2 + LOGIN_SIGNER_TBS_MAX];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	login_signer_sign_put(&w, &m);
	c->is_open = true;
	channel_send(c->channel, LOGIN_SIGNER_SIGN, ++c->id, &w, -1);
}

int
signer_client_sign(void *arg, const struct tls_sign_request *request,
    uint8_t *sig, size_t sig_max, size_t *sig_len)
{
	struct signer_client *c = arg;

	signer_client_turn(c);
	if (c->channel == NULL || c->is_late ||
	    request->tbs_len > LOGIN_SIGNER_TBS_MAX)
		return -1;
	c->sig = sig;
	c->sig_max = sig_max;
	c->sig_len = 0;
	signer_client_send(c, request);
	signer_client_wait(c);
	c->sig = NULL;
	*sig_len = c->sig_len;
	return c->sig_len > 0 ? 0 : -1;
}
