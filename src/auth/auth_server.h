/*
 * auth_server: auth's channels to the login processes and what it says to
 * the master.  One server a process.
 */
#ifndef AUTH_AUTH_SERVER_H
#define AUTH_AUTH_SERVER_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

#include "auth/auth_ctl.h"
#include "auth/auth_request.h"
#include "auth/worker_pool.h"

struct channel;
struct loop;
struct settings;
struct auth_login;

LIST_HEAD(auth_login_head, auth_login);

struct auth_server {
	struct loop			*loop;
	struct channel			*master;	/* borrowed */
	struct auth_request_env		 requests;
	struct worker_pool		 pool;
	struct auth_login_head		 logins;
	struct auth_ctl			 ctl;
	bool				 is_draining;
};

/*
 * Makes the server ready; -1 with a text in why (PASSDB_WHY_MAX) when the
 * settings do not do.  Settings, loop and master outlive it.
 */
int	auth_server_init(struct auth_server *, const struct settings *,
	    struct loop *, struct channel *master, char *why)
	    __attribute__((warn_unused_result));
/* The master takes wishes now: asks for a first worker if one is needed. */
void	auth_server_start(struct auth_server *);
/* Serves those who are there and stops the loop when the last has gone. */
void	auth_server_drain(struct auth_server *);
/* Ends everything without a word to anybody. */
void	auth_server_clear(struct auth_server *);
/* A login process's channel; the fd is taken. */
void	auth_server_add_login(struct auth_server *, int fd, uint32_t pid);
/* A worker's channel; the fd is taken. */
void	auth_server_add_worker(struct auth_server *, int fd, uint32_t pid);

#endif
