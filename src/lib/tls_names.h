/*
 * tls_names: which set of certificates belongs to a host name.  Made once,
 * then only looked at; thousands of names cost a client nothing.
 */
#ifndef LIB_TLS_NAMES_H
#define LIB_TLS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_names;

struct tls_names	*tls_names_new(void);
void	tls_names_free(struct tls_names *);
/*
 * Adds a host name, or "*." and a host name; upper case is made small.  A
 * name that is there stays.  -1 when it is no such name.
 */
int	tls_names_add(struct tls_names *, const char *name, size_t len,
	    uint32_t set) __attribute__((warn_unused_result));
/*
 * The set of a name in small letters: its own, or that of the name with '*'
 * for its first label.
 */
bool	tls_names_find(const struct tls_names *, const char *name,
	    uint32_t *set);

#endif
