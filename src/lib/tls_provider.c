/*
 * tls_provider: keys whose private half is elsewhere, as an OpenSSL provider.
 * Runs in: login processes.
 * Hostile input: what is signed holds bytes of the client.
 * Never: holds a private key; exports even a public half.
 *
 * It knows public halves, compares them, and passes on what is to be signed.
 * If it exported anything, OpenSSL would go on with its own copy of the key
 * and find, in the handshake, that it cannot sign.
 */
#include "lib/tls_internal.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/xmem.h"

#define PROVIDER_NAME	"mailwicket"
/* Our own parameters of a key. */
#define PARAM_SIGNER	"mailwicket-signer"
#define PARAM_NUMBER	"mailwicket-number"
/* An RSA modulus of 8192 bits; points of curves are shorter. */
#define PROVIDER_PUBLIC_MAX	1024
#define PROVIDER_GROUP_MAX	32

enum provider_kind { KIND_RSA, KIND_EC, KIND_ED25519 };

struct provider_key {
	enum provider_kind	 kind;
	const struct tls_signer	*signer;	/* NULL: cannot sign */
	uint16_t		 number;
	char			 group[PROVIDER_GROUP_MAX];	/* EC */
	/* Modulus, point; and RSA's exponent. */
	uint8_t			 public[PROVIDER_PUBLIC_MAX];
	size_t			 public_len;
	uint64_t		 exponent;
};

/* One signature that is being made. */
struct provider_sign {
	const struct provider_key	*key;
	unsigned int			 hash;	/* its bits; 0: none */
	bool				 is_pss;
};

static bool provider_has_refused;

/* Curves, and the signature's length as DER. */
static const struct provider_curve {
	const char	*name;
	int		 bits, security, sig_max;
} provider_curves[] = {
	{ "prime256v1", 256, 128, 72 },
	{ "secp384r1", 384, 192, 104 },
	{ "secp521r1", 521, 256, 139 },
};

static const struct provider_curve *
provider_curve(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(provider_curves) / sizeof(provider_curves[0]);
	    i++)
		if (strcmp(provider_curves[i].name, name) == 0)
			return &provider_curves[i];
	return NULL;
}

/* Keys ------------------------------------------------------------------ */

static struct provider_key *
key_new(enum provider_kind kind)
{
	struct provider_key *key = xcalloc(1, sizeof(*key));

	key->kind = kind;
	return key;
}

static void *
key_new_rsa(void *provctx)
{
	(void)provctx;
	return key_new(KIND_RSA);
}

static void *
key_new_ec(void *provctx)
{
	(void)provctx;
	return key_new(KIND_EC);
}

static void *
key_new_ed25519(void *provctx)
{
	(void)provctx;
	return key_new(KIND_ED25519);
}

static void
key_free(void *arg)
{
	free(arg);
}

/* The private half counts as there where somebody signs with it. */
static int
key_has(const void *arg, int selection)
{
	const struct provider_key *key = arg;

	if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 &&
	    key->public_len == 0)
		return 0;
	return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 ||
	    key->signer != NULL;
}

static int
key_match(const void *arg1, const void *arg2, int selection)
{
	const struct provider_key *a = arg1, *b = arg2;

	(void)selection;
	return a->kind == b->kind && a->public_len == b->public_len &&
	    memcmp(a->public, b->public, a->public_len) == 0 &&
	    a->exponent == b->exponent && strcmp(a->group, b->group) == 0;
}

static int
key_import_rsa(struct provider_key *key, const OSSL_PARAM params[])
{
	const OSSL_PARAM *n = OSSL_PARAM_locate_const(params,
	    OSSL_PKEY_PARAM_RSA_N);
	const OSSL_PARAM *e = OSSL_PARAM_locate_const(params,
	    OSSL_PKEY_PARAM_RSA_E);
	BIGNUM *modulus = NULL;
	int len = -1;

	if (n == NULL || e == NULL || OSSL_PARAM_get_BN(n, &modulus) != 1)
		return 0;
	if (BN_num_bytes(modulus) <= PROVIDER_PUBLIC_MAX)
		len = BN_bn2bin(modulus, key->public);
	BN_free(modulus);
	if (len <= 0 || OSSL_PARAM_get_uint64(e, &key->exponent) != 1)
		return 0;
	key->public_len = (size_t)len;
	return 1;
}

