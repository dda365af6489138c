noinst_LIBRARIES += src/ctl/libwicketctl.a
src_ctl_libwicketctl_a_SOURCES = \
	src/ctl/args.c \
	src/ctl/args.h \
	src/ctl/auth_link.c \
	src/ctl/auth_link.h \
	src/ctl/certs.c \
	src/ctl/certs.h \
	src/ctl/commands.c \
	src/ctl/commands.h \
	src/ctl/convert.c \
	src/ctl/convert.h \
	src/ctl/convert_file.c \
	src/ctl/convert_file.h \
	src/ctl/convert_nginx.c \
	src/ctl/convert_nginx.h \
	src/ctl/convert_nginx_auth.c \
	src/ctl/convert_nginx_rules.c \
	src/ctl/convert_nginx_state.h \
	src/ctl/convert_nginx_values.c \
	src/ctl/convert_out.c \
	src/ctl/convert_out.h \
	src/ctl/convert_perdition.c \
	src/ctl/convert_perdition.h \
	src/ctl/convert_perdition_glob.c \
	src/ctl/convert_perdition_options.c \
	src/ctl/convert_perdition_state.h \
	src/ctl/convert_popmap.c \
	src/ctl/hosts.c \
	src/ctl/hosts.h \
	src/ctl/link.c \
	src/ctl/link.h \
	src/ctl/master_link.c \
	src/ctl/master_link.h \
	src/ctl/nginx_conf.c \
	src/ctl/nginx_conf.h \
	src/ctl/output.c \
	src/ctl/output.h \
	src/ctl/password.c \
	src/ctl/password.h \
	src/ctl/perdition_conf.c \
	src/ctl/perdition_conf.h \
	src/ctl/status.c \
	src/ctl/status.h

sbin_PROGRAMS += src/ctl/wicketctl
src_ctl_wicketctl_SOURCES = src/ctl/wicketctl.c
src_ctl_wicketctl_LDADD = \
	src/ctl/libwicketctl.a \
	src/config/libconfig.a \
	src/ipc/libipc.a \
	src/lib/libmw.a \
	$(EVENT_LIBS) \
	$(BSD_LIBS)
