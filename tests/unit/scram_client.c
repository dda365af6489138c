/* The client's side of SCRAM, and stored keys, for tests. */
#include "scram_client.h"

#include "unit.h"

#include "lib/base64.h"
#include "lib/strutil.h"

#define KEY	BASE64_ENCODED_SIZE(DIGEST_BYTES_MAX)

struct keys {
	uint8_t	client[DIGEST_BYTES_MAX], stored[DIGEST_BYTES_MAX];
	uint8_t	server[DIGEST_BYTES_MAX];
};

static void
make_keys(struct keys *k, enum digest_kind digest, const char *pass,
    const char *salt, size_t len, unsigned int rounds)
{
	uint8_t bytes[256], salted[DIGEST_BYTES_MAX];
	ssize_t n = base64_decode(bytes, sizeof(bytes), salt, len);
	size_t size = digest_length(digest);

	assert_true(n > 0);
	assert_int_equal(digest_pbkdf2(digest, pass, bytes, (size_t)n, rounds,
	    salted), 0);
	assert_int_equal(digest_hmac(digest, salted, size, "Client Key", 10,
	    k->client), 0);
	assert_int_equal(digest_two(digest, k->client, size, NULL, 0,
	    k->stored), 0);
	assert_int_equal(digest_hmac(digest, salted, size, "Server Key", 10,
	    k->server), 0);
}

void
scram_hash(char *dst, size_t size, enum digest_kind digest, const char *pass,
    const char *salt, unsigned int rounds)
{
	char stored[KEY], server[KEY];
	struct keys k;
	size_t len = digest_length(digest);

	make_keys(&k, digest, pass, salt, strlen(salt), rounds);
	assert_true(base64_encode(stored, sizeof(stored), k.stored, len) > 0);
	assert_true(base64_encode(server, sizeof(server), k.server, len) > 0);
	(void)snprintf(dst, size, "{SCRAM-SHA-%s}%u,%s,%s,%s",
	    digest == DIGEST_SHA1 ? "1" : "256", rounds, salt, stored,
	    server);
}

void
scram_client_begin(struct scram_client *c, const char *user,
    const char *nonce)
{
	(void)snprintf(c->bare, sizeof(c->bare), "n=%s,r=%s", user, nonce);
	(void)snprintf(c->first, sizeof(c->first), "%s%s", c->header, c->bare);
}

/* The proof, and what the server must prove. */
static void
prove(struct scram_client *c, const struct keys *k, const char *challenge)
{
	char text[4 * SCRAM_CLIENT_TEXT], proof[KEY];
	uint8_t mac[DIGEST_BYTES_MAX];
	size_t len = digest_length(c->digest), end = strlen(c->final);
	int n;

	n = snprintf(text, sizeof(text), "%s,%s,%s", c->bare, challenge,
	    c->final);
	assert_int_equal(digest_hmac(c->digest, k->stored, len, text,
	    (size_t)n, mac), 0);
	for (size_t i = 0; i < len; i++)
		mac[i] ^= k->client[i];
	assert_true(base64_encode(proof, sizeof(proof), mac, len) > 0);
	(void)snprintf(c->final + end, sizeof(c->final) - end, ",p=%s", proof);
	assert_int_equal(digest_hmac(c->digest, k->server, len, text,
	    (size_t)n, mac), 0);
	assert_true(base64_encode(proof, sizeof(proof), mac, len) > 0);
	(void)snprintf(c->wanted, sizeof(c->wanted), "v=%s", proof);
}

bool
scram_client_answer(struct scram_client *c, const char *challenge,
    const char *nonce)
{
	const char *salt = strstr(challenge, ",s="), *rounds;
	char header[64];
	struct keys k;
	uint64_t n;

	if (strncmp(challenge, "r=", 2) != 0 || salt == NULL ||
	    strncmp(challenge + 2, nonce, strlen(nonce)) != 0 ||
	    (rounds = strstr(salt, ",i=")) == NULL ||
	    str_number(rounds + 3, strlen(rounds + 3), 1, 1000000, &n) == -1)
		return false;
	make_keys(&k, c->digest, c->pass, salt + 3,
	    (size_t)(rounds - salt) - 3, (unsigned int)n);
	assert_true(base64_encode(header, sizeof(header), c->header,
	    strlen(c->header)) > 0);
	(void)snprintf(c->final, sizeof(c->final), "c=%s,%.*s", header,
	    (int)(salt - challenge), challenge);
	prove(c, &k, challenge);
	return true;
}
