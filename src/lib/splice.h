/*
 * splice: a pipe through which bytes pass from one socket to another inside
 * the kernel, without being copied; splice(2).
 *
 * One serves any number of pairs of sockets, in turn: who fills it empties it
 * before anybody else may fill it, or drops it.
 */
#ifndef LIB_SPLICE_H
#define LIB_SPLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * What the pipe holds at most, and so what one move can be: the most that
 * the kernel gives to whom has no privileges (fs.pipe-max-size).
 */
#define SPLICE_MAX	(1024u * 1024)

struct splice {
	int	 out, in;	/* to read from, to write to; -1: no pipe */
	bool	 is_off;	/* of no use: no pipe, or no splice(2) */
};

/* Makes no pipe yet. */
void	splice_init(struct splice *);
/* Makes the pipe when there is none; false if none of that size is given. */
bool	splice_open(struct splice *);
/* The pipe goes, with what is in it; splice_open() makes another. */
void	splice_drop(struct splice *);
/*
 * From the socket into the empty pipe, up to max bytes, which is at most
 * SPLICE_MAX.  As recv(2) otherwise: 0 is the end, -1 with errno.  Where the
 * system does not let us do that it is EAGAIN, is_off, and the pipe is gone.
 */
ssize_t	splice_fill(struct splice *, int fd, size_t max);
/*
 * n bytes out of the pipe into the socket.  Returns how many went; less than
 * n with errno, of which EAGAIN says that the socket takes no more now, or
 * (is_off) none in this way; the pipe has the rest.
 */
size_t	splice_empty(struct splice *, int fd, size_t n);
/* n bytes, which are there, out of the pipe into memory; -1 with errno. */
int	splice_take(struct splice *, void *, size_t n);

#endif
