/*
 * The private keys of the suite, as bytes and back.
 * Runs in: master, which sees what stands before each key; tls-signer.
 * Hostile input: none; the master wrote it.
 * Never: copies a key.
 */
#include "ipc/key_set.h"

#define KEY_SET_MAGIC	0x4d574b53u	/* "MWKS" */

size_t
key_set_open(struct wire_reader *r, const void *data, size_t len)
{
	wire_reader_init(r, data, len);
	if (wire_get_u32(r) != KEY_SET_MAGIC)
		r->has_failed = true;
	return wire_get_u16(r);
}

void
key_set_next(struct wire_reader *r, struct key_set_key *k)
{
	k->key = wire_get_u16(r);
	k->is_client = wire_get_bool(r);
	k->pem = (const char *)wire_get_blob(r, &k->pem_len);
	if (k->key == 0 || k->pem_len > KEY_SET_PEM_MAX)
		r->has_failed = true;
}

void
key_set_begin(struct wire_writer *w, uint16_t nkeys)
{
	wire_put_u32(w, KEY_SET_MAGIC);
	wire_put_u16(w, nkeys);
}

void
key_set_put(struct wire_writer *w, uint16_t key, bool is_client,
    size_t pem_len)
{
	wire_put_u16(w, key);
	wire_put_bool(w, is_client);
	wire_put_u32(w, (uint32_t)pem_len);
}
