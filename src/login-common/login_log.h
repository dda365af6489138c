/*
 * login_log: the lines of key=value that a login process writes, one each
 * for a login, a refusal, trouble with a mail host, and the end.
 */
#ifndef LOGIN_COMMON_LOGIN_LOG_H
#define LOGIN_COMMON_LOGIN_LOG_H

struct session;

/*
 * real_rip stands behind lip where a proxy said who the client is.
 * TLS, where there is: tls cipher sni resumed; and what the header of a proxy
 * tells: front_tls front_sni front_cert front_id.
 * login: user method rip lip TLS session host destuser
 */
void	login_log_login(const struct session *);
/* refused: user method rip lip TLS session reason */
void	login_log_refused(const struct session *, const char *reason);
/* proxy: user rip session host error */
void	login_log_backend(const struct session *, const char *error);
/*
 * disconnected: user method rip lip TLS session reason tries in out secs
 */
void	login_log_end(const struct session *);

#endif
