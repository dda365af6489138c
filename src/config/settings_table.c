/*
 * The settings, a row each, and their names of old.
 * Runs in: master, all children.
 * Hostile input: none.
 * Never: holds code beyond finding a row.
 */
#include "config/settings_table.h"

#include <string.h>

#include "config/settings.h"

#define GLOBAL(field)	.scope = SETTING_GLOBAL, \
			.offset = offsetof(struct settings, field)
#define SERVICE(field)	.scope = SETTING_SERVICE, \
			.offset = offsetof(struct settings_service, field)
#define PASSDB(field)	.scope = SETTING_PASSDB, \
			.offset = offsetof(struct settings_passdb, field)
#define SQL(field)	.scope = SETTING_SQL, \
			.offset = offsetof(struct settings_passdb, field)
#define LOCAL_NAME(field) .scope = SETTING_LOCAL_NAME, \
			.offset = offsetof(struct settings_local_name, field)
#define CHILD	SETTING_ROLE_CHILD
#define LOGIN	SETTING_ROLE_LOGIN
#define AUTH	SETTING_ROLE_AUTH
#define WORKER	SETTING_ROLE_WORKER

#define S	UINT64_C(1000)
#define MIN	(60 * S)
#define HOUR	(60 * MIN)
#define DAY	(24 * HOUR)
#define KB	UINT64_C(1024)
#define MB	(1024 * KB)
#define GB	(1024 * MB)

/* Texts of the notices; settings with the same text share one notice. */
#define LATER	"not acted on by this version yet"

#define FACILITIES \
	"auth authpriv cron daemon ftp kern local0 local1 local2 local3 " \
	"local4 local5 local6 local7 lpr mail news syslog user uucp"
#ifdef WITH_ARGON2
#define SCHEMES_ARGON2	"ARGON2I ARGON2ID "
#else
#define SCHEMES_ARGON2
#endif
#define SCHEMES	SCHEMES_ARGON2 \
	"BLF-CRYPT CLEAR CLEARTEXT CRYPT DES-CRYPT LDAP-MD5 MD5 MD5-CRYPT " \
	"PBKDF2 PLAIN PLAIN-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SHA SHA1 SHA256 " \
	"SHA256-CRYPT SHA512 SHA512-CRYPT SMD5 SSHA SSHA256 SSHA512"

