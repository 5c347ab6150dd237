if HAVE_CHECK
cli_checks = \
	%D%/check_call \
	%D%/check_console \
	%D%/check_drive \
	$(NULL)
check_PROGRAMS += $(cli_checks)
TESTS += $(cli_checks)
cli_parts = src/cli/libcli.la libremex.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la
%C%_check_call_CFLAGS = $(check_cflags)
%C%_check_call_LDADD = $(cli_parts) $(JANSSON_LIBS) $(check_libs)
%C%_check_console_CFLAGS = $(check_cflags)
%C%_check_console_LDADD = $(cli_parts) $(JANSSON_LIBS) $(check_libs)
%C%_check_drive_CFLAGS = $(check_cflags)
%C%_check_drive_LDADD = $(cli_parts) $(JANSSON_LIBS) $(check_libs)
endif
cli_tests = \
	%D%/authorize.test \
	%D%/call.test \
	%D%/copy.test \
	%D%/hostile.test \
	%D%/keys.test \
	%D%/manual.test \
	%D%/resume.test \
	%D%/run.test \
	%D%/signals.test \
	$(NULL)
dist_check_SCRIPTS += $(cli_tests)
TESTS += $(cli_tests)
EXTRA_DIST += %D%/copying.py %D%/fake_server.py %D%/support.py