static int
key_import_point(struct provider_key *key, const OSSL_PARAM params[])
{
	const OSSL_PARAM *group = OSSL_PARAM_locate_const(params,
	    OSSL_PKEY_PARAM_GROUP_NAME);
	const OSSL_PARAM *point = OSSL_PARAM_locate_const(params,
	    OSSL_PKEY_PARAM_PUB_KEY);
	char *name = key->group;
	void *public = key->public;

	if (key->kind == KIND_EC && (group == NULL ||
	    OSSL_PARAM_get_utf8_string(group, &name, sizeof(key->group)) != 1 ||
	    provider_curve(key->group) == NULL))
		return 0;
	return point != NULL && OSSL_PARAM_get_octet_string(point, &public,
	    sizeof(key->public), &key->public_len) == 1;
}

static int
key_import(void *arg, int selection, const OSSL_PARAM params[])
{
	struct provider_key *key = arg;
	const OSSL_PARAM *signer = OSSL_PARAM_locate_const(params,
	    PARAM_SIGNER);
	const OSSL_PARAM *number = OSSL_PARAM_locate_const(params,
	    PARAM_NUMBER);
	const void *p = NULL;
	unsigned int n = 0;
	size_t len;

	(void)selection;
	if (signer != NULL && number != NULL) {
		if (OSSL_PARAM_get_octet_ptr(signer, &p, &len) != 1 ||
		    OSSL_PARAM_get_uint(number, &n) != 1)
			return 0;
		key->signer = p;
		key->number = (uint16_t)n;
	}
	return key->kind == KIND_RSA ? key_import_rsa(key, params) :
	    key_import_point(key, params);
}

static const OSSL_PARAM key_imported[] = {
	OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
	OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
	OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
	OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
	OSSL_PARAM_octet_ptr(PARAM_SIGNER, NULL, 0),
	OSSL_PARAM_uint(PARAM_NUMBER, NULL),
	OSSL_PARAM_END,
};

static const OSSL_PARAM *
key_import_types(int selection)
{
	(void)selection;
	return key_imported;
}

/* Security of RSA as NIST SP 800-57 has it. */
static int
key_security_rsa(int bits)
{
	return bits >= 15360 ? 256 : bits >= 7680 ? 192 : bits >= 3072 ? 128 :
	    bits >= 2048 ? 112 : bits >= 1024 ? 80 : 0;
}

static void
key_sizes(const struct provider_key *key, int *bits, int *security, int *max)
{
	const struct provider_curve *curve;

	switch (key->kind) {
	case KIND_RSA:
		*max = (int)key->public_len;
		*bits = *max * 8;
		*security = key_security_rsa(*bits);
		break;
	case KIND_EC:
		curve = provider_curve(key->group);
		*max = curve == NULL ? 0 : curve->sig_max;
		*bits = curve == NULL ? 0 : curve->bits;
		*security = curve == NULL ? 0 : curve->security;
		break;
	case KIND_ED25519:
		*max = 64;
		*bits = 256;
		*security = 128;
		break;
	}
}

