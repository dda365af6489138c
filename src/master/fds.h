/* fds: as many open files as the children need, or as there can be. */
#ifndef MASTER_FDS_H
#define MASTER_FDS_H

#include <stdint.h>

struct settings;

/* Raises the limit as far as these settings want and the system allows. */
void	fds_raise(const struct settings *);
/* The processes of one service that the limit allows. */
uint32_t	fds_processes_most(void);
/* One line when these settings ask for more than that, and it matters. */
void	fds_tell(const struct settings *);

#endif
