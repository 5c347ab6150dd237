if HAVE_CHECK
worker_tests = \
	%D%/check_args \
	%D%/check_call \
	%D%/check_command \
	%D%/check_plugins \
	%D%/check_streams \
	%D%/check_user \
	$(NULL)
check_PROGRAMS += $(worker_tests)
TESTS += $(worker_tests)
worker_libs = src/proc/libproc.la src/conf/libconf.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la \
	$(JANSSON_LIBS) $(YAML_LIBS) -ldl -lm $(check_libs)
# As in remexd: what plugins call is exported, and linked though nobody else calls it.
worker_whole = $(AM_LDFLAGS) -export-dynamic -Wl,--whole-archive,src/worker/.libs/libworker.a,--no-whole-archive
%C%_check_args_CFLAGS = $(check_cflags)
%C%_check_args_LDADD = src/worker/libworker.la $(worker_libs)
%C%_check_call_SOURCES = %D%/check_call.c %D%/stage.c %D%/stage.h
%C%_check_call_CFLAGS = $(check_cflags)
%C%_check_call_LDFLAGS = $(worker_whole)
%C%_check_call_LDADD = $(worker_libs)
EXTRA_%C%_check_call_DEPENDENCIES = src/worker/libworker.la
%C%_check_command_SOURCES = %D%/check_command.c %D%/stage.c %D%/stage.h
%C%_check_command_CFLAGS = $(check_cflags)
%C%_check_command_LDFLAGS = $(worker_whole)
%C%_check_command_LDADD = $(worker_libs)
EXTRA_%C%_check_command_DEPENDENCIES = src/worker/libworker.la
%C%_check_plugins_SOURCES = %D%/check_plugins.c %D%/stage.c %D%/stage.h
%C%_check_plugins_CFLAGS = $(check_cflags)
%C%_check_plugins_LDFLAGS = $(worker_whole) -Wl,--wrap=strdup
%C%_check_plugins_LDADD = $(worker_libs)
EXTRA_%C%_check_plugins_DEPENDENCIES = src/worker/libworker.la
%C%_check_streams_SOURCES = %D%/check_streams.c %D%/stage.c %D%/stage.h
%C%_check_streams_CFLAGS = $(check_cflags)
%C%_check_streams_LDFLAGS = $(worker_whole)
%C%_check_streams_LDADD = $(worker_libs)
EXTRA_%C%_check_streams_DEPENDENCIES = src/worker/libworker.la
%C%_check_user_CFLAGS = $(check_cflags)
%C%_check_user_LDADD = src/worker/libworker.la $(worker_libs)

# The plugins they load: one that does what a test asks of it, and some that must be refused (more are in tests/plugins).
check_LTLIBRARIES += %D%/plugins/tester.la
%C%_plugins_tester_la_SOURCES = %D%/plugins/tester.c
%C%_plugins_tester_la_CPPFLAGS = $(module_cppflags)
%C%_plugins_tester_la_CFLAGS = -std=gnu11 -fvisibility=hidden -Wall -Wextra
%C%_plugins_tester_la_LDFLAGS = $(module_flags) -pthread
odd_cflags = -std=gnu11 -fvisibility=hidden
check_LTLIBRARIES += \
	%D%/plugins/odd_small.la %D%/plugins/odd_verbs.la %D%/plugins/odd_undefined.la %D%/plugins/odd_latin.la \
	%D%/plugins/odd_param.la %D%/plugins/odd_option.la %D%/plugins/odd_handler.la
%C%_plugins_odd_small_la_SOURCES = %D%/plugins/odd.c
%C%_plugins_odd_small_la_CPPFLAGS = $(module_cppflags) -DODD_SMALL
%C%_plugins_odd_small_la_CFLAGS = $(odd_cflags)
%C%_plugins_odd_small_la_LDFLAGS = $(module_flags)
%C%_plugins_odd_verbs_la_SOURCES = %D%/plugins/odd.c
%C%_plugins_odd_verbs_la_CPPFLAGS = $(module_cppflags) -DODD_VERBS
%C%_plugins_odd_verbs_la_CFLAGS = $(odd_cflags)
%C%_plugins_odd_verbs_la_LDFLAGS = $(module_flags)
%C%_plugins_odd_undefined_la_SOURCES = %D%/plugins/odd.c
%C%_plugins_odd_undefined_la_CPPFLAGS = $(module_cppflags) -DODD_UNDEFINED
%C%_plugins_odd_undefined_la_CFLAGS = $(odd_cflags)
%C%_plugins_odd_undefined_la_LDFLAGS = $(module_flags)
%C%_plugins_odd_latin_la_SOURCES = %D%/plugins/odd.c
%C%_plugins_odd_latin_la_CPPFLAGS = $(module_cppflags) -DODD_LATIN
%C%_plugins_odd_latin_la_CFLAGS = $(odd_cflags)
%C%_plugins_odd_latin_la_LDFLAGS = $(module_flags)
%C%_plugins_odd_param_la_SOURCES = %D%/plugins/odd.c
%C%_plugins_odd_param_la_CPPFLAGS = $(module_cppflags) -DODD_PARAM
%C%_plugins_odd_param_la_CFLAGS = $(odd_cflags)
%C%_plugins_odd_param_la_LDFLAGS = $(module_flags)
%C%_plugins_odd_option_la_SOURCES = %D%/plugins/odd.c
%C%_plugins_odd_option_la_CPPFLAGS = $(module_cppflags) -DODD_OPTION
%C%_plugins_odd_option_la_CFLAGS = $(odd_cflags)
%C%_plugins_odd_option_la_LDFLAGS = $(module_flags)
%C%_plugins_odd_handler_la_SOURCES = %D%/plugins/odd.c
%C%_plugins_odd_handler_la_CPPFLAGS = $(module_cppflags) -DODD_HANDLER
%C%_plugins_odd_handler_la_CFLAGS = $(odd_cflags)
%C%_plugins_odd_handler_la_LDFLAGS = $(module_flags)
endif
