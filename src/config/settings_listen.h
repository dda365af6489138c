/*
 * settings_listen: what the lists of addresses to listen on must not say.
 */
#ifndef CONFIG_SETTINGS_LISTEN_H
#define CONFIG_SETTINGS_LISTEN_H

struct reader;

/*
 * No address twice, in whichever list; none for proxies without a proxy that
 * may use it.
 */
void	settings_listen_check(struct reader *);

#endif
