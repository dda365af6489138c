noinst_LIBRARIES += src/login-common/liblogin.a
src_login_common_liblogin_a_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_LOGIN
src_login_common_liblogin_a_SOURCES =
src_login_common_liblogin_a_SOURCES += \
	src/login-common/foreign.c \
	src/login-common/foreign.h \
	src/login-common/sasl_decode.c \
	src/login-common/sasl_decode.h
