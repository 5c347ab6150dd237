if HAVE_CHECK
worker_tests = \
	%D%/check_invocation \
	%D%/check_streams \
	%D%/check_subprocess \
	%D%/check_tidy \
	%D%/check_user \
	$(NULL)
check_PROGRAMS += $(worker_tests)
TESTS += $(worker_tests)
worker_fixture = %D%/worker_fixture.c %D%/worker_fixture.h $(plugin_fixture)
worker_libs = src/proc/libproc.la src/conf/libconf.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la \
	$(JANSSON_LIBS) $(YAML_LIBS) -ldl -lm $(check_libs)
# As in remexd: what plugins call is exported, and linked though nobody else calls it.
worker_whole_libs = src/worker/libworker.la src/plugin/libplugin.la
worker_whole = $(AM_LDFLAGS) -export-dynamic \
	-Wl,--whole-archive,src/worker/.libs/libworker.a,src/plugin/.libs/libplugin.a,--no-whole-archive
%C%_check_invocation_SOURCES = %D%/check_invocation.c $(worker_fixture)
%C%_check_invocation_CFLAGS = $(check_cflags)
%C%_check_invocation_LDFLAGS = $(worker_whole)
%C%_check_invocation_LDADD = $(worker_libs)
EXTRA_%C%_check_invocation_DEPENDENCIES = $(worker_whole_libs)
%C%_check_streams_SOURCES = %D%/check_streams.c $(worker_fixture)
%C%_check_streams_CFLAGS = $(check_cflags)
%C%_check_streams_LDFLAGS = $(worker_whole)
%C%_check_streams_LDADD = $(worker_libs)
EXTRA_%C%_check_streams_DEPENDENCIES = $(worker_whole_libs)
%C%_check_subprocess_SOURCES = %D%/check_subprocess.c $(worker_fixture)
%C%_check_subprocess_CFLAGS = $(check_cflags)
%C%_check_subprocess_LDFLAGS = $(worker_whole)
%C%_check_subprocess_LDADD = $(worker_libs)
EXTRA_%C%_check_subprocess_DEPENDENCIES = $(worker_whole_libs)
%C%_check_tidy_CFLAGS = $(check_cflags)
%C%_check_tidy_LDADD = src/worker/libworker.la $(worker_libs)
%C%_check_user_CFLAGS = $(check_cflags)
%C%_check_user_LDADD = src/worker/libworker.la $(worker_libs)
endif
