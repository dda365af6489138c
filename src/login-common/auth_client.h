/*
 * auth_client: the login process's side of its channel to auth.
 */
#ifndef LOGIN_COMMON_AUTH_CLIENT_H
#define LOGIN_COMMON_AUTH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct auth_client;
struct login_process;
struct session;

struct auth_client	*auth_client_new(struct login_process *);
/*
 * Takes a new channel (its fd) from the master; requests that are open on an
 * old one fail with "temporary".
 */
void	auth_client_open(struct auth_client *, int fd);
/* Is not needed any more: this process serves one client, logged in. */
void	auth_client_close(struct auth_client *);
/*
 * Opens a request of this session with the mechanism in login->mech; has an
 * answer by session_auth_*(), also when auth is not there.
 */
void	auth_client_submit(struct auth_client *, struct session *,
	    bool has_initial, const void *initial, size_t len);
/* The client's answer to a challenge. */
void	auth_client_continue(struct auth_client *, struct session *,
	    const void *response, size_t len);
/* Takes back the session's request, if one is open. */
void	auth_client_cancel(struct auth_client *, struct session *);

#endif
