/*
 * tls_names: which set of certificates belongs to a host name.
 * Runs in: login processes.
 * Hostile input: names that clients ask for; they are looked up only.
 * Never: keeps what a client asked for.
 */
#include "lib/tls_names.h"

#include <stdlib.h>
#include <string.h>

#include "lib/rnd.h"
#include "lib/siphash.h"
#include "lib/tls_hello.h"
#include "lib/xmem.h"

/* A power of two; doubled when half of it is full. */
#define NAMES_SLOTS_MIN		16

struct names_slot {
	char		*name;		/* NULL: free */
	uint32_t	 set;
};

/* Open addressing: a slot's name stands at its hash or right behind. */
struct tls_names {
	struct names_slot	*slots;
	size_t			 nslots, n;
	uint8_t			 key[SIPHASH_KEY_BYTES];
};

struct tls_names *
tls_names_new(void)
{
	struct tls_names *names = xcalloc(1, sizeof(*names));

	names->nslots = NAMES_SLOTS_MIN;
	names->slots = xcalloc(names->nslots, sizeof(*names->slots));
	rnd_bytes(names->key, sizeof(names->key));
	return names;
}

void
tls_names_free(struct tls_names *names)
{
	size_t i;

	if (names == NULL)
		return;
	for (i = 0; i < names->nslots; i++)
		free(names->slots[i].name);
	free(names->slots);
	free(names);
}

/* The slot of the name, or the free one where it belongs. */
static struct names_slot *
names_slot(const struct tls_names *names, const char *name)
{
	uint8_t hash[SIPHASH_BYTES];
	struct siphash sip;
	uint64_t at;

	siphash_init(&sip, names->key);
	siphash_add_text(&sip, name);
	siphash_end(&sip, hash);
	memcpy(&at, hash, sizeof(at));
	for (;; at++) {
		struct names_slot *slot =
		    &names->slots[at & (names->nslots - 1)];

		if (slot->name == NULL || strcmp(slot->name, name) == 0)
			return slot;
	}
}

static void
names_grow(struct tls_names *names)
{
	struct names_slot *old = names->slots;
	size_t i, n = names->nslots;

	names->nslots = 2 * n;
	names->slots = xcalloc(names->nslots, sizeof(*names->slots));
	for (i = 0; i < n; i++) {
		if (old[i].name != NULL)
			*names_slot(names, old[i].name) = old[i];
	}
	free(old);
}

int
tls_names_add(struct tls_names *names, const char *name, size_t len,
    uint32_t set)
{
	size_t star = len > 2 && name[0] == '*' && name[1] == '.' ? 2 : 0;
	char key[2 + TLS_HELLO_NAME_MAX];
	struct names_slot *slot;

	memcpy(key, name, star);
	if (tls_hello_host(name + star, len - star, key + star) == -1)
		return -1;
	if (names->n * 2 >= names->nslots)
		names_grow(names);
	slot = names_slot(names, key);
	if (slot->name == NULL) {
		slot->name = xstrdup(key);
		slot->set = set;
		names->n++;
	}
	return 0;
}

bool
tls_names_find(const struct tls_names *names, const char *name, uint32_t *set)
{
	char key[2 + TLS_HELLO_NAME_MAX];
	const struct names_slot *slot;
	const char *dot;

	if (names->n == 0)
		return false;
	slot = names_slot(names, name);
	dot = strchr(name, '.');
	if (slot->name == NULL && dot != NULL &&
	    strlen(dot) < sizeof(key) - 1) {
		key[0] = '*';
		memcpy(key + 1, dot, strlen(dot) + 1);
		slot = names_slot(names, key);
	}
	if (slot->name == NULL)
		return false;
	*set = slot->set;
	return true;
}
