if HAVE_CHECK
plugin_unit_tests = \
	%D%/check_arguments \
	%D%/check_plugin_files \
	%D%/check_plugins \
	$(NULL)
check_PROGRAMS += $(plugin_unit_tests)
TESTS += $(plugin_unit_tests)
plugin_fixture = tests/plugin/plugin_fixture.c tests/plugin/plugin_fixture.h
plugin_fail_strdup = %D%/fail_strdup.c %D%/fail_strdup.h
plugin_libs = src/conf/libconf.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la \
	$(JANSSON_LIBS) $(YAML_LIBS) -ldl -lm $(check_libs)
%C%_check_arguments_CFLAGS = $(check_cflags)
%C%_check_arguments_LDADD = src/plugin/libplugin.la $(plugin_libs)
%C%_check_plugin_files_SOURCES = %D%/check_plugin_files.c $(plugin_fixture) $(plugin_fail_strdup)
%C%_check_plugin_files_CFLAGS = $(check_cflags)
%C%_check_plugin_files_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=strdup
%C%_check_plugin_files_LDADD = src/plugin/libplugin.la $(plugin_libs)
%C%_check_plugins_SOURCES = %D%/check_plugins.c $(plugin_fixture) $(plugin_fail_strdup)
%C%_check_plugins_CFLAGS = $(check_cflags)
%C%_check_plugins_LDFLAGS = $(worker_whole) -Wl,--wrap=strdup
%C%_check_plugins_LDADD = $(worker_libs)
EXTRA_%C%_check_plugins_DEPENDENCIES = $(worker_whole_libs)

# The plugins that are loaded: one that does what a test asks of it, which the tests of the worker use, too, and some that
# must be refused (more are in tests/plugins).
check_LTLIBRARIES += %D%/tester.la
%C%_tester_la_SOURCES = %D%/tester.c
%C%_tester_la_CPPFLAGS = $(module_cppflags)
%C%_tester_la_CFLAGS = -std=gnu11 -fvisibility=hidden -Wall -Wextra
%C%_tester_la_LDFLAGS = $(module_flags) -pthread
odd_cflags = -std=gnu11 -fvisibility=hidden
check_LTLIBRARIES += \
	%D%/odd_small.la %D%/odd_verbs.la %D%/odd_undefined.la %D%/odd_latin.la \
	%D%/odd_param.la %D%/odd_option.la %D%/odd_handler.la
%C%_odd_small_la_SOURCES = %D%/odd.c
%C%_odd_small_la_CPPFLAGS = $(module_cppflags) -DODD_SMALL
%C%_odd_small_la_CFLAGS = $(odd_cflags)
%C%_odd_small_la_LDFLAGS = $(module_flags)
%C%_odd_verbs_la_SOURCES = %D%/odd.c
%C%_odd_verbs_la_CPPFLAGS = $(module_cppflags) -DODD_VERBS
%C%_odd_verbs_la_CFLAGS = $(odd_cflags)
%C%_odd_verbs_la_LDFLAGS = $(module_flags)
%C%_odd_undefined_la_SOURCES = %D%/odd.c
%C%_odd_undefined_la_CPPFLAGS = $(module_cppflags) -DODD_UNDEFINED
%C%_odd_undefined_la_CFLAGS = $(odd_cflags)
%C%_odd_undefined_la_LDFLAGS = $(module_flags)
%C%_odd_latin_la_SOURCES = %D%/odd.c
%C%_odd_latin_la_CPPFLAGS = $(module_cppflags) -DODD_LATIN
%C%_odd_latin_la_CFLAGS = $(odd_cflags)
%C%_odd_latin_la_LDFLAGS = $(module_flags)
%C%_odd_param_la_SOURCES = %D%/odd.c
%C%_odd_param_la_CPPFLAGS = $(module_cppflags) -DODD_PARAM
%C%_odd_param_la_CFLAGS = $(odd_cflags)
%C%_odd_param_la_LDFLAGS = $(module_flags)
%C%_odd_option_la_SOURCES = %D%/odd.c
%C%_odd_option_la_CPPFLAGS = $(module_cppflags) -DODD_OPTION
%C%_odd_option_la_CFLAGS = $(odd_cflags)
%C%_odd_option_la_LDFLAGS = $(module_flags)
%C%_odd_handler_la_SOURCES = %D%/odd.c
%C%_odd_handler_la_CPPFLAGS = $(module_cppflags) -DODD_HANDLER
%C%_odd_handler_la_CFLAGS = $(odd_cflags)
%C%_odd_handler_la_LDFLAGS = $(module_flags)
endif
