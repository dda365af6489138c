/*
 * The channels of the login processes.
 * Runs in: tls-signer.
 * Hostile input: all that they send.
 * Never: waits for one of them; signs out of turn.
 */
#include "tls-signer/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/login_signer.h"
#include "ipc/roles.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/xmem.h"
#include "tls-signer/keys.h"

#define SIGNER_SECOND_MS	1000
/* A line about refusals so often: who causes them may cause many. */
#define SIGNER_WARN_MS		10000

/* One request that waits for its turn. */
struct signer_ask {
	uint32_t			 id;
	struct login_signer_sign	 what;
	uint8_t				*tbs;	/* what.tbs, ours */
};

/* One login process. */
struct signer_peer {
	TAILQ_ENTRY(signer_peer) entry;
	struct signer		*signer;
	struct channel		*channel;
	uint32_t		 pid;
	struct signer_ask	 asks[LOGIN_SIGNER_OPEN_MAX];
	size_t			 nasks;
	uint64_t		 second_ms;	/* when it began */
	uint32_t		 nrequests;	/* in it */
};

static int	signer_on_sign(void *, uint32_t, struct wire_reader *, int);

static const struct channel_row signer_rows[] = {
	{ LOGIN_SIGNER_SIGN, "SIGN", 1, 5, 5 + LOGIN_SIGNER_TBS_MAX, false,
	    false, signer_on_sign },
};

static const char *const signer_why[LOGIN_SIGNER_CODE_LAST + 1] = {
	[LOGIN_SIGNER_CODE_KEY] = "there is no such key",
	[LOGIN_SIGNER_CODE_ALG] = "the key cannot do that",
	[LOGIN_SIGNER_CODE_BYTES] = "not what a TLS handshake signs",
	[LOGIN_SIGNER_CODE_RATE] = "too many requests",
	[LOGIN_SIGNER_CODE_FAULT] = "OpenSSL failed",
};

/* Told now and then, with how often it was. */
static void
signer_warn(struct signer *s, const struct signer_peer *p, uint8_t code)
{
	uint64_t now = clock_ms();

	s->nrefused++;
	if (s->warned_ms != 0 && now - s->warned_ms < SIGNER_WARN_MS)
		return;
	log_warn("a request of process %u is refused: %s; refused=%u",
	    p->pid, signer_why[code], s->nrefused);
	s->warned_ms = now;
	s->nrefused = 0;
}

static void
signer_refuse(struct signer_peer *p, uint32_t id, uint8_t code)
{
	struct login_signer_refused m = { .code = code };
	struct wire_writer w;
	uint8_t body[1];

	wire_writer_init(&w, body, sizeof(body));
	login_signer_refused_put(&w, &m);
	channel_send(p->channel, LOGIN_SIGNER_REFUSED, id, &w, -1);
	signer_warn(p->signer, p, code);
}

static bool
signer_is_too_fast(struct signer_peer *p)
{
	uint64_t now = clock_ms();

	if (now - p->second_ms >= SIGNER_SECOND_MS) {
		p->second_ms = now;
		p->nrequests = 0;
	}
	return p->nrequests++ >= LOGIN_SIGNER_RATE;
}

static int
signer_on_sign(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct signer_peer *p = endpoint;
	struct login_signer_sign m;
	struct signer_ask *ask;

	(void)fd;
	if (login_signer_sign_get(r, &m) == -1)
		return -1;
	if (signer_is_too_fast(p) || p->nasks == LOGIN_SIGNER_OPEN_MAX) {
		signer_refuse(p, id, LOGIN_SIGNER_CODE_RATE);
		return 0;
	}
	ask = &p->asks[p->nasks++];
	ask->id = id;
	ask->what = m;
	ask->tbs = xcalloc(1, m.tbs_len + 1);
	if (m.tbs_len > 0)
		memcpy(ask->tbs, m.tbs, m.tbs_len);
	ask->what.tbs = ask->tbs;
	p->signer->nwaiting++;
	return 0;
}

/* The oldest request of a channel has been dealt with. */
static void
signer_forget_first(struct signer_peer *p)
{
	free(p->asks[0].tbs);
	p->nasks--;
	p->signer->nwaiting--;
	memmove(p->asks, p->asks + 1, p->nasks * sizeof(p->asks[0]));
}

static void
signer_peer_free(struct signer_peer *p)
{
	while (p->nasks > 0)
		signer_forget_first(p);
	TAILQ_REMOVE(&p->signer->peers, p, entry);
	p->signer->npeers--;
	channel_free(p->channel);
	free(p);
}

static void
signer_on_closed(void *endpoint, enum channel_end end)
{
	(void)end;
	signer_peer_free(endpoint);
}

void
signer_init(struct signer *s, struct loop *loop, struct keys *keys)
{
	memset(s, 0, sizeof(*s));
	s->loop = loop;
	s->keys = keys;
	TAILQ_INIT(&s->peers);
}

void
signer_clear(struct signer *s)
{
	struct signer_peer *p;

	while ((p = TAILQ_FIRST(&s->peers)) != NULL)
		signer_peer_free(p);
}

void
signer_add(struct signer *s, int fd, uint32_t pid)
{
	struct signer_peer *p = xcalloc(1, sizeof(*p));
	char name[32];
	struct channel_config config = {
		.loop = s->loop,
		.fd = fd,
		.contract = &login_signer_contract,
		.rows = signer_rows,
		.nrows = sizeof(signer_rows) / sizeof(signer_rows[0]),
		.policy = CHANNEL_PEER_LOWER,
		.role = ROLE_ID_TLS_SIGNER,
		.peer = name,
		.endpoint = p,
		.closed_fn = signer_on_closed,
	};

	(void)snprintf(name, sizeof(name), "login process %u", pid);
	p->signer = s;
	p->pid = pid;
	TAILQ_INSERT_TAIL(&s->peers, p, entry);
	s->npeers++;
	p->channel = channel_new(&config);
}

void
signer_drain(struct signer *s)
{
	s->is_draining = true;
}

bool
signer_is_over(const struct signer *s)
{
	return s->is_draining && s->npeers == 0;
}

static void
signer_serve(struct signer *s, struct signer_peer *p)
{
	static uint8_t body[2 + LOGIN_SIGNER_SIG_MAX];
	static uint8_t sig[LOGIN_SIGNER_SIG_MAX];
	const struct signer_ask *ask = &p->asks[0];
	struct login_signer_signed m = { .sig = sig };
	struct wire_writer w;
	uint32_t id = ask->id;
	uint8_t code;

	if (keys_sign(s->keys, &ask->what, sig, &m.sig_len, &code) == -1)
		signer_refuse(p, id, code);
	else {
		wire_writer_init(&w, body, sizeof(body));
		login_signer_signed_put(&w, &m);
		channel_send(p->channel, LOGIN_SIGNER_SIGNED, id, &w, -1);
	}
	signer_forget_first(p);
	/* The others' turns are no reason to wait. */
	channel_flush(p->channel);
}

void
signer_round(struct signer *s)
{
	struct signer_peer *p;

	if (s->nwaiting == 0)
		return;
	/* A channel that died is freed at the end of the turn, not here. */
	TAILQ_FOREACH(p, &s->peers, entry)
		if (p->nasks > 0)
			signer_serve(s, p);
}