static int
key_get_params(void *arg, OSSL_PARAM params[])
{
	const struct provider_key *key = arg;
	int bits, security, max;
	OSSL_PARAM *p;

	key_sizes(key, &bits, &security, &max);
	if ((p = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_BITS)) != NULL &&
	    OSSL_PARAM_set_int(p, bits) != 1)
		return 0;
	if ((p = OSSL_PARAM_locate(params,
	    OSSL_PKEY_PARAM_SECURITY_BITS)) != NULL &&
	    OSSL_PARAM_set_int(p, security) != 1)
		return 0;
	if ((p = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_MAX_SIZE)) != NULL &&
	    OSSL_PARAM_set_int(p, max) != 1)
		return 0;
	if ((p = OSSL_PARAM_locate(params,
	    OSSL_PKEY_PARAM_GROUP_NAME)) != NULL && key->kind == KIND_EC &&
	    OSSL_PARAM_set_utf8_string(p, key->group) != 1)
		return 0;
	if ((p = OSSL_PARAM_locate(params,
	    OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT)) != NULL &&
	    key->kind == KIND_EC &&
	    OSSL_PARAM_set_utf8_string(p, "uncompressed") != 1)
		return 0;
	/* Ed25519 hashes for itself. */
	if ((p = OSSL_PARAM_locate(params,
	    OSSL_PKEY_PARAM_MANDATORY_DIGEST)) != NULL &&
	    key->kind == KIND_ED25519 && OSSL_PARAM_set_utf8_string(p, "") != 1)
		return 0;
	return 1;
}

static const OSSL_PARAM *
key_gettable_params(void *provctx)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_utf8_string(
		    OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST,
		    NULL, 0),
		OSSL_PARAM_END,
	};

	(void)provctx;
	return params;
}

static const char *
key_operation_ec(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

/* Signatures ------------------------------------------------------------ */

static void *
sign_new(void *provctx, const char *propq)
{
	(void)provctx;
	(void)propq;
	return xcalloc(1, sizeof(struct provider_sign));
}

static void
sign_free(void *arg)
{
	free(arg);
}

static void *
sign_dup(void *arg)
{
	struct provider_sign *copy = xcalloc(1, sizeof(*copy));

	*copy = *(struct provider_sign *)arg;
	return copy;
}

static int
sign_set_hash(struct provider_sign *sign, const char *name)
{
	static const struct {
		const char	*name;
		unsigned int	 hash;
	} hashes[] = {
		{ "SHA256", 256 }, { "SHA2-256", 256 }, { "SHA384", 384 },
		{ "SHA2-384", 384 }, { "SHA512", 512 }, { "SHA2-512", 512 },
	};
	size_t i;

	for (i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		if (strcasecmp(hashes[i].name, name) == 0) {
			sign->hash = hashes[i].hash;
			return 1;
		}
	}
	return 0;
}

/* PKCS #1 1.5 or PSS; as a word or as RSA's number. */
static int
sign_set_padding(struct provider_sign *sign, const OSSL_PARAM *p)
{
	const char *word;
	int n;

	if (p->data_type == OSSL_PARAM_UTF8_STRING) {
		if (OSSL_PARAM_get_utf8_string_ptr(p, &word) != 1)
			return 0;
		sign->is_pss = strcmp(word, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0;
		return sign->is_pss ||
		    strcmp(word, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0;
	}
	if (OSSL_PARAM_get_int(p, &n) != 1)
		return 0;
	sign->is_pss = n == RSA_PKCS1_PSS_PADDING;
	return sign->is_pss || n == RSA_PKCS1_PADDING;
}

/* As long as the hash, as TLS has it, and nothing else. */
static int
sign_set_salt(const OSSL_PARAM *p)
{
	const char *word;
	int n;

	if (p->data_type == OSSL_PARAM_UTF8_STRING)
		return OSSL_PARAM_get_utf8_string_ptr(p, &word) == 1 &&
		    strcmp(word, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST) == 0;
	return OSSL_PARAM_get_int(p, &n) == 1 && n == RSA_PSS_SALTLEN_DIGEST;
}

static int
sign_set_params(void *arg, const OSSL_PARAM params[])
{
	struct provider_sign *sign = arg;
	const OSSL_PARAM *p;

	if (params == NULL)
		return 1;
	p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
	if (p != NULL && (sign->key->kind != KIND_RSA ||
	    sign_set_padding(sign, p) != 1))
		return 0;
	p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
	return p == NULL || sign_set_salt(p) == 1;
}

static const OSSL_PARAM *
sign_settable_params(void *arg, void *provctx)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN,
		    NULL, 0),
		OSSL_PARAM_END,
	};

	(void)arg;
	(void)provctx;
	return params;
}

