/*
 * auth_route: a user may log in, and his row says where: the way to OK, over
 * the addresses of his hosts.
 */
#ifndef AUTH_AUTH_ROUTE_H
#define AUTH_AUTH_ROUTE_H

struct auth_request;

/*
 * Ends in OK, or in a temporary failure when there is no host to go to; or
 * the user turns out to be at home here.
 */
void	auth_route_start(struct auth_request *);

#endif
