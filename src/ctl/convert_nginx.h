/* convert_nginx: the mail part of nginx.conf becomes a mailwicket.conf. */
#ifndef CTL_CONVERT_NGINX_H
#define CTL_CONVERT_NGINX_H

struct convert;
struct nginx_node;

/*
 * Takes over what stands in a tree of nginx_conf; path is that of its first
 * file, which relative paths begin at.  Faults and notes are in the result,
 * which convert_finish() writes.
 */
void	convert_nginx(struct convert *, const struct nginx_node *,
	    const char *path);

#endif