static int
sign_init(void *arg, const char *hash, void *key, const OSSL_PARAM params[])
{
	struct provider_sign *sign = arg;

	if (key != NULL)
		sign->key = key;
	if (sign->key == NULL || sign->key->signer == NULL)
		return 0;
	if (sign->key->kind == KIND_ED25519) {
		if (hash != NULL && *hash != '\0')
			return 0;
	} else if (hash == NULL || sign_set_hash(sign, hash) != 1)
		return 0;
	return sign_set_params(sign, params);
}

static enum tls_sign_alg
sign_alg(const struct provider_sign *sign)
{
	enum tls_sign_alg first = TLS_SIGN_ECDSA_SHA256;

	if (sign->key->kind == KIND_ED25519)
		return TLS_SIGN_ED25519;
	if (sign->key->kind == KIND_RSA)
		first = sign->is_pss ? TLS_SIGN_RSA_PSS_SHA256 :
		    TLS_SIGN_RSA_PKCS1_SHA256;
	return first + (sign->hash == 256 ? 0 : sign->hash == 384 ? 1 : 2);
}

/* All at once; sig NULL: asks how long a signature can be. */
static int
sign_all(void *arg, unsigned char *sig, size_t *sig_len, size_t sig_max,
    const unsigned char *tbs, size_t tbs_len)
{
	const struct provider_sign *sign = arg;
	struct tls_sign_request request;
	int bits, security, max;

	key_sizes(sign->key, &bits, &security, &max);
	if (sig == NULL) {
		*sig_len = (size_t)max;
		return 1;
	}
	request.key = sign->key->number;
	request.alg = sign_alg(sign);
	request.tbs = tbs;
	request.tbs_len = tbs_len;
	if (tbs_len <= TLS_SIGN_TBS_MAX &&
	    sign->key->signer->fn(sign->key->signer->arg, &request, sig,
	    sig_max, sig_len) == 0 && *sig_len <= sig_max)
		return 1;
	provider_has_refused = true;
	return 0;
}

/* The provider ---------------------------------------------------------- */

typedef void (*provider_fn)(void);

#define FN(id, fn)	{ OSSL_FUNC_##id, (provider_fn)(fn) }
#define KEY_FUNCTIONS							\
	FN(KEYMGMT_FREE, key_free),					\
	FN(KEYMGMT_HAS, key_has),					\
	FN(KEYMGMT_MATCH, key_match),					\
	FN(KEYMGMT_IMPORT, key_import),					\
	FN(KEYMGMT_IMPORT_TYPES, key_import_types),			\
	FN(KEYMGMT_GET_PARAMS, key_get_params),				\
	FN(KEYMGMT_GETTABLE_PARAMS, key_gettable_params)

static const OSSL_DISPATCH key_rsa[] = {
	FN(KEYMGMT_NEW, key_new_rsa), KEY_FUNCTIONS, { 0, NULL },
};
static const OSSL_DISPATCH key_ec[] = {
	FN(KEYMGMT_NEW, key_new_ec), KEY_FUNCTIONS,
	FN(KEYMGMT_QUERY_OPERATION_NAME, key_operation_ec), { 0, NULL },
};
static const OSSL_DISPATCH key_ed25519[] = {
	FN(KEYMGMT_NEW, key_new_ed25519), KEY_FUNCTIONS, { 0, NULL },
};
static const OSSL_DISPATCH sign_functions[] = {
	FN(SIGNATURE_NEWCTX, sign_new),
	FN(SIGNATURE_FREECTX, sign_free),
	FN(SIGNATURE_DUPCTX, sign_dup),
	FN(SIGNATURE_DIGEST_SIGN_INIT, sign_init),
	FN(SIGNATURE_DIGEST_SIGN, sign_all),
	FN(SIGNATURE_SET_CTX_PARAMS, sign_set_params),
	FN(SIGNATURE_SETTABLE_CTX_PARAMS, sign_settable_params),
	{ 0, NULL },
};

