/* certs: prints the certificates that a suite uses. */
#ifndef CTL_CERTS_H
#define CTL_CERTS_H

struct master_link;

/* All that the master has told. */
void	certs_print(const struct master_link *);
/* A line on each: the master told those that expire soon. */
void	certs_print_warnings(const struct master_link *);

#endif
