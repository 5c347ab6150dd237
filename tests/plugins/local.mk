# Plugins for the tests: modules that are built by make check and installed nowhere (-rpath makes libtool build them
# shared all the same).
module_flags = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
module_cppflags = -I$(top_srcdir)/include

check_LTLIBRARIES += %D%/bomb.la
%C%_bomb_la_SOURCES = %D%/bomb.c
%C%_bomb_la_CPPFLAGS = $(module_cppflags)
# That it recurses without end, and stores to nowhere, is meant.
%C%_bomb_la_CFLAGS = -std=gnu11 -fvisibility=hidden -O0 -Wall -Wextra -Wno-infinite-recursion
%C%_bomb_la_LDFLAGS = $(module_flags) -pthread

check_LTLIBRARIES += %D%/runner.la
%C%_runner_la_SOURCES = %D%/runner.c
%C%_runner_la_CPPFLAGS = $(module_cppflags)
%C%_runner_la_CFLAGS = -std=gnu11 -fvisibility=hidden
%C%_runner_la_LDFLAGS = $(module_flags)

check_LTLIBRARIES += \
	%D%/bad_abi.la %D%/bad_size.la %D%/bad_name.la %D%/bad_symbol.la %D%/bad_verb.la %D%/bad_start.la \
	%D%/bad_constructor.la
%C%_bad_abi_la_SOURCES = %D%/bad.c
%C%_bad_abi_la_CPPFLAGS = $(module_cppflags) -DBAD_ABI
%C%_bad_abi_la_CFLAGS = -std=gnu11 -fvisibility=hidden
%C%_bad_abi_la_LDFLAGS = $(module_flags)
%C%_bad_size_la_SOURCES = %D%/bad.c
%C%_bad_size_la_CPPFLAGS = $(module_cppflags) -DBAD_SIZE
%C%_bad_size_la_CFLAGS = -std=gnu11 -fvisibility=hidden
%C%_bad_size_la_LDFLAGS = $(module_flags)
%C%_bad_name_la_SOURCES = %D%/bad.c
%C%_bad_name_la_CPPFLAGS = $(module_cppflags) -DBAD_NAME
%C%_bad_name_la_LDFLAGS = $(module_flags)
%C%_bad_symbol_la_SOURCES = %D%/bad.c
%C%_bad_symbol_la_CPPFLAGS = $(module_cppflags) -DBAD_SYMBOL
%C%_bad_symbol_la_LDFLAGS = $(module_flags)
%C%_bad_verb_la_SOURCES = %D%/bad.c
%C%_bad_verb_la_CPPFLAGS = $(module_cppflags) -DBAD_VERB
%C%_bad_verb_la_LDFLAGS = $(module_flags)
%C%_bad_start_la_SOURCES = %D%/bad.c
%C%_bad_start_la_CPPFLAGS = $(module_cppflags) -DBAD_START
%C%_bad_start_la_LDFLAGS = $(module_flags)
%C%_bad_constructor_la_SOURCES = %D%/bad.c
%C%_bad_constructor_la_CPPFLAGS = $(module_cppflags) -DBAD_CONSTRUCTOR
%C%_bad_constructor_la_LDFLAGS = $(module_flags)

# The public headers and the smallest plugin, as an author meets them.
plugin_tests = %D%/cplusplus.test %D%/plugin_header.test
EXTRA_DIST += %D%/words.cc
dist_check_SCRIPTS += $(plugin_tests)
TESTS += $(plugin_tests)
