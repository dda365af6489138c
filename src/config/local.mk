noinst_LIBRARIES += src/config/libconfig.a
src_config_libconfig_a_CPPFLAGS = $(AM_CPPFLAGS)
src_config_libconfig_a_SOURCES = \
	src/config/arena.c \
	src/config/arena.h \
	src/config/base_dir.c \
	src/config/base_dir.h \
	src/config/config_file.c \
	src/config/config_file.h \
	src/config/config_parse.c \
	src/config/config_parse.h \
	src/config/config_wire.c \
	src/config/config_wire.h \
	src/config/connect_keys.c \
	src/config/connect_keys.h \
	src/config/connect_pgsql.c \
	src/config/connect_pgsql.h \
	src/config/connect_text.c \
	src/config/connect_text.h \
	src/config/faults.c \
	src/config/faults.h \
	src/config/hints.c \
	src/config/hints.h \
	src/config/http_args.c \
	src/config/http_args.h \
	src/config/passwd_args.c \
	src/config/passwd_args.h \
	src/config/query.c \
	src/config/query.h \
	src/config/query_lex.c \
	src/config/query_lex.h \
	src/config/setting_text.c \
	src/config/setting_text.h \
	src/config/setting_value.c \
	src/config/setting_value.h \
	src/config/settings.c \
	src/config/settings.h \
	src/config/settings_check.c \
	src/config/settings_check.h \
	src/config/settings_listen.c \
	src/config/settings_listen.h \
	src/config/settings_mail.c \
	src/config/settings_mail.h \
	src/config/settings_passdb.c \
	src/config/settings_passdb.h \
	src/config/settings_passdb_check.c \
	src/config/settings_passdb_check.h \
	src/config/settings_print.c \
	src/config/settings_print.h \
	src/config/settings_read.c \
	src/config/settings_read.h \
	src/config/settings_reader.h \
	src/config/settings_service.h \
	src/config/settings_sql.c \
	src/config/settings_sql.h \
	src/config/settings_tls.c \
	src/config/settings_tls.h \
	src/config/settings_table.c \
	src/config/settings_table.h \
	src/config/var.c \
	src/config/var.h
if WITH_PGSQL
src_config_libconfig_a_CPPFLAGS += -DWITH_PGSQL
endif
if WITH_CURL
src_config_libconfig_a_CPPFLAGS += -DWITH_CURL
endif
if WITH_SQLITE
src_config_libconfig_a_CPPFLAGS += -DWITH_SQLITE
endif
if WITH_MYSQL
src_config_libconfig_a_CPPFLAGS += -DWITH_MYSQL
endif
