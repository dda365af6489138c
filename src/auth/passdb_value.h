/*
 * passdb_value: one value of a row, and the functions that read it into the
 * fields.  For passdb_fields.c, whose table says which is for which column.
 */
#ifndef AUTH_PASSDB_VALUE_H
#define AUTH_PASSDB_VALUE_H

#include <stdbool.h>
#include <stddef.h>

struct passdb_asker;
struct passdb_fields;
struct passdb_names;

/* A value; NULL columns never come so far, text is not terminated. */
struct passdb_value {
	const char			*text;
	size_t				 len;
	struct passdb_fields		*fields;
	struct passdb_names		*names;
	const struct passdb_asker	*asker;
	void				*to;	/* the field's place */
	size_t				 size;	/* and its room */
};

/* Begins of reasons; the column's name follows. */
extern const char passdb_control[], passdb_unusable[], passdb_too_long[],
		    passdb_not_utf8[], passdb_later[];

/* NULL, or what is wrong with the value. */
typedef const char *(*passdb_field_fn)(const struct passdb_value *);

/* bool, by the words for on and off */
const char	*passdb_read_bool(const struct passdb_value *);
/* enum passdb_switch */
const char	*passdb_read_switch(const struct passdb_value *);
/* whether it must be forwarded; that it says no is remembered too */
const char	*passdb_read_proxy(const struct passdb_value *);
/* char [], UTF-8 without control characters */
const char	*passdb_read_text(const struct passdb_value *);
/* uint32_t, seconds or a number with a unit; empty is 0 */
const char	*passdb_read_ms(const struct passdb_value *);
/* uint16_t */
const char	*passdb_read_port(const struct passdb_value *);
/* struct netaddr; empty is none */
const char	*passdb_read_addr(const struct passdb_value *);
/* to the mail host */
const char	*passdb_read_host(const struct passdb_value *);
const char	*passdb_read_ssl_hostname(const struct passdb_value *);
const char	*passdb_read_mech(const struct passdb_value *);
const char	*passdb_read_haproxy(const struct passdb_value *);
const char	*passdb_read_leave(const struct passdb_value *);
/* who may come, and when */
const char	*passdb_read_password(const struct passdb_value *);
const char	*passdb_read_noscheme(const struct passdb_value *);
const char	*passdb_read_nets(const struct passdb_value *);
const char	*passdb_read_real_nets(const struct passdb_value *);
const char	*passdb_read_delay_until(const struct passdb_value *);
/* enum passdb_print: the certificate or its key, the one, the other */
const char	*passdb_read_print(const struct passdb_value *);
const char	*passdb_read_cert_print(const struct passdb_value *);
const char	*passdb_read_key_print(const struct passdb_value *);
/* bool, whether there is a text */
const char	*passdb_read_given(const struct passdb_value *);
/* what nobody can give */
const char	*passdb_read_later_bool(const struct passdb_value *);

#endif
