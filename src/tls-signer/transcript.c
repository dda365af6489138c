/*
 * What a TLS handshake signs.
 * Runs in: tls-signer.
 * Hostile input: all of it.
 * Never: says yes to bytes that could mean something elsewhere.
 */
#include "tls-signer/transcript.h"

#include <string.h>

#include "ipc/login_signer.h"

/* RFC 8446, 4.4.3: blanks, the context, a NUL, the hash of the transcript. */
#define TRANSCRIPT_BLANKS	64
#define TRANSCRIPT_SHA256	32
#define TRANSCRIPT_SHA384	48
/* RFC 5246, 7.4.3: both randoms; RFC 8422, 5.4: the parameters. */
#define TRANSCRIPT_RANDOMS	64
#define TRANSCRIPT_NAMED_CURVE	3

static const char server_context[] = "TLS 1.3, server CertificateVerify";
static const char client_context[] = "TLS 1.3, client CertificateVerify";

/* Bytes of a public key on each curve; points are uncompressed. */
static const struct transcript_curve {
	uint16_t	id;
	uint8_t		bytes;
	bool		is_point;
} transcript_curves[] = {
	{ 23, 65, true },	/* P-256 */
	{ 24, 97, true },	/* P-384 */
	{ 25, 133, true },	/* P-521 */
	{ 29, 32, false },	/* X25519 */
	{ 30, 56, false },	/* X448 */
};

/* RFC 5246, 7.4: what comes before a client's CertificateVerify. */
enum transcript_message {
	TRANSCRIPT_CLIENT_HELLO = 1,
	TRANSCRIPT_SERVER_HELLO = 2,
	TRANSCRIPT_TICKET = 4,
	TRANSCRIPT_CERTIFICATE = 11,
	TRANSCRIPT_SERVER_KEY = 12,
	TRANSCRIPT_CERT_REQUEST = 13,
	TRANSCRIPT_HELLO_DONE = 14,
	TRANSCRIPT_CLIENT_KEY = 16,
	TRANSCRIPT_CERT_STATUS = 22,
};

static bool
transcript_is_1_3(uint8_t alg, const char *context, const uint8_t *p,
    size_t len)
{
	const size_t head = TRANSCRIPT_BLANKS + sizeof(server_context);
	size_t i;

	if (alg == LOGIN_SIGNER_RSA_PKCS1_SHA256 ||
	    alg == LOGIN_SIGNER_RSA_PKCS1_SHA384 ||
	    alg == LOGIN_SIGNER_RSA_PKCS1_SHA512)
		return false;
	if (len != head + TRANSCRIPT_SHA256 && len != head + TRANSCRIPT_SHA384)
		return false;
	for (i = 0; i < TRANSCRIPT_BLANKS; i++)
		if (p[i] != ' ')
			return false;
	/* With its NUL; both contexts are of one length. */
	return memcmp(p + TRANSCRIPT_BLANKS, context,
	    sizeof(server_context)) == 0;
}

static bool
transcript_is_server_key(const uint8_t *p, size_t len)
{
	const struct transcript_curve *c = transcript_curves;
	const size_t n = sizeof(transcript_curves) / sizeof(*c);
	uint16_t id;

	if (len < TRANSCRIPT_RANDOMS + 5)
		return false;
	p += TRANSCRIPT_RANDOMS;
	len -= TRANSCRIPT_RANDOMS;
	id = (uint16_t)(p[1] << 8 | p[2]);
	if (p[0] != TRANSCRIPT_NAMED_CURVE)
		return false;
	for (; c < transcript_curves + n; c++)
		if (c->id == id)
			return p[3] == c->bytes && len == 4u + c->bytes &&
			    (!c->is_point || p[4] == 4);
	return false;
}

static bool
transcript_may_stand(unsigned int type)
{
	switch (type) {
	case TRANSCRIPT_SERVER_HELLO:
	case TRANSCRIPT_TICKET:
	case TRANSCRIPT_CERTIFICATE:
	case TRANSCRIPT_SERVER_KEY:
	case TRANSCRIPT_CERT_REQUEST:
	case TRANSCRIPT_HELLO_DONE:
	case TRANSCRIPT_CERT_STATUS:
		return true;
	default:
		return false;
	}
}

/* Whole messages from the client's hello to its key, without a gap. */
static bool
transcript_is_messages(const uint8_t *p, size_t len)
{
	bool was_asked = false;
	unsigned int type;
	size_t at = 0, n;

	while (len - at >= 4) {
		type = p[at];
		n = (size_t)p[at + 1] << 16 | (size_t)p[at + 2] << 8 |
		    p[at + 3];
		if (n > len - at - 4)
			return false;
		if (at == 0 ? type != TRANSCRIPT_CLIENT_HELLO :
		    type != TRANSCRIPT_CLIENT_KEY &&
		    !transcript_may_stand(type))
			return false;
		was_asked |= type == TRANSCRIPT_CERT_REQUEST;
		at += 4 + n;
		if (type == TRANSCRIPT_CLIENT_KEY)
			return was_asked && at == len;
	}
	return false;
}

bool
transcript_is_signable(uint8_t alg, bool is_client, const uint8_t *p,
    size_t len)
{
	if (is_client)
		return transcript_is_1_3(alg, client_context, p, len) ||
		    transcript_is_messages(p, len);
	return transcript_is_1_3(alg, server_context, p, len) ||
	    transcript_is_server_key(p, len);
}
