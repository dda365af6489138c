/*
 * Passwords in clear, and their digests with and without a salt.
 * Runs in: auth, auth-worker.
 * Hostile input: passwords of clients; hashes from a database.
 * Never: tells by its timing where two secrets differ.
 */
#include <string.h>

#include "lib/password_scheme.h"

/* Through digests of one length, so that lengths are not told either. */
enum password_verdict
password_verify_plain(const struct password_check *c)
{
	uint8_t theirs[DIGEST_BYTES_MAX], ours[DIGEST_BYTES_MAX];
	enum password_verdict verdict = PASSWORD_BAD_HASH;

	if (digest_two(DIGEST_SHA256, c->pass, strlen(c->pass), NULL, 0,
	    theirs) == 0 &&
	    digest_two(DIGEST_SHA256, c->data, c->len, NULL, 0, ours) == 0)
		verdict = digest_equal(theirs, ours,
		    digest_length(DIGEST_SHA256)) ?
		    PASSWORD_MATCH : PASSWORD_MISMATCH;
	explicit_bzero(theirs, sizeof(theirs));
	explicit_bzero(ours, sizeof(ours));
	return verdict;
}

enum password_verdict
password_verify_digest(const struct password_check *c)
{
	uint8_t theirs[DIGEST_BYTES_MAX];
	size_t len = digest_length(c->scheme->digest);
	enum password_verdict verdict;

	if (c->len != len || digest_two(c->scheme->digest, c->pass,
	    strlen(c->pass), NULL, 0, theirs) == -1)
		return PASSWORD_BAD_HASH;
	verdict = digest_equal(theirs, c->data, len) ?
	    PASSWORD_MATCH : PASSWORD_MISMATCH;
	explicit_bzero(theirs, sizeof(theirs));
	return verdict;
}

/* The digest of password and salt, then the salt. */
enum password_verdict
password_verify_salted(const struct password_check *c)
{
	uint8_t theirs[DIGEST_BYTES_MAX];
	size_t len = digest_length(c->scheme->digest);
	enum password_verdict verdict;

	if (c->len <= len || digest_two(c->scheme->digest, c->pass,
	    strlen(c->pass), c->data + len, c->len - len, theirs) == -1)
		return PASSWORD_BAD_HASH;
	verdict = digest_equal(theirs, c->data, len) ?
	    PASSWORD_MATCH : PASSWORD_MISMATCH;
	explicit_bzero(theirs, sizeof(theirs));
	return verdict;
}