const struct setting settings_table[] = {
	/* Places and logs. */
	{ .name = "base_dir", .type = SETTING_PATH, GLOBAL(base_dir),
	  .value = RUNSTATEDIR "/mailwicket", .roles = CHILD,
	  .needs_restart = true,
	  .doc = "run-time files; must belong to root" },
	{ .name = "login_dir", .type = SETTING_PATH, GLOBAL(login_dir),
	  .value = "", .roles = LOGIN | AUTH, .needs_restart = true,
	  .doc = "empty root directory of login processes and auth; "
	      "base_dir/login" },
	{ .name = "log_path", .type = SETTING_PATH, GLOBAL(log_path),
	  .value = "", .roles = CHILD,
	  .doc = "log file, or /dev/stderr; empty = syslog" },
	{ .name = "info_log_path", .type = SETTING_PATH,
	  GLOBAL(info_log_path), .value = "", .roles = CHILD,
	  .doc = "log file of lines that are no errors; empty = log_path" },
	{ .name = "log_timestamp", .type = SETTING_TEXT,
	  GLOBAL(log_timestamp), .value = "%b %d %H:%M:%S ", .roles = CHILD,
	  .doc = "begin of a line in a log file, for strftime(3)" },
	{ .name = "syslog_facility", .type = SETTING_WORD,
	  GLOBAL(syslog_facility), .value = "mail", .roles = CHILD,
	  .words = FACILITIES,
	  .doc = "facility of the lines sent to syslog" },
	{ .name = "login_log_format", .type = SETTING_TEXT,
	  GLOBAL(login_log_format), .value = "%$: %s", .notice = LATER,
	  .doc = "shape of the lines about logins" },
	{ .name = "login_log_format_elements", .type = SETTING_TEXT,
	  GLOBAL(login_log_format_elements),
	  .value = "user=<%u> method=%m rip=%r lip=%l %c", .notice = LATER,
	  .doc = "elements of the lines about logins" },
	{ .name = "verbose_proctitle", .type = SETTING_BOOL,
	  GLOBAL(verbose_proctitle), .value = "no", .roles = CHILD,
	  .notice = LATER,
	  .doc = "processes show in ps(1) what they do" },
	{ .name = "shutdown_clients", .type = SETTING_BOOL,
	  GLOBAL(shutdown_clients), .value = "no",
	  .doc = "a stop of the master ends the sessions too" },

	/* Listeners. */
	{ .name = "protocols", .type = SETTING_LIST, GLOBAL(protocols),
	  .value = "imap imaps",
	  .words = "imap imaps pop3 pop3s managesieve none",
	  .doc = "what is served" },
	{ .name = "listen", .type = SETTING_ADDRS, SERVICE(listen),
	  .value = "*", .roles = LOGIN | AUTH,
	  .doc = "addresses, each with an optional port" },
	{ .name = "ssl_listen", .type = SETTING_ADDRS, SERVICE(ssl_listen),
	  .value = "", .roles = LOGIN | AUTH,
	  .doc = "the same for imaps and pop3s; empty = those of listen" },
	{ .name = "haproxy_listen", .type = SETTING_ADDRS,
	  SERVICE(haproxy_listen), .value = "", .roles = LOGIN | AUTH,
	  .doc = "addresses for proxies that speak the PROXY protocol" },
	{ .name = "haproxy_ssl_listen", .type = SETTING_ADDRS,
	  SERVICE(haproxy_ssl_listen), .value = "", .roles = LOGIN | AUTH,
	  .doc = "the same for imaps and pop3s: TLS behind the header" },
	{ .name = "haproxy_trusted_networks", .type = SETTING_NETS,
	  GLOBAL(haproxy_trusted_networks), .value = "", .roles = LOGIN,
	  .doc = "proxies that may use these addresses" },
	{ .name = "haproxy_timeout", .type = SETTING_MS,
	  GLOBAL(haproxy_timeout_ms), .value = "3 secs", .unit = S,
	  .min = 100, .max = MIN, .roles = LOGIN,
	  .doc = "a proxy's header must have come by then" },
	{ .name = "haproxy_trust_ssl", .type = SETTING_BOOL,
	  GLOBAL(haproxy_trust_ssl), .value = "no", .roles = LOGIN,
	  .doc = "TLS that a header tells of protects a connection" },

	/* TLS. */
	{ .name = "ssl", .type = SETTING_WORD, GLOBAL(ssl), .value = "yes",
	  .words = "yes no required", .roles = LOGIN,
	  .doc = "no: no TLS; required: no login without" },
	{ .name = "ssl_disable", .type = SETTING_BOOL, GLOBAL(ssl_disable),
	  .value = "no", .roles = LOGIN,
	  .doc = "the same as ssl = no" },
	{ .name = "ssl_cert_file", .type = SETTING_PATH,
	  GLOBAL(ssl_cert_file), .value = "",
	  .doc = "certificate chain, PEM, the own one first" },
	{ .name = "ssl_key_file", .type = SETTING_PATH, GLOBAL(ssl_key_file),
	  .value = "",
	  .doc = "its private key, PEM; root's, mode 0600 or 0640" },
	{ .name = "ssl_alt_cert_file", .type = SETTING_PATH,
	  GLOBAL(ssl_alt_cert_file), .value = "",
	  .doc = "one more certificate, with another kind of key" },
	{ .name = "ssl_alt_key_file", .type = SETTING_PATH,
	  GLOBAL(ssl_alt_key_file), .value = "",
	  .doc = "its private key" },
	{ .name = "ssl_key_password", .type = SETTING_SECRET,
	  GLOBAL(ssl_key_password), .value = "",
	  .doc = "password of private keys that are encrypted" },
	{ .name = "ssl_ca_file", .type = SETTING_PATH, GLOBAL(ssl_ca_file),
	  .value = "",
	  .doc = "who may sign certificates of clients, PEM" },
	{ .name = "ssl_verify_client_cert", .type = SETTING_WORD,
	  GLOBAL(ssl_verify_client_cert), .value = "no",
	  .words = "yes no any-cert", .roles = LOGIN,
	  .doc = "clients are asked for a certificate" },
	{ .name = "ssl_peer_certificate_fingerprint_hash",
	  .type = SETTING_WORD, GLOBAL(ssl_peer_certificate_fingerprint_hash),
	  .value = "sha256", .words = "sha256 sha384 sha512", .roles = LOGIN,
	  .doc = "hash of the fingerprints of clients' certificates" },
	{ .name = "ssl_cert_username_field", .type = SETTING_WORD,
	  GLOBAL(ssl_cert_username_field), .value = "commonName",
	  .words = "commonName emailAddress userId x500UniqueIdentifier",
	  .roles = LOGIN,
	  .doc = "field of a client's certificate that names the user" },
	{ .name = "ssl_parameters_regenerate", .type = SETTING_MS,
	  GLOBAL(ssl_parameters_regenerate_ms), .value = "168 hours",
	  .unit = HOUR, .max = 40 * DAY,
	  .notice = "Diffie-Hellman parameters are not used",
	  .doc = "a bare number is hours" },
	{ .name = "ssl_min_protocol", .type = SETTING_WORD,
	  GLOBAL(ssl_min_protocol), .value = "TLSv1.2",
	  .words = "TLSv1.2 TLSv1.3", .roles = LOGIN,
	  .doc = "oldest version of TLS that clients may use" },
	{ .name = "ssl_cipher_list", .type = SETTING_TEXT,
	  GLOBAL(ssl_cipher_list), .value = "", .roles = LOGIN,
	  .doc = "cipher suites of TLS 1.2, as OpenSSL names them" },
	{ .name = "ssl_cipher_suites", .type = SETTING_TEXT,
	  GLOBAL(ssl_cipher_suites), .value = "", .roles = LOGIN,
	  .doc = "cipher suites of TLS 1.3; empty = the library's" },
	{ .name = "ssl_curve_list", .type = SETTING_TEXT,
	  GLOBAL(ssl_curve_list), .value = "", .roles = LOGIN,
	  .doc = "curves; empty = X25519:P-256:P-384" },
	{ .name = "ssl_prefer_server_ciphers", .type = SETTING_BOOL,
	  GLOBAL(ssl_prefer_server_ciphers), .value = "yes", .roles = LOGIN,
	  .doc = "our order of cipher suites, not the client's" },
	{ .name = "ssl_ticket_rotate", .type = SETTING_MS,
	  GLOBAL(ssl_ticket_rotate_ms), .value = "12 hours", .unit = HOUR,
	  .min = S, .max = 2 * DAY,
	  .doc = "how long a key makes tickets; then it only opens them" },
	{ .name = "verbose_ssl", .type = SETTING_BOOL, GLOBAL(verbose_ssl),
	  .value = "no", .roles = LOGIN,
	  .doc = "log TLS handshakes of clients, not only failures" },
	{ .name = "ssl_client_ca_file", .type = SETTING_PATH,
	  GLOBAL(ssl_client_ca_file), .value = "",
	  .doc = "who may sign certificates of mail hosts, PEM" },
	{ .name = "ssl_client_ca_dir", .type = SETTING_PATH,
	  GLOBAL(ssl_client_ca_dir), .value = "",
	  .doc = "the same, a directory made by openssl rehash" },
	{ .name = "ssl_client_cert_file", .type = SETTING_PATH,
	  GLOBAL(ssl_client_cert_file), .value = "",
	  .doc = "certificate that mail hosts are shown, PEM" },
	{ .name = "ssl_client_key_file", .type = SETTING_PATH,
	  GLOBAL(ssl_client_key_file), .value = "",
	  .doc = "its private key" },
	{ .name = "ssl_client_min_protocol", .type = SETTING_WORD,
	  GLOBAL(ssl_client_min_protocol), .value = "TLSv1.2",
	  .words = "TLSv1.2 TLSv1.3", .roles = LOGIN,
	  .doc = "oldest version of TLS towards mail hosts" },
	{ .name = "ssl_client_cipher_list", .type = SETTING_TEXT,
	  GLOBAL(ssl_client_cipher_list), .value = "", .roles = LOGIN,
	  .doc = "cipher suites of TLS 1.2 towards mail hosts" },
	{ .name = "tls_signer_executable", .type = SETTING_PATH,
	  GLOBAL(tls_signer_executable),
	  .value = PKGLIBEXECDIR "/tls-signer",
	  .doc = "program" },
	{ .name = "tls_signer_user", .type = SETTING_TEXT,
	  GLOBAL(tls_signer_user), .value = "mwkey", .needs_restart = true,
	  .doc = "account or uid of tls-signer" },

	/* local_name sections. */
	{ .name = "ssl_cert_file", .type = SETTING_PATH,
	  LOCAL_NAME(ssl_cert_file), .value = "",
	  .doc = "certificate chain for these names" },
	{ .name = "ssl_key_file", .type = SETTING_PATH,
	  LOCAL_NAME(ssl_key_file), .value = "",
	  .doc = "its private key" },
	{ .name = "ssl_alt_cert_file", .type = SETTING_PATH,
	  LOCAL_NAME(ssl_alt_cert_file), .value = "",
	  .doc = "one more certificate, with another kind of key" },
	{ .name = "ssl_alt_key_file", .type = SETTING_PATH,
	  LOCAL_NAME(ssl_alt_key_file), .value = "",
	  .doc = "its private key" },

	/* Login processes. */
	{ .name = "login_user", .type = SETTING_TEXT, GLOBAL(login_user),
	  .value = "mwlogin", .needs_restart = true,
	  .doc = "account or uid of login processes" },
	{ .name = "login_chroot", .type = SETTING_BOOL, GLOBAL(login_chroot),
	  .value = "yes", .roles = LOGIN,
	  .doc = "login processes are confined to login_dir" },
	{ .name = "login_executable", .type = SETTING_PATH,
	  SERVICE(login_executable), .value = "",
	  .doc = "program; empty = the one installed with mailwicket" },
	{ .name = "login_greeting", .type = SETTING_TEXT,
	  SERVICE(login_greeting), .value = "Mailwicket ready.",
	  .roles = LOGIN,
	  .doc = "text of the greeting" },
	{ .name = "login_greeting_capability", .type = SETTING_BOOL,
	  SERVICE(login_greeting_capability), .value = "yes",
	  .roles = LOGIN,
	  .notice = "the IMAP greeting always carries the capabilities",
	  .doc = "the IMAP greeting carries the capabilities" },
	{ .name = "imap_capability", .type = SETTING_TEXT,
	  SERVICE(capability), .only = 1, .value = "",
	  .roles = SETTING_ROLE_IMAP,
	  .doc = "capabilities told before login; empty = what is known" },
	{ .name = "pop3_capability", .type = SETTING_TEXT,
	  SERVICE(capability), .only = 2, .value = "",
	  .roles = SETTING_ROLE_POP3,
	  .doc = "capabilities told before login; empty = what is known" },
	{ .name = "login_process_per_connection", .type = SETTING_BOOL,
	  SERVICE(login_process_per_connection), .value = "yes",
	  .roles = LOGIN,
	  .doc = "each client has a process of its own" },
	{ .name = "login_processes_count", .type = SETTING_U32,
	  SERVICE(login_processes_count), .value = "3", .min = 1,
	  .max = 1000,
	  .doc = "spare processes that wait, or the shared ones" },
	{ .name = "login_max_processes_count", .type = SETTING_U32,
	  SERVICE(login_max_processes_count), .value = "0", .max = 1000000,
	  .doc = "most login processes; 0 = login_max_sessions decides" },
	{ .name = "login_max_connections", .type = SETTING_U32,
	  SERVICE(login_max_connections), .value = "256", .min = 1,
	  .max = 1000000, .roles = LOGIN,
	  .doc = "clients of a shared process that have not logged in" },
	{ .name = "login_max_sessions", .type = SETTING_U32,
	  GLOBAL(login_max_sessions), .value = "10000", .min = 1,
	  .max = 1000000, .roles = LOGIN | AUTH,
	  .doc = "sessions of a protocol at a time; limits follow from it" },
	{ .name = "login_process_size", .type = SETTING_SIZE,
	  SERVICE(login_process_size_bytes), .value = "0", .unit = MB,
	  .max = 1024 * GB, .roles = LOGIN,
	  .doc = "address space of a process; bare = MB; 0 = as needed" },
	{ .name = "login_timeout", .type = SETTING_MS,
	  GLOBAL(login_timeout_ms), .value = "60 secs", .unit = S, .min = S,
	  .max = DAY, .roles = LOGIN | AUTH,
	  .doc = "a client must have logged in by then" },
	{ .name = "login_bad_commands", .type = SETTING_U32,
	  GLOBAL(login_bad_commands_max), .value = "3", .min = 1, .max = 100,
	  .roles = LOGIN,
	  .doc = "so many bad commands end the connection" },
	{ .name = "login_proxy_timeout", .type = SETTING_MS,
	  GLOBAL(login_proxy_timeout_ms), .value = "30 secs", .unit = S,
	  .min = 100, .max = HOUR, .roles = LOGIN | AUTH,
	  .doc = "from connecting to the mail host to its answer, all tries" },
	{ .name = "login_proxy_max_disconnect_delay", .type = SETTING_MS,
	  GLOBAL(login_proxy_max_disconnect_delay_ms), .value = "0",
	  .unit = S, .max = HOUR, .roles = LOGIN,
	  .doc = "clients of a host that dies are let go over this time" },
	{ .name = "login_source_ips", .type = SETTING_LIST,
	  GLOBAL(login_source_ips), .value = "", .roles = LOGIN,
	  .doc = "addresses to connect to mail hosts from, in turn" },
	{ .name = "login_trusted_networks", .type = SETTING_NETS,
	  GLOBAL(login_trusted_networks), .value = "",
	  .roles = LOGIN | AUTH,
	  .doc = "clients whose connections count as protected" },
	{ .name = "disable_plaintext_auth", .type = SETTING_BOOL,
	  SERVICE(disable_plaintext_auth), .value = "yes", .roles = LOGIN,
	  .doc = "refuse passwords on connections that are not protected" },
	{ .name = "proxy_allowed_nets", .type = SETTING_NETS,
	  GLOBAL(proxy_allowed_nets), .value = "", .roles = AUTH,
	  .doc = "mail hosts must be in these; empty = anywhere sensible" },

	/* auth; inside of an auth section "auth_" may be left out. */
	{ .name = "auth_executable", .type = SETTING_PATH,
	  GLOBAL(auth_executable), .value = PKGLIBEXECDIR "/auth",
	  .doc = "program" },
	{ .name = "auth_user", .type = SETTING_TEXT, GLOBAL(auth_user),
	  .value = "mwauth", .needs_restart = true,
	  .doc = "account or uid of auth" },
	{ .name = "auth_chroot", .type = SETTING_PATH, GLOBAL(auth_chroot),
	  .value = "",
	  .notice = "auth always has an empty root directory of its own",
	  .doc = "root directory of auth" },
	{ .name = "auth_count", .type = SETTING_U32, GLOBAL(auth_count),
	  .value = "1", .min = 1, .max = 16,
	  .doc = "auth processes; each user belongs to one of them" },
	{ .name = "auth_process_size", .type = SETTING_SIZE,
	  GLOBAL(auth_process_size_bytes), .value = "256M", .unit = MB,
	  .min = 16 * MB, .max = 1024 * GB, .roles = AUTH | WORKER,
	  .doc = "address space of auth and of a worker; bare = MB" },
	{ .name = "auth_mechanisms", .type = SETTING_LIST,
	  GLOBAL(auth_mechanisms), .value = "plain",
	  .words = "plain login oauthbearer xoauth2 external scram-sha-1 "
	  "scram-sha-256",
	  .roles = LOGIN | AUTH,
	  .doc = "SASL mechanisms that clients may use" },
	{ .name = "auth_realms", .type = SETTING_LIST, GLOBAL(auth_realms),
	  .value = "",
	  .notice = "no mechanism here has realms",
	  .doc = "realms of mechanisms that know them" },
	{ .name = "auth_default_realm", .type = SETTING_TEXT,
	  GLOBAL(auth_default_realm), .value = "", .roles = AUTH,
	  .doc = "appended as @realm to names without one" },
	{ .name = "auth_username_chars", .type = SETTING_TEXT,
	  GLOBAL(auth_username_chars), .roles = AUTH,
	  .value = "abcdefghijklmnopqrstuvwxyz"
	      "ABCDEFGHIJKLMNOPQRSTUVWXYZ01234567890.-_@",
	  .doc = "characters of a name; empty = all but control characters" },
	{ .name = "auth_username_translation", .type = SETTING_TEXT,
	  GLOBAL(auth_username_translation), .value = "", .roles = AUTH,
	  .doc = "pairs of characters: from, to, from, to" },
	{ .name = "auth_username_format", .type = SETTING_TEXT,
	  GLOBAL(auth_username_format), .value = "", .roles = AUTH,
	  .doc = "what the name becomes, as in %Lu; empty = as it came" },
	{ .name = "auth_master_user_separator", .type = SETTING_TEXT,
	  GLOBAL(auth_master_user_separator), .value = "",
	  .roles = AUTH | LOGIN,
	  .doc = "between user and master user in a name" },
	{ .name = "auth_failure_delay", .type = SETTING_MS,
	  GLOBAL(auth_failure_delay_ms), .value = "2 secs", .unit = S,
	  .max = MIN, .roles = AUTH | LOGIN,
	  .doc = "refusals wait so long" },
	{ .name = "auth_penalty_max", .type = SETTING_MS,
	  GLOBAL(auth_penalty_max_ms), .value = "15 secs", .unit = S,
	  .max = MIN, .roles = AUTH,
	  .doc = "longest wait after failed logins; 0 = none" },
	{ .name = "auth_request_timeout", .type = SETTING_MS,
	  GLOBAL(auth_request_timeout_ms), .value = "150 secs", .unit = S,
	  .min = 100, .max = HOUR, .roles = AUTH | LOGIN,
	  .doc = "an authentication takes no longer" },
	{ .name = "auth_verbose", .type = SETTING_BOOL, GLOBAL(auth_verbose),
	  .value = "no", .roles = AUTH | WORKER,
	  .doc = "log why logins were refused" },
	{ .name = "auth_debug", .type = SETTING_BOOL, GLOBAL(auth_debug),
	  .value = "no", .roles = CHILD,
	  .doc = "log each step" },
	{ .name = "auth_debug_passwords", .type = SETTING_BOOL,
	  GLOBAL(auth_debug_passwords), .value = "no",
	  .notice = "passwords are never logged",
	  .doc = "accepted, and does nothing" },
	{ .name = "auth_ssl_require_client_cert", .type = SETTING_BOOL,
	  GLOBAL(auth_ssl_require_client_cert), .value = "no",
	  .roles = LOGIN | AUTH,
	  .doc = "no login without a certificate of the client" },
	{ .name = "auth_ssl_username_from_cert", .type = SETTING_BOOL,
	  GLOBAL(auth_ssl_username_from_cert), .value = "no",
	  .roles = LOGIN | AUTH,
	  .doc = "the client's certificate names the user" },
	{ .name = "auth_cache_size", .type = SETTING_SIZE,
	  GLOBAL(auth_cache_size_bytes), .value = "0", .unit = KB,
	  .max = 64 * GB, .roles = AUTH,
	  .doc = "memory of the cache; bare = KB; 0 = none" },
	{ .name = "auth_cache_ttl", .type = SETTING_MS,
	  GLOBAL(auth_cache_ttl_ms), .value = "1 hour", .unit = S,
	  .max = 40 * DAY, .roles = AUTH,
	  .doc = "how long a row is believed; 0 = rows are not kept" },
	{ .name = "auth_cache_negative_ttl", .type = SETTING_MS,
	  GLOBAL(auth_cache_negative_ttl_ms), .value = "1 hour", .unit = S,
	  .max = 40 * DAY, .roles = AUTH,
	  .doc = "the same for unknown users" },
	{ .name = "auth_cache_stale_ttl", .type = SETTING_MS,
	  GLOBAL(auth_cache_stale_ttl_ms), .value = "1 day", .unit = S,
	  .max = 40 * DAY, .roles = AUTH,
	  .doc = "how long an expired row serves while the database fails" },

	/* auth-worker. */
	{ .name = "auth_worker_executable", .type = SETTING_PATH,
	  GLOBAL(auth_worker_executable),
	  .value = PKGLIBEXECDIR "/auth-worker",
	  .doc = "program" },
	{ .name = "auth_worker_user", .type = SETTING_TEXT,
	  GLOBAL(auth_worker_user), .value = "mwworker",
	  .needs_restart = true,
	  .doc = "account or uid of workers" },
	{ .name = "auth_worker_max_count", .type = SETTING_U32,
	  GLOBAL(auth_worker_max_count), .value = "30", .min = 1,
	  .max = 1000, .roles = AUTH,
	  .doc = "most workers, and so most connections to the database" },
	{ .name = "auth_worker_max_request_count", .type = SETTING_U32,
	  GLOBAL(auth_worker_max_request_count), .value = "0",
	  .max = 1000000000, .roles = AUTH | WORKER,
	  .doc = "a worker ends after so many; 0 = no limit" },
	{ .name = "auth_worker_timeout", .type = SETTING_MS,
	  GLOBAL(auth_worker_timeout_ms), .value = "30 secs", .unit = S,
	  .min = 100, .max = HOUR, .roles = AUTH | WORKER,
	  .doc = "a worker that takes longer over one task is replaced" },
	{ .name = "auth_worker_idle", .type = SETTING_MS,
	  GLOBAL(auth_worker_idle_ms), .value = "5 mins", .unit = S,
	  .min = S, .max = DAY, .roles = AUTH | WORKER,
	  .doc = "a worker without work for so long ends" },

	/* Local mail, for a proxy that is also a mail host. */
	{ .name = "auth_proxy_self", .type = SETTING_NETS,
	  GLOBAL(auth_proxy_self), .value = "", .roles = AUTH,
	  .doc = "addresses that are this machine, for proxy_maybe" },
	{ .name = "mail_location", .type = SETTING_TEXT,
	  GLOBAL(mail.mail_location), .value = "", .roles = AUTH,
	  .doc = "where the mail is, with %variables; empty = the program's" },
	{ .name = "mail_executable", .type = SETTING_TEXT,
	  SERVICE(mail_executable), .value = "",
	  .doc = "program of a mail process; empty = that of Dovecot" },
	{ .name = "mail_handover", .type = SETTING_BOOL,
	  SERVICE(mail_handover), .value = "yes", .roles = LOGIN,
	  .doc = "a mail process gets the client's connection if it can" },
	{ .name = "mail_process_size", .type = SETTING_SIZE,
	  GLOBAL(mail.mail_process_size_bytes), .value = "256M", .unit = MB,
	  .max = 1024 * GB,
	  .doc = "address space of a mail process; bare = MB; 0 = any" },
	{ .name = "max_mail_processes", .type = SETTING_U32,
	  GLOBAL(mail.max_mail_processes), .value = "1024", .max = 1000000,
	  .doc = "most mail processes" },
	{ .name = "first_valid_uid", .type = SETTING_U32,
	  GLOBAL(mail.first_valid_uid), .value = "500", .min = 1,
	  .max = UINT32_MAX - 1, .roles = AUTH,
	  .doc = "mail processes have no smaller uid" },
	{ .name = "last_valid_uid", .type = SETTING_U32,
	  GLOBAL(mail.last_valid_uid), .value = "0", .max = UINT32_MAX - 1,
	  .roles = AUTH,
	  .doc = "nor a greater one; 0 = any" },
	{ .name = "first_valid_gid", .type = SETTING_U32,
	  GLOBAL(mail.first_valid_gid), .value = "1", .min = 1,
	  .max = UINT32_MAX - 1, .roles = AUTH,
	  .doc = "mail processes have no smaller gid" },
	{ .name = "last_valid_gid", .type = SETTING_U32,
	  GLOBAL(mail.last_valid_gid), .value = "0", .max = UINT32_MAX - 1,
	  .roles = AUTH,
	  .doc = "nor a greater one; 0 = any" },
	{ .name = "mail_access_groups", .type = SETTING_TEXT,
	  GLOBAL(mail.mail_access_groups), .value = "",
	  .doc = "further groups of all mail processes" },
	{ .name = "mail_chroot", .type = SETTING_TEXT,
	  GLOBAL(mail.mail_chroot), .value = "",
	  .doc = "root directory of mail processes" },
	{ .name = "mail_max_userip_connections", .type = SETTING_U32,
	  SERVICE(mail_max_userip_connections), .value = "10",
	  .max = 1000000, .roles = AUTH,
	  .doc = "most sessions of one user from one address; 0 = any" },

	/* passdb sections. */
	{ .name = "args", .type = SETTING_TEXT, PASSDB(args), .value = "",
	  .roles = AUTH | WORKER,
	  .doc = "sql, passwd-file: the file; static: fields; nginx-http: "
	      "URLs" },
	{ .name = "deny", .type = SETTING_BOOL, PASSDB(deny), .value = "no",
	  .roles = AUTH,
	  .doc = "users found here are refused" },
	{ .name = "pass", .type = SETTING_BOOL, PASSDB(pass), .value = "no",
	  .roles = AUTH,
	  .doc = "the next passdb is asked as well" },
	{ .name = "master", .type = SETTING_BOOL, PASSDB(master),
	  .value = "no", .roles = AUTH,
	  .doc = "its users may log in as others" },

	/* The SQL file. */
	{ .name = "driver", .type = SETTING_WORD, SQL(sql_driver),
	  .value = "", .words = "sqlite mysql pgsql",
	  .roles = AUTH | WORKER,
	  .doc = "which database" },
	{ .name = "connect", .type = SETTING_SECRET, SQL(sql_connect),
	  .value = "", .roles = WORKER,
	  .doc = "sqlite: path of the file; else how to connect" },
	{ .name = "password_query", .type = SETTING_TEXT,
	  SQL(sql_password_query), .value = "", .roles = AUTH | WORKER,
	  .doc = "finds a user" },
	{ .name = "user_query", .type = SETTING_TEXT,
	  SQL(sql_user_query), .value = "",
	  .doc = "finds uid, gid and home of a user" },
	{ .name = "default_pass_scheme", .type = SETTING_TEXT,
	  SQL(sql_default_pass_scheme), .value = "MD5", .words = SCHEMES,
	  .roles = AUTH,
	  .doc = "of passwords without {SCHEME}; .b64 or .hex may follow" },
};

