/*
 * settings: what the administrator configured, checked and with defaults.
 *
 * Read once by the master; each child gets a copy with the settings of its
 * role only (config_wire.h).  Strings are never NULL ("" is empty).  Field
 * names are the settings' names, times are in milliseconds with the suffix
 * _ms, sizes in bytes with the suffix _bytes.
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings_mail.h"
#include "config/settings_passdb.h"
#include "config/settings_service.h"
#include "config/settings_tls.h"
#include "lib/netaddr.h"

#define SETTINGS_PASSDBS_MAX	8
#define SETTINGS_USERDBS_MAX	4
#define SETTINGS_DBS_MAX	(SETTINGS_PASSDBS_MAX + SETTINGS_USERDBS_MAX)
#define SETTINGS_SOURCES_MAX	64	/* of login_source_ips */
#define SETTINGS_SERVICES	2	/* enum service_id */

/* An account; that of the caller when not started as root. */
struct settings_ids {
	uint32_t uid, gid;
};

struct settings {
	char	*base_dir, *login_dir;
	char	*log_path, *info_log_path, *log_timestamp, *syslog_facility;
	char	*login_log_format, *login_log_format_elements;
	bool	 verbose_proctitle, auth_verbose, auth_debug, shutdown_clients;
	struct settings_list	 protocols;
	bool	 ssl_disable, verbose_ssl;
	char	*ssl, *ssl_cert_file, *ssl_key_file, *ssl_key_password;
	char	*ssl_verify_client_cert, *ssl_peer_certificate_fingerprint_hash;
	bool	 ssl_prefer_server_ciphers;
	bool	 has_tls;	/* no setting: a certificate, and ssl not off */
	char	*ssl_ca_file, *ssl_cipher_list, *ssl_cert_username_field;
	char	*ssl_alt_cert_file, *ssl_alt_key_file, *ssl_min_protocol;
	char	*ssl_cipher_suites, *ssl_curve_list;
	char	*ssl_client_ca_file, *ssl_client_ca_dir, *ssl_client_cert_file;
	char	*ssl_client_key_file, *ssl_client_min_protocol;
	char	*ssl_client_cipher_list, *tls_signer_executable;
	const char	*tls_places[SETTINGS_TLS_FILES]; /* "file:line" */
	size_t	 nlocal_names;
	struct settings_local_name *local_names;
	uint32_t ssl_parameters_regenerate_ms, ssl_ticket_rotate_ms;
	char	*login_user, *auth_user, *auth_worker_user, *tls_signer_user;
	struct settings_ids	 login_ids, auth_ids, auth_worker_ids,
				 tls_signer_ids;
	bool	 login_chroot, haproxy_trust_ssl;
	uint32_t jail_uid, jail_gid;	/* no settings: the user of this copy's
					   role, looked up by the master */
	uint32_t login_max_sessions;	/* per service */
	uint32_t login_timeout_ms;	/* to log in, absolute */
	uint32_t login_bad_commands_max;
	uint32_t login_proxy_timeout_ms, haproxy_timeout_ms;
	uint32_t login_proxy_max_disconnect_delay_ms;
	struct settings_list	 login_source_ips;
	struct settings_nets	 login_trusted_networks, proxy_allowed_nets;
	struct settings_nets	 haproxy_trusted_networks;
	struct settings_list	 auth_mechanisms;	/* "mechanisms" */
	struct settings_list	 auth_realms;
	char	*auth_executable, *auth_worker_executable, *auth_chroot;
	char	*auth_username_chars, *auth_username_format;
	char	*auth_username_translation, *auth_default_realm;
	char	*auth_master_user_separator;
	bool	 auth_ssl_require_client_cert, auth_ssl_username_from_cert;
	bool	 auth_debug_passwords;
	uint32_t auth_count;
	uint32_t auth_failure_delay_ms;
	uint32_t auth_penalty_max_ms;	/* 0: no penalties */
	uint32_t auth_request_timeout_ms;
	uint32_t auth_worker_max_count;
	uint32_t auth_worker_timeout_ms;	/* one task */
	uint32_t auth_worker_idle_ms, auth_worker_max_request_count; /* or 0 */
	uint64_t auth_process_size_bytes;
	uint64_t auth_cache_size_bytes;
	uint32_t auth_cache_ttl_ms, auth_cache_negative_ttl_ms;
	uint32_t auth_cache_stale_ttl_ms;
	struct settings_nets	 auth_proxy_self;	/* are this machine */
	struct settings_mail	 mail;
	size_t	 npassdbs, nuserdbs;	/* userdbs follow passdbs */
	struct settings_passdb	 passdbs[SETTINGS_DBS_MAX];
	struct settings_service	 services[SETTINGS_SERVICES];
	const struct settings	*written;	/* before derived; or NULL */
	struct arena		*arena;		/* owns all the texts */
};

/* Up to this many faults of a configuration are told. */
#define SETTINGS_FAULTS_MAX	10

struct settings_faults {
	char	*text[SETTINGS_FAULTS_MAX];	/* "file:line: message" */
	size_t	 n;
	char	**notices;		/* accepted, but worth a line */
	size_t	 nnotices;
};

/*
 * Reads a configuration file with what it includes and the SQL files that it
 * names (settings_read.c).  NULL when there are faults; notices may come
 * either way.  The faults must be zeroed at first.
 */
struct settings	*settings_read(const char *path, struct settings_faults *);
/* Settings without a value: all texts "", all numbers 0. */
struct settings	*settings_new(size_t arena_bytes);
void		 settings_free(struct settings *);	/* wipes secrets */
void		 settings_faults_clear(struct settings_faults *);

#endif
