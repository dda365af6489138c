/* keys: the private keys, and signatures made with them. */
#ifndef TLS_SIGNER_KEYS_H
#define TLS_SIGNER_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evp_pkey_st;
struct keys;
struct login_signer_sign;

#define KEYS_ERROR_MAX	200

/* Hears why a key cannot be used; text is fit for a log. */
typedef void (*keys_fault_fn)(void *arg, uint16_t key, const char *text);

/*
 * The keys of a mapped key_set; the password, "" for none, is for those that
 * are encrypted.  Keys with a fault are left out.  NULL: the set is malformed.
 */
struct keys	*keys_new(const void *, size_t, const char *password,
		    keys_fault_fn, void *arg);
void		 keys_free(struct keys *);
size_t		 keys_count(const struct keys *);
/*
 * Signs what a TLS handshake signs: up to LOGIN_SIGNER_SIG_MAX bytes to sig.
 * -1 with enum login_signer_code in *code.
 */
int		 keys_sign(struct keys *, const struct login_signer_sign *,
		    uint8_t *sig, size_t *sig_len, uint8_t *code)
		    __attribute__((warn_unused_result));
/* The key itself, borrowed; NULL when there is none with that number. */
struct evp_pkey_st	*keys_get(const struct keys *, uint16_t key);
/*
 * "RSA 2048", "ECDSA P-256", "Ed25519"; -1 with the reason in text when it is
 * of a kind, or size, that is not used here.
 */
int		 keys_kind(const struct evp_pkey_st *, char *text,
		    size_t size) __attribute__((warn_unused_result));
/*
 * Once, before all else here: no configuration is read, and the keys are kept
 * in memory that is locked and guarded, if there is some.
 */
void		 keys_init(size_t set_bytes);

#endif
