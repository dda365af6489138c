noinst_LIBRARIES += src/ipc/libipc.a
src_ipc_libipc_a_SOURCES = \
	src/ipc/auth_choice.c \
	src/ipc/auth_choice.h \
	src/ipc/auth_worker.c \
	src/ipc/auth_worker.h \
	src/ipc/auth_worker_db.c \
	src/ipc/auth_worker_db.h \
	src/ipc/cert_set.c \
	src/ipc/cert_set.h \
	src/ipc/child_setup.c \
	src/ipc/child_setup.h \
	src/ipc/ctl_auth.c \
	src/ipc/ctl_auth.h \
	src/ipc/key_set.c \
	src/ipc/key_set.h \
	src/ipc/login_auth.c \
	src/ipc/login_auth.h \
	src/ipc/login_auth_forward.c \
	src/ipc/login_auth_forward.h \
	src/ipc/login_auth_host.c \
	src/ipc/login_auth_host.h \
	src/ipc/login_auth_limits.h \
	src/ipc/login_auth_route.c \
	src/ipc/login_auth_route.h \
	src/ipc/login_auth_tls.c \
	src/ipc/login_auth_tls.h \
	src/ipc/login_signer.c \
	src/ipc/login_signer.h \
	src/ipc/master_child.c \
	src/ipc/master_child.h \
	src/ipc/master_ctl.c \
	src/ipc/master_ctl.h \
	src/ipc/master_tls.c \
	src/ipc/master_tls.h \
	src/ipc/roles.c \
	src/ipc/roles.h
