/*
 * password_scheme: what the files of password share: one stored hash at its
 * verification, the functions of the schemes, and what a hash may cost.
 */
#ifndef LIB_PASSWORD_SCHEME_H
#define LIB_PASSWORD_SCHEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/digest.h"
#include "lib/password.h"
#include "lib/password_scram.h"

/*
 * What a stored hash may ask for.  A database in other hands must not stop a
 * worker for minutes; these are some seconds of work, ten times what anybody
 * recommends.  Hashes beyond are refused before any work is done.
 */
/* Of SHA-crypt, PBKDF2, SCRAM: OWASP's most is 1,300,000 (SHA-1). */
#define PASSWORD_ROUNDS_MAX	2000000u
/* Each step of bcrypt doubles the time; 12 is usual. */
#define PASSWORD_BCRYPT_MAX	15u
/*
 * Memory of Argon2, yescrypt and scrypt: four times Argon2's usual 64 MB.
 * All workers may be at it at once.
 */
#define PASSWORD_MEMORY_KIB_MAX	(256u * 1024)
/* Argon2: memory times passes, in KiB: that much is written. */
#define PASSWORD_ARGON2_KIB_MAX	(4u * 1024 * 1024)
#define PASSWORD_ARGON2_LANES_MAX	64u

enum password_encoding {
	ENCODING_NONE,
	ENCODING_HEX,
	ENCODING_BASE64,
};

struct password_scheme;

/* What is compared; data is decoded, and terminated for texts. */
struct password_check {
	const struct password_scheme	*scheme;
	const char			*pass;
	uint8_t				 data[PASSWORD_HASH_MAX + 1];
	size_t				 len;
};

typedef enum password_verdict (*password_verify_fn)(
    const struct password_check *);
/*
 * Length of the part of a slow scheme's text that says what it costs, with
 * the salt and what separates them from the secret; 0 when it is malformed
 * or too costly.  That part alone verifies as a MISMATCH, at full cost.
 */
typedef size_t (*password_setting_fn)(const char *text);

struct password_scheme {
	const char		*name;
	password_verify_fn	 verify;
	enum password_encoding	 encoding;	/* unless a suffix says */
	enum digest_kind	 digest;
	password_setting_fn	 setting;	/* NULL: not slow */
};

/* password_digest.c: in clear, and digests with and without a salt. */
enum password_verdict	password_verify_plain(const struct password_check *);
enum password_verdict	password_verify_digest(const struct password_check *);
enum password_verdict	password_verify_salted(const struct password_check *);
/* password_crypt.c: crypt(3). */
enum password_verdict	password_verify_crypt(const struct password_check *);
size_t			password_crypt_setting(const char *);
bool			password_is_md5_crypt(const char *);
/* password_kdf.c: PBKDF2 and what is made of it. */
enum password_verdict	password_verify_pbkdf2(const struct password_check *);
size_t			password_pbkdf2_setting(const char *);
enum password_verdict	password_verify_scram(const struct password_check *);
size_t			password_scram_setting(const char *);
int			password_scram_read(const struct password_check *,
			    struct password_scram *)
			    __attribute__((warn_unused_result));
#ifdef WITH_ARGON2
/* password_argon2.c */
enum password_verdict	password_verify_argon2(const struct password_check *);
size_t			password_argon2_setting(const char *);
#endif

/* hex digits to bytes: their number, or -1 (also when they do not fit). */
ssize_t	password_hex_decode(uint8_t *dst, size_t size, const char *, size_t)
	    __attribute__((warn_unused_result));

#endif
