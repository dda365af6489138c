noinst_LIBRARIES += src/login-common/liblogin.a
src_login_common_liblogin_a_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_LOGIN
src_login_common_liblogin_a_SOURCES =
