noinst_LIBRARIES += src/config/libconfig.a
src_config_libconfig_a_CPPFLAGS = $(AM_CPPFLAGS)
src_config_libconfig_a_SOURCES = \
	src/config/arena.c \
	src/config/arena.h \
	src/config/config_wire.h \
	src/config/query.c \
	src/config/query.h \
	src/config/query_lex.c \
	src/config/query_lex.h \
	src/config/settings.h \
	src/config/var.c \
	src/config/var.h
if WITH_SQLITE
src_config_libconfig_a_CPPFLAGS += -DWITH_SQLITE
endif
