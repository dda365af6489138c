/*
 * auth_client: the login process's side of its channels to auth, one to each
 * auth process.  Which one is asked depends on the user alone.
 */
#ifndef LOGIN_COMMON_AUTH_CLIENT_H
#define LOGIN_COMMON_AUTH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/login_auth.h"

struct auth_client;
struct login_process;
struct master_auth;
struct session;

struct auth_client	*auth_client_new(struct login_process *);
/*
 * Takes a new channel (its fd) from the master; requests that are open on an
 * old one are answered there, sessions that are relayed are told anew.
 */
void	auth_client_open(struct auth_client *, const struct master_auth *,
	    int fd);
/* The master is gone, and auth with it. */
void	auth_client_close(struct auth_client *);
/* Several are there: the name must be known before one is asked. */
bool	auth_client_needs_name(const struct auth_client *);
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
/*
 * What became of the login that auth allowed, if it knows of this one; has
 * the mail host answered it?  A session that has logged in is in the list of
 * those that are relayed.
 */
void	auth_client_outcome(struct auth_client *, struct session *,
	    enum login_auth_result, bool has_answered);
/* The address at hand was of no use; once for each, before the outcome. */
void	auth_client_tried(struct auth_client *, struct session *,
	    enum login_auth_trouble, bool has_login);
/* A relayed session ends. */
void	auth_client_end(struct auth_client *, struct session *);

#endif
