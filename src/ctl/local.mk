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
	src/ctl/link.c \
	src/ctl/link.h \
	src/ctl/master_link.c \
	src/ctl/master_link.h \
	src/ctl/output.c \
	src/ctl/output.h \
	src/ctl/password.c \
	src/ctl/password.h \
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
