/*
 * The certificates of the suite, as bytes and back.
 * Runs in: master, login processes, tls-signer.
 * Hostile input: none; the master wrote it.
 * Never: parses a certificate.
 */
#include "ipc/cert_set.h"

#define CERT_SET_MAGIC	0x4d574331u	/* "MWC1" */

static const char *
cert_set_blob(struct wire_reader *r, size_t max, size_t *len)
{
	const char *bytes = (const char *)wire_get_blob(r, len);

	if (*len > max)
		r->has_failed = true;
	return r->has_failed || *len == 0 ? NULL : bytes;
}

static void
cert_set_chain(struct wire_reader *r, struct cert_set_chain *c)
{
	c->key = wire_get_u16(r);
	c->pem = cert_set_blob(r, CERT_SET_CHAIN_MAX, &c->pem_len);
	if ((c->key == 0) != (c->pem == NULL))
		r->has_failed = true;
}

void
cert_set_open(struct wire_reader *r, const void *data, size_t len,
    struct cert_set_head *head)
{
	wire_reader_init(r, data, len);
	if (wire_get_u32(r) != CERT_SET_MAGIC)
		r->has_failed = true;
	head->ca = cert_set_blob(r, CERT_SET_CA_MAX, &head->ca_len);
	head->host_ca = cert_set_blob(r, CERT_SET_CA_MAX,
	    &head->host_ca_len);
	cert_set_chain(r, &head->client);
	head->nentries = wire_get_u32(r);
	if (head->nentries > CERT_SET_ENTRIES_MAX) {
		r->has_failed = true;
		head->nentries = 0;
	}
}

void
cert_set_entry(struct wire_reader *r, struct cert_set_entry *e)
{
	cert_set_chain(r, &e->first);
	cert_set_chain(r, &e->alt);
	e->nnames = wire_get_u16(r);
	if (e->first.pem == NULL || e->nnames > CERT_SET_NAMES_MAX) {
		r->has_failed = true;
		e->nnames = 0;
	}
}

void
cert_set_name(struct wire_reader *r, char name[CERT_SET_NAME_MAX + 1])
{
	wire_get_text(r, name, CERT_SET_NAME_MAX + 1);
}

void
cert_set_begin(struct wire_writer *w)
{
	wire_put_u32(w, CERT_SET_MAGIC);
}

void
cert_set_put_blob(struct wire_writer *w, size_t len)
{
	wire_put_u32(w, (uint32_t)len);
}

void
cert_set_put_key(struct wire_writer *w, uint16_t key)
{
	wire_put_u16(w, key);
}

void
cert_set_put_count(struct wire_writer *w, uint32_t nentries)
{
	wire_put_u32(w, nentries);
}

void
cert_set_put_names(struct wire_writer *w, uint16_t nnames)
{
	wire_put_u16(w, nnames);
}