#define PROPERTY	"provider=" PROVIDER_NAME

/* The names that OpenSSL's own provider has. */
static const OSSL_ALGORITHM provider_keys[] = {
	{ "RSA:rsaEncryption:1.2.840.113549.1.1.1", PROPERTY, key_rsa, NULL },
	{ "EC:id-ecPublicKey:1.2.840.10045.2.1", PROPERTY, key_ec, NULL },
	{ "ED25519:1.3.101.112", PROPERTY, key_ed25519, NULL },
	{ NULL, NULL, NULL, NULL },
};
static const OSSL_ALGORITHM provider_signatures[] = {
	{ "RSA:rsaEncryption:1.2.840.113549.1.1.1", PROPERTY, sign_functions,
	    NULL },
	{ "ECDSA", PROPERTY, sign_functions, NULL },
	{ "ED25519:1.3.101.112", PROPERTY, sign_functions, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM *
provider_query(void *provctx, int operation, int *no_cache)
{
	(void)provctx;
	*no_cache = 0;
	return operation == OSSL_OP_KEYMGMT ? provider_keys :
	    operation == OSSL_OP_SIGNATURE ? provider_signatures : NULL;
}

static int
provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
    const OSSL_DISPATCH **out, void **provctx)
{
	static const OSSL_DISPATCH functions[] = {
		FN(PROVIDER_QUERY_OPERATION, provider_query),
		{ 0, NULL },
	};

	(void)in;
	*out = functions;
	/* No context is needed; OpenSSL wants one. */
	*provctx = (void *)(uintptr_t)handle;
	return 1;
}

int
tls_provider_start(void)
{
	/* For the life of the process. */
	static OSSL_PROVIDER *loaded[2];

	if (loaded[1] != NULL)
		return 0;
	/* The first one is asked first: what is not ours goes there. */
	loaded[0] = OSSL_PROVIDER_load(NULL, "default");
	if (loaded[0] == NULL || OSSL_PROVIDER_add_builtin(NULL, PROVIDER_NAME,
	    provider_init) != 1)
		return -1;
	loaded[1] = OSSL_PROVIDER_load(NULL, PROVIDER_NAME);
	return loaded[1] == NULL ? -1 : 0;
}

bool
tls_provider_refused(void)
{
	bool has_refused = provider_has_refused;

	provider_has_refused = false;
	return has_refused;
}

static const char *
provider_kind_of(const EVP_PKEY *key)
{
	static const char *const kinds[] = { "RSA", "EC", "ED25519" };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (EVP_PKEY_is_a(key, kinds[i]))
			return kinds[i];
	return NULL;
}

EVP_PKEY *
tls_provider_key(EVP_PKEY *of, uint16_t number,
    const struct tls_signer *signer)
{
	const char *kind = of == NULL ? NULL : provider_kind_of(of);
	OSSL_PARAM *public = NULL, *all = NULL, own[3];
	unsigned int n = number;
	void *p = (void *)(uintptr_t)signer;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *key = NULL;

	if (kind == NULL)
		return NULL;
	own[0] = OSSL_PARAM_construct_octet_ptr(PARAM_SIGNER, &p,
	    sizeof(*signer));
	own[1] = OSSL_PARAM_construct_uint(PARAM_NUMBER, &n);
	own[2] = OSSL_PARAM_construct_end();
	ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, PROPERTY);
	if (ctx == NULL ||
	    EVP_PKEY_todata(of, EVP_PKEY_PUBLIC_KEY, &public) != 1)
		goto out;
	all = OSSL_PARAM_merge(public, own);
	if (all == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, all) != 1)
		key = NULL;
out:
	OSSL_PARAM_free(public);
	/* Its elements are borrowed from the two others. */
	OSSL_PARAM_free(all);
	EVP_PKEY_CTX_free(ctx);
	return key;
}
