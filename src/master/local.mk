noinst_LIBRARIES += src/master/libmaster.a
src_master_libmaster_a_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_MASTER
src_master_libmaster_a_SOURCES = \
	src/master/certs.c \
	src/master/certs.h \
	src/master/certs_check.c \
	src/master/certs_check.h \
	src/master/certs_dir.c \
	src/master/certs_dir.h \
	src/master/check.c \
	src/master/check.h \
	src/master/child.c \
	src/master/child.h \
	src/master/child_log.c \
	src/master/child_log.h \
	src/master/ctl_commands.c \
	src/master/ctl_commands.h \
	src/master/ctl_server.c \
	src/master/ctl_server.h \
	src/master/fds.c \
	src/master/fds.h \
	src/master/listeners.c \
	src/master/listeners.h \
	src/master/mail.c \
	src/master/mail.h \
	src/master/mail_env.c \
	src/master/mail_env.h \
	src/master/master.c \
	src/master/master.h \
	src/master/master_log.c \
	src/master/master_log.h \
	src/master/master_tls.c \
	src/master/master_tls.h \
	src/master/peers.c \
	src/master/peers.h \
	src/master/reload.c \
	src/master/reload.h \
	src/master/room.c \
	src/master/room.h \
	src/master/rundir.c \
	src/master/rundir.h \
	src/master/service.c \
	src/master/service.h \
	src/master/signers.c \
	src/master/signers.h \
	src/master/tickets.c \
	src/master/tickets.h

sbin_PROGRAMS += src/master/mailwicket
src_master_mailwicket_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_MASTER
src_master_mailwicket_SOURCES = src/master/main.c
src_master_mailwicket_LDADD = \
	src/master/libmaster.a \
	src/config/libconfig.a \
	src/ipc/libipc.a \
	src/lib/libmw.a \
	$(EVENT_LIBS) \
	$(BSD_LIBS)