const size_t settings_table_rows =
    sizeof(settings_table) / sizeof(settings_table[0]);

/* Names of old. */
static const struct {
	const char	*old, *name;
} settings_aliases[] = {
	{ "login_max_logging_users", "login_max_connections" },
	{ "mail_extra_groups", "mail_access_groups" },
};

/*
 * Settings and sections of the mail store and its programs, and some that
 * ask for what a proxy does not do.
 */
static const char *const settings_unused[] = {
	"auth_anonymous_username", "auth_gssapi_hostname", "auth_krb5_keytab",
	"auth_socket_path", "auth_use_winbind", "auth_winbind_helper_path",
	"client_workarounds", "dbox_rotate_days", "dbox_rotate_min_size",
	"dbox_rotate_size", "default_mail_env", "deliver_log_format", "dict",
	"dict_db_config", "dotlock_use_excl", "fsync_disable", "hostname",
	"imap_client_workarounds", "imap_id_log", "imap_id_send",
	"imap_idle_notify_interval", "imap_logout_format",
	"imap_max_line_length", "lda_mailbox_autocreate",
	"lda_mailbox_autosubscribe", "lock_method", "mail_cache_fields",
	"mail_cache_min_mail_count", "mail_debug", "mail_drop_priv_before_exec",
	"mail_full_filesystem_access", "mail_gid", "mail_log_max_lines_per_sec",
	"mail_log_prefix", "mail_max_keyword_length", "mail_never_cache_fields",
	"mail_nfs_index", "mail_nfs_storage", "mail_plugin_dir", "mail_plugins",
	"mail_privileged_group", "mail_read_mmaped", "mail_save_crlf",
	"mail_uid", "mailbox_check_interval", "mailbox_idle_check_interval",
	"mailbox_list_index_disable", "maildir_copy_preserve_filename",
	"maildir_copy_with_hardlinks", "maildir_stat_dirs",
	"maildir_very_dirty_syncs", "managesieve_implementation_string",
	"managesieve_logout_format", "managesieve_max_line_length",
	"mbox_dirty_syncs", "mbox_dotlock_change_timeout", "mbox_lazy_writes",
	"mbox_lock_timeout", "mbox_min_index_size", "mbox_read_locks",
	"mbox_very_dirty_syncs", "mbox_write_locks", "mmap_disable",
	"mmap_no_write", "namespace", "nfs_check", "plugin",
	"pop3_client_workarounds", "pop3_enable_last", "pop3_lock_session",
	"pop3_logout_format", "pop3_no_flag_updates", "pop3_reuse_xuidl",
	"pop3_save_uidl", "pop3_uidl_format", "postmaster_address",
	"quota_full_tempfail", "rejection_reason", "rejection_subject",
	"sendmail_path", "sieve", "sieve_dir", "sieve_storage", "umask",
	"valid_chroot_dirs", "version_ignore",
};

const struct setting *
settings_table_find(const char *name, enum setting_scope scope)
{
	const size_t n = sizeof(settings_aliases) / sizeof(*settings_aliases);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(settings_aliases[i].old, name) == 0)
			name = settings_aliases[i].name;
	}
	for (size_t i = 0; i < settings_table_rows; i++) {
		if (settings_table[i].scope == scope &&
		    strcmp(settings_table[i].name, name) == 0)
			return &settings_table[i];
	}
	return NULL;
}

bool
settings_table_is_unused(const char *name)
{
	const size_t n = sizeof(settings_unused) / sizeof(*settings_unused);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(settings_unused[i], name) == 0)
			return true;
	}
	return false;
}
