/* settings_tls: the parts of the settings that are about TLS files. */
#ifndef CONFIG_SETTINGS_TLS_H
#define CONFIG_SETTINGS_TLS_H

#include <stddef.h>

struct config_node;
struct reader;

/* Sections "local_name"; tls-signer numbers two keys of each. */
#define SETTINGS_LOCAL_NAMES_MAX	10000

/* Certificates for clients that ask for one of these names. */
struct settings_local_name {
	char		*names;		/* blank-separated, as written */
	char		*ssl_cert_file, *ssl_key_file;
	char		*ssl_alt_cert_file, *ssl_alt_key_file;
	const char	*place;		/* "file:line" of the section */
};

/* Settings that name files, in the order of settings_tls_files. */
enum settings_tls_file {
	SETTINGS_TLS_CERT,
	SETTINGS_TLS_KEY,
	SETTINGS_TLS_ALT_CERT,
	SETTINGS_TLS_ALT_KEY,
	SETTINGS_TLS_CA,
	SETTINGS_TLS_CLIENT_CA,
	SETTINGS_TLS_CLIENT_CA_DIR,
	SETTINGS_TLS_CLIENT_CERT,
	SETTINGS_TLS_CLIENT_KEY,
	SETTINGS_TLS_FILES
};

/* Names of these settings. */
extern const char *const settings_tls_files[SETTINGS_TLS_FILES];

/* A section local_name. */
void	settings_tls_local_name(struct reader *, const struct config_node *);
/* Which of TLS there is; before the services are derived. */
void	settings_tls_derive(struct reader *);
/* What depends on several settings. */
void	settings_tls_check(struct reader *);

#endif
