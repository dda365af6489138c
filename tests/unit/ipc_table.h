/* ipc_table: every message of every contract, for test_ipc.c. */
#ifndef IPC_TABLE_H
#define IPC_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/channel.h"
#include "lib/netaddr.h"

/* How a message's fields are filled; each field takes the same share. */
enum share { SHARE_EMPTY, SHARE_SOME, SHARE_FULL, SHARES };

enum kind {
	KIND_TEXT,
	KIND_SPAN,
	KIND_ENUM,
	KIND_U8,
	KIND_U16,
	KIND_U32,
	KIND_U64,
	KIND_BOOL,
	KIND_ADDR,
};

/* limit: longest text or span, largest value of an enum. */
struct field {
	enum kind	 kind;
	size_t		 off;
	size_t		 limit;
};

#define FIELDS_MAX	16

typedef void (*put_fn)(struct wire_writer *, const void *);
typedef int (*get_fn)(struct wire_reader *, void *);
/* What the table cannot say: counts and arrays. */
typedef void (*fill_fn)(void *, enum share);
typedef void (*same_fn)(const void *, const void *);

struct message {
	const char	*name;
	const struct channel_contract	*contract;
	size_t		 size;
	put_fn		 put;
	get_fn		 get;
	fill_fn		 fill;
	same_fn		 same;
	struct field	 fields[FIELDS_MAX];
	size_t		 nfields;
};

/* The same shape as every borrowed run of bytes in the contracts. */
struct span {
	const uint8_t	*data;
	size_t		 len;
};

/* Bytes that are filled into runs. */
extern uint8_t span_bytes[CHANNEL_BODY_MAX];
extern const struct message messages[];
extern const size_t nmessages;

void	fill_addr(struct netaddr *, enum share);
void	assert_same_addr(const struct netaddr *, const struct netaddr *);

#endif
