if HAVE_CHECK
daemon_tests = %D%/check_identity_files
check_PROGRAMS += $(daemon_tests)
TESTS += $(daemon_tests)
%C%_check_identity_files_SOURCES = %D%/check_identity_files.c
%C%_check_identity_files_CFLAGS = $(check_cflags)
%C%_check_identity_files_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=strndup
%C%_check_identity_files_LDADD = src/daemon/libdaemon.la src/conf/libconf.la src/net/libnet.la src/wire/libwire.la \
	src/base/libbase.la $(JANSSON_LIBS) $(YAML_LIBS) $(check_libs)
endif

# remexd with another front: the same main function calls lying_front_run in place of front_run.
check_PROGRAMS += %D%/lying_front
%C%_lying_front_SOURCES = %D%/lying_front.c src/daemon/main.c
%C%_lying_front_CPPFLAGS = $(AM_CPPFLAGS) -Dfront_run=lying_front_run
%C%_lying_front_LDFLAGS = $(remexd_LDFLAGS)
%C%_lying_front_LDADD = $(remexd_LDADD)
