/*
 * cache_row: a row of a database as bytes and back, for the cache.  Names of
 * columns that a passdb knows take one byte.
 */
#ifndef AUTH_CACHE_ROW_H
#define AUTH_CACHE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/auth_worker.h"

/* One row into dst; 0 when it does not fit, otherwise its length. */
size_t	cache_row_put(const struct auth_worker_row *, uint8_t *dst,
	    size_t size);
/* Back; the columns borrow from src.  -1 on bytes that are no row. */
int	cache_row_get(struct auth_worker_row *, const uint8_t *src, size_t len)
	    __attribute__((warn_unused_result));
/* Has it a password that will be verified? */
bool	cache_row_has_password(const struct auth_worker_row *);

#endif
