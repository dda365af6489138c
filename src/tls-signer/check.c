/*
 * Looks at certificates before they are used.
 * Runs in: tls-signer in check mode.
 * Hostile input: none that counts: the files are root's.  But parsers of
 * certificates have had their faults, so this is done in a jail.
 * Never: talks to anybody but the master.
 */
#include "tls-signer/check.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ipc/cert_set.h"
#include "ipc/master_tls.h"
#include "lib/netaddr.h"
#include "lib/strutil.h"
#include "tls-signer/keys.h"

/* Certificates of one chain; more is a bundle of authorities. */
#define CHECK_CHAIN_MAX		16
/* What libraries demand of a signature today. */
#define CHECK_SIGNATURE_BITS	112

/* One chain that is looked at. */
struct check {
	const struct check_tell	*tell;
	uint16_t		 key;
	bool			 is_client;
	bool			 has_fault;
	X509			*chain[CHECK_CHAIN_MAX];
	int			 n;
};

static void check_fault(struct check *, bool, const char *, ...)
    __attribute__((format(printf, 3, 4)));

static void
check_fault(struct check *c, bool is_date, const char *format, ...)
{
	struct child_tls_fault m = { .key = c->key,
	    .file = CHILD_TLS_FILE_CERT, .is_date = is_date };
	char text[CHILD_TLS_TEXT_MAX + 1];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	str_copy_clean(m.text, sizeof(m.text), text, strlen(text));
	c->has_fault = true;
	c->tell->fault(c->tell->arg, &m);
}

