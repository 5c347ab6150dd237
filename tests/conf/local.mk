if HAVE_CHECK
conf_tests = \
	%D%/check_command \
	%D%/check_config \
	%D%/check_grant \
	%D%/check_pattern \
	%D%/check_tree \
	%D%/check_units \
	$(NULL)
check_PROGRAMS += $(conf_tests)
TESTS += $(conf_tests)
conf_libs = src/conf/libconf.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) -lm $(check_libs)
%C%_check_command_CFLAGS = $(check_cflags)
%C%_check_command_LDADD = $(conf_libs)
%C%_check_config_CFLAGS = $(check_cflags)
%C%_check_config_LDADD = $(conf_libs)
%C%_check_grant_CFLAGS = $(check_cflags)
%C%_check_grant_LDADD = $(conf_libs)
%C%_check_pattern_CFLAGS = $(check_cflags)
%C%_check_pattern_LDADD = $(conf_libs)
%C%_check_tree_CFLAGS = $(check_cflags)
%C%_check_tree_LDADD = $(conf_libs)
%C%_check_units_CFLAGS = $(check_cflags)
%C%_check_units_LDADD = $(conf_libs)
endif