/* All certificates of the PEM; how many there are, -1 when too many. */
static int
check_read(const char *pem, size_t len, X509 *dst[CHECK_CHAIN_MAX])
{
	BIO *bio = BIO_new_mem_buf(pem, (int)len);
	X509 *x;
	int n = 0;

	while (bio != NULL &&
	    (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (n == CHECK_CHAIN_MAX) {
			X509_free(x);
			n = -1;
			break;
		}
		dst[n++] = x;
	}
	BIO_free(bio);
	ERR_clear_error();
	return n;
}

static uint64_t
check_time(const ASN1_TIME *t)
{
	struct tm tm;
	time_t s;

	if (ASN1_TIME_to_tm(t, &tm) != 1 || (s = timegm(&tm)) < 0)
		return 0;
	return (uint64_t)s;
}

static void
check_date_text(uint64_t s, char text[32])
{
	time_t t = (time_t)s;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(text, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		(void)snprintf(text, 32, "a strange date");
}

static void
check_dates(struct check *c, const X509 *x, int i)
{
	uint64_t from = check_time(X509_get0_notBefore(x));
	uint64_t to = check_time(X509_get0_notAfter(x));
	uint64_t now = (uint64_t)time(NULL);
	const char *which = i == 0 ? "" : "a certificate of its chain ";
	char text[32];

	if (to < now) {
		check_date_text(to, text);
		check_fault(c, true, "%sexpired on %s", which, text);
	} else if (from > now) {
		check_date_text(from, text);
		check_fault(c, true, "%sis valid from %s only", which, text);
	}
}

/* Each is issued by the next; a root at the end does no harm. */
static void
check_order(struct check *c)
{
	int i;

	for (i = 0; i + 1 < c->n; i++) {
		if (X509_check_issued(c->chain[i + 1], c->chain[i]) ==
		    X509_V_OK && X509_verify(c->chain[i],
		    X509_get0_pubkey(c->chain[i + 1])) == 1)
			continue;
		check_fault(c, false, "certificate %d of the file has not "
		    "issued the one before it: the own one comes first, then "
		    "who issued it, and so on", i + 2);
		break;
	}
	ERR_clear_error();
}

static void
check_signature(struct check *c)
{
	X509 *x = c->chain[0];
	int bits;

	if (X509_check_issued(x, x) == X509_V_OK ||
	    X509_get_signature_info(x, NULL, NULL, &bits, NULL) != 1 ||
	    bits >= CHECK_SIGNATURE_BITS)
		return;
	check_fault(c, false, "is signed in a way that clients do not "
	    "accept any more (such as with SHA-1)");
}

static void
check_purpose(struct check *c)
{
	int purpose = c->is_client ? X509_PURPOSE_SSL_CLIENT :
	    X509_PURPOSE_SSL_SERVER;

	if (X509_check_purpose(c->chain[0], purpose, 0) == 0)
		check_fault(c, false, "is not made out to a TLS %s",
		    c->is_client ? "client" : "server");
}

static void
check_key(struct check *c, const struct keys *keys)
{
	EVP_PKEY *mine = X509_get0_pubkey(c->chain[0]);
	EVP_PKEY *key = keys_get(keys, c->key);
	char text[KEYS_ERROR_MAX];

	if (mine == NULL)
		check_fault(c, false, "holds a key that is not understood");
	else if (keys_kind(mine, text, sizeof(text)) == -1)
		check_fault(c, false, "%s", text);
	else if (key != NULL && EVP_PKEY_eq(mine, key) != 1)
		check_fault(c, false, "the private key does not belong to "
		    "this certificate");
	ERR_clear_error();
}

/* Appends to names, cut with "..."; false when it is full. */
static bool
check_add_name(char names[CHILD_TLS_TEXT_MAX + 1], const char *name)
{
	size_t used = strlen(names), len = strlen(name);

	/* Room for a comma, a blank and the dots. */
	if (used + len + 6 > CHILD_TLS_TEXT_MAX) {
		memcpy(names + used, " ...", 5);
		return false;
	}
	if (used > 0) {
		memcpy(names + used, ", ", 2);
		used += 2;
	}
	memcpy(names + used, name, len + 1);
	return true;
}

/* A name for a line of text; "" when it is neither a host nor an address. */
static void
check_name(const GENERAL_NAME *g, char *dst, size_t size)
{
	struct netaddr addr = { .family = NETADDR_NONE };
	const ASN1_STRING *s;
	char text[NETADDR_TEXT_MAX];
	int len;

	dst[0] = '\0';
	if (g->type == GEN_DNS) {
		s = g->d.dNSName;
		str_copy_clean(dst, size,
		    (const char *)ASN1_STRING_get0_data(s),
		    (size_t)ASN1_STRING_length(s));
	} else if (g->type == GEN_IPADD) {
		s = g->d.iPAddress;
		len = ASN1_STRING_length(s);
		if (len != 4 && len != 16)
			return;
		addr.family = len == 4 ? NETADDR_V4 : NETADDR_V6;
		memcpy(addr.ip, ASN1_STRING_get0_data(s), (size_t)len);
		(void)snprintf(dst, size, "%s", netaddr_text(&addr, text));
	}
}

static void
check_names(X509 *x, char names[CHILD_TLS_TEXT_MAX + 1])
{
	GENERAL_NAMES *all;
	char name[CHILD_TLS_TEXT_MAX + 1];
	bool has_room = true;
	int i;

	names[0] = '\0';
	all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	for (i = 0; i < sk_GENERAL_NAME_num(all) && has_room; i++) {
		check_name(sk_GENERAL_NAME_value(all, i), name, sizeof(name));
		if (name[0] != '\0')
			has_room = check_add_name(names, name);
	}
	GENERAL_NAMES_free(all);
	if (names[0] == '\0' && X509_NAME_get_text_by_NID(
	    X509_get_subject_name(x), NID_commonName, name,
	    sizeof(name)) > 0)
		str_copy_clean(names, CHILD_TLS_TEXT_MAX + 1, name,
		    strlen(name));
	ERR_clear_error();
}

static void
check_tell_cert(const struct check *c)
{
	struct child_tls_cert m = { .key = c->key };
	X509 *x = c->chain[0];
	char kind[KEYS_ERROR_MAX];

	if (keys_kind(X509_get0_pubkey(x), kind, sizeof(kind)) == -1)
		return;
	str_copy_clean(m.kind, sizeof(m.kind), kind, strlen(kind));
	m.not_before_s = check_time(X509_get0_notBefore(x));
	m.not_after_s = check_time(X509_get0_notAfter(x));
	check_names(x, m.names);
	c->tell->cert(c->tell->arg, &m);
}

static void
check_chain(const struct cert_set_chain *from, bool is_client,
    const struct keys *keys, const struct check_tell *tell)
{
	struct check c = { .tell = tell, .key = from->key,
	    .is_client = is_client };
	int i;

	if (from->pem == NULL)
		return;
	c.n = check_read(from->pem, from->pem_len, c.chain);
	if (c.n == -1) {
		check_fault(&c, false, "holds more than %d certificates",
		    CHECK_CHAIN_MAX);
		c.n = CHECK_CHAIN_MAX;
	} else if (c.n == 0) {
		check_fault(&c, false, "holds no certificate in PEM that can "
		    "be read");
	} else {
		check_key(&c, keys);
		check_order(&c);
		check_signature(&c);
		check_purpose(&c);
		for (i = 0; i < c.n; i++)
			check_dates(&c, c.chain[i], i);
		check_tell_cert(&c);
	}
	for (i = 0; i < c.n; i++)
		X509_free(c.chain[i]);
}

/* A bundle of authorities holds one at least. */
static void
check_ca(const char *pem, size_t len, enum child_tls_file file,
    const struct check_tell *tell)
{
	struct child_tls_fault m = { .file = (uint8_t)file };
	BIO *bio;
	X509 *x;

	if (pem == NULL)
		return;
	bio = BIO_new_mem_buf(pem, (int)len);
	x = bio == NULL ? NULL : PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
	if (x == NULL) {
		(void)snprintf(m.text, sizeof(m.text), "holds no certificate "
		    "in PEM that can be read");
		tell->fault(tell->arg, &m);
	}
	X509_free(x);
	BIO_free(bio);
	ERR_clear_error();
}

int
check_certs(const void *data, size_t len, const struct keys *keys,
    const struct check_tell *tell)
{
	char name[CERT_SET_NAME_MAX + 1];
	struct cert_set_entry e;
	struct cert_set_head head;
	struct wire_reader r;
	uint32_t i;
	uint16_t k;

	cert_set_open(&r, data, len, &head);
	check_ca(head.ca, head.ca_len, CHILD_TLS_FILE_CA, tell);
	check_ca(head.host_ca, head.host_ca_len, CHILD_TLS_FILE_HOST_CA,
	    tell);
	check_chain(&head.client, true, keys, tell);
	for (i = 0; i < head.nentries && !r.has_failed; i++) {
		cert_set_entry(&r, &e);
		for (k = 0; k < e.nnames; k++)
			cert_set_name(&r, name);
		if (r.has_failed)
			break;
		check_chain(&e.first, false, keys, tell);
		check_chain(&e.alt, false, keys, tell);
	}
	return wire_end(&r);
}
